// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Management datagrams (LoPAR 2.9, "VSCSI Management Datagrams (MADs)"): one row each.

use iommu::Ioba;

use super::MOST_TRANSFER;
use super::srp::Iu;
use crate::dma::Port;
use crate::fault::Fault;

/// A kind of datagram.
struct Mad {
    kind: u32,
    name: &'static str,
    run: fn(&mut Port, buffer: Ioba, len: usize) -> Result<(), Failed>,
}

const MADS: [Mad; 4] = [
    Mad { kind: 0x02, name: "error log", run: error_log },
    Mad { kind: 0x03, name: "adapter info", run: adapter_info },
    Mad { kind: 0x05, name: "capabilities", run: capabilities },
    // A device never disappears here, so there is nothing to fail fast.
    Mad { kind: 0x08, name: "fast fail", run: |_, _, _| Ok(()) },
];

/// Statuses of a datagram.
const SUCCESS: u16 = 0;
const NOT_SUPPORTED: u16 = 0xf1;
const FAILED: u16 = 0xf7;

/// Offset of the status in a datagram.
pub(super) const STATUS: u64 = 4;

struct Failed;

impl From<Fault> for Failed {
    fn from(_: Fault) -> Failed {
        Failed
    }
}

/// Serves a datagram, and returns the status for it.
pub(super) fn answer(port: &mut Port, iu: &Iu) -> u16 {
    let kind = u32::from_be_bytes(iu.field(0));
    let len = usize::from(u16::from_be_bytes(iu.field(6)));
    let buffer = Ioba(u64::from_be_bytes(iu.field(16)));
    let Some(mad) = MADS.iter().find(|mad| mad.kind == kind) else { return NOT_SUPPORTED };
    log::debug!("v-scsi: management datagram: {}", mad.name);
    match (mad.run)(port, buffer, len) {
        Ok(()) => SUCCESS,
        Err(Failed) => FAILED,
    }
}

/// Writes the names of a `mad_error_log` to our log, which is the only one.
fn error_log(port: &mut Port, buffer: Ioba, len: usize) -> Result<(), Failed> {
    let mut entry = [0; 128];
    let len = len.min(entry.len());
    port.read(buffer, &mut entry[..len])?;
    log::warn!("v-scsi: the guest logs an error: {}", entry[..len].escape_ascii());
    Ok(())
}

/// Size in bytes of the payload: version, name, number, version, system, maxima of 8 ports.
const ADAPTER_INFO: usize = 8 + 96 + 4 + 4 + 4 + 32;
/// The value that QEMU reports. Linux asks a server that is AIX for more.
const LINUX: u32 = 2;

fn adapter_info(port: &mut Port, buffer: Ioba, len: usize) -> Result<(), Failed> {
    let mut info = [0; ADAPTER_INFO];
    if len < ADAPTER_INFO {
        return Err(Failed);
    }
    port.read(buffer, &mut info)?;
    log::info!("v-scsi: the client says it speaks SRP {}", info[..8].escape_ascii());
    info = [0; ADAPTER_INFO];
    info[..4].copy_from_slice(b"16.a");
    info[8..13].copy_from_slice(b"tcevm");
    for (at, word) in [(108, 1), (112, LINUX), (116, MOST_TRANSFER)] {
        info[at..at + 4].copy_from_slice(&u32::to_be_bytes(word));
    }
    port.write(buffer, &info)?;
    Ok(())
}

/// Offset of the capabilities, which follow flags, name and location.
const CAPABILITIES: usize = 4 + 32 + 32;
/// The most bytes of a list; a client has two capabilities of 12 bytes.
const MOST_CAPABILITIES: usize = 4096;
const LIST_SUPPORTED: u32 = 4;

/// Clears `server_support` of each capability: we have none. A list ends at an entry that is too short to
/// lead on.
fn capabilities(port: &mut Port, buffer: Ioba, len: usize) -> Result<(), Failed> {
    if !(CAPABILITIES..=MOST_CAPABILITIES).contains(&len) {
        return Err(Failed);
    }
    let mut list = vec![0; len];
    port.read(buffer, &mut list)?;
    let mut at = CAPABILITIES;
    while let Some(head) = list.get_mut(at..at + 8) {
        let size = usize::from(u16::from_be_bytes([head[4], head[5]]));
        head[6..8].fill(0);
        if size < 8 {
            break;
        }
        at += size;
    }
    let flags = u32::from_be_bytes([list[0], list[1], list[2], list[3]]) & !LIST_SUPPORTED;
    list[..4].copy_from_slice(&flags.to_be_bytes());
    port.write(buffer, &list)?;
    Ok(())
}
