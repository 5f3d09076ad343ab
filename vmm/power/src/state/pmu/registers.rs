// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The registers of the monitor: the counters, MMCR0 to MMCR2, MMCRA, SIAR, SDAR and SIER, each under a
//! number of problem state's (from 768 on) and a privileged one (from 784 on).

use super::freeze::{BHRBA, EBE, FC, PMAE, PMAO, is_apart, pmcc};
use crate::{
    Cpu,
    state::{interrupt::Stop, spr},
    word::Word,
};

/// Code of the monitor's registers in FSCR\[IC\] (Book III, 6.2.11).
const FSCR_PM: u32 = 3;
/// That of the branch history.
const FSCR_BHRB: u32 = 4;

/// Bits of BESCR.
mod bescr {
    /// Event-based branches are enabled.
    pub(super) const GE: u64 = 1 << 63;
    /// Those of the monitor are, until one occurs.
    pub(super) const PME: u64 = 1 << 32;
    /// One of the monitor's occurred.
    pub(super) const PMEO: u64 = 1;
}

/// The bits of MMCR0 that problem state has.
const MMCR0_OF_PROBLEM_STATE: u64 = FC | PMAE | PMAO;
/// Those of MMCR2: each counter's freeze bit for problem state.
const MMCR2_OF_PROBLEM_STATE: u64 = 0x4020_1008_0402_0000;

/// True for an mfspr or mtspr that reads or changes the counts. Such an instruction ends its
/// block: only there the count of instructions before it is known.
pub(crate) fn looks_at_counts(word: Word) -> bool {
    const EXTENDED: u32 = 0xfc00_07fe;
    const MFSPR: u32 = 31 << 26 | 339 << 1;
    const MTSPR: u32 = 31 << 26 | 467 << 1;
    match word.raw() & EXTENDED {
        MFSPR => (768..800).contains(&word.spr()),
        MTSPR => (768..800).contains(&word.spr()) || word.spr() as usize == spr::CTRL,
        _ => false,
    }
}

/// The bits of a register that whoever uses this number of it has.
fn mask(number: usize, problem: bool) -> u64 {
    match number {
        spr::UMMCR0 if problem => MMCR0_OF_PROBLEM_STATE,
        spr::UMMCR2 if problem => MMCR2_OF_PROBLEM_STATE,
        _ => u64::MAX,
    }
}

impl Cpu {
    /// Refuses problem state what MMCR0\[PMCC\] does not let it use (Book III, 9.4.4). A write with PMCC 0b00
    /// is the hypervisor's to emulate; a hypervisor that does not makes it an illegal instruction.
    pub(crate) fn monitor_access(&mut self, number: usize, write: bool) -> Result<(), Stop> {
        if !self.problem_state() {
            return Ok(());
        }
        let mmcr0 = self.sprs[spr::MMCR0];
        let apart = matches!(number, spr::UPMC5 | spr::UPMC6) && is_apart(5, mmcr0);
        match pmcc(mmcr0) {
            0 if write => Err(Stop::Illegal),
            1 => Err(self.facility_off(FSCR_PM)),
            _ if apart => Err(self.facility_off(FSCR_PM)),
            _ => Ok(()),
        }
    }

    /// The value of register `of` under a number of its.
    pub(crate) fn monitor(&mut self, number: usize, of: usize) -> u64 {
        self.count_here(false);
        self.sprs[of] & mask(number, self.problem_state())
    }

    /// Writes it; that takes effect after the instruction.
    pub(crate) fn set_monitor(&mut self, number: usize, of: usize, value: u64) {
        self.count_here(true);
        let mask = mask(number, self.problem_state());
        self.sprs[of] = self.sprs[of] & !mask | value & mask;
        self.follow_monitor();
    }

    /// CTRL\[RUN\] changes, and with it what is counted.
    pub(crate) fn before_run_latch(&mut self) {
        if self.monitoring {
            self.count_here(true);
            self.look_at = 0;
        }
    }

    /// True if there is an exception that is to be taken as an interrupt.
    pub(crate) fn monitor_alerts(&self) -> bool {
        self.sprs[spr::MMCR0] & (PMAO | EBE) == PMAO
    }

    /// With EBE an alert is an event-based branch of problem state (Book II, chapter 7; Book III, 9.4.4).
    pub(crate) fn branch_by_event(&mut self) {
        let alerts = self.sprs[spr::MMCR0] & (PMAO | EBE) == PMAO | EBE;
        let bescr = self.sprs[spr::BESCR];
        if alerts && bescr & bescr::PME != 0 {
            self.sprs[spr::BESCR] = bescr & !bescr::PME | bescr::PMEO;
        }
        let enabled = self.problem_state() && self.sprs[spr::FSCR] >> spr::FSCR_EBB & 1 != 0;
        let due = bescr::GE | bescr::PMEO;
        if enabled && self.sprs[spr::BESCR] & due == due {
            self.sprs[spr::BESCR] &= !bescr::GE;
            self.sprs[spr::EBBRR] = self.nip & self.ea_mask;
            self.nip = self.sprs[spr::EBBHR] & !3;
        }
    }

    /// Refuses problem state the branch history unless MMCR0 opens it.
    pub(crate) fn require_branch_history(&mut self) -> Result<(), Stop> {
        match self.problem_state() && self.sprs[spr::MMCR0] & BHRBA == 0 {
            true => Err(self.facility_off(FSCR_BHRB)),
            false => Ok(()),
        }
    }
}
