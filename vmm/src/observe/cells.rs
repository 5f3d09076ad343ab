// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The changes to the parts of each window. A part is a cell; a window has at most 512 cells.

use std::ops::Range;

use iommu::{Container, GuestEntry, LIST_ENTRIES, Window};

use super::made::Entries;

/// The largest number of cells of a window.
const MOST: u64 = 512;
/// The largest number of windows that are kept. A guest may make and remove windows without end.
const MOST_WINDOWS: usize = 64;

/// The changes to the entries of one cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// Clear entries that became live.
    pub mapped: u64,
    /// Live entries that a call replaced.
    pub replaced: u64,
    /// Live entries that became clear.
    pub cleared: u64,
    /// Entries that are live at the end.
    pub live: u64,
}

/// A window in cells.
#[derive(Clone, Debug)]
pub struct WindowMap {
    /// The geometry of the window.
    pub window: Window,
    /// Entries of a cell; the last cell may have fewer.
    pub each: u64,
    /// The cells, from the first entry up.
    pub cells: Vec<Cell>,
}

/// The maps of all windows.
#[derive(Clone, Debug, Default)]
pub struct Maps(Vec<WindowMap>);

/// The entries of a call that are live: a bit for each.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lively([u64; LIST_ENTRIES / 64]);

impl Lively {
    /// Reads which entries are live now.
    pub(crate) fn of(entries: &Entries, container: &Container) -> Lively {
        let mut lively = Lively([0; LIST_ENTRIES / 64]);
        if let Ok(table) = container.window(entries.window.liobn()) {
            let count = entries.count as usize;
            table.view().for_each_live(entries.first, count, |n| lively.0[n / 64] |= 1 << (n % 64));
        }
        lively
    }

    /// The changes of a range of entries between two readings.
    fn became(was: &Lively, is: &Lively, range: Range<u64>) -> Cell {
        let mut cell = Cell::default();
        let mut at = range.start;
        while at < range.end {
            let (word, bit) = ((at / 64) as usize, at % 64);
            let here = (64 - bit).min(range.end - at);
            let these = u64::MAX >> (64 - here) << bit;
            let (was, is) = (was.0[word], is.0[word]);
            let count = |bits: u64| u64::from((bits & these).count_ones());
            cell.mapped += count(!was & is);
            cell.replaced += count(was & is);
            cell.cleared += count(was & !is);
            at += here;
        }
        cell
    }
}

impl Cell {
    pub(super) fn add(&mut self, more: &Cell) {
        self.mapped += more.mapped;
        self.replaced += more.replaced;
        self.cleared += more.cleared;
        self.live += more.live;
    }
}

impl WindowMap {
    fn new(window: Window) -> WindowMap {
        let each = window.size().div_ceil(MOST);
        let cells = vec![Cell::default(); window.size().div_ceil(each) as usize];
        WindowMap { window, each, cells }
    }

    fn at(&mut self, entry: GuestEntry) -> Option<&mut Cell> {
        self.cells.get_mut((entry.0 / self.each) as usize)
    }
}

impl Maps {
    /// All windows, in the order of their first call.
    pub fn windows(&self) -> &[WindowMap] {
        &self.0
    }

    /// Records a call that succeeded. Returns its changes to its entries.
    pub(crate) fn note(&mut self, entries: &Entries, was: &Lively, is: &Lively) -> Cell {
        if let Some(map) = self.window(&entries.window) {
            let mut at = 0;
            while at < entries.count {
                let entry = entries.first.0 + at;
                let left_in_cell = map.each - entry % map.each;
                let end = entries.count.min(at + left_in_cell);
                if let Some(cell) = map.at(GuestEntry(entry)) {
                    cell.add(&Lively::became(was, is, at..end));
                }
                at = end;
            }
        }
        Lively::became(was, is, 0..entries.count)
    }

    /// Adds the changes that another vCPU made.
    pub(crate) fn merge(&mut self, other: &Maps) {
        for more in &other.0 {
            let Some(map) = self.window(&more.window) else { continue };
            map.cells.iter_mut().zip(&more.cells).for_each(|(cell, more)| cell.add(more));
        }
    }

    /// Counts the entries that are live now.
    pub(crate) fn look(&mut self, container: &Container) {
        for table in container.windows().iter() {
            let Some(map) = self.window(table.window()) else { continue };
            table.for_each_live(&mut |entry| map.at(entry).into_iter().for_each(|c| c.live += 1));
        }
    }

    fn window(&mut self, window: &Window) -> Option<&mut WindowMap> {
        let known = self.0.iter().position(|map| map.window == *window);
        if known.is_none() && self.0.len() < MOST_WINDOWS {
            self.0.push(WindowMap::new(*window));
        }
        let at = known.unwrap_or(self.0.len().saturating_sub(1));
        self.0.get_mut(at).filter(|map| map.window == *window)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iommu::{Liobn, PageShift};

    fn bits(of: &[usize]) -> Lively {
        let mut bits = Lively([0; 8]);
        of.iter().for_each(|n| bits.0[n / 64] |= 1 << (n % 64));
        bits
    }

    #[test]
    fn entries_are_counted_in_their_cells() {
        let window = Window::bytes(Liobn(5), 0, 1 << 30, PageShift::K4).expect("a window");
        let mut maps = Maps::default();
        let entries = Entries { window, first: GuestEntry(511), count: 4 };
        let sum = maps.note(&entries, &bits(&[1, 2]), &bits(&[0, 2]));
        assert_eq!(sum, Cell { mapped: 1, replaced: 1, cleared: 1, live: 0 });
        let [map] = maps.windows() else { panic!("one window") };
        assert_eq!((map.each, map.cells.len()), (512, 512));
        assert_eq!(map.cells[0], Cell { mapped: 1, ..Cell::default() });
        assert_eq!(map.cells[1], Cell { replaced: 1, cleared: 1, ..Cell::default() });
        let mut twice = maps.clone();
        twice.merge(&maps);
        assert_eq!(twice.windows()[0].cells[1].replaced, 2);
    }

    #[test]
    fn a_whole_list_is_counted_over_words_and_cells() {
        let window = Window::bytes(Liobn(5), 0, 256 << 20, PageShift::K4).expect("a window");
        let mut maps = Maps::default();
        let entries = Entries { window, first: GuestEntry(100), count: 512 };
        let (none, all) = (bits(&[]), bits(&(0..512).collect::<Vec<_>>()));
        assert_eq!(maps.note(&entries, &none, &all).mapped, 512);
        assert_eq!(maps.note(&entries, &all, &all).replaced, 512);
        assert_eq!(maps.note(&entries, &all, &none).cleared, 512);
        let cells = &maps.windows()[0].cells;
        let mapped: Vec<_> = cells.iter().map(|cell| cell.mapped).take(6).collect();
        assert_eq!(mapped, [28, 128, 128, 128, 100, 0]);
        assert!(cells.iter().all(|c| (c.replaced, c.cleared) == (c.mapped, c.mapped)));
    }

    #[test]
    fn a_guest_that_makes_windows_for_ever_is_shown_the_first() {
        let mut maps = Maps::default();
        for liobn in 0..1000 {
            let window = Window::bytes(Liobn(liobn), 0, 0x3000, PageShift::K4).expect("a window");
            let entries = Entries { window, first: GuestEntry(2), count: 1 };
            maps.note(&entries, &bits(&[]), &bits(&[0]));
        }
        assert_eq!(maps.windows().len(), MOST_WINDOWS);
        assert!(maps.windows().iter().all(|map| map.cells.len() == 3 && map.cells[2].mapped == 1));
    }
}
