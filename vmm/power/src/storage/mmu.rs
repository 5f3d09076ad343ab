// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! From effective to real addresses: which translation an access gets, and what it takes when
//! it gets none (Power ISA 3.0B, Book III, 5.7 and 6.5).

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
        radix::{Access, Authority, Leaf, ProcessTable, Refusal},
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

/// True if two fetch contexts differ only in their invalidations.
pub(crate) fn same_mode(a: u64, b: u64) -> bool {
    (a ^ b) & MODE == 0
}

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

/// The counts in a fetch context and an epoch.
#[derive(Clone, Copy, Default)]
struct Counts {
    /// Invalidations of translations.
    context: u64,
    /// And those of code.
    epoch: u64,
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
    /// The counts in those two, by MSR\[PR\]: supervisors and their process 0 stay as they are when
    /// another process comes.
    counts: [Counts; 2],
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
            counts: Default::default(),
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
        let counts = self.counts[(mode & PROBLEM_STATE) as usize];
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
        self.renew_fetch_contexts(true);
        self.post.seen(self.mmu.seen);
    }

    /// Forgets the translations of the process of PIDR, quadrant 0.
    pub(crate) fn forget_process(&mut self) {
        self.tlb.flush_process();
        self.renew_fetch_contexts(false);
    }

    /// Forgets the translations of `bytes` from `ea` on, which may be process 0's.
    pub(crate) fn forget_range(&mut self, ea: u64, bytes: u64, process_0: bool) {
        self.tlb.flush_range(ea, bytes);
        self.renew_fetch_contexts(process_0);
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

    /// After translations of quadrant 0 were forgotten, or also those of process 0.
    fn renew_fetch_contexts(&mut self, process_0: bool) {
        let privileged = process_0 || self.mmu.fetched_from_process;
        for counts in &mut self.mmu.counts[usize::from(!privileged)..] {
            counts.context += 1;
            counts.epoch += 1;
        }
        self.mmu.follow_counts();
    }

    fn begin_epoch(&mut self) {
        self.mmu.counts.iter_mut().for_each(|counts| counts.epoch += 1);
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

    fn leaf(&self, ea: u64, access: Access, relocated: bool) -> Result<Leaf, Refusal> {
        if !relocated {
            // Real mode ignores the four high bits (5.7.3).
            return Ok(Leaf { ra: ea & (u64::MAX >> 4) });
        }
        self.bus.walk(self.mmu.table, self.sprs[spr::PIDR], ea, access, self.authority())
    }

    /// Where the data at `ea` is, or the interrupt that the access takes (6.5.3, 6.5.4).
    pub(crate) fn data(&mut self, ea: u64, access: Access) -> Result<Leaf, Stop> {
        let relocated = self.msr() & msr::DR != 0;
        let leaf = self.leaf(ea, access, relocated);
        if relocated && leaf.is_ok() {
            self.pmu.note(Kind::DataWalks);
        }
        leaf.map_err(|refusal| {
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
        let leaf = self.leaf(pc, Access::Fetch, relocated).ok()?;
        if relocated {
            self.pmu.note(Kind::FetchWalks);
        }
        let (ea, ra) = (pc & !(PAGE - 1), leaf.ra & !(PAGE - 1));
        let context = self.mmu.fetch_context;
        self.mmu.fetches[(pc / PAGE) as usize % FETCHES] = FetchPage { ea, context, ra };
        Some(leaf.ra)
    }

    /// The interrupt of a fetch at `pc` that found no instruction, and its SRR1 bits (6.5.5,
    /// 6.5.6); outside RAM, a machine check.
    pub(crate) fn fetch_interrupt(&self, pc: u64) -> (Interrupt, u64) {
        let bits = match self.leaf(pc, Access::Fetch, self.msr() & msr::IR != 0) {
            Ok(_) => return (MACHINE_CHECK, machine_check::FETCH),
            Err(Refusal::Segment) => return (INSTRUCTION_SEGMENT, 0),
            Err(Refusal::NoEntry) => cause::NO_ENTRY,
            Err(Refusal::NoExecute) => cause::NO_EXECUTE,
            Err(Refusal::Protection) => cause::PROTECTION,
            Err(Refusal::BadTree) => cause::BAD_TREE,
        };
        (INSTRUCTION_STORAGE, bits)
    }
}
