// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest's command/response queue: a ring of 16-byte entries that we fill and the guest empties.
//!
//! LoPAR 2.9, "CRQ Entry Processing".

use std::sync::atomic::{Ordering, fence};

use hcall::Status;
use iommu::Ioba;
use saved::{LoadError, Reader, Writer};

use crate::bus::Slot;
use crate::dma::Port;

/// A queue consists of whole pages of 4 KiB.
const PAGE: u64 = 4096;
/// Size of an entry in bytes.
pub const ENTRY: u64 = 16;

/// Header byte: a command or response.
pub const COMMAND: u8 = 0x80;
/// Header byte: initialization.
pub const INITIALIZATION: u8 = 0xc0;
/// Header byte: a transport event, which only the platform sends.
pub const TRANSPORT: u8 = 0xff;

/// Initialization: the first message of a side.
pub const INITIALIZE: u8 = 1;
/// Initialization: the answer to [`INITIALIZE`].
pub const INITIALIZED: u8 = 2;
/// Transport event: the partner failed.
pub const PARTNER_FAILED: u8 = 1;
/// Transport event: the partner deregistered its queue.
pub const PARTNER_LEFT: u8 = 2;

/// A registered queue.
#[derive(Debug)]
pub struct Queue {
    start: Ioba,
    len: u64,
    at: u64,
    /// The offset of the last entry that was put.
    last: Option<u64>,
}

/// The reason why an entry was not put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutError {
    /// The next entry is not free.
    Full,
    /// The queue is no longer mapped.
    Fault,
}

/// True if a queue has whole pages, and at least one.
fn is_pages(start: Ioba, len: u64) -> bool {
    len != 0 && (start.0 | len).is_multiple_of(PAGE)
}

impl Queue {
    /// A queue that the guest wants to register. Errors: [`Status::Parameter`] unless the queue is whole
    /// pages that are mapped for reading and writing.
    pub fn new(port: &mut Port, start: Ioba, len: u64) -> Result<Queue, Status> {
        // No window has 4 GiB, so the limit only bounds the check of all pages.
        if len > u64::from(u32::MAX) || !is_pages(start, len) {
            return Err(Status::Parameter);
        }
        port.whole(start, len, iommu::Direction::Bidirectional)?;
        Ok(Queue { start, len, at: 0, last: None })
    }

    /// Writes the queue: its pages, and the last entry, which the next one follows.
    pub fn save(&self, to: &mut Writer<'_>) {
        to.u64(self.start.0);
        to.u64(self.len);
        to.option(self.last, Writer::u64);
    }

    /// Reads a queue. Errors: also a queue that cannot be registered, or a place that no entry has.
    pub fn load(from: &mut Reader<'_>, slot: &Slot) -> Result<Queue, LoadError> {
        let (start, len) = (Ioba(from.u64()?), from.u64()?);
        slot.holds(start, len)?;
        let last = from.option(Reader::u64)?;
        let valid = last.is_none_or(|last| last < len && last.is_multiple_of(ENTRY));
        LoadError::unless(is_pages(start, len) && valid)?;
        let at = last.map_or(0, |last| (last + ENTRY) % len);
        Ok(Queue { start, len, at, last })
    }

    /// Puts an entry. The header, which makes it valid, is written last.
    pub fn put(&mut self, port: &mut Port, entry: [u8; 16]) -> Result<(), PutError> {
        let at = Ioba(self.start.0 + self.at);
        let mut header = [0];
        port.read(at, &mut header).map_err(|_| PutError::Fault)?;
        if header != [0] {
            return Err(PutError::Full);
        }
        let (high, low) = entry.split_at(8);
        port.write(Ioba(at.0 + 8), low).map_err(|_| PutError::Fault)?;
        fence(Ordering::Release); // LoPAR 2.9, H_SEND_CRQ: a store order barrier
        port.write(at, high).map_err(|_| PutError::Fault)?;
        self.last = Some(self.at);
        self.at = (self.at + ENTRY) % self.len;
        Ok(())
    }

    /// True if the client has not taken the last entry yet: a client frees an entry by clearing its header.
    /// False if there was no entry, or the queue is no longer mapped.
    pub fn has_unread(&self, port: &mut Port) -> bool {
        let Some(last) = self.last else { return false };
        let mut header = [0];
        port.read(Ioba(self.start.0 + last), &mut header).is_ok() && header != [0]
    }
}
