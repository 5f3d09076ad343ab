// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The resources that the host grants this process.

use std::fs;
use std::thread;

use rustix::process::{Resource, getrlimit};

use super::Finding::{self, Missing, There};

const MIB: u64 = 1 << 20;

pub(super) fn cpus() -> Finding {
    match thread::available_parallelism() {
        Ok(count) => There(format!("{count}")),
        Err(error) => Missing(format!("unknown: {error}")),
    }
}

pub(super) fn memory() -> Finding {
    match meminfo("MemAvailable:") {
        Some(kib) => There(format!("{} MiB available", kib / 1024)),
        None => Missing("/proc/meminfo has no MemAvailable".into()),
    }
}

pub(super) fn locked() -> Finding {
    match getrlimit(Resource::Memlock).current {
        None => There("no limit".into()),
        Some(limit) if limit >= 64 * MIB => There(format!("{} MiB (ulimit -l)", limit / MIB)),
        Some(limit) => Missing(format!(
            "{} KiB (ulimit -l); raise memlock in /etc/security/limits.conf",
            limit / 1024
        )),
    }
}

pub(super) fn huge_pages() -> Finding {
    let transparent = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled");
    let reserved = meminfo("HugePages_Total:").unwrap_or(0);
    let chosen = transparent
        .ok()
        .and_then(|text| Some(text.split_once('[')?.1.split_once(']')?.0.to_owned()));
    match (chosen.as_deref(), reserved) {
        (None | Some("never"), 0) => Missing(
            "neither transparent nor reserved: echo madvise to \
             /sys/kernel/mm/transparent_hugepage/enabled"
                .into(),
        ),
        (chosen, reserved) => {
            let chosen = chosen.unwrap_or("never");
            There(format!("transparent: {chosen}, reserved: {reserved}"))
        }
    }
}

/// A number of /proc/meminfo, in KiB where it has a unit.
fn meminfo(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}
