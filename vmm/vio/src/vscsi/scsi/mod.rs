// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The disks behind the adapter: a row for each SCSI command, beside the function that does it.
//!
//! SPC-3 and SBC-3. A function checks everything before it changes anything, and refuses with the sense data
//! of [`sense`]. Read [`sense`], this file, then `identify.rs`, `mode.rs`, `blocks.rs`.

mod blocks;
mod identify;
mod mode;
pub mod sense;

pub use sense::Refusal;

use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use super::backend::{self, BLOCK, DiskError, DiskSpec, Image};
use super::data;
use super::device::Counters;
use super::srp::{Ended, Residual};
use crate::buffers::Buffers;
use crate::dma::Port;
use crate::fault::Fault;

/// A command.
struct Row {
    opcode: u8,
    name: &'static str,
    run: fn(&mut Call<'_>) -> Result<(), Refusal>,
}

/// The rows, by file.
const ROWS: &[&[Row]] = &[identify::ROWS, mode::ROWS, blocks::ROWS];

fn find(opcode: u8) -> Option<&'static Row> {
    ROWS.iter().flat_map(|rows| rows.iter()).find(|row| row.opcode == opcode)
}

/// A disk.
pub struct Disk {
    /// `None` once its code has panicked: the image's data in memory is in an unknown state then, and must
    /// not reach the file.
    image: Option<Box<dyn Image>>,
    bytes: u64,
    readonly: bool,
    /// The serial number that identifies the disk: VPD pages 80h and 83h.
    serial: String,
}

impl Disk {
    /// Disk number `n` of an adapter.
    pub(super) fn new(n: usize, image: Box<dyn Image>, readonly: bool) -> Disk {
        let bytes = image.bytes();
        Disk { image: Some(image), bytes, readonly, serial: format!("tcevm-disk{n}") }
    }

    /// Number of blocks.
    fn blocks(&self) -> u64 {
        self.bytes / BLOCK
    }

    /// The image. Errors: the disk has failed.
    fn image(&mut self) -> Result<&mut dyn Image, Refusal> {
        match &mut self.image {
            Some(image) => Ok(&mut **image),
            None => Err(sense::TARGET_FAILURE),
        }
    }

    /// Makes the disk fail from now on. The image is not dropped, because that might write; its file stays
    /// locked.
    fn fail(&mut self) {
        if let Some(image) = self.image.take() {
            log::error!(
                "v-scsi: {} has failed; each command that needs it is refused",
                self.serial
            );
            mem::forget(image);
        }
    }

    fn flush(&mut self) -> Result<(), Refusal> {
        self.image()?.flush().map_err(|error| failed("flush", &error, sense::WRITE_ERROR))
    }
}

/// The disks of an adapter; the index of a disk is its target identifier. Each has the logical unit 0.
pub struct Target {
    disks: Vec<Disk>,
    /// The buffer through which blocks pass.
    bounce: Vec<u8>,
}

/// The context of a command.
pub(super) struct Context<'a> {
    pub(super) port: &'a mut Port,
    pub(super) out: Buffers,
    pub(super) data_in: Buffers,
    pub(super) counters: &'a Counters,
}

/// A command that is being served.
struct Call<'a> {
    cdb: &'a [u8; 16],
    /// The number of targets, and the disk that is addressed, if it exists.
    targets: usize,
    disk: Option<&'a mut Disk>,
    bounce: &'a mut Vec<u8>,
    /// True if the address is that of the adapter and not of a target.
    of_adapter: bool,
    on: Context<'a>,
    /// Numbers of bytes that the command moves.
    out_wanted: u64,
    in_wanted: u64,
}

/// The destination of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Address {
    /// The adapter itself: the logical unit 0 of no target, and the well-known one for REPORT LUNS.
    Adapter,
    /// Logical unit 0 of a target.
    Target(usize),
    /// An address that never exists.
    Nothing,
}

/// SAM-3, 4.9: method 10b holds target, bus and logical unit.
fn address(lun: [u8; 8]) -> Address {
    match lun {
        [0, 0, 0, 0, 0, 0, 0, 0] | [0xc1, 0x01, 0, 0, 0, 0, 0, 0] => Address::Adapter,
        [id @ 0x80..=0xbf, 0, 0, 0, 0, 0, 0, 0] => Address::Target(usize::from(id & 0x3f)),
        _ => Address::Nothing,
    }
}

impl Target {
    /// Opens the disks.
    pub(super) fn open(specs: &[DiskSpec]) -> Result<Target, DiskError> {
        let disks = specs
            .iter()
            .enumerate()
            .map(|(n, spec)| Ok(Disk::new(n, backend::open(spec)?, spec.readonly)));
        Ok(Target::of(disks.collect::<Result<_, _>>()?))
    }

    /// A target with these disks.
    pub(super) fn of(disks: Vec<Disk>) -> Target {
        Target { disks, bounce: Vec::with_capacity(blocks::BOUNCE as usize) }
    }

    /// The size of each disk in bytes.
    pub(super) fn sizes(&self) -> Vec<u64> {
        self.disks.iter().map(|disk| disk.bytes).collect()
    }

    /// Serves a command.
    pub(super) fn execute(&mut self, lun: [u8; 8], cdb: &[u8; 16], on: Context<'_>) -> Ended {
        let address = address(lun);
        let targets = self.disks.len();
        let disk = match address {
            Address::Target(id) => self.disks.get_mut(id),
            // The adapter's own unit is the first disk's, for clients without targets.
            Address::Adapter => self.disks.first_mut(),
            Address::Nothing => None,
        };
        let mut call = Call {
            cdb,
            targets,
            disk,
            bounce: &mut self.bounce,
            of_adapter: address == Address::Adapter,
            on,
            out_wanted: 0,
            in_wanted: 0,
        };
        let result = match find(cdb[0]) {
            Some(row) => {
                log::trace!("v-scsi: {} to {lun:02x?}: {cdb:02x?}", row.name);
                catch_unwind(AssertUnwindSafe(|| (row.run)(&mut call)))
                    .unwrap_or_else(|_| call.fail())
            }
            None => Err(sense::INVALID_OPCODE),
        };
        call.ended(result)
    }

    /// Stores all data on the media.
    pub(super) fn close(&mut self) {
        for disk in &mut self.disks {
            let Some(image) = disk.image.as_mut().filter(|_| !disk.readonly) else { continue };
            match catch_unwind(AssertUnwindSafe(|| image.flush())) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => log::error!("{} cannot be flushed: {error}", disk.serial),
                Err(_) => disk.fail(),
            }
        }
    }
}

impl Call<'_> {
    fn ended(&self, result: Result<(), Refusal>) -> Ended {
        let residual = |buffers: &Buffers, wanted| match buffers.is_empty() && wanted == 0 {
            true => Residual::default(),
            false => data::residual(buffers, wanted),
        };
        let (status, sense) = match result {
            Ok(()) => (0, Vec::new()),
            Err(refusal) => (sense::CHECK_CONDITION, refusal.fixed()),
        };
        let (out, data_in) = match status {
            0 => (
                residual(&self.on.out, self.out_wanted),
                residual(&self.on.data_in, self.in_wanted),
            ),
            // A failed command has moved nothing.
            _ => (residual(&self.on.out, 0), residual(&self.on.data_in, 0)),
        };
        Ended { status, sense, out, data_in }
    }

    /// A command whose code panicked has failed, and so has its disk.
    fn fail(&mut self) -> Result<(), Refusal> {
        if let Some(disk) = self.disk.as_deref_mut() {
            disk.fail();
        }
        Err(sense::TARGET_FAILURE)
    }

    /// The addressed disk. Errors: it does not exist.
    fn disk(&mut self) -> Result<&mut Disk, Refusal> {
        self.disk.as_deref_mut().ok_or(sense::NO_LOGICAL_UNIT)
    }

    /// Writes bytes to the client, up to the allocation length in the CDB.
    fn give(&mut self, bytes: &[u8], allocated: usize) -> Result<(), Refusal> {
        let bytes = &bytes[..bytes.len().min(allocated)];
        self.in_wanted = bytes.len() as u64;
        self.on.data_in.give(self.on.port, bytes).map(drop).map_err(unreachable_memory)
    }

    /// A big-endian field of the CDB.
    fn field<const N: usize>(&self, at: usize) -> u64 {
        self.cdb[at..at + N].iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
    }

    fn count(&self, counter: fn(&Counters) -> &std::sync::atomic::AtomicU64, by: u64) {
        counter(self.on.counters).fetch_add(by, Ordering::Relaxed);
    }
}

fn unreachable_memory(_: Fault) -> Refusal {
    sense::DATA_PHASE_ERROR
}

/// The refusal after a failure of the medium, which is also logged.
fn failed(what: &str, error: &io::Error, otherwise: Refusal) -> Refusal {
    log::error!("v-scsi: cannot {what}: {error}");
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => sense::NO_SPACE,
        _ => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_have_one_opcode() {
        let mut opcodes: Vec<_> =
            ROWS.iter().flat_map(|rows| rows.iter()).map(|row| row.opcode).collect();
        let count = opcodes.len();
        opcodes.sort_unstable();
        opcodes.dedup();
        assert_eq!(opcodes.len(), count);
    }

    // SAM-3, 4.9.4, with Linux' numbers for targets: 10b, target, bus, unit.
    #[test]
    fn an_address_is_the_adapters_or_a_targets() {
        assert_eq!(address([0; 8]), Address::Adapter);
        assert_eq!(address([0x80, 0, 0, 0, 0, 0, 0, 0]), Address::Target(0));
        assert_eq!(address([0x85, 0, 0, 0, 0, 0, 0, 0]), Address::Target(5));
        assert_eq!(address([0x85, 1, 0, 0, 0, 0, 0, 0]), Address::Nothing);
        assert_eq!(address([0x80, 0, 0, 1, 0, 0, 0, 0]), Address::Nothing);
    }
}
