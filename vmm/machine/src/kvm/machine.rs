// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The way from a machine that has its image in RAM to vCPUs that can start it.

use std::sync::Arc;

use thiserror::Error;

use super::boot_area::{self, AreaError, BootFacts};
use super::cpu::KvmCpu;
use super::host::KvmError;
use super::vm::{DirtyLog, Vm};
use crate::boot::Ready;
use crate::memory::RamSize;

/// The part of the configuration that [`Ready`] does not have.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The size of guest RAM.
    pub ram: RamSize,
    /// The command line of the guest.
    pub append: &'a str,
    /// The number of vCPUs, at least 1.
    pub cpus: u32,
    /// On when KVM has to log the pages that the guest writes.
    pub dirty_log: DirtyLog,
}

/// The reason for which vCPUs could not be made.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum SetupError {
    #[error(transparent)]
    Kvm(#[from] KvmError),
    #[error(transparent)]
    Area(#[from] AreaError),
}

/// Makes the virtual machine and its vCPUs, and writes the boot area. All vCPUs have the system
/// registers of the entry state.
pub fn set_up(ready: &Ready, options: &Options<'_>) -> Result<(Arc<Vm>, Vec<KvmCpu>), SetupError> {
    let vm = Arc::new(
        Vm::new(Arc::clone(&ready.memory), options.dirty_log)?.with_io(ready.devices.io()),
    );
    let most = vm.most_cpus();
    if usize::try_from(options.cpus).is_ok_and(|cpus| cpus > most) {
        return Err(KvmError::Cpus { most }.into());
    }
    let vcpu = |index| KvmCpu::new(Arc::clone(&vm), index);
    let mut cpus = (0..options.cpus).map(vcpu).collect::<Result<Vec<_>, _>>()?;
    let facts = BootFacts {
        ram: options.ram,
        cpus: options.cpus,
        dma_window: ready.dma_window,
        tsc_hz: cpus.first().map_or(Ok(0), KvmCpu::tsc_hz)?,
        append: options.append,
        initrd: ready.initrd.clone(),
    };
    let area = boot_area::write(&ready.memory, &ready.described, &facts)?;
    cpus.iter_mut().try_for_each(|cpu| cpu.enter(&area))?;
    Ok((vm, cpus))
}
