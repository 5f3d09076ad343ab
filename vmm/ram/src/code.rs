// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The watch over decoded code: it makes decoded instructions stale when the bytes they came from are written, as the
//! instruction cache of POWER9 snoops stores (Power ISA 3.0B, Book II, 1.8: a store to a location whose copy is in an
//! instruction cache; the processor's user manual has the caches coherent).
//!
//! # Agreement of a CPU that decodes and of whoever writes
//!
//! | decoding ([`CodeWatch::mark`]) | writing ([`CodeWatch::written`]) |
//! |---|---|
//! | 1. reads the page's generation | a. stores the bytes |
//! | 2. marks the line | b. fence |
//! | 3. fence | c. reads the marks; goes on only if the line has one |
//! | 4. reads the bytes | d. makes the generation an unsettled one, then counts the change |
//! | 5. keeps the block with the generation of step 1, if that is settled | e. removes the page's marks |
//! | | f. moves on to the next settled generation, unless another writer is between d and f |
//!
//! Both fences are sequentially consistent, so either step 4 reads the new bytes or step c sees the mark. If c sees
//! it, d comes after 1 and the block is stale. A block of the present generation has its marks: a mark that e removed
//! was made before f, so the generation of step 1 is older than the one that f makes.
//!
//! A second writer may find no mark at c because the first one has removed it. Then the first one has done d: code that was
//! kept before is stale, and the change is counted. Code that is decoded between d and f is not kept.

use crate::PAGE;
use crate::sync::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
    fence,
};
use std::sync::Arc;

/// Bytes of a line, the unit in which code and data of one page are distinguished.
pub const LINE: usize = 64;

/// One more settled generation. Below it is the number of writers that are making code stale.
const SETTLED: u64 = 1 << 16;

/// True when code that was decoded in this generation may be kept.
pub fn is_settled(generation: u64) -> bool {
    generation.is_multiple_of(SETTLED)
}

/// The generation of code that is not kept: no page is ever in it.
pub const UNSETTLED: u64 = u64::MAX;

/// Lines of a page, each of which has a bit.
const LINES: usize = PAGE / LINE;
const _: () = assert!(LINES == u64::BITS as usize);

/// Counters of what CPUs have to follow before they run another block.
#[derive(Debug, Default)]
pub struct Changes {
    any: AtomicU64,
    code: AtomicU64,
}

impl Changes {
    /// How often anything has changed: the one counter that a CPU compares before each block. Acquire: a CPU that
    /// sees a count sees what was changed before it.
    #[inline(always)]
    pub fn count(&self) -> u64 {
        self.any.load(Acquire)
    }

    /// How often decoded code became stale.
    pub fn of_code(&self) -> u64 {
        self.code.load(Acquire)
    }

    /// Counts a change of another kind, which the caller has made visible before.
    pub fn announce(&self) {
        self.any.fetch_add(1, Release);
    }
}

/// Counters at 0. The host provides zeroed memory when it is touched, and optimised builds wrap each number in place: by
/// way of a `Vec`, for a `Box` is collected into by a loop that touches all of it.
#[inline(always)]
fn counters(pages: usize) -> Box<[AtomicU64]> {
    vec![0; pages].into_iter().map(AtomicU64::new).collect::<Vec<_>>().into_boxed_slice()
}

/// The watch over the pages of one region of RAM.
#[derive(Debug)]
pub struct CodeWatch {
    /// For each page a bit for each line that decoded code came from.
    marks: Box<[AtomicU64]>,
    /// For each page the number of its present decoded code.
    generations: Box<[AtomicU64]>,
    /// For each page one more than the last generation in which every writer learned that it holds code.
    announced: Box<[AtomicU64]>,
    changes: Arc<Changes>,
}

impl CodeWatch {
    /// A watch over a number of bytes. A last part that fills no page is not watched. Counters take memory
    /// when they are first used.
    pub fn new(bytes: usize, changes: Arc<Changes>) -> CodeWatch {
        let pages = bytes / PAGE;
        let [marks, generations, announced] = [counters(pages), counters(pages), counters(pages)];
        CodeWatch { marks, generations, announced, changes }
    }

    /// Where changes are counted.
    pub fn changes(&self) -> &Arc<Changes> {
        &self.changes
    }

    /// The generation of a page, by its number in the region. Acquire: step 1 comes before step 2.
    #[inline(always)]
    pub fn generation(&self, page: usize) -> u64 {
        self.generations.get(page).map_or(0, |generation| generation.load(Acquire))
    }

    /// True when decoded code came from this page. Acquire: a reader that sees removed marks also sees the change counted.
    #[inline(always)]
    pub fn holds_code(&self, page: usize) -> bool {
        self.marks.get(page).is_some_and(|marks| marks.load(Acquire) != 0)
    }

    /// Marks the line of `offset`, from which code is about to be read. Returns the page's generation if writers have
    /// yet to learn that it holds code: there was no mark, or whoever made the first one has not
    /// [`announced`](Self::announced) it yet.
    pub fn mark(&self, offset: usize) -> Option<u64> {
        let page = offset / PAGE;
        let marks = self.marks.get(page)?;
        let generation = self.generation(page);
        let line = 1 << (offset % PAGE / LINE);
        let before = match marks.load(Relaxed) {
            marked if marked & line != 0 => marked,
            _ => marks.fetch_or(line, SeqCst),
        };
        fence(SeqCst);
        let announced = self.announced.get(page)?.load(Acquire) == generation.wrapping_add(1);
        (before == 0 || !announced).then_some(generation)
    }

    /// Every writer learns before its next announced store that the page of `offset` holds code of this generation.
    pub fn announced(&self, offset: usize, generation: u64) {
        if let Some(announced) = self.announced.get(offset / PAGE) {
            announced.store(generation.wrapping_add(1), Release);
        }
    }

    /// Makes code stale that came from the lines of a range whose bytes were written just now.
    pub fn written(&self, offset: usize, len: usize) {
        fence(SeqCst);
        self.written_by_decoder(offset, len);
    }

    /// [`written`](Self::written) for the thread of the only CPU, which alone makes marks: it needs no fence.
    #[inline]
    pub fn written_by_decoder(&self, offset: usize, len: usize) {
        if len == 0 {
            return;
        }
        let last = offset.saturating_add(len - 1);
        let last_page = (last / PAGE).min(self.marks.len());
        for page in offset / PAGE..=last_page {
            let first_line = if page == offset / PAGE { offset % PAGE / LINE } else { 0 };
            let last_line = if page == last / PAGE { last % PAGE / LINE } else { LINES - 1 };
            if self.has_marks(page, first_line, last_line) {
                self.invalidate(page);
            }
        }
    }

    #[inline]
    fn has_marks(&self, page: usize, first_line: usize, last_line: usize) -> bool {
        let lines = u64::MAX >> (LINES - 1 - last_line) & u64::MAX << first_line;
        self.marks.get(page).is_some_and(|marks| marks.load(Acquire) & lines != 0)
    }

    /// Makes all code of a page stale.
    pub fn invalidate(&self, page: usize) {
        let (Some(marks), Some(generation)) = (self.marks.get(page), self.generations.get(page))
        else {
            return;
        };
        generation.fetch_add(1, SeqCst);
        self.changes.code.fetch_add(1, Release);
        self.changes.announce();
        marks.swap(0, SeqCst);
        generation.fetch_add(SETTLED - 1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch() -> CodeWatch {
        CodeWatch::new(4 * PAGE + 5, Arc::default())
    }

    #[test]
    fn a_write_to_a_marked_line_moves_its_page_on_and_no_other() {
        let watch = watch();
        assert_eq!(watch.mark(PAGE + 3 * LINE), Some(0), "the page's first mark");
        assert_eq!(
            watch.mark(PAGE + 9 * LINE),
            Some(0),
            "its second, while the first is not announced"
        );
        watch.announced(PAGE, 0);
        assert_eq!(watch.mark(PAGE + 5 * LINE), None, "its third");
        watch.written(PAGE + 3 * LINE + LINE - 1, 1);
        assert_eq!([0, 1, 2].map(|page| watch.generation(page)), [0, SETTLED, 0]);
        assert_eq!((watch.changes.count(), watch.changes.of_code()), (1, 1));
        assert!(!watch.holds_code(1), "marks are made again with the next decoding");
        assert_eq!(watch.mark(PAGE), Some(SETTLED));
    }

    #[test]
    fn a_write_beside_marked_lines_changes_nothing() {
        let watch = watch();
        watch.mark(PAGE + 3 * LINE);
        for (offset, len) in
            [(0, PAGE + 3 * LINE), (PAGE + 4 * LINE, 3 * PAGE), (PAGE + 3 * LINE, 0)]
        {
            watch.written(offset, len);
        }
        assert_eq!(watch.changes.count(), 0);
        assert!(watch.holds_code(1));
    }

    #[test]
    fn a_long_write_reaches_each_page_that_has_a_mark() {
        let watch = watch();
        for page in 0..4 {
            watch.mark(page * PAGE + 63 * LINE);
        }
        watch.written(PAGE + 64, usize::MAX);
        assert_eq!([0, 1, 2, 3].map(|page| watch.generation(page) / SETTLED), [0, 1, 1, 1]);
    }

    #[test]
    fn bytes_behind_the_last_whole_page_are_not_watched() {
        let watch = watch();
        assert_eq!(watch.mark(4 * PAGE), None);
        watch.written(4 * PAGE, 5);
        assert_eq!((watch.generation(4), watch.changes.count()), (0, 0));
    }
}
