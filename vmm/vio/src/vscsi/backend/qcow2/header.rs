// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! An image's header (QEMU: docs/interop/qcow2.txt): the fields that are checked before the driver gets the
//! file.

use std::fs::File;

use super::Problem;
use crate::vscsi::backend::file::read_padded;

const MAGIC: &[u8] = b"QFI\xfb";

/// Lengths of the header of version 2, and the least of version 3.
const LEN_2: usize = 72;
const LEN_3: usize = 104;

/// Range of the cluster size in bits, as in QEMU: 512 bytes to 2 MiB.
const CLUSTER_BITS: std::ops::RangeInclusive<u32> = 9..=21;
/// QEMU's limits of the tables: 32 MiB and 8 MiB.
const MOST_L1_ENTRIES: u64 = 4 << 20;
const MOST_REFTABLE_BYTES: u64 = 8 << 20;
const MOST_BACKING_NAME: u64 = 1023;

/// The header extension that names the backing file's format.
const BACKING_FORMAT: u64 = 0xe279_2aca;

/// Incompatible features.
const DIRTY: u64 = 1 << 0;
const CORRUPT: u64 = 1 << 1;
const DATA_FILE: u64 = 1 << 2;
const COMPRESSION: u64 = 1 << 3;
const EXTENDED_L2: u64 = 1 << 4;

/// The fields of a header.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) cluster_bits: u32,
    pub(super) l1: Table,
    pub(super) reftable: Table,
    /// A reference count has 1 << this many bits.
    pub(super) refcount_order: u32,
    pub(super) backing: Option<Reference>,
}

/// A table of 8-byte entries in the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    pub(super) offset: u64,
    pub(super) entries: u64,
}

/// A file on which the image is based, as the image names it.
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) name: Vec<u8>,
    pub(super) format: Option<Vec<u8>>,
}

/// True if the file begins like an image.
pub(in super::super) fn begins(file: &File) -> std::io::Result<bool> {
    let mut magic = [0; MAGIC.len()];
    read_padded(file, 0, &mut magic)?;
    Ok(magic == MAGIC)
}

impl Header {
    /// Reads the header.
    pub(super) fn read(file: &File) -> Result<Header, Problem> {
        let mut start = [0; LEN_3];
        read_padded(file, 0, &mut start)?;
        if !start.starts_with(MAGIC) {
            return Err(Problem::Magic);
        }
        let fields = Fields(&start);
        let version = fields.word(4);
        if !matches!(version, 2 | 3) {
            return Err(Problem::Version(version));
        }
        let cluster_bits = fields.word(20);
        if !CLUSTER_BITS.contains(&cluster_bits) {
            return Err(Problem::Header("clusters are not between 512 bytes and 2 MiB"));
        }
        if fields.word(32) != 0 {
            return Err(Problem::Feature("is encrypted"));
        }
        if version == 3 {
            known_features(fields.long(72))?;
        }
        let mut cluster = vec![0; 1 << cluster_bits];
        read_padded(file, 0, &mut cluster)?;
        Header {
            cluster_bits,
            l1: Table { offset: fields.long(40), entries: u64::from(fields.word(36)) },
            reftable: Table {
                offset: fields.long(48),
                entries: u64::from(fields.word(56)) << (cluster_bits - 3),
            },
            refcount_order: if version == 3 { fields.word(96) } else { 4 },
            backing: backing(version, &cluster)?,
        }
        .checked(fields.long(24))
    }

    /// Refuses impossible tables; `size` is the disk's.
    fn checked(self, size: u64) -> Result<Header, Problem> {
        // An L2 table is a cluster of 8-byte entries, one for each cluster of the disk.
        let covered_by_l2 = 1 << (2 * self.cluster_bits - 3);
        let wrong = if self.refcount_order > 6 {
            "reference counts have more than 64 bits"
        } else if self.l1.entries > MOST_L1_ENTRIES {
            "the L1 table is too large"
        } else if self.l1.entries < size.div_ceil(covered_by_l2) {
            "the L1 table is smaller than the disk"
        } else if self.reftable.entries == 0 || self.reftable.entries * 8 > MOST_REFTABLE_BYTES {
            "the refcount table is empty or too large"
        } else if !self.is_aligned(self.l1.offset) || !self.is_aligned(self.reftable.offset) {
            "a table does not begin with a cluster"
        } else {
            return Ok(self);
        };
        Err(Problem::Header(wrong))
    }

    /// Size of a cluster in bytes.
    pub(super) fn cluster(&self) -> u64 {
        1 << self.cluster_bits
    }

    /// True if an offset in the file is the beginning of a cluster.
    pub(super) fn is_aligned(&self, offset: u64) -> bool {
        offset.is_multiple_of(self.cluster())
    }
}

fn known_features(incompatible: u64) -> Result<(), Problem> {
    let has = |feature| incompatible & feature != 0;
    Err(if has(DATA_FILE) {
        Problem::DataFile
    } else if has(CORRUPT) {
        Problem::Marked("is marked as corrupt")
    } else if has(DIRTY) {
        Problem::Marked("was not closed by the program that wrote it last")
    } else if has(COMPRESSION) {
        Problem::Feature("is compressed by another way than zlib")
    } else if has(EXTENDED_L2) {
        Problem::Feature("has subclusters")
    } else if incompatible != 0 {
        Problem::Feature("has features of a later version")
    } else {
        return Ok(());
    })
}

/// The backing file. An empty name means none, as for QEMU.
fn backing(version: u32, cluster: &[u8]) -> Result<Option<Reference>, Problem> {
    let fields = Fields(cluster);
    let (offset, len) = (fields.long(8), u64::from(fields.word(16)));
    let header_len = if version == 3 { fields.word(100) as usize } else { LEN_2 };
    if version == 3 && !(LEN_3..=cluster.len()).contains(&header_len) {
        return Err(Problem::Header("its length is wrong"));
    }
    if offset == 0 || len == 0 {
        return Ok(None);
    }
    let end = offset.checked_add(len).filter(|end| *end <= cluster.len() as u64);
    let (Some(end), 1..=MOST_BACKING_NAME) = (end, len) else {
        return Err(Problem::Header("the backing file's name is not in it"));
    };
    // Both are within a cluster.
    let (offset, end) = (offset as usize, end as usize);
    let extensions = cluster.get(header_len..offset).unwrap_or_default();
    let format = extension(extensions, BACKING_FORMAT)?.map(<[u8]>::to_vec);
    Ok(Some(Reference { name: cluster[offset..end].to_vec(), format }))
}

/// The value of an extension: kind, length, value padded to 8 bytes.
fn extension(mut extensions: &[u8], wanted: u64) -> Result<Option<&[u8]>, Problem> {
    while let Some((head, rest)) = extensions.split_at_checked(8) {
        let fields = Fields(head);
        let (kind, len) = (u64::from(fields.word(0)), fields.word(4) as usize);
        if kind == 0 {
            break;
        }
        let Some(value) = rest.get(..len) else {
            return Err(Problem::Header("an extension is longer than it"));
        };
        if kind == wanted {
            return Ok(Some(value));
        }
        extensions = rest.get(len.next_multiple_of(8)..).unwrap_or_default();
    }
    Ok(None)
}

/// Big-endian fields. Only fields within the header are read.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn word(&self, at: usize) -> u32 {
        self.0[at..at + 4].iter().fold(0, |value, &byte| value << 8 | u32::from(byte))
    }

    fn long(&self, at: usize) -> u64 {
        u64::from(self.word(at)) << 32 | u64::from(self.word(at + 4))
    }
}
