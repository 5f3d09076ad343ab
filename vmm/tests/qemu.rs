// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! tcevm in QEMU's place: the command lines, probes and exit codes that the runner of
//! kvm-unit-tests was seen to use.

mod support;

use std::os::unix::fs::symlink;
use std::process::{Command, Output, Stdio};

use support::asm::{self, power_off, print};
use support::{Files, arg, code, stderr, stdout, tcevm};

fn qemu(args: &[&str]) -> Output {
    tcevm().arg("qemu").args(args).output().expect("tcevm starts")
}

/// 256 zero bytes, then a branch from 0x100 to 0x400000, as kvm-unit-tests builds it.
fn boot_rom(files: &Files) -> String {
    let mut rom = vec![0; 256];
    rom.extend(0x483f_ff00_u32.to_be_bytes());
    arg(&files.write("boot_rom.bin", rom)).to_owned()
}

/// The command line of a test, as `powerpc/run` makes it.
fn run_test(files: &Files, kernel: &str, more: &[&str]) -> Output {
    let bios = boot_rom(files);
    let fixed = [
        "-nodefaults",
        "-accel",
        "tcg",
        "-machine",
        "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off",
        "-bios",
        &bios,
        "-display",
        "none",
        "-serial",
        "stdio",
        "-kernel",
        kernel,
    ];
    qemu(&[&fixed, more].concat())
}

#[test]
fn a_test_of_the_suite_runs_by_its_command_line_and_its_verdict_is_left_to_the_runner() {
    for (says, status) in [("EXIT: STATUS=1\n", 0), ("EXIT: STATUS=3\n", 0), ("", 0)] {
        let files = Files::new();
        let image = files.write("guest", asm::guest([print(says), power_off()].concat()).bytes());
        let initrd = files.write("environment", "TARGET=qemu\n");
        let more = ["-smp", "1", "-append", "setup smp=1", "-m", "1g", "-initrd", arg(&initrd)];
        let output = run_test(&files, arg(&image), &more);
        assert_eq!((code(&output), stdout(&output).as_str()), (status, says), "{output:?}");
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn options_of_single_tests_are_taken() {
    let files = Files::new();
    let image = files.write("guest", asm::guest([print("here\n"), power_off()].concat()).bytes());
    for (more, warns) in [
        (vec!["-rtc", "base=2006-06-17"], false),
        (vec!["-icount", "shift=5"], true),
        (vec!["-accel", "tcg,thread=single"], false),
    ] {
        let output = run_test(&files, arg(&image), &[&["-smp", "1"], more.as_slice()].concat());
        assert_eq!((code(&output), stdout(&output).as_str()), (0, "here\n"), "{output:?}");
        let warned = stderr(&output).lines().all(|line| line.contains("warning")) && warns;
        assert!(warned || stderr(&output).is_empty(), "{}", stderr(&output));
    }
}

#[test]
fn the_probes_of_the_runner_are_answered() {
    for help in ["-h", "--help"] {
        let output = qemu(&[help]);
        // `read -r _ _ _ MAJOR MINOR MICRO rest` with `[`, space and dot between the words.
        let first = stdout(&output).lines().next().expect("a line").to_owned();
        let words: Vec<_> = first.split(['[', ' ', '.']).collect();
        assert_eq!((code(&output), &words[..4]), (0, &["QEMU", "emulator", "version", "10"][..]));
        assert!(stdout(&output).contains("-kernel FILE"), "{}", stdout(&output));
    }
    let machines = qemu(&["-machine", "?"]);
    assert!(code(&machines) == 0 && stdout(&machines).contains("\npseries "), "{machines:?}");
}

#[test]
fn a_kernel_that_is_not_there_is_told_in_the_words_the_runner_looks_for() {
    let files = Files::new();
    let output = run_test(&files, "_NO_FILE_4Uhere_", &["-smp", "1"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (1, ""));
    let message = stderr(&output);
    assert!(message.starts_with("tcevm: could not load kernel '_NO_FILE_4Uhere_': "), "{message}");
}

#[test]
fn the_name_it_is_called_by_makes_it_qemu() {
    let files = Files::new();
    let name = files.path("qemu-system-ppc64");
    symlink(env!("CARGO_BIN_EXE_tcevm"), &name).expect("a link");
    let image = files.write("guest", asm::guest([print("here\n"), power_off()].concat()).bytes());
    let mut command = Command::new(name);
    let output = command.args(["-kernel", arg(&image)]).stdin(Stdio::null()).output();
    let output = output.expect("it starts");
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "here\n"), "{output:?}");
}

#[test]
fn what_cannot_be_done_is_refused_by_name() {
    let files = Files::new();
    let image = files.write("guest", asm::guest(power_off()).bytes());
    let image = arg(&image);
    let rom = files.write("slof.bin", vec![0x60; 1024]);
    for (args, says) in [
        (vec!["-netdev", "user"], "-netdev: invalid option"),
        (vec![image], "invalid option"),
        (vec!["-smp"], "-smp: requires an argument"),
        (vec![], "no kernel"),
        (vec!["-kernel", image, "-accel", "kvm"], "-accel kvm: invalid accelerator"),
        (vec!["-kernel", image, "-machine", "powernv"], "unsupported machine type"),
        (vec!["-kernel", image, "-machine", "pseries,cap-htm=on"], "-machine pseries,cap-htm=on: "),
        (vec!["-kernel", image, "-cpu", "power10"], "-cpu power10: unable to find CPU model"),
        (vec!["-kernel", image, "-smp", "1,maxcpus=4"], "-smp 1,maxcpus=4: "),
        (vec!["-kernel", image, "-smp", "0"], "tcevm: invalid value '0' for '--smp <N>': "),
        (vec!["-kernel", image, "-m", "1x"], "not a size"),
        (vec!["-kernel", image, "-bios", arg(&rom)], "without firmware"),
        (vec!["-kernel", image, "-bios", "/nowhere"], "cannot read"),
        (vec!["-kernel", image, "-serial", "null"], "stdio"),
        (vec!["-kernel", image, "-rtc", "base=tomorrow"], "2006-06-17"),
        (vec!["-kernel", arg(&rom)], "not an ELF file"),
    ] {
        let output = qemu(&args);
        assert_eq!((code(&output), stdout(&output).as_str()), (1, ""), "{args:?}");
        assert!(stderr(&output).contains(says), "{args:?}: {}", stderr(&output));
    }
}
