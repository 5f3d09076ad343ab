// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! qcow2 disks: flushed data is in the file for every reader.

use crate::rig::{Behind, Client, DATA, Guest};
use imago::file::File;
use imago::{FormatCreateBuilder, Storage, StorageCreateOptions, qcow2::Qcow2};
use tests::Directory;
use vio::vscsi::DiskSpec;
use vio::vscsi::backend::{DiskError, Format, open};

const SIZE: u64 = 8 << 20;

fn image(directory: &Directory) -> DiskSpec {
    let path = directory.0.join("disk.qcow2");
    let file = File::create_open(StorageCreateOptions::new().filename(&path)).unwrap();
    Qcow2::<File>::create_builder(file).size(SIZE).create().unwrap();
    DiskSpec { format: Some(Format::Qcow2), ..DiskSpec::new(path) }
}

#[test]
fn blocks_are_there_again() {
    let directory = Directory::new();
    let spec = image(&directory);
    let path = directory.0.clone();
    let mut guest = Guest::new(Behind::View, &[], std::slice::from_ref(&spec), directory);
    let mut client = Client::connect(&mut guest);
    client.login(&guest);
    let data: Vec<u8> = (0..4096u32).map(|n| (n % 251) as u8).collect();
    guest.write(DATA, &data);
    assert!(client.command(&guest, &[0x2a, 0, 0, 0, 0x30, 0, 0, 0, 8, 0], 4096, 0).is_good());
    assert!(client.command(&guest, &[0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0], 0, 0).is_good());
    // A killed process leaves the file like this: flushed, never closed.
    let copy = path.join("copy.qcow2");
    std::fs::copy(&spec.path, &copy).unwrap();
    let mut again = open(&DiskSpec { path: copy, ..spec.clone() }).unwrap();
    assert_eq!(again.bytes(), SIZE);
    let mut read = vec![0; 4096];
    again.read(0x3000 * 512, &mut read).unwrap();
    assert_eq!(read, data);
    again.read(0, &mut read).unwrap();
    assert_eq!(read, [0; 4096]);
}

#[test]
fn a_disk_is_one_machines() {
    let directory = Directory::new();
    let spec = image(&directory);
    let first = open(&spec).unwrap();
    assert!(matches!(open(&spec), Err(DiskError::InUse { .. })));
    drop(first);
    let readonly = DiskSpec { readonly: true, ..spec.clone() };
    let (_one, _two) = (open(&readonly).unwrap(), open(&readonly).unwrap());
    assert!(matches!(open(&spec), Err(DiskError::InUse { .. })));
}

#[test]
fn what_is_no_image_is_told() {
    let directory = Directory::new();
    let path = directory.0.join("x");
    let spec = |format| DiskSpec { format: Some(format), ..DiskSpec::new(&path) };
    assert!(matches!(open(&spec(Format::Raw)), Err(DiskError::Open { .. })));
    std::fs::write(&path, [0; 511]).unwrap();
    assert!(matches!(open(&spec(Format::Raw)), Err(DiskError::Empty { .. })));
    assert!(matches!(open(&spec(Format::Qcow2)), Err(DiskError::Qcow2 { .. })));
    // A raw disk stays raw when a guest fills it with a qcow2 header.
    let image = std::fs::read(image(&directory).path).unwrap();
    std::fs::write(&path, &image).unwrap();
    assert_eq!(open(&spec(Format::Raw)).unwrap().bytes(), image.len() as u64 / 512 * 512);
}
