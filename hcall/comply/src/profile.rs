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
    /// Kernels before the range check of 2026, such as Linux 6.1.176. The answers are those of [`Kvm`](Self::Kvm) where
    /// a row gives no others.
    Kvm61,
    /// QEMU alone.
    Qemu,
}

impl SuiteProfile {
    /// All profiles.
    pub const ALL: [SuiteProfile; 5] = [
        SuiteProfile::Allowed,
        SuiteProfile::Lopar,
        SuiteProfile::Kvm,
        SuiteProfile::Kvm61,
        SuiteProfile::Qemu,
    ];

    /// The name in a command line and a script.
    pub const fn name(self) -> &'static str {
        match self {
            SuiteProfile::Allowed => "allowed",
            SuiteProfile::Lopar => "lopar",
            SuiteProfile::Kvm => "kvm",
            SuiteProfile::Kvm61 => "kvm-6.1",
            SuiteProfile::Qemu => "qemu",
        }
    }

    /// The profile whose answers hold where a row has none for this one.
    pub const fn base(self) -> Option<SuiteProfile> {
        match self {
            SuiteProfile::Kvm61 => Some(SuiteProfile::Kvm),
            _ => None,
        }
    }

    /// True for this profile, and for a profile that is the base of this one.
    pub fn is(self, other: SuiteProfile) -> bool {
        self == other || self.base() == Some(other)
    }

    /// The name of the rules in the library. Where LoPAR leaves a choice, the library decides.
    pub const fn rules(self) -> &'static str {
        match self {
            SuiteProfile::Allowed | SuiteProfile::Lopar => "lopar",
            SuiteProfile::Kvm => "kvm",
            SuiteProfile::Kvm61 => "kvm-6.1",
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
        known.ok_or_else(|| {
            format!("{name} is no profile; write lopar, allowed, kvm, kvm-6.1 or qemu")
        })
    }
}
