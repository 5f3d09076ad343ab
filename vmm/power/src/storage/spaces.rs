// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The processes whose translations a CPU keeps.
//!
//! Cached translations carry numbers. Each number is issued once, so a translation is dropped by giving its process
//! another number, whatever the count of its pages. A process that is not among the recent ones gets new numbers when
//! it comes back, and finds nothing that was cached before.

/// Processes that are remembered, among them the one of PIDR.
const RECENT: usize = 16;

/// The PID of no process: PIDs have 32 bits.
const NO_PROCESS: u64 = u64::MAX;

/// The numbers under which translated and decoded code is valid.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    /// Changes when instructions may be found elsewhere than before.
    pub(super) context: u64,
    /// Changes with that, and when code was invalidated.
    pub(super) epoch: u64,
}

/// One process.
#[derive(Clone, Copy, Default)]
struct Space {
    pid: u64,
    /// The number of its leaves.
    leaves: u64,
    /// Those of its code in problem state.
    counts: Counts,
}

/// The processes that a CPU remembers.
pub(super) struct Spaces {
    /// The last number that was issued.
    issued: u64,
    /// The number of the leaves of process 0.
    leaves_of_0: u64,
    /// The process of PIDR, then the others, the one that ran last first.
    recent: [Space; RECENT],
}

impl Spaces {
    /// Those of a CPU whose PIDR is 0.
    pub(super) fn new() -> Spaces {
        let mut spaces = Spaces { issued: 0, leaves_of_0: 0, recent: [Space::default(); RECENT] };
        spaces.forget_all(0);
        spaces
    }

    /// A number that was never used.
    pub(super) fn issue(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }

    /// Two numbers that were never used.
    pub(super) fn issue_counts(&mut self) -> Counts {
        Counts { context: self.issue(), epoch: self.issue() }
    }

    fn issue_space(&mut self, pid: u64) -> Space {
        Space { pid, leaves: self.issue(), counts: self.issue_counts() }
    }

    fn position(&self, pid: u64) -> Option<usize> {
        self.recent.iter().position(|space| space.pid == pid)
    }

    /// The number of the leaves of a process, if it is remembered.
    pub(super) fn leaves(&self, pid: u64) -> Option<u64> {
        match pid {
            0 => Some(self.leaves_of_0),
            _ => self.position(pid).map(|at| self.recent[at].leaves),
        }
    }

    /// The numbers of problem state in the process of PIDR.
    pub(super) fn counts(&self) -> Counts {
        self.recent[0].counts
    }

    /// Another process is in PIDR.
    pub(super) fn enter(&mut self, pid: u64) {
        let at = self.position(pid).unwrap_or_else(|| {
            self.recent[RECENT - 1] = self.issue_space(pid);
            RECENT - 1
        });
        self.recent[..=at].rotate_right(1);
    }

    /// Forgets everything about every process; `pid` is that of PIDR.
    pub(super) fn forget_all(&mut self, pid: u64) {
        self.leaves_of_0 = self.issue();
        self.recent = [Space { pid: NO_PROCESS, ..Space::default() }; RECENT];
        self.recent[0] = self.issue_space(pid);
    }

    /// Forgets everything about a process.
    pub(super) fn forget(&mut self, pid: u64) {
        if pid == 0 {
            self.leaves_of_0 = self.issue();
        } else if let Some(at) = self.position(pid) {
            self.recent[at].leaves = self.issue();
        }
        self.renew(pid);
    }

    /// A translation of a process changed. Those of process 0 are quadrant 3 of every process.
    pub(super) fn renew(&mut self, pid: u64) {
        for at in 0..RECENT {
            if pid == 0 || self.recent[at].pid == pid {
                self.recent[at].counts = self.issue_counts();
            }
        }
    }

    /// Code changed.
    pub(super) fn begin_epoch(&mut self) {
        for at in 0..RECENT {
            self.recent[at].counts.epoch = self.issue();
        }
    }
}
