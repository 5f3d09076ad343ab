// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A machine without a CPU: memory, a host bridge with the windows of papr-tce 7, and hypercalls
//! by register values.

use super::console::Silent;
use super::look;
use super::probe::{Probe, Watched};
use super::setup::Setup;
use crate::host::Fact;
use crate::run::Target;
use crate::script::How;
use crate::value::Symbol;
use hcall::rtas::ddw::DEFAULT_PAGE_SIZES;
use hcall::{Accel, Caller, Memory, Phb, Regs};
use iommu::bridge::{Bridge, Device};
use iommu::{
    Agent, Container, Direction, Error, Frames, Ioba, IommuTable, Liobn, PageShift, Pe, Window,
};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

/// The default window: LIOBN, first bus address, bytes. QEMU's is the same.
const LIOBN: Liobn = Liobn(0x8000_0000);
const START: u64 = 0;
const BYTES: u64 = 1 << 30;
/// The unit address of QEMU's first PCI host bridge, and of ours.
const BUID: u64 = 0x0800_0000_2000_0000;
/// Tables of more entries than this have a second level.
const MOST_FLAT: u64 = 1 << 20;
/// The device that tries the mappings.
const DEVICE: Pe = Pe(1);

/// The machine.
pub struct Direct {
    ram: u64,
    all: Arc<Container>,
    agent: Agent,
    memory: Memory,
    probe: Arc<Probe>,
    accel: Accel,
    phb: Phb,
    device: Device,
}

impl Direct {
    /// A machine whose entries are all clear. Errors: why the host cannot have it.
    pub fn new(setup: &Setup) -> Result<Direct, String> {
        let no = |error: Error| error.to_string();
        let mut all = Container::new(Frames::new(setup.ram).map_err(no)?);
        let mut accel = Accel::new(setup.tier).with_profile(setup.rules());
        if let Some(injector) = setup.injector() {
            all = all.with_faults(injector.clone());
            accel = accel.with_faults(injector);
        }
        let (all, probe) = (Arc::new(all), Arc::new(Probe::default()));
        probe.watch(&all);
        let bridge = setup.platform.bridge();
        let device = bridge.device(DEVICE);
        let window = Window::bytes(LIOBN, START, BYTES, PageShift::K4).map_err(no)?;
        let made = probe.clone();
        let make = Box::new(move |window| table(&bridge, &made, window));
        let phb = Phb::new(BUID, window, DEFAULT_PAGE_SIZES, make);
        let mut agent = all.agent();
        phb.reset(&all, &mut agent).map_err(no)?;
        let len = usize::try_from(setup.ram).map_err(|error| error.to_string())?;
        let memory = Memory::from_ranges(&[(GuestAddress(0), len)]);
        let memory = memory.map_err(|error| error.to_string())?;
        Ok(Direct { ram: setup.ram, all, agent, memory, probe, accel, phb, device })
    }

    /// The windows and frames.
    pub fn container(&self) -> &Arc<Container> {
        &self.all
    }

    /// The guest's memory.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Where a device gets at a bus address: the guest address, or all ones when it faults.
    fn reach(&mut self, ioba: u64, access: Direction) -> u64 {
        let reached = self.device.translate(Ioba(ioba), 1, access).ok();
        let gpa = reached.and_then(|to| self.all.frames().gpa(to.hpa));
        gpa.map_or(u64::MAX, |gpa| gpa.0)
    }
}

/// The hardware table of a window, under the eye, and set for the device.
fn table(
    bridge: &Arc<Bridge>,
    probe: &Arc<Probe>,
    window: Window,
) -> Result<Arc<IommuTable>, Error> {
    let (liobn, probe) = (window.liobn(), probe.clone());
    let levels = if window.size() > MOST_FLAT { 2 } else { 1 };
    let table = bridge
        .create_table_with(window, levels, |inner| Box::new(Watched { probe, liobn, inner }))?;
    let number = usize::from(liobn != LIOBN);
    // A window that was removed before has left its place.
    let _ = bridge.unset_window(DEVICE, number);
    bridge.set_window(DEVICE, number, &table)?;
    Ok(table)
}

impl Target for Direct {
    fn symbol(&self, symbol: Symbol) -> Option<u64> {
        Some(match symbol {
            Symbol::Liobn => LIOBN.0.into(),
            Symbol::Start => START,
            Symbol::End => START + BYTES,
            Symbol::Entries => BYTES >> 12,
            Symbol::Ram => self.ram,
            Symbol::BuidHigh => BUID >> 32,
            Symbol::BuidLow => BUID & 0xffff_ffff,
            _ => return None,
        })
    }

    fn hcall(&mut self, how: How, regs: &mut Regs) -> Result<(), String> {
        if how == How::Checked {
            return Err("there is no CPU whose registers could be compared".into());
        }
        self.probe.forget();
        let mut silent = Silent;
        let mut caller = Caller {
            problem_state: how == How::User,
            accel: &self.accel,
            phb: Some(&self.phb),
            ..Caller::new(&self.all, &self.memory, &mut self.agent, &mut silent)
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
            _ => look::ask(&self.all, &self.probe, self.agent.totals(), fact, args),
        }
    }

    fn state(&mut self) -> Option<u64> {
        Some(look::state(&self.all))
    }

    fn sound(&mut self) -> Result<(), String> {
        let audit = self.all.audit();
        if audit.holds() { Ok(()) } else { Err(format!("the accounting is broken: {audit:?}")) }
    }
}
