// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The three tiers in which a hypercall is tried, and the end of a try.
//!
//! KVM has the same: the real-mode handler, then the ordinary kernel, then the VMM in user space.

use crate::words::status::Status;
use std::fmt;
use std::str::FromStr;

/// A place where a hypercall is tried, from the inside out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Straight from the vCPU: no allocation, no lock, no wait.
    Real,
    /// The ordinary kernel: may allocate and pin.
    #[default]
    Virtual,
    /// The VMM's own function. No tier is further out.
    User,
}

impl Tier {
    /// Every tier, from the inside out.
    pub const ALL: [Tier; 3] = [Tier::Real, Tier::Virtual, Tier::User];

    /// Its name in a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Tier::Real => "real",
            Tier::Virtual => "virtual",
            Tier::User => "user",
        }
    }

    /// Its place in arrays of one thing per tier.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Itself and all that are further out.
    pub fn outwards(self) -> impl Iterator<Item = Tier> {
        Tier::ALL.into_iter().skip(self.index())
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Tier {
    type Err = String;

    fn from_str(text: &str) -> Result<Tier, String> {
        let found = Tier::ALL.into_iter().find(|tier| tier.name() == text);
        found.ok_or_else(|| format!("there is no tier `{text}`; write real, virtual or user"))
    }
}

/// The end of a try in one tier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The guest gets this status.
    Done(Status),
    /// The tier cannot finish the call, and the whole call is retried one tier further out. A guest never sees
    /// the retry. A try must leave a state in which the whole call can be done again, with the same pins afterwards.
    ///
    /// Linux: `H_TOO_HARD`.
    TooHard,
}

impl From<Status> for Answer {
    fn from(status: Status) -> Answer {
        Answer::Done(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_goes_outwards_from_where_it_starts() {
        let way = |from: Tier| from.outwards().collect::<Vec<_>>();
        assert_eq!(way(Tier::Real), Tier::ALL);
        assert_eq!(way(Tier::Virtual), [Tier::Virtual, Tier::User]);
        assert_eq!(way(Tier::User), [Tier::User]);
    }

    #[test]
    fn names_are_read_back() {
        for tier in Tier::ALL {
            assert_eq!(tier.name().parse(), Ok(tier));
            assert_eq!(Tier::ALL[tier.index()], tier);
        }
        assert!("Real".parse::<Tier>().is_err());
    }
}
