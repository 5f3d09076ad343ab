// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The machine: one or more vCPUs, a thread each, over the same memory, DMA windows and console.
//!
//! The first vCPU starts with the machine, on the caller's thread. The others wait until the guest
//! starts them with RTAS start-cpu. The first thing that ends a vCPU's run ends the machine's.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hcall::{Areas, Memory, Meter};
use iommu::{Container, Window};
use vio::Node;

use crate::board::Board;
use crate::boot::{BootError, Loaded, Ready};
use crate::console::Console;
use crate::control::Control;
use crate::devices::Devices;
use crate::dirty;
use crate::exit::Outcome;
use crate::fdt::VTY_SOURCE;
use crate::nvram::Nvram;
use crate::observe::{Observe, Seen};
use crate::processor::{Processor, Shared};
use crate::stats::{Calls, Findings, Report, TearDown};
use crate::vcpu::Vcpu;
use crate::vty::Vty;
use crate::wall_clock::WallClock;
use crate::xics::Xics;

/// A machine.
pub struct Machine<V> {
    shared: Shared,
    processors: Vec<Processor<V>>,
    /// What the guest's DMA came to, and what tearing it down did, once that is done.
    torn_down: Option<(iommu::Stats, TearDown)>,
}

/// The interrupt controller of these vCPUs, if they have lines, and the console's interrupt; input and devices interrupt.
fn xics<V: Vcpu>(
    processors: &[Processor<V>],
    control: &Arc<Control>,
    devices: &Devices,
) -> Option<(Arc<Xics>, Arc<Vty>)> {
    let lines: Option<Vec<_>> = processors.iter().map(|p| p.vcpu.line()).collect();
    let nodes = devices.bus.nodes();
    let sources: Vec<_> =
        [VTY_SOURCE].into_iter().chain(nodes.iter().map(|node| node.source)).collect();
    let xics = Arc::new(Xics::new(lines?, &sources, Arc::clone(control)));
    devices.connect(&xics);
    let vty = Arc::new(devices.vty());
    let console = Arc::clone(&vty);
    control.on_input(Box::new(move || console.input()));
    Some((xics, vty))
}

impl<V: Vcpu + Send> Machine<V> {
    /// Puts the first of these vCPUs at the entry of a machine that is ready. `control` was made
    /// for as many vCPUs.
    pub fn new(ready: Ready, vcpus: Vec<V>, control: Arc<Control>, console: Console) -> Machine<V> {
        let agent = |(server, vcpu)| Processor::new(server, vcpu, ready.dma.container.agent());
        let mut processors: Vec<_> = (0..).zip(vcpus).map(agent).collect();
        if let Some(first) = processors.first_mut() {
            first.vcpu.start_at(ready.entry, ready.told.start);
        }
        let (xics, vty) = xics(&processors, &control, &ready.devices).unzip();
        let shared = Shared {
            memory: ready.memory,
            dma: ready.dma,
            board: Board {
                xics,
                vty,
                devices: ready.devices,
                areas: processors.iter().map(|_| Areas::default()).collect(),
                resets: processors.iter().map(|p| p.vcpu.system_reset()).collect(),
                ..Board::new(console, control)
            },
            rtas: ready.rtas,
            observe: Observe::default(),
            observed: false,
        };
        Machine { shared, processors, torn_down: None }
    }

    /// Chooses what is observed of a run that is about to begin. `name` is the guest's. Once only.
    pub fn observe(&mut self, name: &str, observe: Observe) {
        self.shared.board.devices.observe(&observe);
        if let Some(events) = &observe.events {
            let devices = self.shared.board.devices.bus.nodes().into_iter().map(|node| {
                let liobn = node.window.liobn();
                (liobn, format!("{}@{:x}", node.name, liobn.0))
            });
            events.name_tracks(name, self.processors.len(), &devices.collect::<Vec<_>>());
        }
        if let (Some(trace), Ok(console)) = (&observe.trace, self.shared.board.console.get_mut()) {
            console.share(trace);
        }
        if observe.metered() {
            let accel = std::mem::take(&mut self.shared.dma.accel);
            self.shared.dma.accel = accel.metered();
        }
        self.shared.observed = observe.any();
        self.shared.observe = observe;
    }

    /// The guest's wall clock.
    pub fn clock(&self) -> &WallClock {
        &self.shared.board.clock
    }

    /// Gives the guest this NVRAM instead of a fresh one. Before it runs.
    pub fn set_nvram(&mut self, nvram: Nvram) {
        self.shared.board.nvram = nvram;
    }

    /// Runs the guest to its end.
    pub fn run(&mut self) -> Outcome {
        let shared = &self.shared;
        let Some((first, others)) = self.processors.split_first_mut() else {
            return Outcome::Crashed("the machine has no CPU".into());
        };
        thread::scope(|scope| {
            for (number, other) in (1..).zip(others) {
                let thread = thread::Builder::new().name(format!("vcpu{number}"));
                if let Err(error) = thread.spawn_scoped(scope, || other.run_when_started(shared)) {
                    let why = format!("the host has no thread for CPU {number}: {error}");
                    return shared.board.control.stop(Outcome::Crashed(why));
                }
            }
            first.run(shared);
        });
        self.outcome()
    }

    /// Why the run ended. Every vCPU that ran has ended it; the first reason stayed.
    pub fn outcome(&self) -> Outcome {
        self.shared.board.control.outcome().unwrap_or(Outcome::PoweredOff)
    }

    /// Puts a machine that wants to reboot back to its start: no window but the default one, nothing
    /// mapped or pinned, RAM zero; `load` loads RAM anew. False when it was told to end in between.
    pub fn restart(
        &mut self,
        load: impl FnOnce(&Memory, &Window, &[Node]) -> Result<Loaded, BootError>,
    ) -> Result<bool, BootError> {
        let shared = &mut self.shared;
        let Some(first) = self.processors.first_mut() else { return Ok(false) };
        shared.board.devices.bus.reset();
        shared.board.nvram.start();
        shared.dma.container.clear(&mut first.books.agent);
        shared.dma.phb.reset(&shared.dma.container, &mut first.books.agent)?;
        if let Some(record) = &shared.observe.record {
            record.reset();
        }
        self.processors.iter_mut().for_each(|processor| processor.books.agent.refresh());
        dirty::zero(&shared.memory)?;
        let loaded = load(
            &shared.memory,
            shared.dma.phb.default_window(),
            &shared.board.devices.bus.nodes(),
        )?;
        shared.board.areas.iter_mut().for_each(|areas| *areas = Areas::default());
        self.processors.iter_mut().for_each(Processor::reset);
        if let Some(xics) = &shared.board.xics {
            xics.reset();
        }
        if let Some(vty) = &shared.board.vty {
            vty.reset();
        }
        if let Some(first) = self.processors.first_mut() {
            first.vcpu.start_at(loaded.entry, loaded.told.start);
        }
        Ok(shared.board.control.restart())
    }

    /// Takes the guest's windows away, however its run ended: what it left mapped is cleared, killed,
    /// dirtied and released.
    ///
    /// Linux: what closing the VFIO container and KVM's tables does when a VMM ends.
    pub fn tear_down(&mut self) {
        self.shared.board.devices.bus.stop();
        let left = self.dma();
        if let Some(first) = self.processors.first_mut() {
            for window in self.shared.dma.container.windows().iter() {
                let liobn = window.window().liobn();
                let removed =
                    self.shared.dma.container.remove_window(&mut first.books.agent, liobn);
                debug_assert!(removed.is_ok());
            }
        }
        let after = self.dma();
        let tear_down = TearDown {
            released: after.totals.released - left.totals.released,
            dirtied: after.totals.dirtied - left.totals.dirtied,
            pins_left: after.leaked,
        };
        self.torn_down = Some((left, tear_down));
    }

    fn dma(&self) -> iommu::Stats {
        self.shared.dma.container.stats(self.processors.iter().map(|p| &p.books.agent))
    }

    /// What happened when in a run that ended at `end`; nothing unless that was observed. Before the machine
    /// is torn down.
    pub fn seen(&self, end: Instant) -> Option<Seen> {
        let notes = self.processors.iter().map(|processor| &processor.books.notes);
        let history = self.shared.observe.history.as_ref()?;
        Some(history.seen(notes, end, &self.shared.dma.container))
    }

    /// What was recorded, for a run that took `elapsed`.
    pub fn report(&self, elapsed: Duration) -> Report {
        let mut calls = Calls::default();
        self.processors.iter().for_each(|processor| calls.add(&processor.books.notes.calls));
        let mut tiers = Meter::default();
        self.processors.iter().for_each(|processor| tiers.add(&processor.books.meter));
        let (dma, tear_down) = match &self.torn_down {
            Some((left, tear_down)) => (left.clone(), Some(*tear_down)),
            None => (self.dma(), None),
        };
        Report {
            instructions: self.processors.iter().map(|p| p.vcpu.instructions()).sum(),
            illegal: self.illegal(),
            elapsed,
            idle: self.idle(),
            cpu: self.processors.iter().map(|processor| processor.books.cpu).sum(),
            calls,
            tiers,
            dma,
            tear_down,
            devices: self.shared.board.devices.bus.reports(),
            findings: self.shared.dma.detector.as_ref().map(|detector| Findings {
                count: detector.count(),
                reports: detector.reports(),
                unwatched: detector.unwatched(),
            }),
            faults: self.shared.dma.faults.as_ref().map(|faults| faults.happened()),
        }
    }

    /// How long a CPU was idle, on average.
    fn idle(&self) -> Duration {
        let all: Duration = self.processors.iter().map(Processor::idle).sum();
        all / u32::try_from(self.processors.len()).unwrap_or(u32::MAX).max(1)
    }

    fn illegal(&self) -> BTreeMap<u32, u64> {
        let mut words = BTreeMap::new();
        for (word, count) in self.processors.iter().flat_map(|p| p.vcpu.illegal()) {
            *words.entry(word).or_default() += count;
        }
        words
    }

    /// How many bytes of the guest's console output could not be written.
    pub fn console_bytes_lost(&self) -> u64 {
        self.shared.board.console.lock().unwrap_or_else(PoisonError::into_inner).lost()
    }

    /// Guest RAM.
    pub fn memory(&self) -> &Memory {
        &self.shared.memory
    }

    /// The guest's DMA windows and page frames.
    pub fn container(&self) -> &Container {
        &self.shared.dma.container
    }

    /// The registers of the vCPUs, for a person to read.
    pub fn dump(&mut self) -> String {
        match self.processors.as_mut_slice() {
            [only] => only.vcpu.dump(),
            all => {
                let dump = |(n, p): (_, &mut Processor<V>)| format!("CPU {n}\n{}", p.vcpu.dump());
                all.iter_mut().enumerate().map(dump).collect()
            }
        }
    }
}
