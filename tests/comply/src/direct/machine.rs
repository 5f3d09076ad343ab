// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A machine without a CPU: memory, the windows of papr-tce 7, and hypercalls by register values.

use super::console::Silent;
use super::look;
use super::probe::{Probe, Watched};
use crate::host::Fact;
use crate::profile::Profile;
use crate::run::Target;
use crate::script::How;
use crate::value::Symbol;
use hcall::{Caller, Memory, Regs};
use iommu::{Agent, Container, Frames, Ioda2, IommuTable, Liobn, PageShift, Window};
use std::fmt;
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

/// The default window: LIOBN, first bus address, bytes. QEMU's is the same.
const LIOBN: Liobn = Liobn(0x8000_0000);
const START: u64 = 0;
const BYTES: u64 = 1 << 30;
/// The unit address of QEMU's first PCI host bridge, and of ours.
const BUID: u64 = 0x0800_0000_2000_0000;

/// What the machine is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Bytes of memory.
    pub ram: u64,
    /// Whose answers it gives.
    pub profile: Profile,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup { ram: 256 << 20, profile: Profile::Lopar }
    }
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} MiB of memory, IODA2", self.ram >> 20)
    }
}

/// The machine.
pub struct Direct {
    setup: Setup,
    all: Arc<Container>,
    agent: Agent,
    memory: Memory,
    probe: Arc<Probe>,
}

impl Direct {
    /// A machine whose entries are all clear. Errors: why the host cannot have it.
    pub fn new(setup: &Setup) -> Result<Direct, String> {
        let no = |error: iommu::Error| error.to_string();
        let probe = Arc::new(Probe::default());
        let window = Window::bytes(LIOBN, START, BYTES, PageShift::K4).map_err(no)?;
        let platform = Watched { probe: probe.clone(), liobn: LIOBN, inner: Ioda2::default() };
        let all = Container::new(Frames::new(setup.ram).map_err(no)?);
        all.add_window(window, IommuTable::new(window, platform).map_err(no)?).map_err(no)?;
        let len = usize::try_from(setup.ram).map_err(|error| error.to_string())?;
        let memory = Memory::from_ranges(&[(GuestAddress(0), len)]);
        let memory = memory.map_err(|error| error.to_string())?;
        let all = Arc::new(all);
        probe.watch(&all);
        Ok(Direct { setup: setup.clone(), agent: all.agent(), all, memory, probe })
    }

    /// The windows and frames.
    pub fn container(&self) -> &Arc<Container> {
        &self.all
    }

    /// The guest's memory.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }
}

impl Target for Direct {
    fn symbol(&self, symbol: Symbol) -> Option<u64> {
        Some(match symbol {
            Symbol::Liobn => LIOBN.0.into(),
            Symbol::Start => START,
            Symbol::End => START + BYTES,
            Symbol::Entries => BYTES >> 12,
            Symbol::Ram => self.setup.ram,
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
        look::ask(&self.all, &self.probe, self.agent.totals(), fact, args)
    }

    fn state(&mut self) -> Option<u64> {
        Some(look::state(&self.all))
    }

    fn sound(&mut self) -> Result<(), String> {
        let audit = self.all.audit();
        if audit.holds() { Ok(()) } else { Err(format!("the accounting is broken: {audit:?}")) }
    }
}
