// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The configuration of a guest's DMA: the host bridge with its platform, the tier in which TCE hypercalls start, the
//! profile of their answers, and faults on purpose.

use std::sync::Arc;

use hcall::machine::phb::Link;
use hcall::{Accel, ConfigAddress, HostBridge, Injector, Phb, Profile, Prototype, Spec, Tier};
use iommu::bridge::Bridge;
use iommu::{
    BridgeKind, Budget, Container, Detector, Error, Frames, IommuTable, Liobn, PageShift, Pe,
    PlatformOf, Window,
};

use crate::fdt::PHB_BUID;
use crate::memory::RamSize;

/// The default DMA window: 1 GiB of 4 KiB pages at bus address 0 (as QEMU).
const LIOBN: Liobn = Liobn(0x8000_0000);
const WINDOW_BYTES: u64 = 1 << 30;

/// The largest table of one level, in entries. Larger tables have a second level, on a bridge that can walk it.
const MOST_FLAT: u64 = 1 << 20;

/// The configuration of a guest's DMA.
#[derive(Clone, Debug)]
pub struct DmaConfig {
    /// The tier in which TCE hypercalls start. A tier that cannot finish a call hands it to the next one out.
    pub tier: Tier,
    /// The profile of the answers where LoPAR, KVM and QEMU differ.
    pub profile: &'static Profile,
    /// Functions that stand in for tiers of calls.
    pub prototypes: Vec<Prototype>,
    /// The host bridge under the hardware tables of the PCI windows; by default an IODA2. If it is given, virtual I/O
    /// devices are behind such a bridge, too; otherwise they use the guest's view.
    pub platform: Option<BridgeKind>,
    /// The platform of the hardware tables, in place of the bridge's platform.
    pub tables: Option<PlatformOf>,
    /// True to watch devices for uses of translations that were replaced or cleared. This puts virtual I/O devices
    /// behind the bridge.
    pub check: bool,
    /// True when the device tree offers H_PUT_TCE_INDIRECT and H_STUFF_TCE (hcall-multi-tce).
    pub multi_tce: bool,
    /// The largest number of bytes for the tables of windows that the guest makes; by default 32 MiB and a 64th of RAM.
    pub table_memory: Option<u64>,
    /// The faults that are injected on purpose.
    pub faults: Vec<Spec>,
}

/// The guest's DMA.
#[derive(Debug)]
pub struct Dma {
    /// The windows and page frames.
    pub container: Container,
    /// The host bridge with its default window.
    pub phb: Phb,
    /// The PEs of PCI functions, from device number 1 up, each with windows of its own.
    pub pes: Vec<PciPe>,
    /// The bridge in front of the PCI functions. Without one they use the views.
    pub pci_bridge: Option<Arc<Bridge>>,
    /// The bridge of the virtual I/O devices. Without one they use the view.
    pub device_bridge: Option<Arc<Bridge>>,
    /// The detector that watches the devices.
    pub detector: Option<Arc<Detector>>,
    /// The way in which calls are tried in the tiers.
    pub accel: Accel,
    /// The injector of faults, if there are faults.
    pub faults: Option<Arc<Injector>>,
}

/// The PE of a PCI function.
#[derive(Debug)]
pub struct PciPe {
    /// The device number.
    pub number: u8,
    /// Its windows.
    pub phb: Phb,
}

impl Dma {
    /// All PEs: the bridge's own, and those of functions.
    pub(crate) fn phbs(&self) -> impl Iterator<Item = &Phb> {
        [&self.phb].into_iter().chain(self.pes.iter().map(|pe| &pe.phb))
    }
}

/// Device 0 of bus 0, where no function is, stands for the bridge itself: it has the bridge's own windows.
impl HostBridge for Dma {
    fn pe(&self, buid: u64, config_addr: u32) -> Option<&Phb> {
        let at = ConfigAddress::parse(config_addr)?;
        let pe = self.pes.iter().find(|pe| (at.bus, at.device) == (0, pe.number));
        pe.map_or(&self.phb, |pe| &pe.phb).pe(buid, config_addr)
    }

    fn pe_of(&self, liobn: Liobn) -> Option<&Phb> {
        self.phbs().find(|phb| phb.liobns().contains(&liobn))
    }
}

impl DmaConfig {
    /// Sets the DMA up for a guest with this RAM and no PCI function.
    pub fn set_up(&self, ram: RamSize) -> Result<Dma, Error> {
        self.set_up_with(ram, 0)
    }

    /// Sets the DMA up for a guest with this RAM, with a PE for each of `functions` PCI functions.
    pub fn set_up_with(&self, ram: RamSize, functions: usize) -> Result<Dma, Error> {
        let budget = Budget::new(self.table_memory(ram));
        let mut container = Container::new(Frames::new(ram.bytes())?).with_budget(budget);
        let mut accel = Accel::new(self.tier).with_profile(self.profile);
        for prototype in &self.prototypes {
            accel = accel.with_prototype(prototype.clone());
        }
        let wanted = (!self.faults.is_empty()).then(|| self.faults.iter().copied());
        let faults = wanted.map(|specs| Arc::new(Injector::new(specs)));
        if let Some(faults) = &faults {
            container = container.with_faults(faults.clone());
            accel = accel.with_faults(faults.clone());
        }
        let detector = self.check.then(|| Detector::new(container.frames().clone()));
        if detector.is_some() {
            accel = accel.tagged();
        }
        let window = Window::bytes(LIOBN, 0, WINDOW_BYTES, PageShift::K4)?;
        let kind = self.platform.unwrap_or(BridgeKind::IODA2);
        let make =
            || Bridge::with_platforms(kind, kind.flags, detector.clone(), self.tables.clone());
        let bridge = make();
        let phb = windows_of_pe(window, &bridge);
        phb.reset(&container, &mut container.agent())?;
        // Each bridge has PEs of its own, so devices get a second bridge.
        let behind_bridge = self.platform.is_some() || detector.is_some();
        let pci_bridge = behind_bridge.then(|| bridge.clone());
        let mut pes = Vec::new();
        for number in (1..=u8::MAX).take(functions) {
            let liobn = Liobn(LIOBN.0 | u32::from(number) << 8);
            let window = Window::bytes(liobn, 0, WINDOW_BYTES, PageShift::K4)?;
            let mut phb = windows_of_pe(window, &bridge);
            if let Some(bridge) = &pci_bridge {
                phb = phb.with_link(link(bridge.clone(), Pe(number)));
            }
            phb.reset(&container, &mut container.agent())?;
            pes.push(PciPe { number, phb });
        }
        let device_bridge = behind_bridge.then(make);
        Ok(Dma { container, phb, pes, pci_bridge, device_bridge, detector, accel, faults })
    }

    /// The memory for the tables of the guest's windows, in bytes.
    pub fn table_memory(&self, ram: RamSize) -> u64 {
        self.table_memory.unwrap_or(table_memory(ram))
    }
}

impl Default for DmaConfig {
    /// LoPAR's answers from the ordinary tier, over IODA2, with nothing watched and nothing injected.
    fn default() -> DmaConfig {
        DmaConfig {
            tier: Tier::default(),
            profile: Profile::LOPAR,
            prototypes: Vec::new(),
            platform: None,
            tables: None,
            check: false,
            multi_tce: true,
            table_memory: None,
            faults: Vec::new(),
        }
    }
}

/// The default memory for the tables of the guest's windows. A 64th of RAM pays for two
/// windows that each map all of RAM in pages of 4 KiB; a bridge has no more. An entry takes 16 bytes,
/// for view and hardware table, and twice that because the size of a window is a power of two. (libvirt
/// lets QEMU lock a 512th for one hardware table of one such window.) The 32 MiB are for small guests, whose
/// windows may be larger than their RAM.
fn table_memory(ram: RamSize) -> u64 {
    (32 << 20) + ram.bytes() / 64
}

/// The windows of a PE without one, with this default window.
fn windows_of_pe(window: Window, bridge: &Arc<Bridge>) -> Phb {
    let of = bridge.clone();
    let table = Box::new(move |window| table(&of, window));
    let phb = Phb::new(PHB_BUID, window, hcall::rtas::ddw::DEFAULT_PAGE_SIZES, table);
    phb.with_most_entries(bridge.kind().most_entries())
}

/// Has the devices of a PE follow its windows.
fn link(bridge: Arc<Bridge>, pe: Pe) -> Link {
    Box::new(move |number, table| {
        let done = match table {
            Some(table) => bridge.set_window(pe, number, table),
            None => bridge.unset_window(pe, number),
        };
        debug_assert!(done.is_ok(), "window {number} of {pe:?}");
    })
}

/// The hardware table of a window.
fn table(bridge: &Bridge, window: Window) -> Result<Arc<IommuTable>, Error> {
    let levels = if window.size() > MOST_FLAT { 2 } else { 1 };
    bridge.create_table(window, levels.min(bridge.kind().max_levels))
}
