// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Host bridges as devices see them: a walk of the big-endian table with its permissions, a cache
//! of translations, and a register that makes the bridge forget.
//!
//! A [`Bridge`] has tables, which it makes with the platform of its kind, and PEs, for each of
//! which up to two tables are set as windows. A [`Device`] of a PE reads and writes through them.
//! The platform *writes* the kill register in the hardware's format and the bridge *decodes* what
//! was written, so a kill that is missing, late or wrong has the effect it has on the machine:
//! the device reaches the old page.
//!
//! The files `cache.rs` and `inflight.rs` hold the lock-free parts and why they are right.

pub(crate) mod cache;
mod chip;
mod device;
pub(crate) mod inflight;
mod ioda1;
mod ioda2;
mod kill;
mod kind;
mod kinds;
mod p5ioc2;
pub(crate) mod pes;
mod steps;

pub(crate) use chip::Chip;
pub use device::{Device, DmaFault, DmaMemory, Ram, Translation, update};
pub use ioda1::Ioda1;
pub use ioda2::Ioda2;
pub use kind::BridgeKind;
pub use kinds::KINDS;
pub use p5ioc2::P5ioc2;

use crate::table::IommuTable;
use crate::table::detector::Detector;
use crate::table::platform::{Pe, Platform};
use crate::table::swinv::Swinv;
use crate::words::error::Error;
use crate::words::window::Window;
use arc_swap::{ArcSwap, Cache};
use kind::Site;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Windows of a PE (papr-tce 3.4).
pub const WINDOWS: usize = 2;

/// A host bridge.
#[derive(Debug)]
pub struct Bridge {
    kind: BridgeKind,
    chip: Arc<Chip>,
    flags: Swinv,
    detector: Option<Arc<Detector>>,
    own: Option<PlatformOf>,
    windows: Arc<ArcSwap<Vec<Tve>>>,
    change: Mutex<()>,
}

/// A translation table of a PE (IODA: translation validation entry).
#[derive(Clone, Debug)]
struct Tve {
    pe: Pe,
    number: usize,
    table: Arc<IommuTable>,
}

/// Makes the platform of a window's table from the bridge's platform.
#[derive(Clone)]
pub struct PlatformOf(pub Arc<MakePlatform>);

/// A function for [`PlatformOf`].
pub type MakePlatform = dyn Fn(&Window, Arc<dyn Platform>) -> Arc<dyn Platform> + Send + Sync;

impl fmt::Debug for PlatformOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PlatformOf")
    }
}

impl Bridge {
    /// A bridge whose tables have the flags that Linux gives them.
    pub fn new(kind: BridgeKind) -> Arc<Bridge> {
        Bridge::with(kind, kind.flags, None)
    }

    /// A bridge whose tables have these flags and are watched by the detector, if there is one.
    pub fn with(kind: BridgeKind, flags: Swinv, detector: Option<Arc<Detector>>) -> Arc<Bridge> {
        Bridge::with_platforms(kind, flags, detector, None)
    }

    /// A bridge whose tables have platforms of their own in front of the bridge's.
    pub fn with_platforms(
        kind: BridgeKind,
        flags: Swinv,
        detector: Option<Arc<Detector>>,
        own: Option<PlatformOf>,
    ) -> Arc<Bridge> {
        Arc::new(Bridge {
            kind,
            chip: Arc::new(Chip::new(kind.register)),
            flags,
            detector,
            own,
            windows: Arc::default(),
            change: Mutex::default(),
        })
    }

    /// The kind of the bridge.
    pub fn kind(&self) -> BridgeKind {
        self.kind
    }

    /// Makes a table for a window, with the platform of this bridge. No device uses it before
    /// [`set_window`](Self::set_window).
    ///
    /// Errors: [`Error::Levels`], [`Error::TooLarge`].
    pub fn create_table(&self, window: Window, levels: u32) -> Result<Arc<IommuTable>, Error> {
        self.create_table_with(window, levels, |platform| platform)
    }

    /// Makes a table with another platform in front of the bridge's, for example one that omits a
    /// kill.
    pub fn create_table_with(
        &self,
        window: Window,
        levels: u32,
        wrap: impl FnOnce(Arc<dyn Platform>) -> Arc<dyn Platform>,
    ) -> Result<Arc<IommuTable>, Error> {
        let shift = window.page_shift();
        let address = self.chip.place_table(window.size().saturating_mul(8), shift);
        let (chip, flags, bus) = (self.chip.clone(), self.flags, self.kind.register.bus);
        let site = Site { chip, flags, bus, window: &window, address };
        let platform = (self.kind.platform)(site);
        let platform = match &self.own {
            Some(PlatformOf(own)) => own(&window, platform),
            None => platform,
        };
        let platform = wrap(platform);
        let table = IommuTable::over(window, levels, platform)?.at(address);
        Ok(Arc::new(match &self.detector {
            Some(detector) => table.watched(detector.watch(&window)),
            None => table,
        }))
    }

    /// Lets the devices of a PE translate through the table, as its window 0 or 1.
    ///
    /// Errors: [`Error::WindowNumber`] when there is no such number or it is taken.
    ///
    /// Linux: `pnv_pci_ioda2_set_window`.
    pub fn set_window(&self, pe: Pe, number: usize, table: &Arc<IommuTable>) -> Result<(), Error> {
        let _changing = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut windows = Vec::clone(&self.windows.load());
        let taken = windows.iter().any(|tve| tve.pe == pe && tve.number == number);
        if number >= WINDOWS || taken {
            return Err(Error::WindowNumber(number));
        }
        table.platform().link(pe, true);
        windows.push(Tve { pe, number, table: table.clone() });
        self.windows.store(Arc::new(windows));
        Ok(())
    }

    /// Takes a window away from a PE. When this returns, no device of it uses the table.
    ///
    /// Errors: [`Error::WindowNumber`] when it is not set.
    ///
    /// Linux: `pnv_pci_ioda2_unset_window`.
    pub fn unset_window(&self, pe: Pe, number: usize) -> Result<(), Error> {
        let _changing = self.change.lock().unwrap_or_else(PoisonError::into_inner);
        let mut windows = Vec::clone(&self.windows.load());
        let at = windows.iter().position(|tve| tve.pe == pe && tve.number == number);
        let gone = windows.remove(at.ok_or(Error::WindowNumber(number))?);
        let linked = windows.iter().any(|tve| tve.pe == pe && Arc::ptr_eq(&tve.table, &gone.table));
        self.windows.store(Arc::new(windows));
        self.chip.reset();
        if !linked {
            gone.table.platform().link(pe, false);
        }
        Ok(())
    }

    /// The tables that a PE translates through, with their window numbers.
    pub fn windows_of(&self, pe: Pe) -> Vec<(usize, Arc<IommuTable>)> {
        let windows = self.windows.load();
        let of_pe = windows.iter().filter(|tve| tve.pe == pe);
        of_pe.map(|tve| (tve.number, tve.table.clone())).collect()
    }

    /// A device of a PE.
    pub fn device(&self, pe: Pe) -> Device {
        Device::new(pe, self.chip.clone(), Cache::new(self.windows.clone()))
    }

    /// Stores to the kill register, as a platform does.
    pub fn write_kill_register(&self, value: u64) {
        self.chip.write_kill(value);
        self.chip.sync();
    }

    /// Translations in the cache that are not what the tables say: 0 unless a kill is missing. So
    /// while entries and pins agree, no translation of a released page is cached. Exact when no
    /// call and no access is under way.
    pub fn stale(&self) -> usize {
        let (mut stale, windows) = (0, self.windows.load());
        if let Some(cache) = self.chip.cache() {
            cache.for_each(&mut |key, value| {
                let entry = device::entry_of_key(self.chip.keys(), &windows, key);
                let current = entry.is_some_and(|(table, at)| table.load(at).bits() == value);
                stale += usize::from(!current);
            });
        }
        stale
    }

    /// How many values were stored to the kill register.
    pub fn kills(&self) -> u64 {
        self.chip.kills()
    }
}
