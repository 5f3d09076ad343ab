// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The KVM of this host, and its costs.

use std::fs;

use kvm_ioctls::Cap;

use super::Finding::{self, Missing, There};
use machine::kvm::cpu::Registers;
use machine::kvm::host::{self, NEEDED};
use machine::kvm::probe::Probe;

/// The modules that can be behind /dev/kvm on an x86-64 host.
const MODULES: [(&str, &str); 3] = [
    ("kvm_intel", "Intel VMX"),
    ("kvm_amd", "AMD SVM"),
    ("kvm_pvm", "PVM: in software, exits are slow and ring 0 is slower"),
];

pub(super) fn device() -> Finding {
    match host::device() {
        Ok(_) => There("opens".into()),
        Err(error) => Missing(error.to_string()),
    }
}

pub(super) fn module() -> Finding {
    let loaded = |(name, _): &&(&str, &str)| fs::metadata(format!("/sys/module/{name}")).is_ok();
    match MODULES.iter().find(loaded) {
        Some((name, what)) => There(format!("{name} ({what})")),
        None if host::device().is_ok() => There("built into the kernel".into()),
        None => Missing("no module is loaded: modprobe kvm_intel or kvm_amd".into()),
    }
}

pub(super) fn capabilities() -> Finding {
    let Ok(kvm) = host::device() else { return Missing("no /dev/kvm to ask".into()) };
    let lacks: Vec<_> =
        NEEDED.iter().filter(|needed| !needed.is_there(&kvm)).map(|needed| needed.name).collect();
    match lacks.as_slice() {
        [] => There(format!("all {} that are needed", NEEDED.len())),
        lacks => Missing(format!("{}: use a newer kernel", lacks.join(", "))),
    }
}

pub(super) fn limits() -> Finding {
    let Ok(kvm) = host::device() else { return Missing("no /dev/kvm to ask".into()) };
    There(format!(
        "{} vCPUs, {} memory slots, dirty ring of {} bytes",
        kvm.get_max_vcpus(),
        kvm.get_nr_memslots(),
        kvm.check_extension_int(Cap::DirtyLogRing)
    ))
}

pub(super) fn exit() -> Finding {
    cost(Registers::Left)
}

pub(super) fn exit_with_registers() -> Finding {
    cost(Registers::Synced)
}

/// The measured cost of an exit.
fn cost(registers: Registers) -> Finding {
    match Probe::new(registers).and_then(|mut probe| probe.cost()) {
        Ok(cost) => There(format!("{cost:.2?}")),
        Err(error) => Missing(error.to_string()),
    }
}
