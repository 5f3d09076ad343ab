// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Where the specification and its implementations answer differently, as data.
//!
//! LoPAR is the only profile yet. KVM and QEMU answer some calls differently (papr-tce 2.7); each
//! such difference becomes a field here and is asked for at the one place where it matters.

/// The answers that differ between implementations of PAPR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Name, as a user writes it.
    pub name: &'static str,
    /// Most entries of one H_STUFF_TCE.
    pub stuff_limit: u64,
}

impl Profile {
    /// LoPAR 2.9, with the decisions that it leaves open: an unaligned bus address or list and
    /// reserved bits of a mapping are refused, a count of 0 succeeds.
    pub const LOPAR: Profile = Profile { name: "lopar", stuff_limit: 512 };
}
