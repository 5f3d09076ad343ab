// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The KVM of this host. An error names the remedy for a KVM that cannot run our guests.

use std::io;

use kvm_bindings::{KVM_API_VERSION, KVM_SYNC_X86_REGS, KVM_SYNC_X86_SREGS};
use kvm_ioctls::{Cap, Kvm};
use thiserror::Error;

/// The reason for which an x86-64 guest cannot run on this host.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum KvmError {
    #[error(
        "this host has no /dev/kvm; turn on virtualization in its firmware (or nested \
         virtualization, if it is a virtual machine itself) and load kvm_intel or kvm_amd. \
         POWER guests run without it"
    )]
    Missing,
    #[error(
        "no permission to use /dev/kvm; add yourself to the group that owns it \
         (usermod -aG kvm USER) and log in again"
    )]
    Permission,
    #[error("cannot open /dev/kvm: {0}; check that its module works (dmesg)")]
    Open(io::Error),
    #[error("KVM has API version {0}, not 12; use Linux 2.6.22 or newer")]
    Version(i32),
    #[error("KVM here has no {name} ({what}); use {since} or newer on an x86-64 host")]
    Capability { name: &'static str, what: &'static str, since: &'static str },
    #[error("KVM gives a guest at most {most} CPUs")]
    Cpus { most: usize },
    #[error("KVM refuses to take guest RAM: {0}")]
    Memory(io::Error),
    #[error("KVM refuses to {what}: {source}; look into dmesg")]
    Refused { what: &'static str, source: io::Error },
}

/// A capability of KVM that guests need.
#[derive(Debug)]
pub struct Needed {
    /// The kernel's name.
    pub name: &'static str,
    /// The purpose of the capability.
    pub what: &'static str,
    /// The first release that has it.
    pub since: &'static str,
    cap: Cap,
    bits: i32,
}

/// All capabilities that guests need (Linux: `Documentation/virt/kvm/api.rst`).
pub const NEEDED: [Needed; 5] = [
    Needed {
        name: "KVM_CAP_USER_MEMORY",
        what: "guest RAM in our address space",
        since: "Linux 2.6.25",
        cap: Cap::UserMemory,
        bits: 1,
    },
    Needed {
        name: "KVM_CAP_EXT_CPUID",
        what: "reporting the CPU's features to the guest",
        since: "Linux 2.6.27",
        cap: Cap::ExtCpuid,
        bits: 1,
    },
    Needed {
        name: "KVM_CAP_GET_TSC_KHZ",
        what: "reporting the clock's frequency to the guest",
        since: "Linux 2.6.39",
        cap: Cap::GetTscKhz,
        bits: 1,
    },
    Needed {
        name: "KVM_CAP_IMMEDIATE_EXIT",
        what: "stopping a guest without a race",
        since: "Linux 4.13",
        cap: Cap::ImmediateExit,
        bits: 1,
    },
    Needed {
        name: "KVM_CAP_SYNC_REGS",
        what: "the registers of a hypercall without further system calls",
        since: "Linux 4.17",
        cap: Cap::SyncRegs,
        bits: (KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS) as i32,
    },
];

impl Needed {
    /// True when this KVM has it.
    pub fn is_there(&self, kvm: &Kvm) -> bool {
        kvm.check_extension_int(self.cap) & self.bits == self.bits
    }
}

/// Opens /dev/kvm and checks that it has all capabilities that guests need.
pub fn open() -> Result<Kvm, KvmError> {
    let kvm = device()?;
    match NEEDED.iter().find(|needed| !needed.is_there(&kvm)) {
        None => Ok(kvm),
        Some(&Needed { name, what, since, .. }) => Err(KvmError::Capability { name, what, since }),
    }
}

/// Opens /dev/kvm without a check of its capabilities.
pub fn device() -> Result<Kvm, KvmError> {
    let kvm = Kvm::new().map_err(|error| match io::Error::from(error) {
        error if error.kind() == io::ErrorKind::NotFound => KvmError::Missing,
        error if error.kind() == io::ErrorKind::PermissionDenied => KvmError::Permission,
        // The file exists, and the driver behind it does not.
        error if matches!(error.raw_os_error(), Some(libc::ENODEV | libc::ENXIO)) => {
            KvmError::Missing
        }
        error => KvmError::Open(error),
    })?;
    match kvm.get_api_version() {
        version if version == KVM_API_VERSION as i32 => Ok(kvm),
        version => Err(KvmError::Version(version)),
    }
}

/// The error of an ioctl that was refused.
pub(super) fn refused(what: &'static str) -> impl Fn(kvm_ioctls::Error) -> KvmError {
    move |error| KvmError::Refused { what, source: error.into() }
}
