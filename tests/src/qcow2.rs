// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! qcow2 images built field by field (QEMU: docs/interop/qcow2.txt), so that any field can be wrong.
#![allow(missing_docs)] // names of the format

use std::path::{Path, PathBuf};

/// Size of a cluster in bytes; the disk has one L2 table.
pub const CLUSTER: usize = 4096;
/// Size of the disk in bytes.
pub const SIZE: u64 = 64 * CLUSTER as u64;
/// The clusters of each part.
pub const REFTABLE: usize = 1;
pub const REFBLOCK: usize = 2;
pub const L1: usize = 3;
pub const L2: usize = 4;
/// The first cluster of data.
pub const DATA: usize = 5;
const COPIED: u64 = 1 << 63;

/// Extensions of a header.
pub const BACKING_FORMAT: u32 = 0xe279_2aca;
pub const DATA_FILE_NAME: u32 = 0x4441_5441;
/// The incompatible feature of an image with an external data file.
pub const HAS_DATA_FILE: u64 = 4;

/// The bytes of an image of version 3.
#[derive(Clone, Debug)]
pub struct Image(pub Vec<u8>);

impl Image {
    /// An image whose first clusters have this data.
    pub fn new(data: &[&[u8]]) -> Image {
        let mut image = Image(vec![0; (DATA + data.len()) * CLUSTER]);
        image.0[..4].copy_from_slice(b"QFI\xfb");
        for (at, word) in [(4, 3), (20, 12), (36, 1), (56, 1), (96, 4), (100, 104)] {
            image.word(at, word);
        }
        for (at, long) in [(24, SIZE), (40, at(L1)), (48, at(REFTABLE))] {
            image.long(at, long);
        }
        image.long(REFTABLE * CLUSTER, at(REFBLOCK));
        image.long(L1 * CLUSTER, at(L2) | COPIED);
        for (n, bytes) in data.iter().enumerate() {
            image.long(L2 * CLUSTER + n * 8, at(DATA + n) | COPIED);
            image.0[(DATA + n) * CLUSTER..][..bytes.len()].copy_from_slice(bytes);
        }
        for cluster in 0..DATA + data.len() {
            image.count(cluster, 1);
        }
        image
    }

    /// Names a backing file.
    pub fn based_on(mut self, name: &str, format: Option<&str>) -> Image {
        if let Some(format) = format {
            self.extend(BACKING_FORMAT, format);
        }
        let offset = 1024;
        self.long(8, offset as u64);
        self.word(16, name.len() as u32);
        self.0[offset..][..name.len()].copy_from_slice(name.as_bytes());
        self
    }

    /// Names an external data file.
    pub fn with_data_in(mut self, name: &str) -> Image {
        self.long(72, HAS_DATA_FILE);
        self.extend(DATA_FILE_NAME, name);
        self
    }

    /// Puts an extension behind the header; there is room for one.
    fn extend(&mut self, kind: u32, value: &str) {
        self.word(104, kind);
        self.word(108, value.len() as u32);
        self.0[112..][..value.len()].copy_from_slice(value.as_bytes());
    }

    /// Sets a cluster's reference count.
    pub fn count(&mut self, cluster: usize, count: u16) {
        self.0[REFBLOCK * CLUSTER + cluster * 2..][..2].copy_from_slice(&count.to_be_bytes());
    }

    pub fn word(&mut self, at: usize, value: u32) {
        self.0[at..][..4].copy_from_slice(&value.to_be_bytes());
    }

    pub fn long(&mut self, at: usize, value: u64) {
        self.0[at..][..8].copy_from_slice(&value.to_be_bytes());
    }

    pub fn write(&self, directory: &Path, name: &str) -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, &self.0).unwrap();
        path
    }
}

/// Offset of a cluster.
pub fn at(cluster: usize) -> u64 {
    (cluster * CLUSTER) as u64
}
