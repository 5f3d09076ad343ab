// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A place on the bus, with everything that functions have in common: config space, interrupts, the PE and its ports.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcall::Memory;
use iommu::bridge::Bridge;
use iommu::{Frames, Liobn, Pe, Window};
use saved::{LoadError, Reader, Writer};
use vio::{DeviceReport, Host, PePath, Port, Traffic};

use crate::config::{Config, ConfigError};
use crate::description::Description;
use crate::interrupts::{Interrupts, MESSAGES, Sources};
use crate::msix::Message;
use crate::pe::PeControl;

/// A function's place on the bus.
pub struct Slot {
    /// Its device number, from 1 up.
    pub number: u8,
    /// The facts about the function.
    pub description: Description,
    /// Its interrupts; threads of the function keep a clone.
    pub interrupts: Arc<Interrupts>,
    /// The sums of its ports.
    pub traffic: Arc<Traffic>,
    /// Locked before the locks of `interrupts`.
    config: Mutex<Config>,
    /// The number of vectors that firmware gave the guest.
    given: AtomicU32,
    pe: Arc<PeControl>,
    path: PePath,
    window: Window,
    bridge: Option<Arc<Bridge>>,
    frames: Arc<Frames>,
    memory: Arc<Memory>,
}

/// The place of a new function, as the machine arranges it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The device number.
    pub number: u8,
    /// The LIOBNs that windows of the PE have whenever they are there.
    pub liobns: Vec<Liobn>,
    /// The window that the PE has first.
    pub window: Window,
    /// The interrupt sources.
    pub sources: Sources,
}

impl Slot {
    pub(crate) fn new(
        host: &Host<'_>,
        place: &Place,
        description: Description,
    ) -> Result<Slot, ConfigError> {
        let config = Config::new(&description)?;
        let pe = Arc::new(PeControl::default());
        let interrupts = Interrupts::new(place.sources, host.interrupts.clone(), pe.clone());
        Ok(Slot {
            number: place.number,
            description,
            interrupts: Arc::new(interrupts),
            traffic: Arc::default(),
            config: Mutex::new(config),
            given: AtomicU32::new(0),
            path: PePath::new(host.container, &place.liobns, pe.clone()),
            pe,
            window: place.window,
            bridge: host.bridge.cloned(),
            frames: host.container.frames().clone(),
            memory: host.memory.clone(),
        })
    }

    /// The PE of the function.
    pub fn pe(&self) -> Pe {
        Pe(self.number)
    }

    /// The window that the PE has at the start.
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// A new port to guest memory, for one thread at a time; observers see its name. Each access goes through the window of
    /// the PE that has the bus address at that moment.
    pub fn port(&self, name: &'static str) -> Port {
        let device = self.bridge.as_ref().map(|bridge| bridge.device(self.pe()));
        let host = (self.frames.clone(), self.memory.clone());
        Port::of_pe(name, self.path.clone(), device, self.window, host, self.traffic.clone())
    }

    /// The stored bytes of a capability's body. Not to be called from `Function::read_capability`, which has them.
    pub fn capability(&self, capability: usize) -> Vec<u8> {
        self.config().capability(capability).to_vec()
    }

    /// Firmware's part of MSI-X (ibm,change-msi): writes the messages of the first `count` vectors, so that they reach the
    /// function's sources, and enables MSI-X if there is one. Returns the number of vectors that the guest gets.
    pub fn set_messages(&self, count: u32) -> u32 {
        let sources = self.interrupts.sources();
        let count = count.min(sources.count.into());
        for vector in 0..count {
            let message = Message { address: MESSAGES, data: sources.messages + vector };
            self.interrupts.msix().set_message(vector as usize, message);
        }
        self.given.store(count, Ordering::Relaxed);
        let mut config = self.config();
        config.enable_msix(count != 0);
        self.configured(&config);
        count
    }

    /// The interrupt source of a vector that the guest was given.
    pub fn source(&self, vector: u32) -> Option<u32> {
        let given = vector < self.given.load(Ordering::Relaxed);
        given.then(|| self.interrupts.sources().messages + vector)
    }

    /// Stops the PE, as an error does: loads are all ones, and stores, DMA and messages are dropped, until the guest releases
    /// or resets the PE.
    pub fn freeze(&self) {
        self.pe.stop();
    }

    pub(crate) fn control(&self) -> &PeControl {
        &self.pe
    }

    /// Puts config space and interrupts back to the state at the start.
    pub fn reset(&self) {
        self.given.store(0, Ordering::Relaxed);
        let mut config = self.config();
        config.reset();
        self.interrupts.reset();
        self.configured(&config);
    }

    /// Writes config space and MSI-X. The function rests.
    pub fn save(&self, to: &mut Writer<'_>) {
        self.config().save(to);
        self.interrupts.msix().save(to);
        to.bool(self.interrupts.is_raised());
        to.u32(self.given.load(Ordering::Relaxed));
        self.pe.save(to);
    }

    /// Loads them. An error changes nothing.
    pub fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let mut config = Config::new(&self.description).map_err(|_| LoadError::Damaged)?;
        config.load(from)?;
        let msix = self.interrupts.msix().load(from, config.msix_control())?;
        let (raised, given) = (from.bool()?, from.u32()?);
        LoadError::unless(given <= self.interrupts.sources().count.into())?;
        let pe = PeControl::load(from)?;
        self.given.store(given, Ordering::Relaxed);
        self.pe.loaded(pe);
        *self.interrupts.msix() = msix;
        let mut now = self.config();
        *now = config;
        self.configured(&now);
        self.interrupts.set_pin(raised);
        Ok(())
    }

    pub(crate) fn config(&self) -> MutexGuard<'_, Config> {
        self.config.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets everything that depends on config space follow it.
    pub(crate) fn configured(&self, config: &Config) {
        self.pe.set_master(config.is_master());
        let (enabled, masked) = config.msix_control();
        self.interrupts.configured(enabled, masked, config.disables_intx());
    }

    /// The report of its function, whose own counters come first.
    pub(crate) fn report(&self, mut counters: Vec<(&'static str, u64)>) -> DeviceReport {
        let (read, written) = self.traffic.bytes();
        let (sent, dropped) = self.interrupts.counts();
        counters.extend([
            ("DMA bytes read", read),
            ("DMA bytes written", written),
            ("messages", sent),
            ("messages dropped", dropped),
        ]);
        let name = format!("{}@{:x}", self.description.name, self.number);
        let (faults, all_faults) = (self.traffic.kinds(), self.traffic.faults());
        DeviceReport { name, counters, faults, all_faults }
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot").field("number", &self.number).finish_non_exhaustive()
    }
}
