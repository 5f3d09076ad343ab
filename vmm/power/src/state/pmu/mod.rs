// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The performance monitor (Power ISA 3.0B, Book III, chapter 9): six counters, and the alert of one that
//! becomes negative.
//!
//! Running code does not count. A counter is brought up to date when it is read, when its freeze conditions
//! may have changed, and when events are looked at ([`Cpu::count_to`]). It then grows by the instructions or
//! cycles since the last time, which the CPU knows in any case. Branches, loads and stores have no such total:
//! while one of them is counted, blocks run one by one and their words are counted after them
//! ([`Cpu::tally`]). So a frozen counter costs nothing.
//!
//! A counter of instructions, branches, loads or stores raises its alert exactly: instructions run one by one
//! shortly before. A counter of cycles, or of what has no bound in an instruction, is compared when events
//! are looked at.
//!
//! Read `events.rs` (what is counted), `freeze.rs` (when), this, and `registers.rs`.

mod events;
mod freeze;
mod registers;

use crate::{
    Cpu,
    engine::interp::block::{MAX, Place},
    form::Access,
    isa,
    state::{msr, spr},
    word::Word,
};
use events::KINDS;
pub use events::{Kind, of_counter, selected};
use freeze::{FC, FCECE, PMAE, PMAO, PMC1CE, PMCJCE, State, TRIGGER};
pub(crate) use registers::looks_at_counts;
use std::ops::Range;

/// Where a counter becomes negative: its bit 32.
const NEGATIVE: u64 = 1 << 31;

/// SIER: the sample was in problem state (bit 38, SAMPPR).
const SIER_PROBLEM_STATE: u64 = 1 << (63 - 38);
/// SIER: SIAR is valid (bit 41, SIARV).
const SIER_SIAR_VALID: u64 = 1 << (63 - 41);

/// How much there has been of each kind.
type Totals = [u64; KINDS];

/// The monitor, but for its registers.
#[derive(Debug, Default)]
pub(crate) struct Pmu {
    /// The kind that each counter counts in the state since the last look.
    counting: [Option<Kind>; 6],
    /// The totals now; those of instructions and cycles are elsewhere.
    totals: Totals,
    /// The totals when the counters were last brought up to date.
    counted: Totals,
    /// A counter went past being negative, and is positive again.
    pub(crate) crossed: bool,
    /// Words of blocks are looked at.
    tallies: bool,
    /// Up to which instruction they have been.
    tallied: u64,
    /// The next alert may be so near that blocks are too long.
    pub(crate) single: bool,
}

impl Pmu {
    /// Counts one of what is not in code.
    pub(crate) fn note(&mut self, kind: Kind) {
        self.totals[kind as usize] += 1;
    }
}

/// The registers of the counters, which are numbered from 1 on.
fn pmc(counter: u32) -> usize {
    spr::PMC1 - 1 + counter as usize
}

/// True if MMCR0 makes it an enabled condition that a counter is negative.
fn is_condition(counter: u32, mmcr0: u64) -> bool {
    let enabled = if counter == 1 { PMC1CE } else { PMCJCE };
    mmcr0 & enabled != 0 && !freeze::is_apart(counter, mmcr0)
}

impl Cpu {
    /// Brings the counters up to the state after `retired` instructions.
    pub(crate) fn count_to(&mut self, retired: u64) {
        let mut now = self.pmu.totals;
        // Never back: an mtspr has counted itself before it completes.
        now[Kind::Instructions as usize] =
            retired.max(self.pmu.counted[Kind::Instructions as usize]);
        now[Kind::Cycles as usize] = self.clock.cycles();
        for (counter, kind) in (1..).zip(self.pmu.counting) {
            if let Some(kind) = kind {
                let more = now[kind as usize].saturating_sub(self.pmu.counted[kind as usize]);
                self.add(counter, more);
            }
        }
        self.pmu.counted = now;
    }

    /// Adds to a counter. One that freezes when it becomes negative stays so, however late that is seen.
    fn add(&mut self, counter: u32, more: u64) {
        let mmcr0 = self.sprs[spr::MMCR0];
        let sum = self.sprs[pmc(counter)].saturating_add(more);
        let condition = is_condition(counter, mmcr0) && sum >= NEGATIVE;
        let last = u64::from(u32::MAX);
        self.pmu.crossed |= condition && sum > last;
        let freezes = condition && mmcr0 & (FCECE | TRIGGER) == FCECE;
        self.sprs[pmc(counter)] = if freezes { sum.min(last) } else { sum & last };
    }

    /// Brings the counters up to date for an mfspr or mtspr, the last instruction of the block that runs;
    /// `itself` says whether it counts, too. While no block runs, up to where the CPU is.
    fn count_here(&mut self, itself: bool) {
        let (block, first) = (self.running, self.retired);
        let mut retired = first;
        if !block.is_none() {
            retired += block.len() - u64::from(!itself);
            self.tally(block, first..retired);
        }
        self.count_to(retired);
    }

    /// Looks at the words of a block that were completed: `retired` is the count of instructions before the
    /// block and the present one. They are looked at once, however often that is asked.
    pub(crate) fn tally(&mut self, block: Place, retired: Range<u64>) {
        if self.pmu.tallies {
            let from = retired.start.max(self.pmu.tallied);
            let words = block.words(from - retired.start..retired.end - retired.start);
            words.for_each(|word| self.tally_word(word));
            self.pmu.tallied = self.pmu.tallied.max(retired.end);
        }
    }

    fn tally_word(&mut self, word: Word) {
        let Some(form) = isa::decode(word).map(|row| &row.form) else { return };
        match form.access {
            Access::None => {}
            Access::Load => self.pmu.note(Kind::Loads),
            Access::Store => self.pmu.note(Kind::Stores),
        }
        if form.branch {
            self.pmu.note(Kind::Branches);
            self.pmu.totals[Kind::Taken as usize] += u64::from(self.jumped);
        }
    }

    /// After a register of the monitor was written: whether it is active, and the rest at once.
    fn follow_monitor(&mut self) {
        self.monitoring = self.sprs[spr::MMCR0] & FC == 0;
        if !self.monitoring {
            self.pmu.counting = [None; 6];
            (self.pmu.tallies, self.pmu.single, self.slowly) = (false, false, false);
        }
        self.look_at = 0;
    }

    /// After the registers of the monitor were loaded: counting begins here.
    pub(crate) fn follow_loaded_monitor(&mut self) {
        self.follow_monitor();
        self.pmu.counted[Kind::Instructions as usize] = self.retired;
        self.pmu.counted[Kind::Cycles as usize] = self.clock.cycles();
        self.pmu.tallied = self.retired;
    }

    /// Counts, and raises an alert if there is a reason. Only while it is active.
    pub(crate) fn watch_counters(&mut self) {
        self.count_to(self.retired);
        let before = self.sprs[spr::MMCR0];
        let after = self.after_conditions(before);
        if after != before {
            self.sprs[spr::MMCR0] = after;
            self.follow_monitor();
        }
        if after & PMAO != before & PMAO {
            self.sample();
        }
    }

    fn is_negative(&self, counter: u32) -> bool {
        self.sprs[pmc(counter)] & NEGATIVE != 0
    }

    /// MMCR0 as the enabled conditions there are leave it (9.4.4: TRIGGER, FCECE, PMAE).
    fn after_conditions(&mut self, mmcr0: u64) -> u64 {
        let negative = (1..=6).any(|n| is_condition(n, mmcr0) && self.is_negative(n));
        let condition = std::mem::take(&mut self.pmu.crossed) || negative;
        let mut after = mmcr0;
        if mmcr0 & TRIGGER != 0 && (condition || self.is_negative(1)) {
            after &= !TRIGGER;
        }
        if condition && mmcr0 & (FCECE | TRIGGER) == FCECE {
            after |= FC;
        }
        if condition && mmcr0 & PMAE != 0 {
            after = after & !PMAE | PMAO;
        }
        after
    }

    /// Records where the CPU is at an alert. SDAR stays as it is: the last operand is not known.
    fn sample(&mut self) {
        let problem = if self.problem_state() { SIER_PROBLEM_STATE } else { 0 };
        self.sprs[spr::SIAR] = self.nip & self.ea_mask;
        self.sprs[spr::SIER] = SIER_SIAR_VALID | problem;
    }

    /// Works out what is counted in the present state, and looks at events when the next alert may be
    /// due. Only while it is active.
    pub(crate) fn prepare_counters(&mut self) {
        self.pmu.counting = std::array::from_fn(|i| self.counted_by(1 + i as u32));
        let counting = self.pmu.counting.iter().flatten();
        self.pmu.tallies = counting.clone().any(|kind| kind.is_in_code());
        let left = (1..=6).filter_map(|n| self.left_to_alert(n)).min().unwrap_or(u64::MAX);
        self.pmu.single = left <= MAX as u64;
        self.slowly = self.pmu.tallies || self.pmu.single;
        let until = if self.pmu.single { left } else { left - MAX as u64 };
        self.look_at = self.look_at.min(self.retired.saturating_add(until));
    }

    /// The kind that a counter counts in the present state.
    fn counted_by(&self, counter: u32) -> Option<Kind> {
        let msr = self.msr();
        let running = self.sprs[spr::CTRL] & 1 != 0;
        let state = State { problem: msr & msr::PR != 0, marked: msr & msr::PMM != 0, running };
        let event = events::of_counter(counter, self.sprs[spr::MMCR1])?;
        let mmcr = [self.sprs[spr::MMCR0], self.sprs[spr::MMCR2]];
        let frozen = freeze::frozen(counter, mmcr, state, event.while_waiting);
        (!frozen && (running || !event.while_running)).then_some(event.kind)
    }

    /// How many instructions are left at least until a counter of something that instructions do becomes
    /// negative and matters.
    fn left_to_alert(&self, counter: u32) -> Option<u64> {
        let mmcr0 = self.sprs[spr::MMCR0];
        let matters = is_condition(counter, mmcr0) || counter == 1 && mmcr0 & TRIGGER != 0;
        let by_instruction = self.pmu.counting[counter as usize - 1]?.is_by_instruction();
        let left = NEGATIVE.checked_sub(self.sprs[pmc(counter)])?;
        (matters && by_instruction && left > 0).then_some(left)
    }

    /// The CPU goes away from guest code, or comes back. The time in between is not counted, as under KVM,
    /// where the counters belong to the host then. Only while it is active.
    #[cold]
    pub(crate) fn monitor_away(&mut self, away: bool) {
        match away {
            true => self.count_to(self.retired),
            false => self.pmu.counted[Kind::Cycles as usize] = self.clock.cycles(),
        }
    }
}
