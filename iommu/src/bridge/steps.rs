// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The values that one kill writes into a register.

/// Values from a first one to a last one by steps.
#[derive(Clone, Debug)]
pub(super) struct StepValues {
    next: u64,
    end: u64,
    step: u64,
    over: bool,
}

impl StepValues {
    pub(super) fn new(start: u64, end: u64, step: u64) -> StepValues {
        StepValues { next: start, end, step, over: start > end }
    }

    pub(super) fn none() -> StepValues {
        StepValues { next: 0, end: 0, step: 0, over: true }
    }
}

impl Iterator for StepValues {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        if self.over {
            return None;
        }
        let value = self.next;
        match value.checked_add(self.step) {
            Some(next) if next <= self.end => self.next = next,
            _ => self.over = true,
        }
        Some(value)
    }
}
