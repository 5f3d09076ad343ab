// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm snapshot` and `tcevm run --restore`: machines that go on from a file, and files that are refused.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Output};

use serde_json::json;

use crate::monitor::{Client, start};
use crate::support::{Files, arg, asm, code, run, spawn, stderr, stdout, tcevm};

/// A guest that prints a verdict of failure, then "ready". When it has read a byte it reads a page that it has not used
/// before, and powers off.
fn waits_for_a_byte() -> Vec<u8> {
    let mut code = asm::print("EXIT: STATUS=5\n");
    code.extend(asm::print("ready\n"));
    let start = code.len();
    code.extend(asm::hcall(0x54, &[0])); // the length comes in r4
    code.push(0x2c24_0000); // cmpdi r4,0
    let back = 4 * (start as i32 - code.len() as i32);
    code.push(0x4182_0000 | (back as u32 & 0xfffc)); // beq to the call
    code.extend(asm::load(5, 12 << 20));
    code.push(0x80c5_0000); // lwz r6,0(r5)
    code.extend(asm::print("woken\n"));
    code.extend(asm::power_off());
    asm::guest(code).bytes()
}

/// Takes a snapshot of a machine that waits, and ends it.
fn taken(files: &Files) -> PathBuf {
    let (image, socket) = (files.write("guest.elf", waits_for_a_byte()), files.path("monitor"));
    let mut machine = tcevm_that_waits(&image, &socket);
    let snapshot = files.path("machine.snap");
    take(&socket, &snapshot);
    Client::connect(&socket).ask("quit", json!({}));
    machine.wait().unwrap();
    fs::remove_file(image).unwrap(); // the snapshot has it
    snapshot
}

fn tcevm_that_waits(image: &Path, socket: &Path) -> Child {
    let mut machine = start(image, socket, &[], b"EXIT: STATUS=5\nready\n");
    assert!(machine.try_wait().unwrap().is_none());
    machine
}

fn take(socket: &Path, snapshot: &Path) {
    let output = tcevm().args(["snapshot", arg(socket), arg(snapshot)]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

/// Goes on from a snapshot, with a byte of input.
fn restored(snapshot: &Path, more: &[&str]) -> Output {
    let mut command = tcevm();
    command.args(["run", "--timeout", "60", "--restore", arg(snapshot)]).args(more);
    command.stdin(std::process::Stdio::piped());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    // A run that refuses its snapshot reads nothing.
    let _ = child.stdin.take().unwrap().write_all(b"x");
    child.wait_with_output().unwrap()
}

#[test]
fn a_machine_goes_on_with_its_input_and_the_verdict_that_it_printed_before() {
    let files = Files::new();
    let snapshot = taken(&files);
    for more in [&[][..], &["--stats", "--engine", "interpreter"]] {
        let output = restored(&snapshot, more);
        assert_eq!(stdout(&output), "woken\n");
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        assert!(stderr(&output).contains("the guest reported failure 2"), "{}", stderr(&output));
    }
}

#[test]
fn a_restored_machine_is_saved_again_and_one_file_serves_several() {
    let files = Files::new();
    let snapshot = taken(&files);
    let (socket, again) = (files.path("second"), files.path("again.snap"));
    let place = format!("unix:{}", arg(&socket));
    let mut second = tcevm();
    second.args(["run", "--timeout", "60", "--restore", arg(&snapshot), "--monitor", &place]);
    second.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut second = second.spawn().unwrap();
    while UnixStream::connect(&socket).is_err() {
        assert!(second.try_wait().unwrap().is_none());
    }
    // The file that it runs from stays as it is.
    let over = tcevm().args(["snapshot", arg(&socket), arg(&snapshot)]).output().unwrap();
    assert!(stderr(&over).contains("another process uses it"), "{}", stderr(&over));
    take(&socket, &again);
    assert_eq!(stdout(&restored(&snapshot, &[])), "woken\n", "while another runs from it");
    second.stdin.take().unwrap().write_all(b"x").unwrap();
    let mut said = String::new();
    second.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    second.wait().unwrap();
    assert_eq!(said, "woken\n");
    assert_eq!(stdout(&restored(&again, &[])), "woken\n");
}

/// The refusal of a file with another byte at a place.
fn damaged(snapshot: &Path, at: u64) -> Output {
    let file = File::options().read(true).write(true).open(snapshot).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
    let output = restored(snapshot, &[]);
    file.write_all_at(&byte, at).unwrap();
    output
}

#[test]
fn a_file_that_is_damaged_cut_foreign_or_newer_is_a_clear_error() {
    let files = Files::new();
    let snapshot = taken(&files);
    let bytes = fs::metadata(&snapshot).unwrap().len();
    let number = |at| {
        let mut number = [0; 8];
        File::open(&snapshot).unwrap().read_exact_at(&mut number, at).unwrap();
        u64::from_le_bytes(number)
    };
    // The header's mark, version, CRC and places; configuration, state and its end; a page of RAM, and one that is a hole.
    let ram = 64 << 10;
    let (about, state) = (number(24), number(48));
    for (at, why) in [
        (0, "it is no snapshot of tcevm's"),
        (8, "its format has version 17"),
        (12, "its header is damaged"),
        (30, "its header is damaged"),
        (about + 20, "damaged"),
        (state + 30, "damaged"),
        (bytes - 1, "damaged"),
        (ram + (4 << 20) + 64, "its RAM is damaged"),
        (ram + (13 << 20), "its RAM is damaged"),
    ] {
        let output = damaged(&snapshot, at);
        assert_eq!(code(&output), 3, "{at}: {}", stderr(&output));
        assert!(stderr(&output).contains(why), "{at}: {}", stderr(&output));
    }
    for (len, why) in
        [(bytes - 1, "so it is cut"), (ram, "so it is cut"), (20, "cut"), (0, "no snapshot")]
    {
        let cut = files.path("cut.snap");
        fs::copy(&snapshot, &cut).unwrap();
        File::options().write(true).open(&cut).unwrap().set_len(len).unwrap();
        let output = restored(&cut, &[]);
        assert_eq!(code(&output), 3, "{len}");
        assert!(stderr(&output).contains(why), "{len}: {}", stderr(&output));
    }
    for other in [Path::new("/dev/null"), Path::new("/nowhere")] {
        assert_eq!(code(&run(["--restore", arg(other)])), 3);
    }
    assert_eq!(stdout(&restored(&snapshot, &[])), "woken\n", "the file is whole again");
}

#[test]
fn a_file_that_is_cut_while_its_guest_runs_ends_the_run_with_an_error() {
    let files = Files::new();
    let snapshot = taken(&files);
    let socket = files.path("monitor");
    let place = format!("unix:{}", arg(&socket));
    let mut machine = spawn(["--timeout", "60", "--restore", arg(&snapshot), "--monitor", &place]);
    while UnixStream::connect(&socket).is_err() {
        assert!(machine.try_wait().unwrap().is_none());
    }
    Client::connect(&socket).ask("query-status", json!({}));
    File::options().write(true).open(&snapshot).unwrap().set_len(1 << 20).unwrap();
    let _ = machine.stdin.take().unwrap().write_all(b"x");
    let output = machine.wait_with_output().unwrap();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    // The check of RAM may have been under way.
    let said = stderr(&output);
    assert!(said.contains("can no longer be read") || said.contains("is damaged"), "{said}");
}

#[test]
fn a_restore_refuses_what_it_cannot_honour() {
    let files = Files::new();
    let snapshot = taken(&files);
    let disk = files.write("disk", vec![0; 1 << 20]);
    for option in [
        &["-m", "16M"][..],
        &["--smp", "2"],
        &["--append", "x"],
        &["--platform", "ioda1"],
        &["--rtc", "2020-01-01"],
        &["--record", "/dev/null"],
        &["--inject", "nomem:nth=1"],
        &["guest.elf"],
    ] {
        let output = run(["--restore", arg(&snapshot)].iter().chain(option));
        assert_eq!(code(&output), 2, "{option:?}: {}", stderr(&output));
        assert!(stderr(&output).contains("cannot be used with"), "{}", stderr(&output));
    }
    let output = run(["--restore", arg(&snapshot), "--disk", arg(&disk)]);
    assert_eq!(code(&output), 3);
    assert!(
        stderr(&output).contains("give the --net and --disk of its run"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn only_a_snapshot_is_written_over_and_it_appears_whole() {
    let files = Files::new();
    let (image, socket) = (files.write("guest.elf", waits_for_a_byte()), files.path("monitor"));
    let mut machine = tcevm_that_waits(&image, &socket);
    let precious = files.write("precious", "precious");
    let output = tcevm().args(["snapshot", arg(&socket), arg(&precious)]).output().unwrap();
    assert!(stderr(&output).contains("it is there and no snapshot"), "{}", stderr(&output));
    assert_eq!(fs::read(&precious).unwrap(), b"precious");
    let nowhere = files.path("none").join("snap");
    let output = tcevm().args(["snapshot", arg(&socket), arg(&nowhere)]).output().unwrap();
    assert_eq!(code(&output), 3, "{}", stderr(&output));
    let snapshot = files.path("machine.snap");
    take(&socket, &snapshot);
    take(&socket, &snapshot);
    machine.stdin.take().unwrap().write_all(b"x").unwrap();
    assert_eq!(machine.wait().unwrap().code(), Some(1), "it goes on after its snapshots");
    assert_eq!(stdout(&restored(&snapshot, &[])), "woken\n");
    let directory = fs::read_dir(snapshot.parent().unwrap()).unwrap();
    assert_eq!(directory.count(), 3, "guest, precious and the snapshot");
}
