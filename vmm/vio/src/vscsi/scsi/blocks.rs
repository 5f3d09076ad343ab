// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Commands on blocks: READ CAPACITY, READ, WRITE, SYNCHRONIZE CACHE, UNMAP, START STOP UNIT.

use super::super::MOST_TRANSFER;
use super::super::backend::BLOCK;
use super::{Call, Refusal, Row, failed, sense, unreachable_memory};

pub(super) const ROWS: &[Row] = &[
    Row { opcode: 0x08, name: "READ(6)", run: |call| read(call, six(call)) },
    Row { opcode: 0x0a, name: "WRITE(6)", run: |call| write(call, six(call)) },
    Row { opcode: 0x1b, name: "START STOP UNIT", run: start_stop },
    Row { opcode: 0x25, name: "READ CAPACITY(10)", run: read_capacity_10 },
    Row { opcode: 0x28, name: "READ(10)", run: |call| read(call, checked(call, ten)?) },
    Row { opcode: 0x2a, name: "WRITE(10)", run: |call| write(call, checked(call, ten)?) },
    Row { opcode: 0x35, name: "SYNCHRONIZE CACHE(10)", run: |call| synchronize(call, ten(call)) },
    Row { opcode: 0x42, name: "UNMAP", run: unmap },
    Row { opcode: 0x88, name: "READ(16)", run: |call| read(call, checked(call, sixteen)?) },
    Row { opcode: 0x8a, name: "WRITE(16)", run: |call| write(call, checked(call, sixteen)?) },
    Row {
        opcode: 0x91,
        name: "SYNCHRONIZE CACHE(16)",
        run: |call| synchronize(call, sixteen(call)),
    },
    Row { opcode: 0x9e, name: "SERVICE ACTION IN(16)", run: service_action_in },
    Row { opcode: 0xa8, name: "READ(12)", run: |call| read(call, checked(call, twelve)?) },
    Row { opcode: 0xaa, name: "WRITE(12)", run: |call| write(call, checked(call, twelve)?) },
];

/// The blocks of a command.
#[derive(Clone, Copy)]
struct Range {
    first: u64,
    count: u64,
    /// Force unit access: the data is on the medium before the command ends.
    force: bool,
}

fn six(call: &Call<'_>) -> Range {
    let count = match call.cdb[4] {
        0 => 256,
        count => u64::from(count),
    };
    Range { first: call.field::<3>(1) & 0x1f_ffff, count, force: false }
}

fn ten(call: &Call<'_>) -> Range {
    Range { first: call.field::<4>(2), count: call.field::<2>(7), force: force(call) }
}

fn twelve(call: &Call<'_>) -> Range {
    Range { first: call.field::<4>(2), count: call.field::<4>(6), force: force(call) }
}

fn sixteen(call: &Call<'_>) -> Range {
    Range { first: call.field::<8>(2), count: call.field::<4>(10), force: force(call) }
}

fn force(call: &Call<'_>) -> bool {
    call.cdb[1] & 8 != 0
}

/// The range. Errors: the command asks for protection information, which is not supported.
fn checked(call: &Call<'_>, range: fn(&Call<'_>) -> Range) -> Result<Range, Refusal> {
    if call.cdb[1] >> 5 == 0 { Ok(range(call)) } else { Err(sense::INVALID_FIELD) }
}

impl Range {
    /// Offset and length in bytes. Errors: a part of the range is not on the disk.
    fn bytes(self, blocks: u64) -> Result<(u64, u64), Refusal> {
        match self.first.checked_add(self.count) {
            Some(end) if end <= blocks => Ok((self.first * BLOCK, self.count * BLOCK)),
            _ => Err(sense::OUT_OF_RANGE),
        }
    }

    /// Offset and length in bytes of blocks to be moved. Errors: also for more blocks than the Block Limits
    /// page reports (SBC-3, 6.5.3), so that no request occupies the adapter for long.
    fn transfer(self, blocks: u64) -> Result<(u64, u64), Refusal> {
        let (start, len) = self.bytes(blocks)?;
        if len <= u64::from(MOST_TRANSFER) { Ok((start, len)) } else { Err(sense::INVALID_FIELD) }
    }
}

/// The most bytes that pass through our memory at once.
pub(super) const BOUNCE: u64 = 256 << 10;

fn read(call: &mut Call<'_>, range: Range) -> Result<(), Refusal> {
    let disk = call.disk.as_deref_mut().ok_or(sense::NO_LOGICAL_UNIT)?;
    let (start, len) = range.transfer(disk.blocks())?;
    // Blocks for which the client has no buffer are not read.
    let end = start + len.min(call.on.data_in.len());
    let mut at = start;
    while at < end {
        let here = (end - at).min(BOUNCE);
        call.bounce.resize(here as usize, 0);
        let read = disk.image()?.read(at, call.bounce);
        read.map_err(|error| failed("read", &error, sense::READ_ERROR))?;
        call.on.data_in.give(call.on.port, call.bounce).map_err(unreachable_memory)?;
        at += here;
    }
    call.in_wanted = len;
    call.count(|counters| &counters.read, end - start);
    Ok(())
}

/// A write without all its data changes nothing. A write whose data becomes inaccessible in the middle has
/// changed the blocks before.
fn write(call: &mut Call<'_>, range: Range) -> Result<(), Refusal> {
    let disk = call.disk.as_deref_mut().ok_or(sense::NO_LOGICAL_UNIT)?;
    if disk.readonly {
        return Err(sense::WRITE_PROTECTED);
    }
    let (start, len) = range.transfer(disk.blocks())?;
    if call.on.out.len() < len {
        return Err(sense::INVALID_INFORMATION_UNIT);
    }
    let (mut at, end) = (start, start + len);
    while at < end {
        let here = (end - at).min(BOUNCE);
        call.bounce.resize(here as usize, 0);
        call.on.out.take(call.on.port, call.bounce).map_err(unreachable_memory)?;
        let written = disk.image()?.write(at, call.bounce);
        written.map_err(|error| failed("write", &error, sense::WRITE_ERROR))?;
        at += here;
    }
    call.out_wanted = len;
    if range.force {
        disk.flush()?;
    }
    call.count(|counters| &counters.written, len);
    Ok(())
}

/// Flushes everything, whatever the range.
fn synchronize(call: &mut Call<'_>, range: Range) -> Result<(), Refusal> {
    let disk = call.disk()?;
    range.bytes(disk.blocks())?;
    if !disk.readonly {
        disk.flush()?;
    }
    call.count(|counters| &counters.flushes, 1);
    Ok(())
}

/// The disk never stops. Before the guest may take it for stopped, all data is on the medium.
fn start_stop(call: &mut Call<'_>) -> Result<(), Refusal> {
    let disk = call.disk()?;
    if disk.readonly { disk.image().map(drop) } else { disk.flush() }
}

fn read_capacity_10(call: &mut Call<'_>) -> Result<(), Refusal> {
    let last = call.disk()?.blocks() - 1;
    let last = u32::try_from(last).unwrap_or(u32::MAX).to_be_bytes();
    let data = [last, (BLOCK as u32).to_be_bytes()].concat();
    call.give(&data, data.len())
}

const READ_CAPACITY_16: u8 = 0x10;

fn service_action_in(call: &mut Call<'_>) -> Result<(), Refusal> {
    /// Logical block provisioning, and unmapped blocks read as zeros (SBC-3, 5.16.2).
    const THIN: u8 = 0xc0;
    if call.cdb[1] & 0x1f != READ_CAPACITY_16 {
        return Err(sense::INVALID_FIELD);
    }
    let allocated = call.field::<4>(10) as usize;
    let last = call.disk()?.blocks() - 1;
    let mut data = [0; 32];
    data[..8].copy_from_slice(&last.to_be_bytes());
    data[8..12].copy_from_slice(&(BLOCK as u32).to_be_bytes());
    data[14] = THIN;
    call.give(&data, allocated)
}

/// The most blocks and the most ranges of one UNMAP, as VPD page B0h reports them.
pub(super) const MOST_UNMAP_BLOCKS: u32 = 1 << 21;
/// See [`MOST_UNMAP_BLOCKS`].
pub(super) const MOST_UNMAP_RANGES: u32 = 256;
/// Size in bytes of a range, and of the header before the first.
const UNMAP_RANGE: usize = 16;
const UNMAP_HEADER: usize = 8;

/// All ranges are checked before the first is discarded. A medium that cannot discard keeps its blocks, which
/// UNMAP allows.
fn unmap(call: &mut Call<'_>) -> Result<(), Refusal> {
    let len = call.field::<2>(7) as usize;
    let disk = call.disk.as_deref_mut().ok_or(sense::NO_LOGICAL_UNIT)?;
    if disk.readonly {
        return Err(sense::WRITE_PROTECTED);
    }
    if len == 0 {
        return Ok(());
    }
    if len < UNMAP_HEADER || call.on.out.len() < len as u64 {
        return Err(sense::PARAMETER_LENGTH);
    }
    let mut list = vec![0; len];
    call.on.out.take(call.on.port, &mut list).map_err(unreachable_memory)?;
    call.out_wanted = len as u64;
    let ranges = usize::from(u16::from_be_bytes([list[2], list[3]])) / UNMAP_RANGE;
    let list = list[UNMAP_HEADER..].chunks_exact(UNMAP_RANGE).take(ranges);
    if ranges > MOST_UNMAP_RANGES as usize || list.len() < ranges {
        return Err(sense::INVALID_PARAMETER);
    }
    let mut all = Vec::with_capacity(ranges);
    for range in list {
        let number = |bytes: &[u8]| bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte));
        let (first, count) = (number(&range[..8]), number(&range[8..12]));
        if count > u64::from(MOST_UNMAP_BLOCKS) {
            return Err(sense::INVALID_PARAMETER);
        }
        all.push(Range { first, count, force: false }.bytes(disk.blocks())?);
    }
    for (at, len) in all.into_iter().filter(|(_, len)| *len > 0) {
        if let Err(error) = disk.image()?.discard(at, len) {
            log::debug!("v-scsi: blocks cannot be given back: {error}");
        }
    }
    Ok(())
}
