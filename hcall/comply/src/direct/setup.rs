// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The parts of a machine.

use crate::profile::SuiteProfile;
use hcall::{Injector, Prototype, Spec, Tier};
use iommu::{BridgeKind, Liobn, PageShift, PlatformOf, Window};
use std::fmt;
use std::sync::Arc;

/// The default window: LIOBN, first bus address, bytes. QEMU's is the same.
fn default_window() -> Window {
    Window::bytes(Liobn(0x8000_0000), 0, 1 << 30, PageShift::K4).expect("1 GiB from 0")
}

/// Prototypes that stand in for parts of the library.
#[derive(Clone, Debug, Default)]
pub struct Prototypes {
    /// Their names, for people.
    pub names: Vec<String>,
    /// Functions of tiers.
    pub tiers: Vec<Prototype>,
    /// The platform of the hardware tables.
    pub platform: Option<PlatformOf>,
}

/// Prototypes of equal names are equal.
impl PartialEq for Prototypes {
    fn eq(&self, other: &Prototypes) -> bool {
        self.names == other.names
    }
}

/// The description of a machine.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Size of memory in bytes.
    pub ram: u64,
    /// Number of vCPUs that make calls.
    pub cpus: u32,
    /// The default window of the PCI host bridge.
    pub window: Window,
    /// The windows of virtual I/O devices.
    pub devices: Vec<Window>,
    /// The profile of its answers.
    pub profile: SuiteProfile,
    /// The tier in which its TCE calls start.
    pub tier: Tier,
    /// The bridge under its hardware tables.
    pub platform: BridgeKind,
    /// The most memory for the tables of the guest's windows, in bytes; `None` sets no limit.
    pub table_memory: Option<u64>,
    /// Faults that are injected.
    pub faults: Vec<Spec>,
    /// The prototypes that stand in for parts of the library.
    pub prototypes: Arc<Prototypes>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            ram: 256 << 20,
            cpus: 1,
            window: default_window(),
            devices: Vec::new(),
            profile: SuiteProfile::Lopar,
            tier: Tier::default(),
            platform: BridgeKind::IODA2,
            table_memory: None,
            faults: Vec::new(),
            prototypes: Arc::default(),
        }
    }
}

impl Setup {
    /// The rules of the library for the profile.
    pub(super) fn rules(&self) -> &'static hcall::Profile {
        hcall::Profile::find(self.profile.rules()).unwrap_or(hcall::Profile::LOPAR)
    }

    pub(super) fn injector(&self) -> Option<Arc<Injector>> {
        let some = !self.faults.is_empty();
        some.then(|| Arc::new(Injector::new(self.faults.iter().copied())))
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "from tier {} on, {}", self.tier, self.platform.name)?;
        self.prototypes.names.iter().try_for_each(|name| write!(f, ", with {name}"))
    }
}
