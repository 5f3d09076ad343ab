// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What a machine is made of.

use crate::profile::Profile;
use hcall::{Injector, Spec, Tier};
use iommu::bridge::Bridge;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A machine to be made.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Bytes of memory.
    pub ram: u64,
    /// Whose answers it gives.
    pub profile: Profile,
    /// Where its TCE calls start.
    pub tier: Tier,
    /// The bridge under its hardware tables.
    pub platform: Platform,
    /// What goes wrong on purpose.
    pub faults: Vec<Spec>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            ram: 256 << 20,
            profile: Profile::Lopar,
            tier: Tier::default(),
            platform: Platform::Ioda2,
            faults: Vec::new(),
        }
    }
}

impl Setup {
    /// The rules of the library for the profile. What LoPAR leaves open the library decides.
    pub(super) fn rules(&self) -> &'static hcall::Profile {
        match self.profile {
            Profile::Papr | Profile::Lopar => hcall::Profile::LOPAR,
            Profile::Kvm => hcall::Profile::KVM,
            Profile::Qemu => hcall::Profile::QEMU,
        }
    }

    pub(super) fn injector(&self) -> Option<Arc<Injector>> {
        let some = !self.faults.is_empty();
        some.then(|| Arc::new(Injector::new(self.faults.iter().copied())))
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from tier {} on, {}", self.tier, self.platform.name())
    }
}

/// Kinds of bridges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// Walks the table for each access.
    P5ioc2,
    /// Caches entries, killed by address.
    Ioda1,
    /// Caches entries, killed by PE and number.
    Ioda2,
}

impl Platform {
    /// All of them.
    pub const ALL: [Platform; 3] = [Platform::P5ioc2, Platform::Ioda1, Platform::Ioda2];

    /// Its name, as a user writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Platform::P5ioc2 => "p5ioc2",
            Platform::Ioda1 => "ioda1",
            Platform::Ioda2 => "ioda2",
        }
    }

    /// A bridge of this kind.
    pub fn bridge(self) -> Arc<Bridge> {
        match self {
            Platform::P5ioc2 => Bridge::p5ioc2(),
            Platform::Ioda1 => Bridge::ioda1(),
            Platform::Ioda2 => Bridge::ioda2(),
        }
    }
}

impl FromStr for Platform {
    type Err = String;

    fn from_str(name: &str) -> Result<Platform, String> {
        let known = Platform::ALL.into_iter().find(|platform| platform.name() == name);
        known.ok_or_else(|| format!("{name} is no platform; write p5ioc2, ioda1 or ioda2"))
    }
}
