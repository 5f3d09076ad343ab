// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A vCPU that KVM runs.
//!
//! Its registers are exchanged by KVM_RUN itself (KVM_CAP_SYNC_REGS), so that a hypercall costs one
//! system call. The system registers are exchanged, too, because the privilege level is among them.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::Arc;

use hcall::Regs;
use kvm_bindings::{KVM_INTERNAL_ERROR_EMULATION, kvm_regs, kvm_segment, kvm_sregs};
use kvm_ioctls::{SyncReg, VcpuExit as KvmExit, VcpuFd};

use super::boot_area::BootArea;
use super::gate;
use super::host::{KvmError, refused};
use super::kick::Kicker;
use super::vm::Vm;
use crate::control::Kick;
use crate::vcpu::{Vcpu, VcpuExit};

/// A vCPU of an x86-64 guest.
pub struct KvmCpu {
    fd: VcpuFd,
    kicker: Arc<Kicker>,
    /// The virtual machine. It keeps guest RAM mapped as long as the vCPU exists.
    vm: Arc<Vm>,
}

impl fmt::Debug for KvmCpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KvmCpu").finish_non_exhaustive()
    }
}

/// The registers that an exit brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registers {
    /// None. This only serves to measure the cost of registers.
    Left,
    /// The registers of a hypercall, and the privilege level.
    Synced,
}

/// Bit 1 of RFLAGS is always 1.
const RFLAGS: u64 = 2;

impl KvmCpu {
    /// The vCPU with this number, in the state after a reset.
    pub fn new(vm: Arc<Vm>, index: u32) -> Result<KvmCpu, KvmError> {
        KvmCpu::with(vm, index, Registers::Synced)
    }

    /// The vCPU with this number, with or without registers at an exit.
    pub(super) fn with(vm: Arc<Vm>, index: u32, registers: Registers) -> Result<KvmCpu, KvmError> {
        let mut fd = vm.vcpu(index)?;
        if registers == Registers::Synced {
            fd.set_sync_valid_reg(SyncReg::Register);
            fd.set_sync_valid_reg(SyncReg::SystemRegister);
        }
        let kicker = Kicker::new(&mut fd)
            .map_err(|source| KvmError::Refused { what: "let us use signals", source })?;
        Ok(KvmCpu { fd, kicker: Arc::new(kicker), vm })
    }

    /// Sets the system registers of the entry state.
    pub fn enter(&mut self, area: &BootArea) -> Result<(), KvmError> {
        let mut sregs = self.fd.get_sregs().map_err(refused("report a vCPU's registers"))?;
        area.enter(&mut sregs);
        self.fd.set_sregs(&sregs).map_err(refused("set a vCPU's registers"))
    }

    /// The frequency of the time-stamp counter.
    pub fn tsc_hz(&self) -> Result<u64, KvmError> {
        let khz = self.fd.get_tsc_khz().map_err(refused("report the frequency of the TSC"))?;
        Ok(u64::from(khz) * 1000)
    }

    /// Calls KVM_RUN, and translates its result. An access to registers of devices is made, and the guest goes on.
    fn enter_guest(&mut self) -> VcpuExit {
        loop {
            return match self.fd.run() {
                Ok(KvmExit::IoOut(gate::PORT, [_])) => VcpuExit::Hcall,
                Err(error) if error.errno() == libc::EINTR => {
                    self.kicker.arrived();
                    VcpuExit::Kicked
                }
                Ok(KvmExit::MmioRead(address, data)) if self.vm.io(address).is_some() => {
                    self.vm.io(address).into_iter().for_each(|io| io.read(address, data));
                    continue;
                }
                Ok(KvmExit::MmioWrite(address, data)) if self.vm.io(address).is_some() => {
                    self.vm.io(address).into_iter().for_each(|io| io.write(address, data));
                    continue;
                }
                Ok(KvmExit::InternalError) => VcpuExit::Crashed(self.internal_error()),
                Ok(other) => VcpuExit::Crashed(unhandled(&other)),
                Err(error) => VcpuExit::Crashed(format!("KVM_RUN failed: {error}")),
            };
        }
    }

    #[cold]
    fn internal_error(&mut self) -> String {
        // SAFETY: any bits are valid for the integers of this member of the union. The exit
        // reason KVM_EXIT_INTERNAL_ERROR says that the kernel filled this member.
        let number = unsafe { self.fd.get_kvm_run().__bindgen_anon_1.internal.suberror };
        let what = match number {
            KVM_INTERNAL_ERROR_EMULATION => "an instruction that KVM cannot emulate",
            _ => "see KVM_EXIT_INTERNAL_ERROR in the kernel's api.rst",
        };
        format!("KVM has an internal error {number}: {what}")
    }
}

/// The message for an exit that the machine does not handle.
#[cold]
fn unhandled(exit: &KvmExit<'_>) -> String {
    let bytes = |data: &[u8]| match data.len() {
        1 => "1 byte".to_owned(),
        count => format!("{count} bytes"),
    };
    match exit {
        KvmExit::IoOut(port, data) => format!(
            "it wrote {} to port {port:#x}, where nothing is (the gate takes 1 byte at port {:#x})",
            bytes(data),
            gate::PORT
        ),
        KvmExit::IoIn(port, data) => {
            format!("it read {} from port {port:#x}, where nothing is", bytes(data))
        }
        KvmExit::MmioRead(address, data) => {
            format!("it read {} at {address:#x}, where no memory is", bytes(data))
        }
        KvmExit::MmioWrite(address, data) => {
            format!("it wrote {} at {address:#x}, where no memory is", bytes(data))
        }
        KvmExit::Hlt => {
            "it halted, and no interrupt will wake it; power off by H_RTAS, wait by H_CEDE".into()
        }
        KvmExit::Shutdown => {
            "a triple fault: an exception that its interrupt table could not take".into()
        }
        KvmExit::FailEntry(reason, _) => {
            format!("the CPU refused to enter the guest, hardware reason {reason:#x}")
        }
        other => format!("KVM came back with {other:?}, which nothing here asks for"),
    }
}

impl Drop for KvmCpu {
    fn drop(&mut self) {
        self.kicker.retire(); // before `fd`, whose page the kicker writes to
    }
}

/// It has none of the [abilities](crate::abilities). No interrupt reaches it; it has neither the registers of POWER's
/// hypervisor nor its timebase. The kernel holds its state, and hands it out in pieces that differ between hosts (FPU and
/// extended state, MSRs, pending events, clock): a state that lacks one of them would load without an error, and the guest
/// would go on wrongly.
impl Vcpu for KvmCpu {
    fn run(&mut self) -> VcpuExit {
        self.kicker.run_here();
        self.enter_guest()
    }

    fn hcall_registers(&self) -> Regs {
        gate::registers(&self.fd.sync_regs().regs)
    }

    fn set_hcall_registers(&mut self, registers: &[u64]) {
        gate::set_registers(&mut self.fd.sync_regs_mut().regs, registers);
        self.fd.set_sync_dirty_reg(SyncReg::Register);
    }

    /// True in ring 3. The stack segment has the privilege level on both Intel's and AMD's CPUs.
    fn problem_state(&self) -> bool {
        self.fd.sync_regs().sregs.ss.dpl == 3
    }

    fn start_at(&mut self, entry: u64, given: u64) {
        let regs = kvm_regs { rip: entry, rdi: given, rflags: RFLAGS, ..kvm_regs::default() };
        self.fd.sync_regs_mut().regs = regs;
        self.fd.set_sync_dirty_reg(SyncReg::Register);
    }

    /// Does nothing: no vCPU of KVM waits for another.
    fn set_away(&mut self, _away: bool) {}

    fn kick(&self) -> Kick {
        let kicker = Arc::clone(&self.kicker);
        Box::new(move || kicker.kick())
    }

    fn dump(&mut self) -> String {
        let synced = self.fd.sync_regs();
        general(&synced.regs) + &system(&synced.sregs)
    }
}

fn general(regs: &kvm_regs) -> String {
    let rows = [
        [("rax", regs.rax), ("rbx", regs.rbx), ("rcx", regs.rcx), ("rdx", regs.rdx)],
        [("rsi", regs.rsi), ("rdi", regs.rdi), ("rbp", regs.rbp), ("rsp", regs.rsp)],
        [("r8", regs.r8), ("r9", regs.r9), ("r10", regs.r10), ("r11", regs.r11)],
        [("r12", regs.r12), ("r13", regs.r13), ("r14", regs.r14), ("r15", regs.r15)],
    ];
    let row = |row: [(&str, u64); 4]| {
        row.map(|(name, value)| format!("{name:<4}{value:016x}")).join("  ") + "\n"
    };
    let first = format!("rip {:016x}  rflags {:08x}\n", regs.rip, regs.rflags);
    rows.into_iter().map(row).fold(first, |text, row| text + &row)
}

fn system(s: &kvm_sregs) -> String {
    let segment = |name, segment: &kvm_segment| {
        format!("{name} {:04x} (ring {})", segment.selector, segment.dpl)
    };
    format!(
        "cr0 {:x}  cr2 {:x}  cr3 {:x}  cr4 {:x}  efer {:x}\n{}  {}  gdt {:x}+{:x}  idt {:x}+{:x}\n",
        s.cr0,
        s.cr2,
        s.cr3,
        s.cr4,
        s.efer,
        segment("cs", &s.cs),
        segment("ss", &s.ss),
        s.gdt.base,
        s.gdt.limit,
        s.idt.base,
        s.idt.limit
    )
}
