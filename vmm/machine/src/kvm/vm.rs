// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A KVM virtual machine: guest RAM as memory slots, and KVM's log of the pages that the guest
//! has written.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::Arc;

use hcall::Memory;
use kvm_bindings::{
    KVM_MAX_CPUID_ENTRIES, KVM_MEM_LOG_DIRTY_PAGES, kvm_cpuid_entry2, kvm_userspace_memory_region,
};
use kvm_ioctls::{Kvm, VcpuFd, VmFd};
use vm_memory::{Address, GuestMemoryBackend, GuestMemoryRegion};

use super::host::{self, KvmError, refused};

/// A virtual machine whose physical memory is a mapping of this process.
pub struct Vm {
    kvm: Kvm,
    fd: VmFd,
    /// KVM accesses the mapping as long as a file descriptor of this machine is open. Every
    /// vCPU therefore holds the machine, and the machine holds its memory.
    memory: Arc<Memory>,
    io: Option<Arc<dyn power::Io>>,
}

/// The setting of KVM's log of the pages that the guest writes. The log costs a fault at the first store to each
/// page, so it is off unless it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirtyLog {
    /// Writes are not logged.
    Off,
    /// Written pages are logged; [`Vm::dirty`] returns them.
    On,
}

impl fmt::Debug for Vm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vm").finish_non_exhaustive()
    }
}

impl Vm {
    /// Makes a virtual machine with this memory, one slot for each region.
    pub fn new(memory: Arc<Memory>, log: DirtyLog) -> Result<Vm, KvmError> {
        let kvm = host::open()?;
        let fd = kvm.create_vm().map_err(refused("make a virtual machine"))?;
        let flags = if log == DirtyLog::On { KVM_MEM_LOG_DIRTY_PAGES } else { 0 };
        for (slot, region) in (0..).zip(memory.iter()) {
            let slot = kvm_userspace_memory_region {
                slot,
                flags,
                guest_phys_addr: region.start_addr().raw_value(),
                memory_size: region.len(),
                userspace_addr: region.as_ptr().addr() as u64,
            };
            // SAFETY: the kernel requires a range of our address space that stays mapped, and that
            // has no other use, while the machine exists. The range is a region's whole mapping, which
            // lives as long as `memory`, which `Vm` holds. Guest RAM is only ever accessed as
            // memory that others change (vm-memory's volatile slices, the guest itself).
            unsafe { fd.set_user_memory_region(slot) }
                .map_err(|error| KvmError::Memory(error.into()))?;
        }
        Ok(Vm { kvm, fd, memory, io: None })
    }

    /// Has devices answer where there is no memory.
    pub fn with_io(self, io: Option<Arc<dyn power::Io>>) -> Vm {
        Vm { io, ..self }
    }

    /// The devices, if they answer at this address.
    pub(super) fn io(&self, address: u64) -> Option<&dyn power::Io> {
        self.io.as_deref().filter(|io| io.contains(address))
    }

    /// Guest RAM.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// The largest number of CPUs that this KVM gives a guest.
    pub fn most_cpus(&self) -> usize {
        self.kvm.get_max_vcpus()
    }

    /// A vCPU with the features that both the host's CPU and KVM support.
    pub(super) fn vcpu(&self, index: u32) -> Result<VcpuFd, KvmError> {
        let fd = self.fd.create_vcpu(index.into()).map_err(refused("make a vCPU"))?;
        let mut cpuid = self
            .kvm
            .get_supported_cpuid(KVM_MAX_CPUID_ENTRIES)
            .map_err(refused("report the features of the CPU"))?;
        cpuid.as_mut_slice().iter_mut().for_each(|leaf| number(leaf, index));
        fd.set_cpuid2(&cpuid).map_err(refused("set the features of a vCPU"))?;
        Ok(fd)
    }

    /// The 4 KiB pages that the guest's instructions have written since the last call, 64 to a
    /// word from address 0 up. Errors: the log is off.
    pub fn dirty(&self) -> Result<Vec<u64>, KvmError> {
        let mut pages = Vec::new();
        for (slot, region) in (0..).zip(self.memory.iter()) {
            let len = usize::try_from(region.len()).unwrap_or(usize::MAX);
            let log = self.fd.get_dirty_log(slot, len).map_err(refused("report dirty pages"))?;
            // Guest RAM is one region from address 0 (`memory::map`).
            pages.extend(log);
        }
        Ok(pages)
    }
}

/// Puts the vCPU's number where `cpuid` reports the initial APIC ID (Intel SDM, volume 2, CPUID:
/// leaf 1, EBX bits 31:24; leaves 0xb and 0x1f, EDX). The template has the host CPU's number there.
fn number(leaf: &mut kvm_cpuid_entry2, index: u32) {
    match leaf.function {
        1 => leaf.ebx = leaf.ebx & 0x00ff_ffff | index << 24,
        0xb | 0x1f => leaf.edx = index,
        _ => {}
    }
}
