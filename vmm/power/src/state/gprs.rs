// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Several general-purpose registers at once, for hypercalls.
//!
//! The guest has just stored its arguments one by one, and a host that loads two of them in one
//! instruction has to wait until both stores have left its store buffer: a fifth of a short
//! hypercall. So they are copied one by one, and volatile so that the compiler leaves it at that.
#![allow(unsafe_code)]

use crate::Cpu;

impl Cpu {
    /// GPRs from number `first` on; 0 where there is none.
    #[inline(always)]
    pub fn gprs<const N: usize>(&self, first: usize) -> [u64; N] {
        std::array::from_fn(|i| self.gpr.get(first + i).map_or(0, read))
    }

    /// Sets GPRs from number `first` on, up to the last one.
    #[inline(always)]
    pub fn set_gprs(&mut self, first: usize, values: &[u64]) {
        // Mostly there is one, for which a loop is not worth its beginning.
        let Some((one, others)) = values.split_first() else { return };
        self.gpr.get_mut(first).into_iter().for_each(|gpr| *gpr = read(one));
        if !others.is_empty() {
            let gprs = self.gpr.iter_mut().skip(first + 1);
            gprs.zip(others).for_each(|(gpr, value)| *gpr = read(value));
        }
    }
}

#[inline(always)]
fn read(value: &u64) -> u64 {
    // SAFETY: a reference is valid for a read.
    unsafe { std::ptr::read_volatile(value) }
}
