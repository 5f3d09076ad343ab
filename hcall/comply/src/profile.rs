// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The profiles of expected answers.

use std::fmt;
use std::str::FromStr;

/// An implementation whose answers a clause expects. A row gives the first answer for all profiles, and
/// others only for profiles that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SuiteProfile {
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

impl SuiteProfile {
    /// All profiles.
    pub const ALL: [SuiteProfile; 4] =
        [SuiteProfile::Allowed, SuiteProfile::Lopar, SuiteProfile::Kvm, SuiteProfile::Qemu];

    /// The name in a command line and a script.
    pub const fn name(self) -> &'static str {
        match self {
            SuiteProfile::Allowed => "allowed",
            SuiteProfile::Lopar => "lopar",
            SuiteProfile::Kvm => "kvm",
            SuiteProfile::Qemu => "qemu",
        }
    }
}

impl SuiteProfile {
    /// The name of the rules in the library. Where LoPAR leaves a choice, the library decides.
    pub const fn rules(self) -> &'static str {
        match self {
            SuiteProfile::Allowed | SuiteProfile::Lopar => "lopar",
            SuiteProfile::Kvm => "kvm",
            SuiteProfile::Qemu => "qemu",
        }
    }
}

impl fmt::Display for SuiteProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for SuiteProfile {
    type Err = String;

    fn from_str(name: &str) -> Result<SuiteProfile, String> {
        let known = SuiteProfile::ALL.into_iter().find(|profile| profile.name() == name);
        known.ok_or_else(|| format!("{name} is no profile; write lopar, allowed, kvm or qemu"))
    }
}
