// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! virtio-blk: a disk on the back ends of v-scsi (virtio 1.3, 5.2).
//!
//! One thread serves all queues, because an image is written by one thread. Several queues let several vCPUs hand requests
//! over without a common lock in the guest.
//!
//! A write that was reported complete is in the host's page cache (a raw file) or in the image since the last flush (qcow2),
//! as behind v-scsi. A driver that does not negotiate VIRTIO_BLK_F_FLUSH has every write flushed before it is complete.

use std::io;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use saved::{LoadError, Reader, Writer};
use vio::Port;
use vio::vscsi::DiskSpec;
use vio::vscsi::backend::{self, BLOCK, Image};
use virtio_bindings::virtio_blk::{
    VIRTIO_BLK_F_BLK_SIZE, VIRTIO_BLK_F_DISCARD, VIRTIO_BLK_F_FLUSH, VIRTIO_BLK_F_MQ,
    VIRTIO_BLK_F_RO, VIRTIO_BLK_F_SEG_MAX, VIRTIO_BLK_F_WRITE_ZEROES, VIRTIO_BLK_ID_BYTES,
    VIRTIO_BLK_S_IOERR, VIRTIO_BLK_S_OK, VIRTIO_BLK_S_UNSUPP, VIRTIO_BLK_T_DISCARD,
    VIRTIO_BLK_T_FLUSH, VIRTIO_BLK_T_GET_ID, VIRTIO_BLK_T_IN, VIRTIO_BLK_T_OUT,
    VIRTIO_BLK_T_WRITE_ZEROES,
};

use super::chain::Chain;
use super::device::{self, Virtio};
use super::model::{Kind, Model};
use super::queue::RingError;
use super::transport::bit;
use crate::description::Description;
use crate::function::{Function, FunctionConfig, FunctionError};
use crate::slot::Slot;

const KIND: Kind = Kind { number: 2, node: "scsi", class: 0x01_0000 };
/// The most entries of a queue.
const ENTRIES: u16 = 256;
/// The most queues.
pub const MOST_QUEUES: u16 = 8;
/// The most buffers of a request, without its header and its status.
const SEGMENTS: u32 = ENTRIES as u32 - 2;
/// The most bytes that pass through our memory at once.
const BOUNCE: u64 = 256 << 10;
/// The most blocks and ranges of a request that discards, and of one that writes zeroes.
const MOST_DISCARDED: u32 = 1 << 21;
const MOST_ZEROED: u32 = 1 << 15;
const MOST_RANGES: u32 = 64;
/// Size in bytes of a range: first block, number, flags.
const RANGE: usize = 16;
/// Flag of a range: its blocks may be released.
const UNMAP: u32 = 1;

/// A disk on PCI.
#[derive(Clone, Debug)]
pub struct Blk {
    /// The file, and how it is opened.
    pub spec: DiskSpec,
    /// The number of the disk among all on this bus, which its serial number has.
    pub number: usize,
    /// The number of queues, 1 to [`MOST_QUEUES`].
    pub queues: u16,
}

/// The model of the disk.
struct Disk {
    /// `None` once its code has panicked: the image's data in memory is in an unknown state then, and must not reach the
    /// file.
    image: Mutex<Option<Box<dyn Image>>>,
    /// The buffer through which blocks pass.
    bounce: Mutex<Vec<u8>>,
    bytes: u64,
    readonly: bool,
    queues: u16,
    serial: String,
    /// True when a write must be flushed before it is complete.
    writes_through: AtomicBool,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    requests: AtomicU64,
    refused: AtomicU64,
    read: AtomicU64,
    written: AtomicU64,
    flushes: AtomicU64,
}

impl FunctionConfig for Blk {
    fn describe(&self) -> Description {
        device::describe(KIND, self.queues.into())
    }

    fn build(&self, slot: Slot) -> Result<Arc<dyn Function>, FunctionError> {
        let image = backend::open(&self.spec)?;
        build(slot, image, self.spec.readonly, self.number, self.queues)
    }
}

/// A disk in memory of the caller's, for tests: it is built once.
pub struct ImageDisk(pub Mutex<Option<Box<dyn Image>>>);

impl std::fmt::Debug for ImageDisk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImageDisk").finish_non_exhaustive()
    }
}

impl FunctionConfig for ImageDisk {
    fn describe(&self) -> Description {
        device::describe(KIND, 2)
    }

    fn build(&self, slot: Slot) -> Result<Arc<dyn Function>, FunctionError> {
        let image = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        build(slot, image.ok_or("an image disk is built once")?, false, 0, 2)
    }
}

fn build(
    slot: Slot,
    image: Box<dyn Image>,
    readonly: bool,
    number: usize,
    queues: u16,
) -> Result<Arc<dyn Function>, FunctionError> {
    let queues = queues.clamp(1, MOST_QUEUES);
    let bytes = image.bytes();
    Virtio::build(slot, &vec![ENTRIES; queues.into()], |_| {
        Ok(Arc::new(Disk {
            image: Mutex::new(Some(image)),
            bounce: Mutex::default(),
            bytes,
            readonly,
            queues,
            serial: format!("tcevm-vd{number}"),
            writes_through: AtomicBool::new(false),
            counters: Counters::default(),
        }))
    })
}

/// The outcome of a request: the number of bytes that were given to the driver, without the status.
type Outcome = Result<u32, Refused>;

/// A request that failed, with its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Refused(u32);

const IO: Refused = Refused(VIRTIO_BLK_S_IOERR);
const UNSUPPORTED: Refused = Refused(VIRTIO_BLK_S_UNSUPP);

/// A range of the disk in bytes.
#[derive(Clone, Copy, Debug)]
struct Range {
    at: u64,
    len: u64,
}

impl Disk {
    fn count(&self, counter: fn(&Counters) -> &AtomicU64, by: u64) {
        counter(&self.counters).fetch_add(by, Ordering::Relaxed);
    }

    /// Does something with the image. A panic takes the image away.
    fn with<R>(
        &self,
        what: &str,
        act: impl FnOnce(&mut dyn Image) -> io::Result<R>,
    ) -> Result<R, Refused> {
        let mut slot = self.image.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = Held { image: slot.take(), serial: &self.serial };
        let Some(image) = held.image.as_deref_mut() else { return Err(IO) };
        let done = act(image);
        *slot = held.image.take();
        done.map_err(|error| {
            log::error!("virtio-blk: {}: cannot {what}: {error}", self.serial);
            IO
        })
    }

    /// The range of these blocks. Errors: a part of it is not on the disk.
    fn range(&self, first: u64, bytes: u64) -> Result<Range, Refused> {
        let at = first.checked_mul(BLOCK).ok_or(IO)?;
        let end = at.checked_add(bytes).filter(|&end| end <= self.bytes).ok_or(IO)?;
        Ok(Range { at, len: end - at })
    }

    fn read(&self, first: u64, chain: &mut Chain, port: &mut Port) -> Outcome {
        // The last byte is the status.
        let range = self.whole(first, chain.data_in.len() - 1)?;
        let mut bounce = self.bounce.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut at, end) = (range.at, range.at + range.len);
        while at < end {
            bounce.resize((end - at).min(BOUNCE) as usize, 0);
            self.with("read", |image| image.read(at, &mut bounce))?;
            chain.data_in.give(port, &bounce).map_err(|_| IO)?;
            at += bounce.len() as u64;
        }
        self.count(|counters| &counters.read, range.len);
        Ok(u32::try_from(range.len).unwrap_or(u32::MAX - 1))
    }

    /// A write whose data becomes inaccessible in the middle has changed the blocks before.
    fn write(&self, first: u64, chain: &mut Chain, port: &mut Port) -> Outcome {
        let range = self.whole(first, chain.out.len() - HEADER as u64)?;
        let mut bounce = self.bounce.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut at, end) = (range.at, range.at + range.len);
        while at < end {
            bounce.resize((end - at).min(BOUNCE) as usize, 0);
            chain.out.take(port, &mut bounce).map_err(|_| IO)?;
            self.with("write", |image| image.write(at, &bounce))?;
            at += bounce.len() as u64;
        }
        self.count(|counters| &counters.written, range.len);
        self.written()
    }

    /// The range of a transfer, which has whole blocks.
    fn whole(&self, first: u64, bytes: u64) -> Result<Range, Refused> {
        if bytes.is_multiple_of(BLOCK) { self.range(first, bytes) } else { Err(IO) }
    }

    /// A change of the disk is made.
    fn written(&self) -> Outcome {
        if self.writes_through.load(Ordering::Relaxed) { self.flush() } else { Ok(0) }
    }

    fn flush(&self) -> Outcome {
        if !self.readonly {
            self.with("flush", |image| image.flush())?;
        }
        self.count(|counters| &counters.flushes, 1);
        Ok(0)
    }

    /// The ranges of a request that discards or writes zeroes, all checked before the first is used: each with its flags.
    fn ranges(
        &self,
        chain: &mut Chain,
        port: &mut Port,
        most: u32,
    ) -> Result<Vec<(Range, u32)>, Refused> {
        let len = chain.out.len() - HEADER as u64;
        let count = len / RANGE as u64;
        if !len.is_multiple_of(RANGE as u64) || count == 0 || count > u64::from(MOST_RANGES) {
            return Err(IO);
        }
        let mut list = [0; RANGE * MOST_RANGES as usize];
        let list = &mut list[..len as usize];
        chain.out.take(port, list).map_err(|_| IO)?;
        let range = |bytes: &[u8]| {
            let (first, rest) = bytes.split_at(8);
            let (count, flags) = rest.split_at(4);
            let (count, flags) = (number(count) as u32, number(flags) as u32);
            // virtio 1.3, 5.2.6.2: an unknown flag is not supported.
            if flags & !UNMAP != 0 {
                return Err(UNSUPPORTED);
            }
            if count > most {
                return Err(IO);
            }
            Ok((self.range(number(first), u64::from(count) * BLOCK)?, flags))
        };
        list.chunks_exact(RANGE).map(range).collect()
    }

    /// A medium that cannot discard keeps its blocks, which is allowed.
    fn discard(&self, chain: &mut Chain, port: &mut Port) -> Outcome {
        let ranges = self.ranges(chain, port, MOST_DISCARDED)?;
        if ranges.iter().any(|(_, flags)| *flags != 0) {
            return Err(UNSUPPORTED);
        }
        for (Range { at, len }, _) in ranges.into_iter().filter(|(range, _)| range.len > 0) {
            self.with("discard", |image| Ok(image.discard(at, len)))?.unwrap_or_else(|error| {
                log::debug!("virtio-blk: blocks cannot be given back: {error}");
            });
        }
        self.written()
    }

    /// Blocks that may be released are; others are written.
    fn write_zeroes(&self, chain: &mut Chain, port: &mut Port) -> Outcome {
        for (Range { at, len }, flags) in self.ranges(chain, port, MOST_ZEROED)? {
            if len == 0 {
                continue;
            }
            let released = flags & UNMAP != 0
                && self.with("discard", |image| Ok(image.discard(at, len).is_ok()))?;
            if !released {
                self.zero(Range { at, len })?;
            }
        }
        self.written()
    }

    fn zero(&self, Range { at, len }: Range) -> Result<(), Refused> {
        let mut bounce = self.bounce.lock().unwrap_or_else(PoisonError::into_inner);
        bounce.clear();
        let mut done = 0;
        while done < len {
            bounce.resize((len - done).min(BOUNCE) as usize, 0);
            self.with("write", |image| image.write(at + done, &bounce))?;
            done += bounce.len() as u64;
        }
        Ok(())
    }

    fn identify(&self, chain: &mut Chain, port: &mut Port) -> Outcome {
        let mut id = [0; VIRTIO_BLK_ID_BYTES as usize];
        id.iter_mut().zip(self.serial.bytes()).for_each(|(to, from)| *to = from);
        let room = usize::try_from(chain.data_in.len() - 1).unwrap_or(id.len()).min(id.len());
        chain.data_in.give(port, &id[..room]).map_err(|_| IO)?;
        Ok(room as u32) // at most 20
    }

    /// A request whose header was read.
    fn execute(&self, header: &[u8; HEADER], chain: &mut Chain, port: &mut Port) -> Outcome {
        let (kind, first) = (number(&header[..4]) as u32, number(&header[8..]));
        let changes =
            matches!(kind, VIRTIO_BLK_T_OUT | VIRTIO_BLK_T_DISCARD | VIRTIO_BLK_T_WRITE_ZEROES);
        if changes && self.readonly {
            return Err(IO);
        }
        match kind {
            VIRTIO_BLK_T_IN => self.read(first, chain, port),
            VIRTIO_BLK_T_OUT => self.write(first, chain, port),
            VIRTIO_BLK_T_FLUSH => self.flush(),
            VIRTIO_BLK_T_GET_ID => self.identify(chain, port),
            VIRTIO_BLK_T_DISCARD => self.discard(chain, port),
            VIRTIO_BLK_T_WRITE_ZEROES => self.write_zeroes(chain, port),
            _ => Err(UNSUPPORTED),
        }
    }
}

/// The image of a request. Dropped with the image only by a panic: the image is not dropped then, because that might write;
/// its file stays locked.
struct Held<'a> {
    image: Option<Box<dyn Image>>,
    serial: &'a str,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(image) = self.image.take() {
            log::error!(
                "virtio-blk: {} has failed; each request that needs it is refused",
                self.serial
            );
            mem::forget(image);
        }
    }
}

/// Size in bytes of a request's header: type, reserved, first block.
const HEADER: usize = 16;

/// A little-endian number of at most 8 bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |n, &byte| n << 8 | u64::from(byte))
}

impl Model for Disk {
    fn features(&self) -> u64 {
        let always = bit(VIRTIO_BLK_F_SEG_MAX)
            | bit(VIRTIO_BLK_F_BLK_SIZE)
            | bit(VIRTIO_BLK_F_FLUSH)
            | bit(VIRTIO_BLK_F_MQ);
        let changes = bit(VIRTIO_BLK_F_DISCARD) | bit(VIRTIO_BLK_F_WRITE_ZEROES);
        always | if self.readonly { bit(VIRTIO_BLK_F_RO) } else { changes }
    }

    /// `struct virtio_blk_config`.
    fn config(&self) -> Vec<u8> {
        let mut config = vec![0; 60];
        let mut put = |at: usize, value: &[u8]| config[at..at + value.len()].copy_from_slice(value);
        put(0, &(self.bytes / BLOCK).to_le_bytes());
        put(12, &SEGMENTS.to_le_bytes());
        put(20, &(BLOCK as u32).to_le_bytes());
        put(34, &self.queues.to_le_bytes());
        put(36, &MOST_DISCARDED.to_le_bytes());
        put(40, &MOST_RANGES.to_le_bytes());
        put(44, &1u32.to_le_bytes()); // discard_sector_alignment
        put(48, &MOST_ZEROED.to_le_bytes());
        put(52, &MOST_RANGES.to_le_bytes());
        put(56, &[1]); // write_zeroes_may_unmap
        config
    }

    fn start(&self, features: u64) {
        let flushes = features & bit(VIRTIO_BLK_F_FLUSH) != 0;
        self.writes_through.store(!flushes, Ordering::Relaxed);
    }

    /// The status is written when all else is done. A request whose status cannot be written is returned without it.
    fn serve(&self, _: usize, chain: &mut Chain, port: &mut Port) -> Result<u32, RingError> {
        if chain.out.len() < HEADER as u64 || chain.data_in.is_empty() {
            return Err(RingError::Request("no room for header and status"));
        }
        let mut header = [0; HEADER];
        let outcome = match chain.out.take(port, &mut header) {
            Ok(_) => self.execute(&header, chain, port),
            Err(_) => Err(IO),
        };
        self.count(|counters| &counters.requests, 1);
        let (given, status) = match outcome {
            Ok(given) => (given, VIRTIO_BLK_S_OK),
            Err(Refused(status)) => (0, status),
        };
        if status != VIRTIO_BLK_S_OK {
            self.count(|counters| &counters.refused, 1);
        }
        let status = chain.data_in.give_last(port, status as u8);
        Ok(if status.is_ok() { given.saturating_add(1) } else { 0 })
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        let Counters { requests, refused, read, written, flushes } = &self.counters;
        let rows = [
            ("requests", requests),
            ("requests refused", refused),
            ("bytes read from disks", read),
            ("bytes written to disks", written),
            ("flushes", flushes),
        ];
        rows.map(|(name, counter)| (name, counter.load(Ordering::Relaxed))).to_vec()
    }

    fn save(&self, to: &mut Writer<'_>) {
        to.u64(self.bytes);
    }

    fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        if from.u64()? == self.bytes { Ok(()) } else { Err(LoadError::Other("its disks")) }
    }

    fn stop(&self) {
        if !self.readonly {
            // A failure is logged.
            let _ = self.with("flush", |image| image.flush());
        }
    }
}
