// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! QEMU's tools and tcevm on one image: each reads the data that the other wrote and finds the image valid,
//! and each refuses a file that the other uses.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tests::Directory;
use tests::qcow2::{self, CLUSTER, Image};
use tests::skip;
use vio::vscsi::DiskSpec;
use vio::vscsi::backend::{Backing, DiskError, Format, open};

const SIZE: u64 = 4 << 20;

/// Held by each test: a child process has all open files of this process before its exec, and so the locks of
/// another test.
static ALONE: Mutex<()> = Mutex::new(());

/// Begins a test that needs qemu-img.
fn begin(test: &str) -> Option<MutexGuard<'static, ()>> {
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    skip::tool(test, "qemu-img").then_some(alone)
}

fn qemu_img(directory: &Path, args: &[&str]) -> Output {
    Command::new("qemu-img").args(args).current_dir(directory).output().unwrap()
}

fn good(directory: &Path, args: &[&str]) -> String {
    let output = qemu_img(directory, args);
    assert!(output.status.success(), "qemu-img {args:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn spec(path: PathBuf) -> DiskSpec {
    DiskSpec { format: Some(Format::Qcow2), backing: Backing::Allow, ..DiskSpec::new(path) }
}

#[test]
fn images_of_every_kind_are_whole_before_and_after() {
    let Some(_alone) = begin("images of every kind") else { return };
    let kinds: [&[&str]; 9] = [
        &[],
        &["-o", "cluster_size=512"],
        &["-o", "cluster_size=2M"],
        &["-o", "cluster_size=4k,refcount_bits=1"],
        &["-o", "cluster_size=512,refcount_bits=64"],
        &["-o", "compat=0.10"],
        &["-o", "preallocation=metadata"],
        &["-o", "preallocation=full,cluster_size=1k"],
        &["-b", "base", "-F", "raw"],
    ];
    for kind in kinds {
        let directory = Directory::new();
        let base: Vec<u8> = (0..SIZE).map(|n| (n >> 9) as u8).collect();
        std::fs::write(directory.0.join("base"), base).unwrap();
        let create = [&["create", "-q", "-f", "qcow2"], kind, &["disk", "4M"]].concat();
        good(&directory.0, &create);
        let mut disk = open(&spec(directory.0.join("disk"))).unwrap();
        disk.write(1 << 20, &[3; 100 << 10]).unwrap();
        disk.write(SIZE - 512, &[4; 512]).unwrap();
        let _ = disk.discard(1 << 20, 64 << 10);
        disk.flush().unwrap();
        drop(disk);
        good(&directory.0, &["check", "-q", "disk"]);
        let image = DiskSpec { readonly: true, ..spec(directory.0.join("disk")) };
        let mut ours = vec![0; SIZE as usize];
        open(&image).unwrap().read(0, &mut ours).unwrap();
        good(&directory.0, &["convert", "-O", "raw", "disk", "theirs"]);
        assert!(std::fs::read(directory.0.join("theirs")).unwrap() == ours, "{kind:?}");
    }
}

#[test]
fn compressed_images_and_snapshots_open_for_writing() {
    let Some(_alone) = begin("compressed images and snapshots") else { return };
    let directory = Directory::new();
    let content: Vec<u8> = (0..SIZE).map(|n| (n >> 12) as u8).collect();
    std::fs::write(directory.0.join("base"), &content).unwrap();
    let convert = ["convert", "-c", "-f", "raw", "-O", "qcow2", "-o", "cluster_size=4k"];
    good(&directory.0, &[&convert[..], &["base", "disk"]].concat());
    good(&directory.0, &["snapshot", "-c", "before", "disk"]);
    let image = spec(directory.0.join("disk"));
    let mut disk = open(&image).unwrap();
    let mut read = vec![0; SIZE as usize];
    disk.read(0, &mut read).unwrap();
    assert!(read == content);
    disk.write(1 << 20, &vec![9; 1 << 20]).unwrap();
    disk.flush().unwrap();
    drop(disk);
    good(&directory.0, &["check", "-q", "disk"]);
    good(&directory.0, &["snapshot", "-a", "before", "disk"]);
    open(&image).unwrap().read(0, &mut read).unwrap();
    assert!(read == content);
}

#[test]
fn what_we_refuse_qemu_finds_damaged_and_can_repair() {
    let Some(_alone) = begin("damaged images") else { return };
    let directory = Directory::new();
    let mut image = Image::new(&[&[7; CLUSTER]]);
    image.long(qcow2::REFTABLE * CLUSTER, 0);
    let path = image.write(&directory.0, "disk");
    assert!(matches!(open(&spec(path.clone())), Err(DiskError::Qcow2 { .. })));
    assert!(!qemu_img(&directory.0, &["check", "disk"]).status.success());
    good(&directory.0, &["check", "-r", "all", "disk"]);
    let mut read = vec![0; CLUSTER];
    open(&spec(path)).unwrap().read(0, &mut read).unwrap();
    assert_eq!(read, [7; CLUSTER]);
}

/// A qemu-io process with the file open.
fn qemu_io(directory: &Path, args: &[&str]) -> Child {
    let mut command = Command::new("qemu-io");
    command.args(args).current_dir(directory).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"length\n").unwrap();
    // It answers once it has opened the file.
    let mut said = Vec::new();
    let mut byte = [0];
    while !said.ends_with(b"MiB") {
        assert_eq!(child.stdout.as_mut().unwrap().read(&mut byte).unwrap(), 1, "{said:?}");
        said.push(byte[0]);
    }
    child
}

fn end(mut child: Child) {
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn qemu_and_we_see_each_others_locks() {
    let Some(_alone) = begin("locks") else { return };
    let directory = Directory::new();
    std::fs::write(directory.0.join("disk"), vec![0; SIZE as usize]).unwrap();
    let raw = |readonly| DiskSpec {
        readonly,
        format: Some(Format::Raw),
        ..DiskSpec::new(directory.0.join("disk"))
    };
    // QEMU opens the file first.
    let writer = qemu_io(&directory.0, &["-f", "raw", "disk"]);
    for readonly in [false, true] {
        assert!(matches!(open(&raw(readonly)), Err(DiskError::InUse { .. })));
    }
    end(writer);
    let reader = qemu_io(&directory.0, &["-r", "-f", "raw", "disk"]);
    assert!(matches!(open(&raw(false)), Err(DiskError::InUse { .. })));
    open(&raw(true)).unwrap();
    end(reader);
    // tcevm opens the file first. A resize writes.
    let resize = ["resize", "-q", "-f", "raw", "disk", "8M"];
    for readonly in [false, true] {
        let disk = open(&raw(readonly)).unwrap();
        let refused = qemu_img(&directory.0, &resize);
        assert!(!refused.status.success());
        assert!(String::from_utf8_lossy(&refused.stderr).contains("lock"), "{refused:?}");
        drop(disk);
    }
    good(&directory.0, &resize);
}
