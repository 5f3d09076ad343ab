// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Whose answers are expected.

use std::fmt;
use std::str::FromStr;

/// Whose answers a clause expects. A row gives the first answer for all of them, and others only
/// where somebody differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// The text of LoPAR 2.9 alone: where it is silent, every sound answer is allowed. For
    /// implementations that are not ours.
    Papr,
    /// LoPAR with the decisions of tcevm where the text is silent.
    Lopar,
    /// Linux KVM with QEMU behind it, as a guest sees both together.
    Kvm,
    /// QEMU alone.
    Qemu,
}

impl Profile {
    /// All of them.
    pub const ALL: [Profile; 4] = [Profile::Papr, Profile::Lopar, Profile::Kvm, Profile::Qemu];

    /// The name, as a user and a script write it.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Papr => "papr",
            Profile::Lopar => "lopar",
            Profile::Kvm => "kvm",
            Profile::Qemu => "qemu",
        }
    }
}

impl Profile {
    /// The name of the rules in the library. What LoPAR leaves open the library decides.
    pub const fn rules(self) -> &'static str {
        match self {
            Profile::Papr | Profile::Lopar => "lopar",
            Profile::Kvm => "kvm",
            Profile::Qemu => "qemu",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(name: &str) -> Result<Profile, String> {
        let known = Profile::ALL.into_iter().find(|profile| profile.name() == name);
        known.ok_or_else(|| format!("{name} is no profile; write papr, lopar, kvm or qemu"))
    }
}
