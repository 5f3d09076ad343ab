// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest's DMA as the user chose it: the host bridge with its platform, where TCE hypercalls
//! start, by whose rules they are answered, and what goes wrong.

use std::sync::Arc;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use hcall::{Accel, Injector, Phb, Profile, Spec, Tier};
use iommu::bridge::Bridge;
use iommu::table::MAX_FLAT;
use iommu::{Container, Error, Frames, IommuTable, Liobn, PageShift, Window};

use crate::fdt::PHB_BUID;
use crate::memory::RamSize;

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
    /// The PCI host bridge under the hardware tables.
    #[arg(long, value_name = "NAME", value_enum, default_value = "ioda2")]
    pub platform: PlatformKind,
    /// Let things go wrong on purpose; may be given several times. --help tells what.
    #[arg(long, value_name = "SPEC", long_help = inject_help())]
    pub inject: Vec<Spec>,
}

/// Kinds of host bridges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlatformKind {
    /// Walks the table for each access.
    P5ioc2,
    /// Caches entries, and kills them by address.
    Ioda1,
    /// Caches entries, and kills them by PE and number.
    Ioda2,
}

/// The guest's DMA.
#[derive(Debug)]
pub struct Dma {
    /// The windows and page frames.
    pub container: Container,
    /// The host bridge, which has its default window.
    pub phb: Phb,
    /// How calls are tried.
    pub accel: Accel,
    /// What goes wrong on purpose.
    pub faults: Option<Arc<Injector>>,
}

impl DmaArgs {
    /// Sets it up for a guest with this RAM.
    pub fn set_up(&self, ram: RamSize) -> Result<Dma, Error> {
        let mut container = Container::new(Frames::new(ram.bytes())?);
        let mut accel = Accel::new(self.accel).with_profile(self.profile);
        let wanted = (!self.inject.is_empty()).then(|| self.inject.iter().copied());
        let faults = wanted.map(|specs| Arc::new(Injector::new(specs)));
        if let Some(faults) = &faults {
            container = container.with_faults(faults.clone());
            accel = accel.with_faults(faults.clone());
        }
        let window = Window::bytes(LIOBN, 0, WINDOW_BYTES, PageShift::K4)?;
        let bridge = self.platform.bridge();
        let most = if bridge.kind().max_levels() > 1 { u64::MAX } else { MAX_FLAT };
        let table = Box::new(move |window| table(&bridge, window));
        let phb = Phb::new(PHB_BUID, window, hcall::rtas::ddw::DEFAULT_PAGE_SIZES, table);
        let phb = phb.with_most_entries(most);
        phb.reset(&container, &mut container.agent())?;
        Ok(Dma { container, phb, accel, faults })
    }
}

impl Default for DmaArgs {
    /// What the command line says when it says nothing.
    fn default() -> DmaArgs {
        let (accel, profile) = (Tier::default(), Profile::LOPAR);
        DmaArgs { accel, profile, platform: PlatformKind::Ioda2, inject: Vec::new() }
    }
}

impl PlatformKind {
    fn bridge(self) -> Arc<Bridge> {
        match self {
            PlatformKind::P5ioc2 => Bridge::p5ioc2(),
            PlatformKind::Ioda1 => Bridge::ioda1(),
            PlatformKind::Ioda2 => Bridge::ioda2(),
        }
    }
}

/// The hardware table of a window.
fn table(bridge: &Bridge, window: Window) -> Result<Arc<IommuTable>, Error> {
    let levels = if window.size() > MOST_FLAT { 2 } else { 1 };
    bridge.create_table(window, levels.min(bridge.kind().max_levels()))
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
