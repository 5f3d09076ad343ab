// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guests that make claims about their machine, one a line: each holds, in both byte orders.

mod support;

use std::path::Path;

use support::{arg, code, run, stderr, stdout};

/// Runs a guest in both byte orders, with what it needs on the command line.
fn every_claim_holds(guest: &str, options: &[&str]) {
    for order in ["le", "be"] {
        let image = format!("../guest-images/images/{guest}-{order}.elf");
        let image = Path::new(env!("CARGO_MANIFEST_DIR")).join(image);
        let output = run([options, &[arg(&image)]].concat());
        let (text, name) = (stdout(&output), format!("{guest}-{order}"));
        let failed: Vec<_> = text.lines().filter(|line| line.starts_with("FAIL")).collect();
        assert!(failed.is_empty(), "{name}: {failed:#?}");
        let passed = text.lines().filter(|line| line.starts_with("PASS: ")).count();
        assert!(text.contains(&format!("\n{passed} claims, 0 failed\n")), "{name}: {text}");
        assert!(passed > 0 && text.ends_with("\nEXIT: STATUS=1\n"), "{name}: {text}");
        assert_eq!((code(&output), stderr(&output).as_str()), (0, ""), "{name}");
    }
}

#[test]
fn interrupts_that_instructions_cause() {
    every_claim_holds("interrupts", &[]);
}

#[test]
fn special_purpose_registers() {
    every_claim_holds("sprs", &[]);
}

#[test]
fn timebase_decrementer_and_waiting() {
    every_claim_holds("clock", &[]);
}

#[test]
fn several_cpus_start_stop_interrupt_and_share_memory() {
    every_claim_holds("cpus", &["--smp", "2"]);
}

#[test]
fn radix_trees_protect_and_tlbie_reaches_every_cpu() {
    every_claim_holds("radix", &["--smp", "2"]);
}
