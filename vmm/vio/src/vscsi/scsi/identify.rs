// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Identification: INQUIRY with its pages of vital product data, REPORT LUNS, TEST UNIT READY, REQUEST SENSE.

use super::super::MOST_TRANSFER;
use super::super::backend::BLOCK;
use super::blocks::{MOST_UNMAP_BLOCKS, MOST_UNMAP_RANGES};
use super::{Call, Disk, Refusal, Row, sense};

pub(super) const ROWS: &[Row] = &[
    Row { opcode: 0x00, name: "TEST UNIT READY", run: |call| call.disk()?.image().map(drop) },
    Row { opcode: 0x03, name: "REQUEST SENSE", run: request_sense },
    Row { opcode: 0x12, name: "INQUIRY", run: inquiry },
    Row { opcode: 0xa0, name: "REPORT LUNS", run: report_luns },
];

/// Returns no sense data: it goes with the response of its command.
fn request_sense(call: &mut Call<'_>) -> Result<(), Refusal> {
    if call.cdb[1] & 1 != 0 {
        return Err(sense::INVALID_FIELD); // the descriptor format
    }
    let none = if call.disk.is_some() { sense::NONE } else { sense::NO_LOGICAL_UNIT };
    call.give(&none.fixed(), usize::from(call.cdb[4]))
}

/// Peripheral qualifier 011b and type 1Fh: there can be no unit.
const NO_UNIT: u8 = 0x7f;
/// The vendor name of all disks.
const VENDOR: &[u8; 8] = b"tcevm   ";
const PRODUCT: &[u8; 16] = b"disk            ";
const REVISION: &[u8; 4] = b"1   ";

fn inquiry(call: &mut Call<'_>) -> Result<(), Refusal> {
    let (vital, page, allocated) = (call.cdb[1] & 1 != 0, call.cdb[2], call.field::<2>(3) as usize);
    if call.cdb[1] & !1 != 0 || !vital && page != 0 {
        return Err(sense::INVALID_FIELD);
    }
    let data = match (&call.disk, vital) {
        (None, _) => standard(NO_UNIT, 0),
        // SPC-3; commands are queued.
        (Some(_), false) => standard(0, 5),
        (Some(disk), true) => {
            let page = PAGES.iter().find(|row| row.0 == page).ok_or(sense::INVALID_FIELD)?;
            let content = (page.1)(disk);
            // Each is shorter than 64 KiB.
            let len = (content.len() as u16).to_be_bytes();
            [&[0, page.0, len[0], len[1]], &content[..]].concat()
        }
    };
    call.give(&data, allocated)
}

/// Standard INQUIRY data (SPC-3, 6.4.2).
fn standard(peripheral: u8, version: u8) -> Vec<u8> {
    const COMMAND_QUEUE: u8 = 2;
    let head = [peripheral, 0, version, 2, 31, 0, 0, COMMAND_QUEUE];
    [&head[..], VENDOR, PRODUCT, REVISION].concat()
}

/// A page of vital product data: its code and its content.
struct Page(u8, fn(&Disk) -> Vec<u8>);

const PAGES: [Page; 6] = [
    Page(0x00, |_| PAGES.iter().map(|page| page.0).collect()),
    Page(0x80, |disk| disk.serial.clone().into_bytes()),
    Page(0x83, designators),
    Page(0xb0, |_| block_limits()),
    Page(0xb1, |_| characteristics()),
    Page(0xb2, |_| provisioning()),
];

/// A single designator: ASCII, of the T10 vendor type, for the logical unit.
fn designators(disk: &Disk) -> Vec<u8> {
    let name = [VENDOR, disk.serial.as_bytes()].concat();
    // Vendor and serial are short.
    [&[2, 1, 0, name.len() as u8], &name[..]].concat()
}

/// SBC-3, 6.5.3.
fn block_limits() -> Vec<u8> {
    let mut page = vec![0; 60];
    let most = MOST_TRANSFER / BLOCK as u32;
    for (at, value) in [(4, most), (8, most), (16, MOST_UNMAP_BLOCKS), (20, MOST_UNMAP_RANGES)] {
        page[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    page
}

/// A medium that does not rotate (SBC-3, 6.5.2).
fn characteristics() -> Vec<u8> {
    let mut page = vec![0; 60];
    page[1] = 1;
    page
}

/// UNMAP is supported, unmapped blocks read as zeros, and the disk is thin (SBC-3, 6.5.4).
fn provisioning() -> Vec<u8> {
    const UNMAP: u8 = 1 << 7;
    const READS_ZEROS: u8 = 1 << 2;
    const THIN: u8 = 2;
    vec![0, UNMAP | READS_ZEROS, THIN, 0]
}

/// The LUNs: all units for the adapter, as VIOS lists them, and its own unit for a target.
fn report_luns(call: &mut Call<'_>) -> Result<(), Refusal> {
    let (select, allocated) = (call.cdb[2], call.field::<4>(6));
    if select > 2 || allocated < 16 {
        return Err(sense::INVALID_FIELD);
    }
    let luns: Vec<[u8; 8]> = match (call.of_adapter, &call.disk) {
        _ if select == 1 => Vec::new(), // well-known units only
        (true, _) => (0..call.targets).map(|id| [0x80 | id as u8, 0, 0, 0, 0, 0, 0, 0]).collect(),
        (false, Some(_)) => vec![[0; 8]],
        (false, None) => return Err(sense::NO_LOGICAL_UNIT),
    };
    let len = (8 * luns.len() as u32).to_be_bytes();
    let data = [&len[..], &[0; 4], &luns.concat()].concat();
    call.give(&data, usize::try_from(allocated).unwrap_or(usize::MAX))
}
