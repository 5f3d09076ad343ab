// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Checks that an image may be written to, as `qemu-img check` does: it walks every table and counts the
//! references to each cluster, and no count in the file may be lower.
//!
//! The driver trusts these counts. It overwrites a cluster in use whose count is 0. If the refcount block of
//! cluster 0 is missing, the driver puts a new block at cluster 0, over the header. The table still names no
//! block then (an entry of 0), and the next allocation calls itself until the stack is full (`tests/imago.rs`
//! shows that in a program of its own).
//!
//! An image that passes cannot lead to that. Let `free` be the driver's first free cluster. It only advances
//! past a cluster whose refcount block exists, so each block before `free` exists, as long as no block is
//! placed at cluster 0; and no block is placed there, because cluster 0 belongs to the header and has a count
//! of at least 1. A missing block therefore begins at `free` or later. The search for its place runs from
//! `free` up to the block's beginning and stops. It may have to make an earlier missing block, too, but has
//! found every cluster before that one in use by then. So it calls itself once at most, whatever the image
//! contains.
//!
//! Counts that are too *high* do no harm: clusters are lost. Clusters of internal snapshots and bitmaps,
//! which are not walked, look like that, too. Counts that are too *low* in an existing block are corrected. A
//! machine that was killed leaves such counts, because the driver writes a new table and its pointer at once,
//! and their counts at the next flush.
//!
//! The check reads each table once. Tables that are holes in the file are not read.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;

use rustix::fs::{SeekFrom as Sparse, seek};

use super::Problem;
use super::header::{Header, Table};
use super::refcounts::Counts;
use super::references::{Reference, References};
use crate::vscsi::backend::file::read_padded;

/// Fields of an L1 entry.
const L1_OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
const L1_RESERVED: u64 = 0x7f00_0000_0000_01ff;
/// Fields of an L2 entry of a cluster that is not compressed.
const L2_OFFSET: u64 = L1_OFFSET;
const L2_RESERVED: u64 = 0x3f00_0000_0000_01fe;
const COMPRESSED: u64 = 1 << 62;
/// No other reference to the table or cluster exists.
const COPIED: u64 = 1 << 63;
const REFTABLE_RESERVED: u64 = 0x1ff;

/// Size in bytes of the sectors in which the length of compressed data is given.
const SECTOR: u64 = 512;

/// Checks an image and corrects counts that are too low. Returns the number of corrected counts.
pub(super) fn check(file: &File, header: &Header) -> Result<u64, Problem> {
    let mut check = Check::new(file, header)?;
    let blocks = check.refcounts()?;
    check.clusters()?;
    match check.compare(&blocks, false)? {
        0 => Ok(0),
        _ => check.compare(&blocks, true),
    }
}

struct Check<'a> {
    file: &'a File,
    header: &'a Header,
    /// Number of clusters in the file; the last one may be partial.
    clusters: u64,
    references: References,
}

impl<'a> Check<'a> {
    fn new(file: &'a File, header: &'a Header) -> Result<Check<'a>, Problem> {
        // A block device reports its length only by seeking.
        let mut end = file;
        let clusters = end.seek(SeekFrom::End(0))?.div_ceil(header.cluster());
        Ok(Check { file, header, clusters, references: References::default() })
    }

    /// Takes the clusters of header, refcount table and refcount blocks. Returns the offsets of the blocks.
    fn refcounts(&mut self) -> Result<Vec<u64>, Problem> {
        self.alone(0, false, "the header")?;
        let blocks = self.table(self.header.reftable, "the refcount table")?;
        for block in blocks.iter().filter(|block| **block != 0) {
            if block & REFTABLE_RESERVED != 0 {
                return Err(damaged(format!("the entry {block:#x} of the refcount table")));
            }
            self.alone(*block, false, "a refcount block")?;
        }
        Ok(blocks)
    }

    /// Takes the clusters of the L1 table, and those to which it refers.
    fn clusters(&mut self) -> Result<(), Problem> {
        for entry in self.table(self.header.l1, "the L1 table")? {
            if entry & L1_RESERVED != 0 {
                return Err(damaged(format!("the entry {entry:#x} of the L1 table")));
            }
            let offset = entry & L1_OFFSET;
            if offset == 0 {
                continue;
            }
            self.alone(offset, entry & COPIED != 0, "an L2 table")?;
            self.l2(offset)?;
        }
        Ok(())
    }

    fn l2(&mut self, offset: u64) -> Result<(), Problem> {
        if self.is_hole(offset) {
            return Ok(());
        }
        let table = Table { offset, entries: self.header.cluster() / 8 };
        for entry in self.entries(table)?.into_iter().filter(|entry| *entry != 0) {
            self.l2_entry(entry)?;
        }
        Ok(())
    }

    fn l2_entry(&mut self, entry: u64) -> Result<(), Problem> {
        let wrong = || damaged(format!("the entry {entry:#x} of an L2 table"));
        if entry & COMPRESSED != 0 {
            if entry & COPIED != 0 {
                return Err(wrong());
            }
            let (offset, len) = self.compressed(entry);
            let first = offset & !(self.header.cluster() - 1);
            let clusters = (offset + len - first).div_ceil(self.header.cluster());
            return self.shared(first, clusters, "compressed data");
        }
        let offset = entry & L2_OFFSET;
        match (entry & L2_RESERVED, offset, entry & COPIED) {
            (0, 0, _) => Ok(()),
            (0, _, 0) => self.shared(offset, 1, "data"),
            (0, _, _) => self.alone(offset, true, "data"),
            _ => Err(wrong()),
        }
    }

    /// Offset of the data of a compressed cluster, and its length up to the end of its last sector.
    fn compressed(&self, entry: u64) -> (u64, u64) {
        let offset_bits = 62 - (self.header.cluster_bits - 8);
        let descriptor = entry & (COMPRESSED - 1);
        let offset = descriptor & ((1 << offset_bits) - 1) & ((1 << 56) - 1);
        let more = descriptor >> offset_bits;
        (offset, (more + 1) * SECTOR - offset % SECTOR)
    }

    /// Compares the counts in the file with the references. Returns the number of counts that are too low;
    /// `repair` corrects them.
    fn compare(&self, blocks: &[u64], repair: bool) -> Result<u64, Problem> {
        let row = (self.header.cluster() * 8) >> self.header.refcount_order;
        let (mut low, mut block): (u64, Option<Block<'_>>) = (0, None);
        for (cluster, references) in self.references.iter() {
            let (number, index) = (cluster / row, (cluster % row) as usize);
            let block = match &mut block {
                Some(block) if block.number == number => block,
                other => {
                    if let Some(done) = other.take() {
                        done.close()?;
                    }
                    other.insert(self.block(number, blocks)?)
                }
            };
            low += u64::from(block.compare(index, cluster, references, repair)?);
        }
        block.map_or(Ok(()), Block::close)?;
        if repair {
            self.file.sync_data()?;
        }
        Ok(low)
    }

    fn block(&self, number: u64, blocks: &[u64]) -> Result<Block<'a>, Problem> {
        let offset = usize::try_from(number).ok().and_then(|number| blocks.get(number));
        let Some(&offset @ 1..) = offset else {
            return Err(damaged(format!("refcount block {number}, which is missing,")));
        };
        let mut bytes = vec![0; self.header.cluster() as usize];
        read_padded(self.file, offset, &mut bytes)?;
        let counts = Counts::new(bytes, self.header.refcount_order);
        Ok(Block { number, offset, counts, changed: false, file: self.file })
    }

    /// Takes a table's clusters and reads it.
    fn table(&mut self, table: Table, what: &'static str) -> Result<Vec<u64>, Problem> {
        for cluster in 0..(table.entries * 8).div_ceil(self.header.cluster()) {
            let offset = table.offset.checked_add(cluster * self.header.cluster());
            self.alone(offset.ok_or_else(|| damaged(what.into()))?, false, what)?;
        }
        Ok(self.entries(table)?)
    }

    /// Reads a table, of at most 32 MiB.
    fn entries(&self, table: Table) -> io::Result<Vec<u64>> {
        let mut bytes = vec![0; table.entries as usize * 8];
        read_padded(self.file, table.offset, &mut bytes)?;
        let (entries, _) = bytes.as_chunks();
        Ok(entries.iter().map(|entry| u64::from_be_bytes(*entry)).collect())
    }

    /// Takes a cluster that may have no other reference.
    fn alone(&mut self, offset: u64, copied: bool, what: &'static str) -> Result<(), Problem> {
        let cluster = self.cluster(offset, what)?;
        self.references.alone(cluster, copied)
    }

    /// Takes clusters that may have other references.
    fn shared(&mut self, offset: u64, clusters: u64, what: &'static str) -> Result<(), Problem> {
        let first = self.cluster(offset, what)?;
        for cluster in first..first + clusters {
            self.cluster(cluster << self.header.cluster_bits, what)?;
            self.references.shared(cluster)?;
        }
        Ok(())
    }

    /// The number of the cluster that begins at this offset.
    fn cluster(&self, offset: u64, what: &'static str) -> Result<u64, Problem> {
        let cluster = offset >> self.header.cluster_bits;
        if !self.header.is_aligned(offset) {
            return Err(damaged(format!("{what} at {offset:#x}, which begins no cluster,")));
        }
        if cluster >= self.clusters {
            return Err(damaged(format!("{what} at {offset:#x}, beyond the file's end,")));
        }
        Ok(cluster)
    }

    /// True if the file has no data from here to the end of the cluster.
    fn is_hole(&self, offset: u64) -> bool {
        match seek(self.file, Sparse::Data(offset)) {
            Ok(data) => data >= offset + self.header.cluster(),
            Err(error) => error == rustix::io::Errno::NXIO,
        }
    }
}

/// A refcount block that is being compared.
struct Block<'a> {
    number: u64,
    offset: u64,
    counts: Counts,
    changed: bool,
    file: &'a File,
}

impl Block<'_> {
    /// Compares the count of a cluster. Returns true if it is too low.
    fn compare(
        &mut self,
        index: usize,
        cluster: u64,
        references: Reference,
        repair: bool,
    ) -> Result<bool, Problem> {
        let (stored, wanted) = (self.counts.get(index), u64::from(references.count));
        if references.copied && stored > 1 || wanted > self.counts.most() {
            return Err(damaged(format!("the count {stored} of cluster {cluster}")));
        }
        if stored < wanted && repair {
            self.counts.set(index, wanted);
            self.changed = true;
        }
        Ok(stored < wanted)
    }

    fn close(self) -> Result<(), Problem> {
        if self.changed {
            self.file.write_all_at(&self.counts.bytes, self.offset)?;
        }
        Ok(())
    }
}

fn damaged(what: String) -> Problem {
    Problem::Damaged(format!("{what} is wrong"))
}
