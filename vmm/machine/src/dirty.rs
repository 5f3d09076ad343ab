// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The log of dirty pages: the pages of guest RAM that were written during the run, with their writers.
//!
//! Each line is a range of 4 KiB pages that have equal writers:
//!
//! ```text
//! FIRST LAST PAGES WRITERS
//! 0x0000000000400000 0x0000000000401fff 2 guest
//! 0x0000000000010000 0x0000000000010fff 1 tce
//! 0x0000000000020000 0x0000000000020fff 1 guest+tce
//! ```
//!
//! `guest`: the guest's instructions wrote the page, or a hypercall that answers in memory did. The sources are the
//! bitmap of vm-memory and KVM's dirty log, which also has the CPU's own writes to page tables.
//! `tce`: a mapping through which a device could have written the page was displaced. The source is `iommu`'s frames
//! (Linux: `SetPageDirty` after `iommu_tce_xchg`). A mapping that is live at the end does not count.

use std::io::{self, Write};

use hcall::Memory;
use iommu::Frames;
use vm_memory::{
    Bytes, GuestAddress, GuestMemoryBackend, GuestMemoryError, GuestMemoryRegion, MmapRegion,
};

const PAGE: u64 = 4096;

/// A bitmap of pages, 64 to a word from address 0 up.
type Pages = Vec<u64>;

/// The pages of one run.
#[derive(Clone, Debug, Default)]
pub struct Dirty {
    guest: Pages,
    tce: Pages,
}

/// Clears the bitmap of RAM. The writes of the loader are not the guest's.
pub fn forget(memory: &Memory) {
    take(memory);
}

/// Zeroes the pages of RAM that were written since [`forget`]. Pages that were loaded before and not written since
/// stay.
pub fn zero(memory: &Memory) -> Result<(), GuestMemoryError> {
    const ZERO: [u8; PAGE as usize] = [0; PAGE as usize];
    for (word, first) in take(memory).into_iter().zip((0..).step_by(64)) {
        for page in (0..64).filter(|page| word >> page & 1 != 0) {
            memory.write_slice(&ZERO, GuestAddress((first + page) * PAGE))?;
        }
    }
    forget(memory);
    Ok(())
}

/// The number of 4 KiB pages of RAM.
pub(crate) fn pages(memory: &Memory) -> u64 {
    memory.iter().map(|region| region.len()).sum::<u64>() / PAGE
}

/// Takes the pages of vm-memory's bitmap: all that were written through it, by the software CPU too.
fn take(memory: &Memory) -> Pages {
    // Guest RAM is one region from address 0 (`memory::map`), and the bitmap's page size is the host's.
    memory.iter().flat_map(|region| MmapRegion::bitmap(region).dirty().get_and_reset()).collect()
}

/// The 4 KiB pages that were written since [`forget`], 64 to a word. The bitmap stays.
pub(crate) fn words(memory: &Memory) -> impl Iterator<Item = u64> {
    let is_dirty = |page| {
        let mut bitmaps = memory.iter().map(|region| MmapRegion::bitmap(region).dirty());
        bitmaps.any(|dirty| dirty.is_addr_set((page * PAGE) as usize))
    };
    (0..pages(memory)).step_by(64).map(move |first| {
        (0..64).fold(0, |word, page| word | u64::from(is_dirty(first + page)) << page)
    })
}

/// Marks the pages of a word as written.
pub(crate) fn mark(memory: &Memory, word: u64, bits: u64) {
    for page in (0..64).filter(|page| bits >> page & 1 != 0) {
        let at = (word * 64 + page) * PAGE;
        for region in memory.iter().filter(|region| at < region.len()) {
            MmapRegion::bitmap(region).dirty().set_addr_range(at as usize, PAGE as usize);
        }
    }
}

impl Dirty {
    /// Takes the pages from all logs, and empties the logs. `kvm` is KVM's log of a guest under KVM.
    pub fn take(memory: &Memory, frames: &Frames, kvm: Option<Pages>) -> Dirty {
        let mut guest = take(memory);
        let kvm = kvm.unwrap_or_default();
        guest.resize(guest.len().max(kvm.len()), 0);
        guest.iter_mut().zip(kvm).for_each(|(all, more)| *all |= more);
        Dirty { guest, tce: frames.take_dirty() }
    }

    /// Writes the lines of the file.
    pub fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let pages = 64 * self.guest.len().max(self.tce.len()) as u64;
        let mut first = 0;
        for page in 1..=pages {
            let writers = self.writers(first);
            if page == pages || self.writers(page) != writers {
                if let Some(name) = writers {
                    let (start, end) = (first * PAGE, page * PAGE - 1);
                    writeln!(to, "{start:#018x} {end:#018x} {} {name}", page - first)?;
                }
                first = page;
            }
        }
        Ok(())
    }

    fn writers(&self, page: u64) -> Option<&'static str> {
        match (bit(&self.guest, page), bit(&self.tce, page)) {
            (true, true) => Some("guest+tce"),
            (true, false) => Some("guest"),
            (false, true) => Some("tce"),
            (false, false) => None,
        }
    }
}

fn bit(pages: &[u64], page: u64) -> bool {
    let word = usize::try_from(page / 64).ok().and_then(|word| pages.get(word));
    word.is_some_and(|word| word >> (page % 64) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(guest: Pages, tce: Pages) -> Vec<String> {
        let mut text = Vec::new();
        Dirty { guest, tce }.write(&mut text).unwrap();
        String::from_utf8(text).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_range_ends_where_its_writers_change() {
        assert_eq!(
            lines(vec![0b0111, 1 << 63], vec![0b1100]),
            [
                "0x0000000000000000 0x0000000000001fff 2 guest",
                "0x0000000000002000 0x0000000000002fff 1 guest+tce",
                "0x0000000000003000 0x0000000000003fff 1 tce",
                "0x000000000007f000 0x000000000007ffff 1 guest",
            ]
        );
        assert_eq!(lines(vec![], vec![]), [""; 0]);
        assert_eq!(
            lines(vec![], vec![u64::MAX; 2]),
            ["0x0000000000000000 0x000000000007ffff 128 tce"]
        );
    }
}
