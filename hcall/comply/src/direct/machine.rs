// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A machine without a CPU: memory, a host bridge with the windows of papr-tce 7, and hypercalls made with
//! register values.

use super::console::Silent;
use super::look;
use super::probe::{Probe, Watched};
use super::setup::Setup;
use crate::host::Fact;
use crate::run::{BLOCK, Target};
use crate::script::How;
use crate::value::Symbol;
use hcall::rtas::ddw::DEFAULT_PAGE_SIZES;
use hcall::{Accel, Caller, Memory, Phb, Regs};
use iommu::bridge::{Bridge, Device};
use iommu::{
    Agent, Budget, Container, Direction, Error, Frames, Ioba, IommuTable, Liobn, Pe, Totals, Window,
};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

/// The unit address of QEMU's first PCI host bridge; ours is at the same one.
const BUID: u64 = 0x0800_0000_2000_0000;
/// The most entries of a table with one level.
const MOST_FLAT: u64 = 1 << 20;
const PAGE: u64 = 1 << 12;
/// The device whose accesses try the mappings.
const DEVICE: Pe = Pe(1);

/// A machine without a CPU.
pub struct Direct {
    setup: Setup,
    all: Arc<Container>,
    /// One for each vCPU; there is at least one.
    agents: Vec<Agent>,
    /// The index of the calling vCPU.
    cpu: usize,
    /// If true, the state is compared around calls that are refused.
    watched: bool,
    memory: Memory,
    probe: Arc<Probe>,
    accel: Accel,
    phb: Phb,
    device: Device,
}

impl Direct {
    /// A machine whose entries are all clear. Errors: the reason why the host cannot provide it.
    pub fn new(setup: &Setup) -> Result<Direct, String> {
        let no = |error: Error| error.to_string();
        let mut all = Container::new(Frames::new(setup.ram).map_err(no)?);
        let mut accel = Accel::new(setup.tier).with_profile(setup.rules());
        for prototype in &setup.prototypes.tiers {
            accel = accel.with_prototype(prototype.clone());
        }
        if let Some(bytes) = setup.table_memory {
            all = all.with_budget(Budget::new(bytes));
        }
        if let Some(injector) = setup.injector() {
            all = all.with_faults(injector.clone());
            accel = accel.with_faults(injector);
        }
        let (all, probe) = (Arc::new(all), Arc::new(Probe::default()));
        probe.watch(&all);
        let make = || {
            let (kind, own) = (setup.platform, setup.prototypes.platform.clone());
            Bridge::with_platforms(kind, kind.flags, None, own)
        };
        let bridge = make();
        let device = bridge.device(DEVICE);
        for &window in &setup.devices {
            all.add_window(window, plain_table(&make(), window).map_err(no)?).map_err(no)?;
        }
        let (made, first) = (probe.clone(), setup.window.liobn());
        let make = Box::new(move |window| table(&bridge, &made, window, first));
        let phb = Phb::new(BUID, setup.window, DEFAULT_PAGE_SIZES, make);
        let phb = phb.with_most_entries(setup.platform.most_entries());
        let mut agents: Vec<Agent> = (0..setup.cpus.max(1)).map(|_| all.agent()).collect();
        phb.reset(&all, &mut agents[0]).map_err(no)?;
        let len = usize::try_from(setup.ram).map_err(|error| error.to_string())?;
        let memory = Memory::from_ranges(&[(GuestAddress(0), len)]);
        let memory = memory.map_err(|error| error.to_string())?;
        let (setup, cpu, watched) = (setup.clone(), 0, true);
        Ok(Direct { setup, all, agents, cpu, watched, memory, probe, accel, phb, device })
    }

    /// Turns off the comparison around refused calls, for a long script: one comparison reads all tables and
    /// takes as long as hundreds of calls.
    pub fn unwatched(self) -> Direct {
        Direct { watched: false, ..self }
    }

    /// The windows and frames.
    pub fn container(&self) -> &Arc<Container> {
        &self.all
    }

    /// The guest's memory.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        self.agents.iter().for_each(|agent| totals += agent.totals());
        totals
    }

    /// The guest address that the device reaches at a bus address, or all ones when the access faults.
    fn reach(&mut self, ioba: u64, access: Direction) -> u64 {
        let reached = self.device.translate(Ioba(ioba), 1, access).ok();
        let gpa = reached.and_then(|to| self.all.frames().gpa(to.hpa));
        gpa.map_or(u64::MAX, |gpa| gpa.0)
    }
}

fn levels(bridge: &Bridge, window: Window) -> u32 {
    let levels = if window.size() > MOST_FLAT { 2 } else { 1 };
    levels.min(bridge.kind().max_levels)
}

/// The hardware table of a device's window.
fn plain_table(bridge: &Bridge, window: Window) -> Result<Arc<IommuTable>, Error> {
    bridge.create_table(window, levels(bridge, window))
}

/// The hardware table of a window, observed by the probe and set for the device.
fn table(
    bridge: &Arc<Bridge>,
    probe: &Arc<Probe>,
    window: Window,
    first: Liobn,
) -> Result<Arc<IommuTable>, Error> {
    let (liobn, probe) = (window.liobn(), probe.clone());
    let table = bridge.create_table_with(window, levels(bridge, window), |inner| {
        Arc::new(Watched { probe, liobn, inner })
    })?;
    let number = usize::from(liobn != first);
    // A window with this number that was removed still occupies its place.
    let _ = bridge.unset_window(DEVICE, number);
    bridge.set_window(DEVICE, number, &table)?;
    Ok(table)
}

impl Target for Direct {
    fn symbol(&self, symbol: Symbol) -> Option<u64> {
        Some(match symbol {
            Symbol::Liobn => self.setup.window.liobn().0.into(),
            Symbol::Start => self.setup.window.start().0,
            Symbol::End => self.setup.window.start().0 + self.setup.window.len(),
            Symbol::Entries => self.setup.window.size(),
            Symbol::Ram => self.setup.ram,
            Symbol::BuidHigh => BUID >> 32,
            Symbol::BuidLow => BUID & 0xffff_ffff,
            _ => return None,
        })
    }

    fn on_cpu(&mut self, cpu: u32) {
        self.cpu = usize::try_from(cpu).map_or(0, |cpu| cpu.min(self.agents.len() - 1));
    }

    fn reset(&mut self) -> Result<(), String> {
        let agent = &mut self.agents[0];
        self.all.clear(agent);
        self.phb.reset(&self.all, agent).map_err(|error| error.to_string())
    }

    /// The usual address, or the last page of a memory that does not reach there.
    fn block(&self) -> u64 {
        BLOCK.min(self.setup.ram - PAGE)
    }

    fn hcall(&mut self, how: How, regs: &mut Regs) -> Result<(), String> {
        if how == How::Checked {
            return Err("there is no CPU whose registers could be compared".into());
        }
        self.probe.forget();
        let mut silent = Silent { phb: &self.phb };
        let mut caller = Caller {
            problem_state: how == How::User,
            accel: &self.accel,
            ..Caller::new(&self.all, &self.memory, &mut self.agents[self.cpu], &mut silent)
        };
        hcall::dispatch(&mut caller, regs);
        Ok(())
    }

    fn rtas_token(&self, name: &str) -> Option<u32> {
        hcall::rtas_tokens().find(|(known, _)| known.starts_with(name)).map(|(_, token)| token)
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Result<(), String> {
        self.memory.write_slice(bytes, GuestAddress(at)).map_err(|error| error.to_string())
    }

    fn read(&mut self, at: u64, len: usize) -> Result<Vec<u8>, String> {
        let mut bytes = vec![0; len];
        let read = self.memory.read_slice(&mut bytes, GuestAddress(at));
        read.map(|()| bytes).map_err(|error| error.to_string())
    }

    fn host(&mut self, fact: Fact, args: &[u64]) -> Result<u64, String> {
        let ioba = args.first().copied().unwrap_or(0);
        match fact {
            Fact::DeviceRead => Ok(self.reach(ioba, Direction::ToDevice)),
            Fact::DeviceWrite => Ok(self.reach(ioba, Direction::FromDevice)),
            _ => look::ask(&self.all, &self.probe, self.totals(), fact, args),
        }
    }

    fn state(&mut self) -> Option<u64> {
        self.watched.then(|| look::state(&self.all))
    }

    fn sound(&mut self) -> Result<(), String> {
        let audit = self.all.audit();
        if audit.holds() { Ok(()) } else { Err(format!("the accounting is broken: {audit:?}")) }
    }
}
