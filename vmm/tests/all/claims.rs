// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Guests that print claims about their machine, one a line: each claim holds, in both byte orders.

use std::path::Path;

use crate::support::{Files, arg, code, run, stderr, stdout};

/// Runs a guest in both byte orders, with its options on the command line.
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
fn outcomes_that_the_book_forbids_do_not_occur() {
    every_claim_holds("litmus", &["--smp", "4"]);
}

#[test]
fn radix_trees_protect_and_tlbie_reaches_every_cpu() {
    every_claim_holds("radix", &["--smp", "2"]);
}

#[test]
fn stored_code_runs_whoever_stores_it() {
    every_claim_holds("snoop", &["--smp", "2"]);
}

#[test]
fn enabled_signals_announce_what_is_queued() {
    let files = Files::new();
    let devices = devices(&files);
    every_claim_holds("signals", &devices.each_ref().map(String::as_str));
    every_claim_holds("signals", &[devices[0].as_str(), &devices[1], "--platform", "ioda2"]);
    every_claim_holds("signals", &[]);
}

/// The devices of a hostile driver: a disk, and a network without a peer.
fn devices(files: &Files) -> [String; 4] {
    let disk = files.write("disk", vec![0; 8 << 20]);
    let net = format!("hub={}", files.path("hub").display());
    ["--disk".into(), arg(&disk).into(), "--net".into(), net]
}

#[test]
fn drivers_gone_mad_meet_devices_that_are_not() {
    let files = Files::new();
    let devices = devices(&files);
    for options in [
        &[][..],
        &["--check", "dma", "--accel", "real", "--platform", "ioda2"],
        &["--check", "dma", "--platform", "ioda1"],
        &["--accel", "user", "--platform", "p5ioc2", "--no-multi-tce"],
    ] {
        // The first violation of the protocol is logged as a warning.
        let common = ["--smp", "2", "--log", "error", "--append", "seed=42 calls=5000"];
        let devices = devices.each_ref().map(String::as_str);
        every_claim_holds("mad", &[options, &common, &devices].concat());
    }
}

#[test]
fn what_a_mad_driver_did_is_told_with_device_liobn_and_bus_address() {
    let files = Files::new();
    let devices = devices(&files);
    let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-images/images/mad-le.elf");
    let options = ["--check", "dma", "--log", "error", "--stats=json", arg(&image)];
    let output = run([&options[..], &devices.each_ref().map(String::as_str)].concat());
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let stats: serde_json::Value = serde_json::from_str(&stderr(&output)).unwrap();
    assert_eq!(stats["findings"]["count"], 0, "the bridge forgets what is replaced: {stats}");
    assert_eq!(stats["pages"]["leaked_pins"], 0);
    for (name, unit) in [("l-lan@71000002", 0x7100_0002), ("v-scsi@71000003", 0x7100_0003)] {
        let mut all = stats["devices"].as_array().unwrap().iter();
        let device = all.find(|device| device["name"] == name).expect(name);
        assert!(device["dma_faults"].as_u64() > Some(0), "{device}");
        // mad.h: NOWHERE.
        let kinds = device["dma_fault_kinds"].as_array().unwrap();
        assert!(
            kinds.iter().any(|kind| kind["liobn"] == unit && kind["ioba"] == 0x15_0000),
            "{device}"
        );
    }
}
