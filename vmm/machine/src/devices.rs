// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The virtual I/O devices and the PCI functions, and the IRQ lines from them to the interrupt controller.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use hcall::Memory;
use iommu::{Liobn, Window};
use pci::interrupts::Sources;
use pci::slot::Place;
use pci::{FunctionConfig, MOST_FUNCTIONS};
use vio::{Bus, DeviceConfig, DeviceReport, Host, IrqSink, Observer};

use crate::boot::BootError;
use crate::dma::{Dma, PciPe};
use crate::fdt::PHB_BUID;
use crate::io::PciSpace;
use crate::section::{LoadError, Reader, Saved, Writer};
use crate::vty::Vty;
use crate::xics::Xics;

/// The source of the pin of PCI device 0, and of its first message (QEMU: `SPAPR_IRQ_PCI_LSI`, `SPAPR_IRQ_MSI`). A device
/// has as many sources of messages as a function can have vectors.
const PINS: u32 = 0x1200;
const MESSAGES: u32 = 0x1300;

/// The devices with their IRQ lines.
#[derive(Debug, Default)]
pub struct Devices {
    /// The bus of virtual I/O devices.
    pub bus: Bus,
    /// The PCI bus.
    pub pci: Arc<pci::Bus>,
    /// The real addresses at which PCI functions answer.
    pub io: PciSpace,
    lines: Arc<Lines>,
}

/// The devices as the device tree has them.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    /// The virtual I/O devices, in the order of unit addresses.
    pub virtual_io: Vec<vio::Node>,
    /// The PCI functions, in the order of device numbers.
    pub functions: Vec<pci::Node>,
}

impl Nodes {
    /// The windows of all devices at the start.
    pub fn windows(&self) -> impl Iterator<Item = Window> + '_ {
        let virtual_io = self.virtual_io.iter().map(|node| node.window);
        virtual_io.chain(self.functions.iter().map(|node| node.window))
    }

    /// The interrupt sources of all devices.
    pub fn sources(&self) -> impl Iterator<Item = u32> + '_ {
        self.by_source().map(|(source, _)| source)
    }

    /// Each interrupt source with the window by which observers name its device.
    fn by_source(&self) -> impl Iterator<Item = (u32, Liobn)> + '_ {
        let virtual_io = self.virtual_io.iter().map(|node| (node.source, node.window.liobn()));
        let of_function = |node: &pci::Node| {
            let (sources, liobn) = (node.sources, node.window.liobn());
            let messages = (sources.messages..).take(sources.count.into());
            messages.chain([sources.pin]).map(move |source| (source, liobn))
        };
        virtual_io.chain(self.functions.iter().flat_map(of_function))
    }
}

impl Devices {
    /// Makes the devices and functions in the order of their configurations. `dma` has a PE for each function.
    pub fn new(
        configs: &[Box<dyn DeviceConfig>],
        functions: &[Box<dyn FunctionConfig>],
        dma: &Dma,
        memory: &Arc<Memory>,
    ) -> Result<Devices, BootError> {
        let lines = Arc::new(Lines::default());
        let interrupts: Arc<dyn IrqSink> = lines.clone();
        let (container, bridge) = (&dma.container, dma.device_bridge.as_ref());
        let host = Host { container, memory, bridge, interrupts: &interrupts };
        let mut bus = Bus::default();
        configs.iter().try_for_each(|config| bus.add(&host, &**config))?;
        let mut pci = pci::Bus::new(PHB_BUID);
        let host = Host { bridge: dma.pci_bridge.as_ref(), ..host };
        for (config, pe) in functions.iter().zip(&dma.pes) {
            pci.add(&host, &place(pe, config.describe().vector_count()), &**config)?;
        }
        let pci = Arc::new(pci);
        Ok(Devices { bus, io: PciSpace::new(pci.clone()), pci, lines })
    }

    /// The devices as the device tree has them.
    pub fn nodes(&self) -> Nodes {
        Nodes { virtual_io: self.bus.nodes(), functions: self.pci.nodes() }
    }

    /// The real addresses at which functions answer, if there are functions.
    pub(crate) fn io(&self) -> Option<Arc<dyn power::Io>> {
        (!self.pci.is_empty()).then(|| Arc::new(self.io.clone()) as Arc<dyn power::Io>)
    }

    /// The sums of each device.
    pub(crate) fn reports(&self) -> Vec<DeviceReport> {
        self.bus.reports().into_iter().chain(self.pci.reports()).collect()
    }

    /// Ends the rest of all devices, which a save or a load began.
    pub(crate) fn resume(&self) {
        self.bus.resume();
        self.pci.resume();
    }

    /// Ends the devices' threads.
    pub(crate) fn stop(&self) {
        self.bus.stop();
        self.pci.stop();
    }

    /// Connects the IRQ lines to the controller. They can be connected once.
    pub(crate) fn connect(&self, xics: &Arc<Xics>) {
        let _only_once = self.lines.xics.set(Arc::downgrade(xics));
    }

    /// The console's interrupt, on a line to the controller of the devices.
    pub(crate) fn vty(&self) -> Vty {
        Vty::new(self.lines.clone())
    }

    /// Reports accesses and interrupts to this observer from now on. It can be set once.
    pub(crate) fn observe(&self, observer: Arc<dyn Observer>) {
        self.bus.observe(&observer);
        self.pci.observe(&observer);
        let sources = self.nodes().by_source().collect();
        let _only_once = self.lines.observed.set(Observed { observer, sources });
    }
}

/// The time in which the devices complete the requests under way when they are saved.
const PATIENCE: Duration = Duration::from_secs(10);

/// The bus ([`Bus::save`]), which rests afterwards until [`Bus::resume`]. It is saved before RAM and the controller.
impl Saved for &Devices {
    const NAME: &'static str = "devices";

    fn save(&mut self, to: &mut Writer<'_>) {
        self.bus.save(to, PATIENCE);
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        self.bus.load(from)
    }
}

/// The PCI functions ([`pci::Bus::save`]), as a part of the machine.
pub(crate) struct Functions<'a>(pub(crate) &'a pci::Bus);

impl Saved for Functions<'_> {
    const NAME: &'static str = "functions";

    fn save(&mut self, to: &mut Writer<'_>) {
        self.0.save(to, PATIENCE);
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        self.0.load(from)
    }
}

/// The place of a function whose PE this is.
fn place(pe: &PciPe, count: u16) -> Place {
    debug_assert!(usize::from(pe.number) <= MOST_FUNCTIONS);
    let number = u32::from(pe.number);
    let messages = MESSAGES + number * u32::from(pci::msix::MOST_VECTORS);
    Place {
        number: pe.number,
        liobns: pe.phb.liobns().to_vec(),
        window: *pe.phb.default_window(),
        sources: Sources { messages, count, pin: PINS + number },
    }
}

/// The far ends of the IRQ lines. Devices are made before the controller, because the device tree names them.
#[derive(Default)]
struct Lines {
    xics: OnceLock<Weak<Xics>>,
    observed: OnceLock<Observed>,
}

struct Observed {
    observer: Arc<dyn Observer>,
    /// The device of each interrupt source.
    sources: Vec<(u32, Liobn)>,
}

impl Observed {
    fn interrupted(&self, source: u32) {
        let device = self.sources.iter().find(|(known, _)| *known == source);
        if let Some(&(_, device)) = device {
            self.observer.interrupted(device, Instant::now());
        }
    }
}

impl IrqSink for Lines {
    fn pulse(&self, source: u32) {
        if let Some(observed) = self.observed.get() {
            observed.interrupted(source);
        }
        if let Some(xics) = self.xics.get().and_then(Weak::upgrade) {
            xics.pulse(source);
        }
    }

    fn set_level(&self, source: u32, high: bool) {
        if high && let Some(observed) = self.observed.get() {
            observed.interrupted(source);
        }
        if let Some(xics) = self.xics.get().and_then(Weak::upgrade) {
            xics.set_level(source, high);
        }
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").finish_non_exhaustive()
    }
}
