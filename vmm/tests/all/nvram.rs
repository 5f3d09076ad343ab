// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--nvram`: data that a guest stores is present in the next run, and no file of another kind is changed.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use crate::support::asm::{self, BASE};
use crate::support::elf::Elf;
use crate::support::{Files, arg, code, run, stderr, stdout, tcevm, x86};

/// The data of the guests: arguments of power-off, of an NVRAM service, and its buffer.
const DATA: u64 = 0x18_0000;
const ARGS: u64 = DATA + 0x40;
const BUFFER: u64 = DATA + 0x80;

fn token(name: &str) -> u32 {
    hcall::rtas_tokens().find(|service| service.0 == name).expect("a service").1
}

/// ld RT,D(RA).
fn ld(rt: u32, d: u16, ra: u32) -> u32 {
    58 << 26 | rt << 21 | ra << 16 | u32::from(d)
}

/// A guest that calls an NVRAM service for 16 bytes, prints the buffer afterwards, and continues with `then`.
fn guest(service: &str, index: u32, buffer: &[u8; 16], then: Vec<u32>) -> Elf {
    let mut code = asm::hcall(0xf000, &[ARGS]);
    code.extend(asm::load(8, BUFFER));
    code.extend(asm::hcall(0x58, &[0, 16]));
    code.pop(); // sc: the text comes first
    code.extend([ld(6, 0, 8), ld(7, 8, 8), asm::SC1]);
    code.extend(then);
    let code = code.into_iter().flat_map(u32::to_be_bytes).collect();
    let mut elf = Elf::fixed(BASE, code).and_zeros(DATA, 0x100);
    let words = |words: &[u32]| words.iter().flat_map(|w| w.to_be_bytes()).collect::<Vec<_>>();
    let mut data = words(&[token("power-off"), 2, 1, u32::MAX, u32::MAX]);
    data.resize((ARGS - DATA) as usize, 0);
    data.extend(words(&[token(service), 3, 2, index, BUFFER as u32, 16]));
    data.resize((BUFFER - DATA) as usize, 0);
    data.extend(buffer);
    elf.segments[1].data = data;
    elf
}

const TEXT: &[u8; 16] = b"kept for a while";

fn files() -> (Files, String, String) {
    let files = Files::new();
    let store = guest("nvram-store", 0x20, TEXT, asm::power_off()).bytes();
    let fetch = guest("nvram-fetch", 0x20, &[b'-'; 16], asm::power_off()).bytes();
    let paths = ("store", "fetch");
    let (store, fetch) = (files.write(paths.0, store), files.write(paths.1, fetch));
    let paths = (arg(&store).to_owned(), arg(&fetch).to_owned());
    (files, paths.0, paths.1)
}

fn text() -> String {
    String::from_utf8_lossy(TEXT).into_owned()
}

#[test]
fn what_a_guest_stores_is_there_in_the_next_run() {
    let (files, store, fetch) = files();
    let nvram = files.path("nvram");
    for (image, expected) in [(&store, text()), (&fetch, text())] {
        let output = run([image, "--nvram", arg(&nvram), "-m", "16M"]);
        assert_eq!((code(&output), stdout(&output)), (0, expected), "{output:?}");
        assert_eq!(stderr(&output), "");
    }
    // Without --nvram each run has a fresh NVRAM: the data of the System partition is no variable.
    let output = run([&fetch, "-m", "16M"]);
    assert_eq!((code(&output), stdout(&output)), (0, "\0".repeat(16)), "{output:?}");
}

#[test]
fn what_a_guest_stored_survives_a_kill() {
    let (files, _, fetch) = files();
    let endless = guest("nvram-store", 0x20, TEXT, vec![asm::b(0)]).bytes();
    let endless = files.write("endless", endless);
    let nvram = files.path("nvram");
    let mut command = tcevm();
    command.args(["run", arg(&endless), "--nvram", arg(&nvram), "-m", "16M", "--timeout", "60"]);
    let mut running = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut said = [0; 16];
    running.stdout.take().unwrap().read_exact(&mut said).unwrap();
    // Meanwhile no other machine can have it.
    let output = run([&fetch, "--nvram", arg(&nvram), "-m", "16M"]);
    assert_eq!(code(&output), 3, "{output:?}");
    assert!(stderr(&output).contains("in use by another process"), "{output:?}");
    running.kill().unwrap(); // SIGKILL
    running.wait().unwrap();
    let output = run([&fetch, "--nvram", arg(&nvram), "-m", "16M"]);
    assert_eq!((code(&output), stdout(&output)), (0, text()), "{output:?}");
}

// LoPAR 2.9, "Non-Volatile Memory", "System Requirements", 3.
#[test]
fn nvram_that_a_guest_destroyed_is_whole_in_the_next_run() {
    let (files, _, fetch) = files();
    let destroy = files.write("destroy", guest("nvram-store", 0, TEXT, asm::power_off()).bytes());
    let nvram = files.path("nvram");
    let output = run([arg(&destroy), "--nvram", arg(&nvram), "-m", "16M"]);
    assert_eq!(code(&output), 0, "{output:?}");
    let output = run([&fetch, "--nvram", arg(&nvram), "-m", "16M"]);
    assert_eq!((code(&output), stdout(&output)), (0, "\0".repeat(16)), "{output:?}");
    assert!(stderr(&output).contains("was damaged"), "{output:?}");
    let bytes = std::fs::read(&nvram).unwrap();
    assert_eq!(bytes[..10], *b"\x70\xfc\x01\x00common");
    assert_eq!(bytes[0x1000..0x1010], *b"\x7f\x28\x0f\x00wwwwwwwwwwww");
}

fn refused(image: &str, nvram: &Path, says: &str) {
    let output = run([image, "--nvram", arg(nvram), "-m", "16M"]);
    let message = stderr(&output);
    assert_eq!((code(&output), message.lines().count()), (3, 1), "{message}");
    assert!(message.contains(says), "{says:?} is not in {message}");
    assert_eq!(stdout(&output), "");
}

#[test]
fn a_file_that_is_not_ours_stays_as_it_is() {
    let (files, store, _) = files();
    let mut almost = vec![0; 65552];
    almost[65536..].copy_from_slice(b"\x7e\x01\x00\x01tcevm,nvram\0"); // a wrong checksum
    for (name, data) in [
        ("text", b"a letter".to_vec()),
        ("blank", vec![0; 65552]),
        ("qemu", vec![0; 65536]),
        ("long", vec![0; 65553]),
        ("almost", almost),
    ] {
        let path = files.write(name, &data);
        refused(&store, &path, "is no NVRAM of tcevm's");
        assert_eq!(std::fs::read(&path).unwrap(), data, "{name}");
    }
    refused(&store, &files.path("."), "is a directory");
    for target in ["text", "nowhere"] {
        let link = files.path(&format!("link-{target}"));
        std::os::unix::fs::symlink(files.path(target), &link).unwrap();
        refused(&store, &link, "symbolic link");
    }
    assert!(!files.path("nowhere").exists());
    refused(&store, Path::new("/dev/zero"), "not a regular file");
    refused(&store, &files.path("nowhere/nvram"), "No such file");
}

// A disk's lock is not that of flock(2), so each kind of lock has to exclude the other.
#[test]
fn nvram_is_no_disk_meanwhile() {
    let (files, store, fetch) = files();
    let nvram = files.path("nvram");
    let run = |image, more: &[&str]| {
        run([&[image, "--nvram", arg(&nvram), "-m", "16M"][..], more].concat())
    };
    assert_eq!(code(&run(&store, &[])), 0);
    for disk in [arg(&nvram).to_owned(), format!("{},readonly", nvram.display())] {
        let output = run(&fetch, &["--disk", &disk]);
        assert_eq!(code(&output), 3, "{output:?}");
        assert!(stderr(&output).contains("in use by another"), "{output:?}");
    }
    assert_eq!(stdout(&run(&fetch, &[])), text());
}

#[test]
fn a_run_without_nvram_refuses_the_option() {
    let files = Files::new();
    let x86 = files.write("x86", x86::guest(&[&x86::power_off()]));
    let nvram = files.path("nvram");
    refused(arg(&x86), &nvram, "leave --nvram away");
    let output = run(["--nvram", arg(&nvram), "--dump-dtb", "-"]);
    assert_eq!(code(&output), 2, "{output:?}");
    assert!(!nvram.exists());
}
