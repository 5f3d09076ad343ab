// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The first level of translations of one CPU: host pointers by effective page.
//!
//! There is a table for each [`Context`]; the table of the context in force is at hand. A look-up is one compare, and
//! translated code does it inline. It relies on these facts:
//!
//! * A table is direct-mapped: the entry of `ea` is number `ea / PAGE % TLB`, at that times 32 bytes from [`Tlb::at_hand`].
//! * An access of `size` bytes at `ea` hits if `ea & (!(PAGE - 1) | (size - 1))` is [`Entry::read`] or [`Entry::write`].
//!   A misaligned access therefore misses.
//! * After a hit the host address is [`Entry::addend`] plus `ea`, wrapping.
//!
//! After a miss `Cpu::load_value` and `Cpu::store_value` do the whole access, and fill the entry.

/// Bytes in a page of the TLB, of the dirty log and of the watch over code.
pub const PAGE: u64 = ram::PAGE as u64;

/// A tag that matches no address: a lookup keeps page bits and, to see a misaligned access,
/// up to three low bits, but never this one.
pub(super) const NONE: u64 = PAGE / 2;

/// Beside the page bits of a store tag: stores are allowed, but each has to be followed by a look at
/// the marks of its lines. It matches no address either.
pub(super) const WATCHED: u64 = PAGE / 4;

/// Entries of a table, a power of two: 16 MiB of pages, whatever the stride, and 128 KiB for each context.
pub const TLB: usize = 4096;

/// Linux forgets the pages of a process some ten thousand times while it boots, mostly with little
/// filled in between: up to this many entries of a table are forgotten one by one. After more fills the whole table is
/// swept, which costs a fraction of them.
pub const LOG: usize = 512;

/// The privilege of an access, as far as its translation depends on it: the TLB keeps these apart, so
/// that system calls and interrupts leave it warm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Without translation.
    Real,
    /// Privileged, and kept out of the pages of problem state by the AMR, wholly or in part.
    Privileged,
    /// Privileged, with the pages of problem state open.
    Open,
    /// Problem state.
    Problem,
}

/// How many contexts there are.
const CONTEXTS: usize = 4;

/// One page's translation. Translated code knows the layout.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub(crate) struct Entry {
    /// Page address for which loads are allowed, or NONE.
    pub(crate) read: u64,
    /// Page address for which stores are allowed, or that and WATCHED, or NONE.
    pub(crate) write: u64,
    /// Host address minus effective address, wrapping.
    pub(crate) addend: usize,
    /// Page address, whatever is allowed, or NONE.
    page: u64,
}

#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
impl Entry {
    /// Offset of the tag of loads, for translated code.
    pub(crate) const READ: usize = std::mem::offset_of!(Entry, read);
    /// Offset of the tag of stores.
    pub(crate) const WRITE: usize = std::mem::offset_of!(Entry, write);
    /// Offset of the addend.
    pub(crate) const ADDEND: usize = std::mem::offset_of!(Entry, addend);

    const EMPTY: Entry = Entry { read: NONE, write: NONE, addend: 0, page: NONE };

    /// The entry of a page that allows nothing.
    pub(super) fn of(page: u64, addend: usize) -> Entry {
        Entry { addend, page, ..Entry::EMPTY }
    }

    /// True if it is the entry of a page at this addend.
    pub(super) fn is_of(&self, page: u64, addend: usize) -> bool {
        (self.page, self.addend) == (page, addend)
    }

    /// The host address of its page.
    fn host(&self) -> usize {
        self.addend.wrapping_add(self.page as usize)
    }
}

/// The translations of one context.
pub(crate) type Table = Box<[Entry; TLB]>;

fn empty_table() -> Table {
    let table = vec![Entry::EMPTY; TLB].into_boxed_slice();
    table.try_into().unwrap_or_else(|_| unreachable!("TLB entries"))
}

/// The entries of a table that were filled since the last flush.
#[derive(Clone, Copy)]
struct Log {
    /// As far as there is room.
    slots: [u16; LOG],
    /// How many there were.
    filled: usize,
}

impl Log {
    const EMPTY: Log = Log { slots: [0; LOG], filled: 0 };

    fn add(&mut self, slot: usize) {
        if let Some(place) = self.slots.get_mut(self.filled) {
            *place = slot as u16;
        }
        self.filled = self.filled.saturating_add(1);
    }

    /// Calls `change` with them, or with every entry of the table when there is no list of them.
    fn each(&self, table: &mut Table, change: impl Fn(&mut Entry)) {
        match self.slots.get(..self.filled) {
            Some(slots) => {
                slots.iter().for_each(|&slot| change(&mut table[usize::from(slot) % TLB]));
            }
            None => table.iter_mut().for_each(change),
        }
    }

    /// Forgets them, as far as they still are entries of process 0, or of others.
    fn flush(&mut self, table: &mut Table, process_0: bool) {
        self.each(table, |entry| {
            if is_of_process_0(entry.page) == process_0 {
                *entry = Entry::EMPTY;
            }
        });
        self.filled = 0;
    }
}

/// The process whose entry a page's is: quadrant 0 belongs to the process of PIDR, the others to process 0.
fn is_of_process_0(ea: u64) -> bool {
    ea >> 62 != 0
}

/// The first level of translations of one CPU.
pub struct Tlb {
    /// The table of the context in force.
    pub(crate) at_hand: Table,
    /// The tables of other contexts that have been in force.
    parked: [Option<Table>; CONTEXTS],
    context: Context,
    /// The fills of each context: of processes, and of process 0.
    logs: [[Log; 2]; CONTEXTS],
}

#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
impl Tlb {
    /// Offset of the pointer to the table at hand, for translated code.
    pub(crate) const AT_HAND: usize = std::mem::offset_of!(Tlb, at_hand);

    /// One that holds nothing.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Tlb {
        let (context, parked) = (Context::Real, Default::default());
        let logs = [[Log::EMPTY; 2]; CONTEXTS];
        Tlb { at_hand: empty_table(), parked, context, logs }
    }

    /// The logs and the table of each context that has been in force.
    fn contexts(&mut self) -> impl Iterator<Item = (&mut [Log; 2], &mut Table)> {
        let (context, mut at_hand) = (self.context as usize, Some(&mut self.at_hand));
        let tables = self.parked.iter_mut().enumerate();
        self.logs.iter_mut().zip(tables).filter_map(move |(logs, (at, parked))| {
            let table = if at == context { at_hand.take() } else { parked.as_mut() };
            table.map(|table| (logs, table))
        })
    }

    fn tables(&mut self) -> impl Iterator<Item = &mut Table> {
        self.parked.iter_mut().flatten().chain([&mut self.at_hand])
    }

    /// Forgets every translation; the next store to a page marks it dirty again.
    pub fn flush(&mut self) {
        self.flush_process();
        self.flush_process_0();
    }

    /// Flushes only quadrant 0, whose translations belong to the process in PIDR.
    pub fn flush_process(&mut self) {
        self.flush_of(false);
    }

    /// Flushes the other quadrants, whose translations belong to process 0.
    pub(crate) fn flush_process_0(&mut self) {
        self.flush_of(true);
    }

    fn flush_of(&mut self, process_0: bool) {
        for (logs, table) in self.contexts() {
            logs[usize::from(process_0)].flush(table, process_0);
        }
    }

    /// Takes the right to plain stores from every entry of the page at a host address.
    pub(crate) fn forbid_stores(&mut self, host: usize) {
        for (logs, table) in self.contexts() {
            for log in logs {
                log.each(table, |entry| {
                    if entry.write != NONE && entry.host() == host {
                        entry.write = NONE;
                    }
                });
            }
        }
    }

    /// Forgets the translations of one context.
    pub(crate) fn flush_context(&mut self, context: Context) {
        let table = match context == self.context {
            true => Some(&mut self.at_hand),
            false => self.parked[context as usize].as_mut(),
        };
        let Some(table) = table else { return };
        for (log, process_0) in self.logs[context as usize].iter_mut().zip([false, true]) {
            log.flush(table, process_0);
        }
    }

    /// Forgets the translations of `bytes` from `ea` on, in every context.
    pub(crate) fn flush_range(&mut self, ea: u64, bytes: u64) {
        if bytes / PAGE >= TLB as u64 {
            return self.flush();
        }
        for page in ea / PAGE..(ea / PAGE).saturating_add((bytes / PAGE).max(1)) {
            self.tables().for_each(|table| table[page as usize % TLB] = Entry::EMPTY);
        }
    }

    /// The entry of `ea`, to be filled.
    pub(super) fn fill(&mut self, ea: u64) -> &mut Entry {
        let slot = (ea / PAGE) as usize % TLB;
        self.logs[self.context as usize][usize::from(is_of_process_0(ea))].add(slot);
        self.entry(ea)
    }

    /// Puts the table of a context in force.
    pub fn switch(&mut self, context: Context) {
        if context != self.context {
            let table = self.parked[context as usize].take().unwrap_or_else(empty_table);
            let before = std::mem::replace(&mut self.at_hand, table);
            self.parked[self.context as usize] = Some(before);
            self.context = context;
        }
    }

    /// True if loads from the page of `ea` are translated in the context in force.
    pub fn holds(&mut self, ea: u64) -> bool {
        self.entry(ea).read == ea & !(PAGE - 1)
    }

    /// Translates loads from the page of `ea`, to host address 0.
    pub fn hold(&mut self, ea: u64) {
        let page = ea & !(PAGE - 1);
        let entry = Entry { read: page, ..Entry::of(page, (page as usize).wrapping_neg()) };
        *self.fill(ea) = entry;
    }

    #[inline(always)]
    pub(super) fn entry(&mut self, ea: u64) -> &mut Entry {
        &mut self.at_hand[(ea / PAGE) as usize % TLB]
    }
}
