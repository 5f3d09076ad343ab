// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! MODE SENSE: reports the write cache, and whether the disk may be written.

use super::{Call, Refusal, Row, sense};

pub(super) const ROWS: &[Row] = &[
    Row { opcode: 0x1a, name: "MODE SENSE(6)", run: |call| mode_sense(call, false) },
    Row { opcode: 0x5a, name: "MODE SENSE(10)", run: |call| mode_sense(call, true) },
];

/// A mode page: its code, and the content after code and length.
struct Page(u8, &'static [u8]);

/// Caching: write cache enabled (SBC-3, 6.4.5).
const CACHING: [u8; 18] = [1 << 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
/// Control (SPC-3, 7.4.6).
const CONTROL: [u8; 10] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const PAGES: [Page; 2] = [Page(0x08, &CACHING), Page(0x0a, &CONTROL)];
const ALL: u8 = 0x3f;

/// Page control.
const CHANGEABLE: u8 = 1;
const SAVED: u8 = 3;

/// Device-specific parameter: write protected; DPO and FUA are supported.
const WRITE_PROTECTED: u8 = 1 << 7;
const FUA: u8 = 1 << 4;

fn mode_sense(call: &mut Call<'_>, long: bool) -> Result<(), Refusal> {
    let (control, code, subpage) = (call.cdb[2] >> 6, call.cdb[2] & 0x3f, call.cdb[3]);
    let with_descriptor = call.cdb[1] & 8 == 0;
    let allocated = if long { call.field::<2>(7) as usize } else { usize::from(call.cdb[4]) };
    let disk = call.disk()?;
    let device = if disk.readonly { WRITE_PROTECTED | FUA } else { FUA };
    let descriptor = if with_descriptor { descriptor(disk.blocks()) } else { Vec::new() };
    if control == SAVED {
        return Err(sense::NO_SAVED_PAGES);
    }
    let pages = pages(code, subpage, control == CHANGEABLE)?;
    // All lengths are far below 256.
    let rest = descriptor.len() + pages.len();
    let head = match long {
        true => vec![0, 6 + rest as u8, 0, device, 0, 0, 0, descriptor.len() as u8],
        false => vec![3 + rest as u8, 0, device, descriptor.len() as u8],
    };
    call.give(&[head, descriptor, pages].concat(), allocated)
}

/// The requested pages. No bit of them is changeable.
fn pages(code: u8, subpage: u8, changeable: bool) -> Result<Vec<u8>, Refusal> {
    let all_subpages = 0xff;
    if subpage != 0 && !(code == ALL && subpage == all_subpages) {
        return Err(sense::INVALID_FIELD);
    }
    let mut pages = Vec::new();
    for Page(_, content) in PAGES.iter().filter(|page| code == ALL || page.0 == code) {
        let content = if changeable { vec![0; content.len()] } else { content.to_vec() };
        pages.push(content);
    }
    if pages.is_empty() {
        return Err(sense::INVALID_FIELD);
    }
    let codes = PAGES.iter().map(|page| page.0).filter(|&page| code == ALL || page == code);
    let whole =
        codes.zip(pages).map(|(code, page)| [&[code, page.len() as u8], &page[..]].concat());
    Ok(whole.collect::<Vec<_>>().concat())
}

/// Number of blocks and their length (SBC-3, 6.4.2.2).
fn descriptor(blocks: u64) -> Vec<u8> {
    let blocks = u32::try_from(blocks).unwrap_or(u32::MAX).to_be_bytes();
    [&blocks[..], &[0, 0, 2, 0]].concat()
}
