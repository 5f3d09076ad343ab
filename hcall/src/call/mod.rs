// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A hypercall and its caller: the types that refer to each other, and no behaviour.
//!
//! LoPAR 2.9, "Hypervisor Call Interrupt": r3 is the token and then the status, r4 up are the
//! arguments and then the answers.

pub mod args;
pub(crate) mod rows;

use crate::machine::{Capabilities, Capability};
use crate::run::inject::Injector;
use crate::run::meter::Meter;
use crate::words::profile::Profile;
use crate::words::status::Status;
use crate::words::tier::{Answer, Tier};
use args::Regs;
use iommu::{Agent, Container};
use ram::GuestMemory as Memory;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// The caller of a hypercall, and everything that the call may touch.
pub struct Caller<'a> {
    /// The guest's DMA windows.
    pub container: &'a Container,
    /// The guest's memory.
    pub memory: &'a Memory,
    /// The calling thread's side of the accounting.
    pub agent: &'a mut Agent,
    /// The capabilities of the machine.
    pub machine: &'a mut dyn Capabilities,
    /// Server number of the calling vCPU.
    pub server: u32,
    /// True when the vCPU is in problem state (MSR\[PR\] = 1).
    pub problem_state: bool,
    /// The way in which calls are tried.
    pub accel: &'a Accel,
    /// Counts the tries of a metered [`Accel`].
    pub meter: Option<&'a mut Meter>,
}

impl<'a> Caller<'a> {
    /// A call of vCPU 0 in supervisor state, tried in the ordinary way and not counted.
    pub fn new(
        container: &'a Container,
        memory: &'a Memory,
        agent: &'a mut Agent,
        machine: &'a mut dyn Capabilities,
    ) -> Caller<'a> {
        let (server, problem_state, accel, meter) = (0, false, &ORDINARY, None);
        Caller { container, memory, agent, machine, server, problem_state, accel, meter }
    }
}

/// One hypercall. Made by `hcalls!`, beside the function that does it.
#[derive(Debug)]
pub struct Hcall {
    /// r3 on entry.
    pub token: u64,
    /// LoPAR's name.
    pub name: &'static str,
    /// The family that the call belongs to: the rows of one file.
    pub family: &'static str,
    /// Names of the arguments, from r4 up.
    pub args: &'static [&'static str],
    /// Names of the answers, from r4 up, which a success fills.
    pub returns: &'static [&'static str],
    /// The capabilities without which the call does not exist.
    pub needs: &'static [Capability],
    /// The function set in `ibm,hypertas-functions` that promises the call; `None` when guests find it
    /// by other means.
    pub set: Option<&'static str>,
    /// Where the call is specified.
    pub spec: &'static str,
    /// The function that does it.
    pub handler: Handler,
}

impl Hcall {
    /// The value of an argument by its name.
    pub fn arg(&self, regs: &Regs, name: &str) -> Option<u64> {
        let at = self.args.iter().position(|arg| *arg == name)?;
        regs.get(at + 1).copied()
    }
}

/// The function or functions of a row, on r4 up.
#[derive(Clone, Copy, Debug)]
pub enum Handler {
    /// One function.
    One(fn(&mut Caller<'_>, &mut Regs) -> Status),
    /// One function for each tier.
    Tiered(Tiers),
}

/// The functions of a call that is tried in tiers.
#[derive(Clone, Copy, Debug)]
pub struct Tiers {
    /// Neither allocates nor waits.
    pub real: Try,
    /// May allocate and pin.
    pub virt: Try,
    /// The VMM's own.
    pub user: Try,
}

/// A function of one tier.
pub type Try = fn(&mut Caller<'_>, &mut Regs) -> Answer;

/// A function of a prototype.
pub type Attempt = dyn Fn(&mut Caller<'_>, &mut Regs) -> Answer + Send + Sync;

/// A function that stands in for one tier of a call.
#[derive(Clone)]
pub struct Prototype {
    /// The token of the call. Without effect if the call has no tiers.
    pub token: u64,
    /// The tier.
    pub tier: Tier,
    /// The function. It may hold state of its own, which all vCPUs share.
    pub run: Arc<Attempt>,
}

impl Prototype {
    /// A prototype of this function.
    pub fn new(
        token: u64,
        tier: Tier,
        run: impl Fn(&mut Caller<'_>, &mut Regs) -> Answer + Send + Sync + 'static,
    ) -> Prototype {
        Prototype { token, tier, run: Arc::new(run) }
    }
}

impl fmt::Debug for Prototype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Prototype { token, tier, .. } = self;
        f.debug_struct("Prototype")
            .field("token", token)
            .field("tier", tier)
            .finish_non_exhaustive()
    }
}

/// The way in which hypercalls are tried, the same for all vCPUs of a machine: see
/// [`accel`](mod@crate::accel).
#[derive(Debug)]
pub struct Accel {
    pub(crate) start: Tier,
    pub(crate) profile: &'static Profile,
    pub(crate) injector: Option<Arc<Injector>>,
    pub(crate) prototypes: Vec<Prototype>,
    pub(crate) metered: bool,
    pub(crate) tagged: bool,
    /// Calls that were reported to the detector.
    pub(crate) calls: AtomicU64,
    /// Where calls start, if there is nothing to look for at each try.
    pub(crate) plain: Option<Tier>,
}

/// The [`Accel`] of [`Caller::new`].
static ORDINARY: Accel = Accel::new(Tier::Virtual);

impl Accel {
    /// By LoPAR's rules, from this tier on.
    pub const fn new(start: Tier) -> Accel {
        Accel {
            start,
            profile: Profile::LOPAR,
            injector: None,
            prototypes: Vec::new(),
            metered: false,
            tagged: false,
            calls: AtomicU64::new(0),
            plain: Some(start),
        }
    }
}
