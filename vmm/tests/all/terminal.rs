// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The console on a terminal and on a pipe: no input is lost, however slowly the guest reads, and Ctrl-A x
//! ends the run whatever input is queued before it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::thread;

use crate::support::{Files, arg, asm, tcevm};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// Both ends of a terminal; the first is that of the user.
fn terminal() -> (File, OwnedFd) {
    let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&person).unwrap();
    unlockpt(&person).unwrap();
    let name = ptsname(&person, Vec::new()).unwrap();
    let command = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (person.into(), command.into())
}

/// Counts down from n, then continues.
fn delay(n: u16) -> Vec<u32> {
    const BDNZ_HERE: u32 = 0x4200_0000; // bdnz to itself
    vec![asm::lis(9, n), asm::mtctr(9), BDNZ_HERE]
}

/// Prints "ready", waits, and then prints its input without end, with a wait after each read.
fn slow() -> Vec<u8> {
    let mut code = asm::print("ready\n");
    code.extend(delay(0x100)); // 16 million
    let start = code.len();
    code.extend(asm::hcall(0x54, &[0])); // answers length and text in r4 to r6
    code.extend([asm::mr(7, 6), asm::mr(6, 5), asm::mr(5, 4), asm::li(4, 0), asm::li(3, 0x58)]);
    code.extend([asm::SC1, asm::li(9, 1000), asm::mtctr(9), 0x4200_0000]);
    code.push(asm::b(start as i32 - code.len() as i32));
    asm::guest(code).bytes()
}

/// 400 lines of 46 bytes, all different.
fn paste() -> Vec<u8> {
    (0..400).flat_map(|n| format!("line {n:03} {}\r", "x".repeat(36)).into_bytes()).collect()
}

/// Reads exactly this many bytes.
fn read(from: &mut impl Read, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    from.read_exact(&mut bytes).unwrap();
    bytes
}

fn on_terminal(image: &std::path::Path) -> (File, Child) {
    let (person, command) = terminal();
    let mut tcevm = tcevm();
    tcevm.args(["run", arg(image), "-m", "16M", "--timeout", "120"]);
    tcevm.stdin(command.try_clone().unwrap()).stdout(command);
    (person, tcevm.spawn().unwrap())
}

#[test]
fn a_long_paste_arrives_whole_at_a_guest_that_reads_slowly() {
    let files = Files::new();
    let (mut person, mut tcevm) = on_terminal(&files.write("slow", slow()));
    assert_eq!(read(&mut person, 7), b"ready\r\n");
    let mut types = person.try_clone().unwrap();
    let paster = thread::spawn(move || types.write_all(&paste()).unwrap());
    let shown = read(&mut person, paste().len());
    assert_eq!(String::from_utf8_lossy(&shown), String::from_utf8_lossy(&paste()));
    paster.join().unwrap();
    person.write_all(b"\x01x").unwrap();
    assert_eq!(tcevm.wait().unwrap().code(), Some(130));
}

#[test]
fn ctrl_a_x_ends_a_run_whose_guest_never_reads() {
    let files = Files::new();
    let deaf = [asm::print("ready\n"), vec![asm::b(0)]].concat();
    let (mut person, mut tcevm) = on_terminal(&files.write("deaf", asm::guest(deaf).bytes()));
    assert_eq!(read(&mut person, 7), b"ready\r\n");
    person.write_all(&paste()).unwrap();
    person.write_all(b"\x01x").unwrap();
    assert_eq!(tcevm.wait().unwrap().code(), Some(130));
}

#[test]
fn a_pipe_is_read_to_its_end_and_its_end_does_not_end_the_run() {
    let files = Files::new();
    let slow = files.write("slow", slow());
    let mut tcevm = tcevm();
    tcevm.args(["run", arg(&slow), "-m", "16M", "--timeout", "120"]);
    let mut tcevm = tcevm.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut types = tcevm.stdin.take().unwrap();
    let mut shows = tcevm.stdout.take().unwrap();
    let paster = thread::spawn(move || types.write_all(&paste()).unwrap()); // drops the writer at the end
    assert_eq!(read(&mut shows, 6), b"ready\n");
    assert_eq!(read(&mut shows, paste().len()), paste());
    paster.join().unwrap();
    assert_eq!(tcevm.try_wait().unwrap(), None, "it still runs");
    tcevm.kill().unwrap();
    tcevm.wait().unwrap();
}
