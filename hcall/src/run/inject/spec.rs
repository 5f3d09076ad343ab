// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A fault as a user writes it: `nomem:liobn=0x80000000,prob=0.1,seed=7`.

use crate::words::tier::Tier;
use std::time::Duration;

/// The grammar and its meaning, for `--help`.
pub const HELP: &str = "\
FAULT[:KEY=VALUE,...] where FAULT is one of
  toohard       a try of a TCE call is too hard for its tier (real and virtual)
  hardware      a TCE call answers H_HARDWARE
  busy          a TCE call answers H_BUSY
  nomem         there is no memory for a chunk of a view or a level of a table
  unregistered  a page is not registered for DMA (in the real and virtual tiers)
  delayed-kill  a bridge takes its time (us, default 1000) to forget a translation
and KEY=VALUE limits it to
  liobn=N       calls for this LIOBN
  tier=T        real, virtual or user
  call=NAME     one hypercall, for example H_PUT_TCE
  nth=N         the Nth time it could happen, once
  every=N       each Nth time
  prob=P        this part of the times, 0 to 1, by chance that seed=N chooses
  count=N       at most N times";

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A try is too hard for its tier.
    TooHard,
    /// A call answers H_HARDWARE and does nothing.
    Hardware,
    /// A call answers H_BUSY and does nothing.
    Busy,
    /// An allocation fails.
    NoMemory,
    /// A page is not registered.
    Unregistered,
    /// A kill takes this long.
    DelayedKill(Duration),
}

/// A fault and the times at which it happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spec {
    /// The kind of fault that is injected.
    pub fault: Fault,
    /// Only for this LIOBN.
    pub liobn: Option<u64>,
    /// Only in this tier.
    pub tier: Option<Tier>,
    /// Only in the call of this token.
    pub call: Option<u64>,
    /// Only at this one of the times it could happen, from 1 up.
    pub nth: Option<u64>,
    /// Only at each time that is a multiple of this.
    pub every: Option<u64>,
    /// Only with this chance.
    pub prob: Option<f64>,
    /// Chooses the chance.
    pub seed: u64,
    /// At most this number of times.
    pub count: u64,
}

impl Spec {
    /// A fault that happens whenever it can.
    pub const fn new(fault: Fault) -> Spec {
        Spec {
            fault,
            liobn: None,
            tier: None,
            call: None,
            nth: None,
            every: None,
            prob: None,
            seed: 0,
            count: u64::MAX,
        }
    }
}
