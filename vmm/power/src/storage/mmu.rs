// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! From effective to real addresses: which translation an access gets, and what it takes when
//! it gets none (Power ISA 3.0B, Book III, 5.7 and 6.5).
//!
//! | level | holds | for | dropped |
//! |---|---|---|---|
//! | 1, `tlb.rs` and [`FetchPage`] | places of 4 KiB pages, with the rights of their context | the process of PIDR and process 0 | by place, or as logged |
//! | 2, `leaves.rs` | leaves of trees, of any size | the last processes, and process 0 | by place, or by another number for the process (`spaces.rs`) |
//!
//! # Why no access uses what was invalidated
//!
//! * Level 1 is filled from level 2 or from a walk, in one step, and only for the process of PIDR or process 0. A change of
//!   PIDR drops quadrant 0 of level 1. So level 1 never holds more than level 2 may, for the process that it is used for.
//! * Every `tlbie` and `tlbiel` that names a page of a process (R = 1, PRS = 1, RIC = 0, IS = 0) drops, in both levels, every page and
//!   piece of a page that covers a byte of it, whatever its size and quadrant. Level 1 holds nothing of a process that is neither 0 nor in PIDR.
//! * One that names a process (IS = 1) gives it new numbers; nothing that is kept carries those. All other forms (a page or
//!   process of the partition, RIC = 1, 2 or 3 with a page, IS = 2 or 3, R = 0) drop everything.
//!   LPID is not compared, because a CPU has one partition. An invalidation by another CPU drops everything, too (`shootdown.rs`).
//! * A change of the AMR or of MSR\[PR\] selects another table of level 1, or empties it; level 2 has the rights of the entry
//!   itself, which are checked against AMR, IAMR and MSR\[PR\] at each use. A change of the IAMR drops everything.
//! * A store is allowed by level 1 only after the page was marked dirty and the entry has its change bit, and not beside code (`watch.rs`).
//!   The clear of the dirty log drops everything.
//! * Fetch contexts and epochs have numbers that are issued once. A process that comes back has those that it had, if
//!   neither its translations nor those of process 0 (for the context) nor code (for the epoch) changed meanwhile.

use crate::{
    Cpu,
    state::{
        interrupt::{
            INSTRUCTION_SEGMENT, INSTRUCTION_STORAGE, Interrupt, MACHINE_CHECK, Stop, machine_check,
        },
        msr,
        pmu::Kind,
        spr,
    },
    storage::{
        leaves::Leaves,
        radix::{self, Access, Authority, Leaf, ProcessTable, Refusal},
        spaces::{Counts, Spaces},
        tlb::{Context, PAGE},
    },
};

/// Entries of the instruction translation cache.
const FETCHES: usize = 256;

/// DSISR and SRR1 bits of a storage interrupt.
mod cause {
    pub(super) const NO_ENTRY: u64 = 1 << (63 - 33);
    pub(super) const NO_EXECUTE: u64 = 1 << (63 - 35);
    pub(super) const PROTECTION: u64 = 1 << (63 - 36);
    pub(super) const STORE: u64 = 1 << (63 - 38);
    pub(super) const BAD_TREE: u64 = 1 << (63 - 44);
}

/// The bits of a fetch context, and of an epoch, that are the mode.
const MODE: u64 = 15;
/// That of them which is MSR\[PR\].
const PROBLEM_STATE: u64 = 1;

/// The mode of a fetch context: MSR\[SF\], \[LE\], \[IR\] and \[PR\].
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(crate) fn mode(context: u64) -> u64 {
    context & MODE
}

/// True if two fetch contexts differ only in their invalidations.
pub(crate) fn same_mode(a: u64, b: u64) -> bool {
    (a ^ b) & MODE == 0
}

/// Real mode ignores the four high bits of an address (5.7.3).
const REAL_MODE: u64 = u64::MAX >> 4;

/// The most bytes whose translations are forgotten page by page.
const MOST_BY_PAGES: u64 = 2 << 20;

/// The page of an instruction fetch.
#[derive(Clone, Copy)]
struct FetchPage {
    /// Effective page address.
    ea: u64,
    /// The fetch context it was translated in.
    context: u64,
    /// Real page address.
    ra: u64,
}

/// The place of a datum.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// Real address.
    pub(crate) ra: u64,
    /// Loads from its page are allowed.
    pub(crate) loads: bool,
    /// So are stores, and no tree has to record them.
    pub(crate) stores: bool,
}

/// Translation state of one CPU.
pub(crate) struct Mmu {
    table: ProcessTable,
    /// Changes whenever instructions may be found elsewhere or read otherwise than before: high
    /// bits count invalidations, the low four are MSR\[SF\], \[LE\], \[IR\] and \[PR\].
    pub(crate) fetch_context: u64,
    /// As `fetch_context`, but it also changes when code was invalidated: within an epoch an address has one
    /// block.
    pub(crate) epoch: u64,
    /// The counts in those two without MSR\[PR\]: supervisors and their process 0 stay as they are when
    /// another process comes.
    privileged: Counts,
    /// Those of problem state, by process.
    spaces: Spaces,
    /// The leaves of trees that are kept.
    leaves: Leaves,
    /// Privileged code was fetched from quadrant 0, where the process of PIDR is.
    fetched_from_process: bool,
    /// Changes that were followed: of all kinds, and of code.
    changes: u64,
    code_changes: u64,
    /// Invalidations by other CPUs that were seen.
    seen: u32,
    /// An invalidation of its own that it has to wait for.
    awaited: Option<u32>,
    /// AMR bits of key 0 that the privileged context of the TLB was filled under.
    key: u64,
    fetches: Box<[FetchPage; FETCHES]>,
}

impl Mmu {
    pub(crate) fn new() -> Mmu {
        let none = FetchPage { ea: u64::MAX, context: 0, ra: 0 };
        Mmu {
            table: ProcessTable::default(),
            fetch_context: 0,
            epoch: 0,
            privileged: Counts::default(),
            spaces: Spaces::new(),
            leaves: Leaves::new(),
            fetched_from_process: false,
            changes: 0,
            code_changes: 0,
            seen: 0,
            awaited: None,
            key: 0,
            fetches: Box::new([none; FETCHES]),
        }
    }
}

impl Mmu {
    /// Puts the counts of the mode in force into its fetch context and epoch.
    fn follow_counts(&mut self) {
        let mode = self.fetch_context & MODE;
        let problem_state = mode & PROBLEM_STATE != 0;
        let counts = if problem_state { self.spaces.counts() } else { self.privileged };
        self.fetch_context = (counts.context * (MODE + 1)) | mode;
        self.epoch = (counts.epoch * (MODE + 1)) | mode;
    }
}

impl Cpu {
    /// Registers the process table that MSR\[IR\] and \[DR\] translate through; without one every
    /// translated access is refused. (PAPR: `H_REGISTER_PROC_TBL`.)
    pub fn set_process_table(&mut self, table: ProcessTable) {
        self.mmu.table = table;
        self.forget_translations();
    }

    /// The process table.
    pub(crate) fn process_table(&self) -> ProcessTable {
        self.mmu.table
    }

    /// True if code or translations were invalidated since this CPU last
    /// [followed](Self::follow_changes).
    #[inline(always)]
    pub(crate) fn has_changes(&self) -> bool {
        self.bus.changes() != self.mmu.changes
    }

    /// Forgets what was invalidated, and gives up plain stores to pages that came to hold code.
    #[cold]
    #[inline(never)]
    pub(crate) fn follow_changes(&mut self) {
        self.mmu.changes = self.bus.changes();
        self.follow_watched();
        let code_changes = self.bus.code_changes();
        if self.translations_stale() {
            self.forget_translations();
        } else if code_changes != self.mmu.code_changes {
            self.begin_epoch();
        }
        self.mmu.code_changes = code_changes;
    }

    /// True if other CPUs have invalidated translations since this one last looked.
    pub(crate) fn translations_stale(&self) -> bool {
        self.bus.shootdown().count() != self.mmu.seen
    }

    /// Forgets every translation of this CPU.
    pub(crate) fn forget_translations(&mut self) {
        self.mmu.seen = self.bus.shootdown().count();
        self.tlb.flush();
        self.mmu.spaces.forget_all(self.sprs[spr::PIDR]);
        self.renew_privileged();
        self.post.seen(self.mmu.seen);
    }

    /// Another process is in PIDR: quadrant 0 is its.
    pub(crate) fn follow_pidr(&mut self) {
        self.tlb.flush_process();
        self.mmu.spaces.enter(self.sprs[spr::PIDR]);
        self.renew_privileged_of_process();
    }

    /// Forgets the translations of a process. Those of process 0 are quadrant 3, whatever PIDR has.
    pub(crate) fn forget_process(&mut self, pid: u64) {
        self.mmu.spaces.forget(pid);
        if pid == 0 {
            self.tlb.flush_process_0();
            self.renew_privileged();
        }
        if pid == self.sprs[spr::PIDR] {
            self.tlb.flush_process();
            self.renew_privileged_of_process();
        }
    }

    /// Forgets the translations of `bytes` from `ea` on in the tree of a process.
    pub(crate) fn forget_range(&mut self, ea: u64, bytes: u64, pid: u64) {
        if bytes > MOST_BY_PAGES {
            return self.forget_process(pid);
        }
        if let Some(space) = self.mmu.spaces.leaves(pid) {
            self.mmu.leaves.forget(space, ea, bytes);
        }
        self.mmu.spaces.renew(pid);
        if pid == 0 || pid == self.sprs[spr::PIDR] {
            self.tlb.flush_range(ea, bytes);
        }
        match pid {
            0 => self.renew_privileged(),
            _ if pid == self.sprs[spr::PIDR] => self.renew_privileged_of_process(),
            _ => {}
        }
    }

    /// Makes the other CPUs forget their translations before they enter another block; this one
    /// has done so. tlbsync and ptesync wait until they have.
    pub(crate) fn tell_invalidation(&mut self) {
        let before = self.mmu.seen;
        let now = self.bus.invalidate_translations();
        if now == before.wrapping_add(1) {
            self.mmu.seen = now;
            self.post.seen(now);
        }
        self.mmu.awaited = Some(now);
    }

    /// The last invalidation of other CPUs that this one has seen.
    pub(crate) fn seen_invalidation(&self) -> u32 {
        self.mmu.seen
    }

    /// The last invalidation that this CPU has made and not waited for.
    #[inline(always)]
    pub(crate) fn awaited_invalidation(&self) -> Option<u32> {
        self.mmu.awaited
    }

    pub(crate) fn invalidation_is_seen(&mut self) {
        self.mmu.awaited = None;
    }

    /// After translations of privileged code were forgotten.
    fn renew_privileged(&mut self) {
        self.mmu.privileged = self.mmu.spaces.issue_counts();
        self.mmu.follow_counts();
    }

    /// After quadrant 0 got other translations.
    fn renew_privileged_of_process(&mut self) {
        if std::mem::take(&mut self.mmu.fetched_from_process) {
            self.mmu.privileged = self.mmu.spaces.issue_counts();
        }
        self.mmu.follow_counts();
    }

    /// Has every link between blocks be searched again.
    pub(crate) fn begin_epoch(&mut self) {
        self.mmu.privileged.epoch = self.mmu.spaces.issue();
        self.mmu.spaces.begin_epoch();
        self.mmu.follow_counts();
    }

    /// Follows MSR\[SF\], \[LE\], \[IR\], \[DR\] and \[PR\].
    pub(crate) fn switch_context(&mut self) {
        let msr = self.msr();
        let bit = |bit: u64, at: u32| u64::from(msr & bit != 0) << at;
        let mode = bit(msr::SF, 3) | bit(msr::LE, 2) | bit(msr::IR, 1) | bit(msr::PR, 0);
        self.mmu.fetch_context = mode;
        self.mmu.follow_counts();
        let context = match (msr & msr::DR != 0, msr & msr::PR != 0) {
            (false, _) => Context::Real,
            (true, true) => Context::Problem,
            (true, false) if self.sprs[spr::AMR] >> 62 == 0 => Context::Open,
            (true, false) => Context::Privileged,
        };
        self.tlb.switch(context);
    }

    /// After the AMR changed: what it now forbids must not be found in the TLB.
    pub(crate) fn follow_amr(&mut self) {
        let key = self.sprs[spr::AMR] >> 62;
        if key != 0 && key != self.mmu.key {
            self.mmu.key = key;
            self.tlb.flush_context(Context::Privileged);
        }
        self.switch_context();
    }

    fn authority(&self) -> Authority {
        Authority {
            problem_state: self.problem_state(),
            amr: self.sprs[spr::AMR],
            iamr: self.sprs[spr::IAMR],
        }
    }

    /// The leaf of `ea` for an access: a kept one if it serves, else by a walk.
    fn leaf(&mut self, ea: u64, access: Access, who: Authority) -> Result<Leaf, Refusal> {
        let pid = self.sprs[spr::PIDR];
        let process = radix::process(ea, pid).ok();
        let space = process.and_then(|process| self.mmu.spaces.leaves(process));
        let kept = space.and_then(|space| self.mmu.leaves.find(space, ea));
        if let Some(leaf) = kept.filter(|leaf| leaf.serves(access, who)) {
            return Ok(leaf);
        }
        let leaf = self.bus.walk(self.mmu.table, pid, ea, access, who)?;
        let fetch = access == Access::Fetch;
        self.pmu.note(if fetch { Kind::FetchWalks } else { Kind::DataWalks });
        if let Some(space) = space {
            self.mmu.leaves.keep(space, ea, leaf);
        }
        Ok(leaf)
    }

    /// Where the data at `ea` is, or the interrupt that the access takes (6.5.3, 6.5.4).
    pub(crate) fn data(&mut self, ea: u64, access: Access) -> Result<Place, Stop> {
        if self.msr() & msr::DR == 0 {
            return Ok(Place { ra: ea & REAL_MODE, loads: true, stores: true });
        }
        let who = self.authority();
        let leaf = self.leaf(ea, access, who);
        let place = leaf.map(|leaf| Place {
            ra: leaf.address(ea),
            loads: leaf.allows_loads(who),
            stores: leaf.serves(Access::Store, who),
        });
        place.map_err(|refusal| {
            self.sprs[spr::DAR] = ea;
            let bits = match refusal {
                Refusal::Segment => return Stop::DataSegment,
                Refusal::NoEntry => cause::NO_ENTRY,
                Refusal::Protection | Refusal::NoExecute => cause::PROTECTION,
                Refusal::BadTree => cause::BAD_TREE,
            };
            let store = if access == Access::Store { cause::STORE } else { 0 };
            self.sprs[spr::DSISR] = bits | store;
            Stop::DataStorage
        })
    }

    /// Real address of the instruction at `pc`, an aligned effective address.
    #[inline(always)]
    pub(crate) fn fetch_address(&mut self, pc: u64) -> Option<u64> {
        let ea = pc & !(PAGE - 1);
        let page = self.mmu.fetches[(pc / PAGE) as usize % FETCHES];
        if page.ea == ea && page.context == self.mmu.fetch_context {
            return Some(page.ra + pc % PAGE);
        }
        self.walk_for_fetch(pc)
    }

    fn walk_for_fetch(&mut self, pc: u64) -> Option<u64> {
        let translated = self.msr() & (msr::IR | msr::PR) == msr::IR;
        self.mmu.fetched_from_process |= translated && pc >> 62 == 0;
        let relocated = self.msr() & msr::IR != 0;
        let ra = match relocated {
            true => self.leaf(pc, Access::Fetch, self.authority()).ok()?.address(pc),
            false => pc & REAL_MODE,
        };
        let (ea, page) = (pc & !(PAGE - 1), ra & !(PAGE - 1));
        let context = self.mmu.fetch_context;
        self.mmu.fetches[(pc / PAGE) as usize % FETCHES] = FetchPage { ea, context, ra: page };
        Some(ra)
    }

    /// The interrupt of a fetch at `pc` that found no instruction, and its SRR1 bits (6.5.5,
    /// 6.5.6); outside RAM, a machine check.
    pub(crate) fn fetch_interrupt(&self, pc: u64) -> (Interrupt, u64) {
        if self.msr() & msr::IR == 0 {
            return (MACHINE_CHECK, machine_check::FETCH);
        }
        let (table, pid) = (self.mmu.table, self.sprs[spr::PIDR]);
        let bits = match self.bus.walk(table, pid, pc, Access::Fetch, self.authority()) {
            Ok(leaf) if self.bus.host(leaf.address(pc)).is_none() => {
                return (MACHINE_CHECK, machine_check::FETCH);
            }
            Err(Refusal::Segment) => return (INSTRUCTION_SEGMENT, 0),
            // Another CPU may have made the entry valid meanwhile: the guest tries again.
            Ok(_) | Err(Refusal::NoEntry) => cause::NO_ENTRY,
            Err(Refusal::NoExecute) => cause::NO_EXECUTE,
            Err(Refusal::Protection) => cause::PROTECTION,
            Err(Refusal::BadTree) => cause::BAD_TREE,
        };
        (INSTRUCTION_STORAGE, bits)
    }
}
