// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A guest of two instructions, a hypercall and a jump to it, for the cost of an exit on this host.

use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::{Duration, Instant};

use iommu::{Liobn, PageShift, Window};
use thiserror::Error;
use vm_memory::{Bytes, GuestAddress};

use super::boot_area::{self, AreaError, BootFacts};
use super::cpu::{KvmCpu, Registers};
use super::gate;
use super::host::KvmError;
use super::vm::{DirtyLog, Vm};
use crate::memory::{self, MapError, RamSize};
use crate::vcpu::{Vcpu, VcpuExit};

const RAM: u64 = 8 << 20;
const BOOT_ROOM: u64 = 6 << 20;
const ENTRY: u64 = 1 << 20;
/// The time after which KVM is stuck. No measurement takes as long.
const STUCK: Duration = Duration::from_secs(20);

/// The guest, and a thread that kicks it if it does not come back.
#[derive(Debug)]
pub struct Probe {
    /// The vCPU. Each [`run`](Vcpu::run) of it is one exit.
    pub cpu: KvmCpu,
    _watch: Sender<()>,
}

/// The reason for which there is no measurement.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum ProbeError {
    #[error(transparent)]
    Kvm(#[from] KvmError),
    #[error(transparent)]
    Memory(#[from] MapError),
    #[error(transparent)]
    Area(#[from] AreaError),
    #[error("cannot set the probe up: {0}")]
    Setup(String),
    #[error("the probe did not come back with an exit but with {0:?}")]
    Exit(VcpuExit),
}

impl Probe {
    /// Makes the guest; `registers` are those that an exit brings.
    pub fn new(registers: Registers) -> Result<Probe, ProbeError> {
        let setup = |error: &dyn ToString| ProbeError::Setup(error.to_string());
        let ram = RamSize::new(RAM).map_err(|error| setup(&error))?;
        let memory = Arc::new(memory::map(ram)?);
        let window = Window::bytes(Liobn(0), 0, 1 << 20, PageShift::K4);
        let facts = BootFacts {
            ram,
            cpus: 1,
            dma_window: window.map_err(|error| setup(&error))?,
            tsc_hz: 0,
            append: "",
            initrd: None,
        };
        let area = boot_area::write(&memory, &(BOOT_ROOM..RAM), &facts)?;
        let port = gate::PORT.to_le_bytes()[0];
        let code = [0xe6, port, 0xeb, 0xfc]; // out port, al; jmp to it
        memory.write_slice(&code, GuestAddress(ENTRY)).map_err(|error| setup(&error))?;
        let mut cpu = KvmCpu::with(Arc::new(Vm::new(memory, DirtyLog::Off)?), 0, registers)?;
        cpu.enter(&area)?;
        cpu.start_at(ENTRY, 0);
        let kick = cpu.kick();
        let (watch, over) = mpsc::channel::<()>();
        thread::spawn(move || {
            if over.recv_timeout(STUCK) == Err(mpsc::RecvTimeoutError::Timeout) {
                kick();
            }
        });
        Ok(Probe { cpu, _watch: watch })
    }

    /// Makes one exit.
    pub fn exit(&mut self) -> Result<(), ProbeError> {
        match self.cpu.run() {
            VcpuExit::Hcall => Ok(()),
            other => Err(ProbeError::Exit(other)),
        }
    }

    /// The cost of an exit: the best of several rounds, because other load only makes a round longer.
    pub fn cost(&mut self) -> Result<Duration, ProbeError> {
        const ROUNDS: u32 = 20;
        const EXITS: u32 = 200;
        let mut best = Duration::MAX;
        for _ in 0..ROUNDS {
            let start = Instant::now();
            for _ in 0..EXITS {
                self.exit()?;
            }
            best = best.min(start.elapsed() / EXITS);
        }
        Ok(best)
    }
}
