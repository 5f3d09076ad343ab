// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Guests that try to exhaust the host's memory through their DMA windows (guest-images/guests/hog).

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::support::{code, stderr, stdout, tcevm};

/// The limit on the process's address space in KiB. About a third of it is in use before the guest runs.
const ADDRESS_SPACE: u32 = 900_000;

fn image(order: &str) -> PathBuf {
    let images = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-images/images");
    PathBuf::from(images).join(format!("hog-{order}.elf"))
}

/// Runs the guest in a process with this limit.
fn confined(order: &str, options: &[&str]) -> Output {
    let shell = format!("ulimit -v {ADDRESS_SPACE}; exec \"$@\"");
    let mut command = Command::new("sh");
    command.env_remove("RUST_LOG").args(["-c", &shell, "sh"]).arg(tcevm().get_program());
    // Arenas take address space for each thread, which this test does not bound.
    command.env("MALLOC_ARENA_MAX", "1");
    command.args(["run", "--timeout", "300", "-m", "16M", "--log", "error"]);
    command.args(options).arg(image(order)).output().expect("sh starts")
}

fn every_claim_holds(output: &Output) {
    let text = stdout(output);
    let failed: Vec<_> = text.lines().filter(|line| line.starts_with("FAIL")).collect();
    assert!(failed.is_empty() && text.contains(" claims, 0 failed"), "{text}{output:?}");
    assert_eq!((code(output), stderr(output).as_str()), (0, ""), "{text}");
}

// LoPAR 2.9, H_NOT_ENOUGH_RESOURCES; ibm,query-pe-dma-window: what is offered can be used.
#[test]
fn the_budget_ends_before_the_hosts_memory_does() {
    every_claim_holds(&confined("le", &[]));
    every_claim_holds(&confined("be", &["--table-memory", "5M", "--accel", "real"]));
    every_claim_holds(&confined("le", &["--table-memory", "8M", "--accel", "user"]));
    for profile in ["kvm", "qemu"] {
        // H_STUFF_TCE of a mapping continues in the outer tier, and is all or nothing there too.
        every_claim_holds(&confined("le", &["--table-memory", "8M", "--profile", profile]));
    }
    every_claim_holds(&confined("le", &["--check", "dma", "--smp", "2", "--table-memory", "8M"]));
}

#[test]
fn a_host_without_memory_refuses_and_goes_on() {
    every_claim_holds(&confined("le", &["--table-memory", "64G", "--append", "host"]));
}
