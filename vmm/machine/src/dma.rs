// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest's DMA as the user chose it: the host bridge with its platform, where TCE hypercalls
//! start, by whose rules they are answered, and what goes wrong.

use std::sync::Arc;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use hcall::{Accel, Injector, Phb, Profile, Spec, Tier};
use iommu::bridge::{Bridge, KINDS};
use iommu::{
    BridgeKind, Budget, Container, Detector, Error, Frames, IommuTable, Liobn, PageShift, Window,
};

use crate::fdt::PHB_BUID;
use crate::memory::{self, RamSize};

/// The default DMA window: 1 GiB of 4 KiB pages at bus address 0 (QEMU: the same).
const LIOBN: Liobn = Liobn(0x8000_0000);
const WINDOW_BYTES: u64 = 1 << 30;

/// Tables of more entries than this have a second level, on a bridge that can walk it.
const MOST_FLAT: u64 = 1 << 20;

/// The options.
#[derive(Args, Clone, Debug)]
pub struct DmaArgs {
    /// Where TCE hypercalls start; what is too hard there goes on outwards.
    #[arg(long, value_name = "TIER", default_value_t)]
    #[arg(value_parser = names(Tier::ALL.map(Tier::name)).try_map(|name| name.parse::<Tier>()))]
    pub accel: Tier,
    /// Whose answers a guest gets where LoPAR, KVM and QEMU differ.
    #[arg(long, value_name = "NAME", default_value = Profile::LOPAR.name)]
    #[arg(value_parser = names(Profile::ALL.map(|p| p.name)).try_map(profile))]
    pub profile: &'static Profile,
    /// The host bridge under the hardware tables of the PCI windows (without it ioda2); with it,
    /// virtual I/O devices are behind such a bridge, too. Else they use the guest's view.
    #[arg(long, value_name = "NAME")]
    #[arg(value_parser = platforms().try_map(|name| name.parse::<BridgeKind>()))]
    pub platform: Option<BridgeKind>,
    /// Watch for what must not happen: `dma` finds devices that use translations which were replaced
    /// or cleared. Puts virtual I/O devices behind the bridge.
    #[arg(long, value_name = "WHAT", value_enum)]
    pub check: Vec<Check>,
    /// Do not tell the guest of H_PUT_TCE_INDIRECT and H_STUFF_TCE (hcall-multi-tce), so that it
    /// uses H_PUT_TCE for everything.
    #[arg(long)]
    pub no_multi_tce: bool,
    /// The most memory that the tables of windows which the guest makes may take: a number with K, M or
    /// G; without it 32M and a 64th of the guest's RAM.
    #[arg(long, value_name = "SIZE", value_parser = memory::parse_bytes)]
    pub table_memory: Option<u64>,
    /// Let things go wrong on purpose; may be given several times. --help tells what.
    #[arg(long, value_name = "SPEC", long_help = inject_help())]
    pub inject: Vec<Spec>,
}

/// What can be watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Check {
    /// Stale translations and writes to released pages.
    Dma,
}

/// The guest's DMA.
#[derive(Debug)]
pub struct Dma {
    /// The windows and page frames.
    pub container: Container,
    /// The host bridge, which has its default window.
    pub phb: Phb,
    /// The bridge that virtual I/O devices are behind; without one they use the view.
    pub device_bridge: Option<Arc<Bridge>>,
    /// What watches the devices.
    pub detector: Option<Arc<Detector>>,
    /// How calls are tried.
    pub accel: Accel,
    /// What goes wrong on purpose.
    pub faults: Option<Arc<Injector>>,
}

impl DmaArgs {
    /// Sets it up for a guest with this RAM.
    pub fn set_up(&self, ram: RamSize) -> Result<Dma, Error> {
        let budget = Budget::new(self.table_memory(ram));
        let mut container = Container::new(Frames::new(ram.bytes())?).with_budget(budget);
        let mut accel = Accel::new(self.accel).with_profile(self.profile);
        let wanted = (!self.inject.is_empty()).then(|| self.inject.iter().copied());
        let faults = wanted.map(|specs| Arc::new(Injector::new(specs)));
        if let Some(faults) = &faults {
            container = container.with_faults(faults.clone());
            accel = accel.with_faults(faults.clone());
        }
        let detector = self.checks_dma().then(|| Detector::new(container.frames().clone()));
        if detector.is_some() {
            accel = accel.tagged();
        }
        let window = Window::bytes(LIOBN, 0, WINDOW_BYTES, PageShift::K4)?;
        let kind = self.platform.unwrap_or(BridgeKind::IODA2);
        let bridge = Bridge::with(kind, kind.flags, detector.clone());
        let table = Box::new(move |window| table(&bridge, window));
        let phb = Phb::new(PHB_BUID, window, hcall::rtas::ddw::DEFAULT_PAGE_SIZES, table);
        let phb = phb.with_most_entries(kind.most_entries());
        phb.reset(&container, &mut container.agent())?;
        // Bridges have their PEs to themselves.
        let behind_bridge = self.platform.is_some() || detector.is_some();
        let device_bridge = behind_bridge.then(|| Bridge::with(kind, kind.flags, detector.clone()));
        Ok(Dma { container, phb, device_bridge, detector, accel, faults })
    }

    /// The memory for the tables of the guest's windows.
    pub(crate) fn table_memory(&self, ram: RamSize) -> u64 {
        self.table_memory.unwrap_or(table_memory(ram))
    }

    fn checks_dma(&self) -> bool {
        self.check.contains(&Check::Dma)
    }
}

impl Default for DmaArgs {
    /// What the command line says when it says nothing.
    fn default() -> DmaArgs {
        let (accel, profile) = (Tier::default(), Profile::LOPAR);
        let (platform, check, no_multi_tce, inject) = (None, Vec::new(), false, Vec::new());
        DmaArgs { accel, profile, platform, check, no_multi_tce, table_memory: None, inject }
    }
}

/// Memory for the tables of the guest's windows unless the user says otherwise. A 64th of RAM pays for two
/// windows, as many as a bridge has, of which each maps all of RAM in pages of 4 KiB: 16 bytes an entry, as
/// there is a view and a hardware table, and twice that because a window is a power of two. (libvirt
/// lets QEMU lock a 512th for one hardware table of one such window.) The rest is for small guests, whose
/// windows may be larger than their RAM.
fn table_memory(ram: RamSize) -> u64 {
    (32 << 20) + ram.bytes() / 64
}

/// The hardware table of a window.
fn table(bridge: &Bridge, window: Window) -> Result<Arc<IommuTable>, Error> {
    let levels = if window.size() > MOST_FLAT { 2 } else { 1 };
    bridge.create_table(window, levels.min(bridge.kind().max_levels))
}

fn platforms() -> PossibleValuesParser {
    PossibleValuesParser::new(KINDS.map(|kind| PossibleValue::new(kind.name).help(kind.about)))
}

fn names<const N: usize>(names: [&'static str; N]) -> PossibleValuesParser {
    PossibleValuesParser::new(names)
}

fn profile(name: String) -> Result<&'static Profile, String> {
    Profile::find(&name).ok_or_else(|| format!("there is no profile `{name}`"))
}

fn inject_help() -> String {
    format!(
        "Let things go wrong on purpose; may be given several times.\n\nSPEC is {}",
        hcall::inject::HELP
    )
}
