// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The virtual I/O devices, and the IRQ lines from them to the interrupt controller.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use hcall::Memory;
use iommu::Liobn;
use vio::{Bus, BusError, DeviceConfig, Host, IrqSink, Observer};

use crate::dma::Dma;
use crate::section::{LoadError, Reader, Saved, Writer};
use crate::vty::Vty;
use crate::xics::Xics;

/// The devices with their IRQ lines.
#[derive(Debug, Default)]
pub struct Devices {
    /// The bus of virtual I/O devices.
    pub bus: Bus,
    lines: Arc<Lines>,
}

impl Devices {
    /// Makes the devices in the order of their configurations.
    pub fn new(
        configs: &[Box<dyn DeviceConfig>],
        dma: &Dma,
        memory: &Arc<Memory>,
    ) -> Result<Devices, BusError> {
        let lines = Arc::new(Lines::default());
        let interrupts: Arc<dyn IrqSink> = lines.clone();
        let (container, bridge) = (&dma.container, dma.device_bridge.as_ref());
        let host = Host { container, memory, bridge, interrupts: &interrupts };
        let mut bus = Bus::default();
        configs.iter().try_for_each(|config| bus.add(&host, &**config))?;
        Ok(Devices { bus, lines })
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
        let nodes = self.bus.nodes();
        let sources = nodes.iter().map(|node| (node.source, node.window.liobn())).collect();
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
