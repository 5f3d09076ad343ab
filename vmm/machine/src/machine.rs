// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The machine: one or more vCPUs, each with a thread, over shared memory, DMA windows and console.
//!
//! The first vCPU starts with the machine, on the caller's thread. The others wait until the guest
//! starts them with RTAS start-cpu. The first ending of a vCPU's run ends the machine's run.

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hcall::{Areas, Memory, Meter};
use iommu::{Container, Window};

use crate::board::Board;
use crate::boot::{BootError, Loaded, Ready};
use crate::console::Console;
use crate::control::Control;
use crate::devices::{Devices, Functions, Nodes};
use crate::ending::Ending;
use crate::fdt::VTY_SOURCE;
use crate::nvram::NvramStore;
use crate::parts::{Part, ProcessorAreas, Ram, Vcpus};
use crate::processor::Processor;
use crate::shared::Shared;
use crate::summary::{Findings, Summary, TearDown};
use crate::vcpu::{self, Vcpu};
use crate::vty::Vty;
use crate::wall_clock::WallClock;
use crate::watcher::Watcher;
use crate::windows::DmaWindows;
use crate::xics::Xics;

/// A machine.
pub struct Machine<V> {
    shared: Shared,
    processors: Vec<Processor<V>>,
    watcher: Option<Arc<dyn Watcher>>,
    /// The sums of the guest's DMA at its end, and those of the tear-down, once that is done.
    torn_down: Option<(iommu::Stats, TearDown)>,
}

/// The interrupt controller of these vCPUs, if they have lines, and the console's interrupt. Input and
/// devices are connected.
fn xics<V: Vcpu>(
    processors: &mut [Processor<V>],
    control: &Arc<Control>,
    devices: &Devices,
) -> Option<(Arc<Xics>, Arc<Vty>)> {
    let line = |p: &mut Processor<V>| p.vcpu.interrupts().map(|interrupts| interrupts.line());
    let lines: Option<Vec<_>> = processors.iter_mut().map(line).collect();
    let nodes = devices.nodes();
    let sources: Vec<_> = [VTY_SOURCE].into_iter().chain(nodes.sources()).collect();
    let xics = Arc::new(Xics::new(lines?, &sources, Arc::clone(control)));
    devices.connect(&xics);
    let vty = Arc::new(devices.vty());
    let console = Arc::clone(&vty);
    control.on_input(Box::new(move || console.input()));
    Some((xics, vty))
}

/// The work of a vCPU's translator, if it has one.
fn translation(cpu: &power::Cpu) -> Option<power::Translation> {
    let translates =
        cpu.engine() != power::Engine::Interpreter && power::Engine::Translator.is_available();
    translates.then(|| cpu.translation())
}

impl Machine<power::Cpu> {
    /// A machine with software CPUs. Its console writes to `output` and has no input.
    pub fn power(ready: Ready, cpus: u32, output: Box<dyn Write + Send>) -> Machine<power::Cpu> {
        let cpus = vcpu::power_cpus(&ready, cpus);
        let control = Arc::new(Control::new(cpus.iter().map(Vcpu::kick).collect()));
        let console = Console::new(Arc::clone(&control), output);
        Machine::new(ready, cpus, control, console)
    }
}

impl<V: Vcpu + Send> Machine<V> {
    /// A machine of these vCPUs, the first of which is at the entry of the ready machine. `control` must have
    /// a kick for each vCPU.
    pub fn new(ready: Ready, vcpus: Vec<V>, control: Arc<Control>, console: Console) -> Machine<V> {
        let agent = |(server, vcpu)| Processor::new(server, vcpu, ready.dma.container.agent());
        let mut processors: Vec<_> = (0..).zip(vcpus).map(agent).collect();
        if let Some(first) = processors.first_mut() {
            first.vcpu.start_at(ready.entry, ready.described.start);
        }
        let (xics, vty) = xics(&mut processors, &control, &ready.devices).unzip();
        let reset = |p: &mut Processor<V>| p.vcpu.nmi().map(|nmi| nmi.system_reset());
        let shared = Shared {
            memory: ready.memory,
            dma: ready.dma,
            board: Board {
                xics,
                vty,
                devices: ready.devices,
                areas: processors.iter().map(|_| Areas::default()).collect(),
                resets: processors.iter_mut().map(reset).collect(),
                ..Board::new(console, control)
            },
            rtas: ready.rtas,
        };
        Machine { shared, processors, watcher: None, torn_down: None }
    }

    /// Observes the run that is about to begin. There can be one observer.
    pub fn observe(&mut self, watcher: Arc<dyn Watcher>) {
        if let Some(observer) = watcher.devices() {
            self.shared.board.devices.observe(observer);
        }
        if let Ok(console) = self.shared.board.console.get_mut() {
            console.observe(&watcher);
        }
        if watcher.times_tiers() {
            let accel = std::mem::take(&mut self.shared.dma.accel);
            self.shared.dma.accel = accel.metered();
        }
        for (server, processor) in (0..).zip(&mut self.processors) {
            processor.books.watcher = watcher.cpu(server);
        }
        self.watcher = Some(watcher);
    }

    /// Drops the observers of the vCPUs after the run, in the order of the vCPUs' numbers.
    pub fn observed(&mut self) {
        self.processors.iter_mut().for_each(|processor| drop(processor.books.watcher.take()));
    }

    /// The state through which other threads end the run, and push input.
    pub fn control(&self) -> &Arc<Control> {
        &self.shared.board.control
    }

    /// The guest's wall clock.
    pub fn clock(&self) -> &WallClock {
        &self.shared.board.clock
    }

    /// Gives the guest this NVRAM instead of a fresh one. Call it before the guest runs.
    pub fn set_nvram(&mut self, nvram: NvramStore) {
        self.shared.board.nvram = nvram;
    }

    /// Runs the guest to its end.
    pub fn run(&mut self) -> Ending {
        let shared = &self.shared;
        shared.board.devices.resume(); // they rest after a save or a load
        shared.board.console.lock().unwrap_or_else(PoisonError::into_inner).resume();
        let Some((first, others)) = self.processors.split_first_mut() else {
            return Ending::Crashed("the machine has no CPU".into());
        };
        thread::scope(|scope| {
            for (number, other) in (1..).zip(others) {
                let thread = thread::Builder::new().name(format!("vcpu{number}"));
                if let Err(error) = thread.spawn_scoped(scope, || other.run(shared)) {
                    let why = format!("the host has no thread for CPU {number}: {error}");
                    return shared.board.control.stop(Ending::Crashed(why));
                }
            }
            first.run(shared);
        });
        self.ending()
    }

    /// The ending of the run. Every vCPU that ran has ended, and the first ending stayed.
    pub fn ending(&self) -> Ending {
        self.shared.board.control.ending().unwrap_or(Ending::PoweredOff)
    }

    /// Resets a machine that reboots to its start: no window but the default one, nothing
    /// mapped or pinned, RAM zero. Then `load` loads RAM. False when the run has another ending meanwhile.
    pub fn restart(
        &mut self,
        load: impl FnOnce(&Memory, &Window, &Nodes) -> Result<Loaded, BootError>,
    ) -> Result<bool, BootError> {
        self.parts().into_iter().try_for_each(|(name, mut part)| {
            log::debug!("reset: {name}");
            part.reset()
        })?;
        let Shared { memory, dma, board, .. } = &self.shared;
        let loaded = load(memory, dma.phb.default_window(), &board.devices.nodes())?;
        let Some(first) = self.processors.first_mut() else { return Ok(false) };
        first.vcpu.start_at(loaded.entry, loaded.described.start);
        Ok(board.control.restart())
    }

    /// Takes the time since `since` out of the guest's time. The run was paused then, and goes on now.
    pub fn skip_time(&mut self, since: Instant) {
        let pause = since.elapsed();
        let timed = self.processors.iter_mut().filter_map(|processor| processor.vcpu.time());
        timed.for_each(|time| time.skip_time(pause));
    }

    /// All parts that have state, in the order of a reset, a save and a load.
    ///
    /// Devices come first, because after their reset they touch no memory and use no window. Windows come before RAM,
    /// so that the pages of a guest are released, and dirtied, before they are zeroed. The observer is notified once
    /// the windows are reset. vCPUs, controller and console follow in any order: no thread runs the vCPUs, and no
    /// device interrupts. `Control` is last, because the other threads of the process see it. A save wants devices first,
    /// too: until they rest they write memory and interrupt.
    pub(crate) fn parts(&mut self) -> Vec<(&'static str, Box<dyn Part + '_>)> {
        let Shared { memory, dma, board, .. } = &mut self.shared;
        let (mut agents, mut vcpus) = (Vec::new(), Vec::new());
        for Processor { vcpu, books } in &mut self.processors {
            agents.push(&mut books.agent);
            vcpus.push(vcpu);
        }
        let mut parts: Vec<(&'static str, Box<dyn Part + '_>)> = vec![
            ("devices", Box::new(&board.devices)),
            ("functions", Box::new(Functions(&board.devices.pci))),
            ("nvram", Box::new(&board.nvram)),
            ("windows", Box::new(DmaWindows { dma, agents })),
            ("observer", Box::new(self.watcher.as_deref())),
            ("ram", Box::new(Ram(memory))),
            ("areas", Box::new(ProcessorAreas { areas: &mut board.areas, memory })),
            ("vcpus", Box::new(Vcpus(vcpus))),
        ];
        parts.extend(board.xics.as_deref().map(|xics| ("xics", Box::new(xics) as _)));
        parts.extend(board.vty.as_deref().map(|vty| ("vty", Box::new(vty) as _)));
        parts.push((
            "console",
            Box::new(board.console.get_mut().unwrap_or_else(PoisonError::into_inner)),
        ));
        parts.push(("clock", Box::new(&board.clock)));
        parts.push(("control", Box::new(&*board.control)));
        parts
    }

    /// Makes every CPU that runs take a system reset interrupt. False when the vCPUs cannot take one.
    pub fn system_reset(&self) -> bool {
        let Board { control, resets, .. } = &self.shared.board;
        let running = (0..).zip(resets).filter(|(server, _)| control.is_running(*server));
        running.for_each(|(_, reset)| reset.as_ref().map_or((), |reset| reset()));
        resets.iter().all(Option::is_some)
    }

    /// True when [`restart`](Self::restart) works.
    pub fn can_restart(&mut self) -> bool {
        self.has_state()
    }

    /// Removes the guest's windows after any ending of the run. The entries that the guest left are cleared, killed,
    /// dirtied and released.
    ///
    /// Linux does so when a VMM ends, and with it the VFIO container and KVM's tables are closed.
    pub fn tear_down(&mut self) {
        self.shared.board.devices.stop();
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

    /// The sums of the run so far.
    pub fn summary(&self) -> Summary {
        let mut tiers = Meter::default();
        self.processors.iter().for_each(|processor| tiers.add(&processor.books.meter));
        let (dma, tear_down) = match &self.torn_down {
            Some((left, tear_down)) => (left.clone(), Some(*tear_down)),
            None => (self.dma(), None),
        };
        let software: Vec<_> = self.processors.iter().map(|p| p.vcpu.software()).collect();
        Summary {
            instructions: software.iter().map(|cpu| cpu.map(power::Cpu::instructions)).sum(),
            engine: software.first().and_then(|cpu| cpu.map(power::Cpu::engine)),
            translation: software.iter().map(|cpu| cpu.and_then(translation)).sum(),
            illegal: self.illegal(),
            idle: self.idle(),
            cpu: self.processors.iter().map(|processor| processor.books.cpu).sum(),
            tiers,
            dma,
            tear_down,
            devices: self.shared.board.devices.reports(),
            findings: self.shared.dma.detector.as_ref().map(|detector| Findings {
                count: detector.count(),
                reports: detector.reports(),
                unwatched: detector.unwatched(),
            }),
            faults: self.shared.dma.faults.as_ref().map(|faults| faults.happened()),
        }
    }

    /// The host's code for guest code that is translated at the end of a run. Its ranges do not overlap.
    pub fn translated_code(&self) -> Vec<power::HostCode> {
        self.software().flat_map(power::Cpu::translated_code).collect()
    }

    /// The vCPUs that are software.
    fn software(&self) -> impl Iterator<Item = &power::Cpu> {
        self.processors.iter().filter_map(|processor| processor.vcpu.software())
    }

    /// The devices as the device tree has them.
    pub fn devices(&self) -> Nodes {
        self.shared.board.devices.nodes()
    }

    /// The mean idle time of a CPU.
    fn idle(&self) -> Duration {
        let all: Duration = self.processors.iter().map(Processor::idle).sum();
        all / u32::try_from(self.processors.len()).unwrap_or(u32::MAX).max(1)
    }

    fn illegal(&self) -> BTreeMap<u32, u64> {
        let mut words = BTreeMap::new();
        for illegal in self.software().map(power::Cpu::illegal) {
            illegal.words().for_each(|(word, count)| *words.entry(word).or_default() += count);
        }
        words
    }

    /// True when every vCPU has state that can be reset, saved and loaded.
    pub(crate) fn has_state(&mut self) -> bool {
        self.processors.iter_mut().all(|processor| processor.vcpu.state().is_some())
    }

    /// True when a machine check waits for a pause to end.
    pub(crate) fn has_waiting_check(&self) -> bool {
        self.processors.iter().any(|processor| processor.books.check.is_some())
    }

    /// Guest RAM, to be kept beside the machine.
    pub(crate) fn shared_memory(&self) -> Arc<Memory> {
        Arc::clone(&self.shared.memory)
    }

    /// The number of vCPUs.
    pub(crate) fn cpus(&self) -> usize {
        self.processors.len()
    }

    /// True when faults are injected.
    pub(crate) fn has_faults(&self) -> bool {
        self.shared.dma.faults.is_some()
    }

    /// The number of bytes of the guest's console output that could not be written.
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

    /// The registers of the vCPUs as text for people.
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
