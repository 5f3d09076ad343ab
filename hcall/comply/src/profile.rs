// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The profiles of expected answers.

use std::fmt;
use std::str::FromStr;

/// An implementation whose answers a clause expects. A row gives the first answer for all profiles, and
/// others only for profiles that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Profile {
    /// The text of LoPAR 2.9 alone: where it is silent, every sound answer is allowed. This profile is for
    /// implementations other than tcevm.
    Allowed,
    /// LoPAR with the decisions of tcevm where the text is silent.
    Lopar,
    /// Linux KVM with QEMU behind it, as a guest sees both together.
    Kvm,
    /// QEMU alone.
    Qemu,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Profile; 4] = [Profile::Allowed, Profile::Lopar, Profile::Kvm, Profile::Qemu];

    /// The name in a command line and a script.
    pub const fn name(self) -> &'static str {
        match self {
            Profile::Allowed => "allowed",
            Profile::Lopar => "lopar",
            Profile::Kvm => "kvm",
            Profile::Qemu => "qemu",
        }
    }
}

impl Profile {
    /// The name of the rules in the library. Where LoPAR leaves a choice, the library decides.
    pub const fn rules(self) -> &'static str {
        match self {
            Profile::Allowed | Profile::Lopar => "lopar",
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
        known.ok_or_else(|| format!("{name} is no profile; write lopar, allowed, kvm or qemu"))
    }
}
