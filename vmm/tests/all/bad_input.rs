// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Every input that cannot be run ends in one line with the reason and the remedy, and in exit code 3 (2 for
//! the command line); none panics.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support;
use crate::support::asm::{self, BASE};
use crate::support::elf::{self, Elf, PF_RW, Segment, at, patched, phdr};
use crate::support::{Files, arg, code, run, stderr, stdout, tcevm};
use machine::boot::Config;
use machine::memory::RamSize;
use proptest::prelude::*;

/// Runs `tcevm run` and checks that it is refused with one line that contains all of `says`.
fn refused<const N: usize>(args: &[&str], exit: i32, says: [&str; N]) {
    let output = run(args);
    let message = stderr(&output);
    assert_eq!(code(&output), exit, "{args:?}: {message}");
    assert_eq!(message.lines().count(), 1, "{args:?}: {message}");
    assert!(message.starts_with("tcevm: "), "{args:?}: {message}");
    assert_eq!(stdout(&output), "", "{args:?}");
    for text in says {
        assert!(message.contains(text), "{args:?}: {text:?} is not in {message}");
    }
}

/// Checks that an image is refused with one line that contains all of `says`.
fn refused_image<const N: usize>(image: &[u8], says: [&str; N]) {
    let files = Files::new();
    let path = files.write("image", image);
    refused(&[arg(&path), "-m", "16M"], 3, says);
}

fn good() -> Elf {
    asm::guest([asm::print("hello\n"), asm::power_off()].concat())
}

fn be(value: u64) -> [u8; 8] {
    value.to_be_bytes()
}

#[test]
fn the_good_image_that_the_others_are_made_from_runs() {
    let files = Files::new();
    let output = run([arg(&files.write("image", good().bytes())), "-m", "16M"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "hello\n"), "{output:?}");
}

#[test]
fn files_that_are_no_images() {
    let files = Files::new();
    refused(&["/nowhere/image"], 3, ["/nowhere/image", "No such file", "check the name"]);
    refused(&[arg(&files.path("."))], 3, ["is a directory", "name a file"]);
    refused(&["/dev/zero"], 3, ["not a regular file"]);
    refused_image(b"", ["not an ELF file", "powerpc64"]);
    refused_image(b"#!/bin/sh\n", ["not an ELF file"]);
}

#[test]
fn a_file_without_permission() {
    let files = Files::new();
    let path = files.write("image", good().bytes());
    let mode = |path: &Path, mode| std::fs::set_permissions(path, Permissions::from_mode(mode));
    mode(&path, 0).unwrap();
    mode(&files.path("."), 0o755).unwrap();
    let mut command = support::tcevm();
    if std::fs::read(&path).is_ok() {
        // The superuser may read the file in spite of its mode, so user 65534 runs a copy of the command.
        let copy = files.path("tcevm");
        // cp(1) makes the copy, so that no other thread's child can inherit it open for writing.
        let copied = Command::new("cp").arg(env!("CARGO_BIN_EXE_tcevm")).arg(&copy).status();
        assert!(copied.unwrap().success());
        command = Command::new(copy);
        command.uid(65534).gid(65534);
    }
    let output = command.args(["run", arg(&path)]).output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert!(stderr(&output).contains("Permission denied"), "{output:?}");
}

#[test]
fn an_elf_file_for_something_else() {
    let file = good().bytes();
    refused_image(&patched(&file, at::MACHINE, &[0, 62]), ["another machine", "62", "powerpc64"]);
    refused_image(&patched(&file, at::CLASS, &[1]), ["32-bit", "-m64"]);
    refused_image(&patched(&file, at::CLASS, &[7]), ["damaged header"]);
    refused_image(&patched(&file, at::DATA, &[3]), ["damaged header"]);
    refused_image(&patched(&file, at::TYPE, &[0, 1]), ["object file", "link it"]);
    refused_image(&patched(&file, at::TYPE, &[0, 4]), ["ELF type 4"]);
    refused_image(&patched(&file, at::PHENTSIZE, &[0, 55]), ["damaged header"]);
    refused_image(&patched(&file, at::PHNUM, &[0, 0]), ["no segment to load"]);
    refused_image(&patched(&file, phdr(0, at::P_MEMSZ), &be(0)), ["entry address"]);
}

#[test]
fn an_image_truncated_at_every_header() {
    let file = good().bytes();
    let program_headers = elf::EHDR + 2 * elf::PHDR;
    for len in 4..elf::EHDR {
        refused_library(&file[..len], "truncated: the file ends inside the ELF header");
    }
    for len in elf::EHDR..program_headers {
        refused_library(&file[..len], "truncated: the file ends inside the program headers");
    }
    let second = good().segments[0].data.len() + program_headers;
    for len in program_headers..second {
        refused_library(&file[..len], "truncated: the file ends inside segment 0");
    }
    for len in second..file.len() {
        refused_library(&file[..len], "truncated: the file ends inside segment 1");
    }
    refused_image(&file[..elf::EHDR + 1], ["program headers", "copy or build it again"]);
}

/// Checks a refusal by the library: without a process for each, many images take less time.
fn refused_library(image: &[u8], says: &str) {
    let ram = RamSize::DEFAULT;
    let refused = Config { ram, ..Config::new(image) }.ready();
    let message = refused.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(message.starts_with(says), "{} bytes: {message}", image.len());
}

#[test]
fn segments_in_impossible_places() {
    let file = good().bytes();
    let with = |field, value| patched(&file, phdr(1, field), &be(value));
    let (size, device_tree) = (16 << 20, 14 << 20); // -m 16M
    refused_image(&with(at::P_PADDR, BASE), ["overlaps segment 0"]);
    refused_image(&with(at::P_PADDR, BASE + 4), ["overlaps segment 0"]);
    refused_image(&with(at::P_PADDR, size), ["does not fit", "-m"]);
    refused_image(&with(at::P_PADDR, size - 1), ["does not fit", "-m"]);
    refused_image(&with(at::P_PADDR, device_tree), ["overlaps the device tree"]);
    refused_image(&with(at::P_PADDR, device_tree - 1), ["overlaps the device tree"]);
    refused_image(&with(at::P_PADDR, u64::MAX), ["wraps"]);
    refused_image(&with(at::P_VADDR, u64::MAX - 3), ["wraps"]);
    refused_image(&with(at::P_MEMSZ, u64::MAX), ["wraps"]);
    refused_image(&with(at::P_MEMSZ, 1 << 40), ["does not fit", "-m"]);
    refused_image(&with(at::P_MEMSZ, 19), ["more bytes in the file (20) than in memory (19)"]);
    refused_image(&with(at::P_FILESZ, u64::MAX), ["more bytes in the file"]);
    refused_image(&with(at::P_OFFSET, u64::MAX), ["truncated"]);
}

#[test]
fn an_entry_that_is_no_place_to_start() {
    let file = good().bytes();
    let entry = |value| patched(&file, at::ENTRY, &be(value));
    refused_image(&entry(0), ["entry address 0x0", "executable segment"]);
    refused_image(&entry(!3), ["executable segment"]);
    refused_image(&entry(good().segments[1].addr), ["executable segment"]);
    refused_image(&entry(BASE + 2), ["not a multiple of 4"]);
    let high = Elf::fixed(5 << 30, vec![0; 4]).bytes();
    let path = Files::new();
    let image = path.write("image", high);
    refused(&[arg(&image), "-m", "6G"], 3, ["not below 4 GiB"]);
}

// A device delivers without end, so reading it whole would take all memory of the host.
#[test]
fn a_recording_is_a_file_or_a_pipe_of_at_most_256_mib() {
    let replay = |file: &str, stdin: Stdio| {
        let command = &mut tcevm();
        let output = command.args(["replay", file]).stdin(stdin).output().expect("tcevm starts");
        assert_eq!((code(&output), stdout(&output).as_str()), (3, ""), "{file}");
        stderr(&output)
    };
    let special = "it is neither a regular file nor a pipe";
    for device in ["/dev/zero", "/dev/null"] {
        let says = replay(device, Stdio::null());
        assert!(says.contains(special), "{says}");
    }
    let zero = File::open("/dev/zero").expect("/dev/zero");
    let says = replay("-", zero.into());
    assert!(says.contains("more than 256 MiB"), "{says}");
    let says = replay("-", Stdio::null());
    assert!(says.contains("nothing to play"), "{says}");
}

#[test]
fn an_initrd_that_cannot_be_loaded() {
    let files = Files::new();
    let image = files.write("image", good().bytes());
    let large = files.write("large", vec![1; 13 << 20]);
    let with =
        |initrd: &Path| [arg(&image), "-m", "16M", "--initrd", arg(initrd)].map(String::from);
    let refused = |initrd: &Path, says: [&str; 2]| {
        let args = with(initrd);
        refused(&args.each_ref().map(String::as_str), 3, says);
    };
    refused(&large, ["overlaps the device tree", "large"]);
    refused(&files.write("huge", vec![1; 17 << 20]), ["does not fit", "-m"]);
    refused(&files.path("missing"), ["missing", "No such file"]);
    refused(&files.path("."), ["is a directory", "name a file"]);
    refused(Path::new("/dev/zero"), ["/dev/zero", "not a regular file"]);
}

// Linux allocates 16 MiB at a multiple of 16 MiB before its console works; if that fails, it prints nothing.
#[test]
fn too_little_memory_for_linux_is_told_before_it_starts() {
    const KERNEL: u64 = 0xc000_0000_0000_0000;
    let files = Files::new();
    let mut elf = Elf::fixed(KERNEL, vec![0x48, 0, 0, 0]); // b .
    elf.segments[0].memsz = 20 << 20;
    let image = files.write("vmlinux", elf.bytes());
    let said = |ram| {
        let args = ["run", arg(&image), "-m", ram, "--timeout", "0.1"];
        stderr(&support::tcevm().args(args).output().unwrap())
    };
    let warning = said("40M");
    assert!(warning.contains("process table") && warning.contains("at least 128M"), "{warning}");
    assert_eq!(said("64M").lines().count(), 1, "only that it was stopped");
}

// Linux for POWER: COMMAND_LINE_SIZE is 2048, with the null.
#[test]
fn a_command_line_that_linux_will_cut_is_told() {
    let files = Files::new();
    let image =
        files.write("vmlinux", Elf::fixed(0xc000_0000_0000_0000, vec![0x48, 0, 0, 0]).bytes());
    for (len, told) in [(2047, false), (2048, true)] {
        let append = "a".repeat(len);
        let args = ["run", arg(&image), "-m", "64M", "--timeout", "0.1", "--append", &append];
        let said = stderr(&support::tcevm().args(args).output().unwrap());
        assert_eq!(said.contains("bytes of its command line"), told, "{len}: {said}");
    }
}

#[test]
fn memory_sizes_that_cannot_be() {
    for (size, says) in [
        ("0", "at least 8M"),
        ("4M", "at least 8M"),
        ("8193K", "multiple of 64K"),
        ("1T", "not a size"),
        ("65G", "at most 64G"),
        ("99999999999999999999G", "at most 64G"),
        ("-1", "not a size"),
        ("", "not a size"),
    ] {
        refused(&[&format!("--memory={size}")], 2, ["--memory", says]);
    }
}

#[test]
fn other_values_that_cannot_be() {
    refused(&["--memory"], 2, ["value is required"]);
    for wrong in ["0", "-1", "1000", "257", "two", ""] {
        let bounds = ["--smp", "POWER guest has 1 to 8", "x86-64 guest 1 to 256"];
        refused(&[&format!("--smp={wrong}")], 2, bounds);
    }
    refused(&["--smp=9"], 3, ["1 to 8 CPUs", "--smp"]); // the demonstration is a POWER guest
    refused(&["--timeout=0"], 2, ["greater than 0"]);
    refused(&["--timeout=soon"], 2, ["for example 10"]);
    refused(&["--stats=xml"], 2, ["--stats", "json"]);
    refused(&["--log=loud"], 2, ["--log", "debug"]);
    refused(&["--dump-dtb", "/nowhere/dtb"], 3, ["/nowhere/dtb", "No such file"]);
}

#[test]
fn options_that_do_not_exist() {
    for args in [&["--no-such-option"][..], &["a", "b"]] {
        let output = run(args);
        assert_eq!(code(&output), 2, "{args:?}");
        assert!(stderr(&output).contains("--help"), "{args:?}: {}", stderr(&output));
    }
    let typo = stderr(&run(["--apend=x"]));
    assert!(typo.contains("--append"), "a similar option is named: {typo}");
}

fn ready(image: &[u8]) {
    let ram = RamSize::new(16 << 20).unwrap();
    // The image may be accepted or refused; anything else fails the test.
    let _ = Config { ram, ..Config::new(image) }.ready();
}

/// A good image of several segments, either endianness and either kind.
fn an_image() -> impl Strategy<Value = Vec<u8>> {
    (any::<bool>(), any::<bool>()).prop_map(|(big, fixed)| {
        let mut elf = good();
        elf.big = big;
        if !fixed {
            elf.kind = elf::ET_DYN;
        }
        let data = vec![0xff; 64];
        elf.segments.push(Segment { addr: 0x20_0000, data, memsz: 128, flags: PF_RW });
        elf.bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn a_damaged_image_never_panics(
        image in an_image(),
        // Most of the damage is in the headers.
        damage in prop::collection::vec((0usize..256, any::<u8>()), 1..8),
        len in 0usize..1024,
    ) {
        let mut image = image;
        for (offset, value) in damage {
            if let Some(byte) = image.get_mut(offset) {
                *byte = value;
            }
        }
        ready(&image);
        image.truncate(len);
        ready(&image);
    }

    #[test]
    fn a_field_of_any_value_never_panics(
        image in an_image(),
        field in 0usize..29,
        value in prop_oneof![
            any::<u64>(), 0u64..0x200, (0u64..0x200).prop_map(|n| u64::MAX - n),
            (0u32..64).prop_map(|n| 1 << n),
        ],
    ) {
        let mut image = image;
        let offset = 16 + 8 * field; // the doublewords after e_ident
        if let Some(place) = image.get_mut(offset..offset + 8) {
            place.copy_from_slice(&value.to_ne_bytes());
        }
        ready(&image);
    }

    #[test]
    fn noise_never_panics(noise in prop::collection::vec(any::<u8>(), 0..512)) {
        ready(&noise);
        ready(&[b"\x7fELF\x02\x02\x01\0".as_slice(), &noise].concat());
    }
}

#[test]
fn a_disk_opens_its_file_and_no_other() {
    let files = Files::new();
    let secret = files.write("secret", [0x55; 4096]);
    let disk = files.write("disk", [0; 4096]);
    let link = files.path("link");
    std::os::unix::fs::symlink(&disk, &link).unwrap();
    refused(&["--disk", arg(&disk), "--disk", arg(&link)], 3, ["link", "in use", ",readonly"]);
    refused(&["--disk", arg(files.path("").as_path())], 3, ["a directory"]);
    let (virtio, record) = (format!("{},bus=virtio", arg(&disk)), files.path("record"));
    refused(&["--disk", &virtio, "--disk", arg(&disk)], 3, ["disk", "in use"]);
    refused(&["--disk", &virtio, "--record", arg(&record)], 3, ["--record", "bus=virtio"]);
    assert!(!record.exists());
    // QEMU: docs/interop/qcow2.txt. Each image's header names the other one as its backing file.
    let mut image = vec![0; 4096];
    let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    let name = arg(&secret).as_bytes();
    put(0, b"QFI\xfb\0\0\0\x03");
    put(14, &1024u16.to_be_bytes());
    put(16, &(name.len() as u32).to_be_bytes());
    put(20, &12u32.to_be_bytes());
    put(56, &1u32.to_be_bytes());
    put(96, &4u32.to_be_bytes());
    put(100, &104u32.to_be_bytes());
    put(1024, name);
    let image = files.write("disk.img", image);
    refused(&["--disk", arg(&image)], 3, ["format=qcow2", "format=raw"]);
    let option = format!("{},format=qcow2", arg(&image));
    refused(&["--disk", &option], 3, [arg(&secret), "backing=allow", "backing=PATH"]);
}
