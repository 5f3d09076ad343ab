// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The part of an operation that translated code has left: FR, FI and FPRF, which the next operation mostly overwrites unseen.
//!
//! Translated code computes a scalar result on the host where it is sure that XX, which is set already, is the only
//! exception that it can have and that nothing traps. It records the operation and its operands here, over the record of
//! the one before. A comparison, which changes FPCC alone, and a conversion to an integer, which leaves FPRF alone, are
//! recorded beside it, and a later operation clears them. [`Vectors::settle`] repeats the operation in the interpreter's
//! arithmetic, puts FR, FI and FPRF into FPSCR, then FR and FI of the conversion, and the comparison's code into FPCC.
//!
//! Nothing sees FPSCR between: what can read or write it is a function of [`Vectors`] or of the whole CPU. Translated
//! code reaches these by helpers, which settle first, as does leaving translated code. Its own look at FPSCR is at bits
//! that no record changes. All other code runs outside, hence with no record. The rounding mode, on which the
//! repetition depends, is thus the one that the operation had.

use crate::{
    arith::float::{DP, Mode, Operation, Route, SP},
    state::{
        facility::Vectors,
        fpscr::{FI, FPCC, INTEGER, RESULT, XX},
    },
};
use std::mem::offset_of;

/// The record, in the layout that translated code writes.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Deferred {
    /// Operands A, B and C, in double precision.
    operands: [u64; 3],
    /// The operation's number, or 0.
    number: u32,
    /// The code of a comparison after it, as a CR field, or 0.
    code: u16,
    /// Of a conversion to an integer after it: [`EXACT`] or [`INEXACT`]; or 0.
    converted: u16,
}

#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
impl Deferred {
    /// Offset of operand A; the others follow.
    pub(crate) const OPERANDS: usize = offset_of!(Deferred, operands);
    /// Offset of the operation's number, the low word of a doubleword that also has what came after it.
    pub(crate) const NUMBER: usize = offset_of!(Deferred, number);
    /// Offset of a comparison's code, two bytes.
    pub(crate) const CODE: usize = offset_of!(Deferred, code);
    /// Offset of what a conversion was, two bytes.
    pub(crate) const CONVERTED: usize = offset_of!(Deferred, converted);
    /// A conversion to an integer lost nothing.
    pub(crate) const EXACT: i32 = 1;
    /// It lost a fraction.
    pub(crate) const INEXACT: i32 = 2;

    /// The number of an operation.
    pub(crate) fn number(operation: Operation, route: Route) -> u32 {
        2 * operation as u32 + u32::from(route == SP) + 1
    }

    /// The facts about the operation's result.
    fn facts(&self, mode: Mode) -> Option<u64> {
        let number = self.number.checked_sub(1)?;
        let operation = Operation::ALL.get(number as usize / 2)?;
        let route = if number % 2 == 1 { SP } else { DP };
        let (_, facts) = operation.op().result(mode, self.operands.map(u128::from), route);
        Some(facts)
    }
}

#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
impl Vectors {
    /// Puts what is deferred into FPSCR.
    #[inline(always)]
    pub(crate) fn settle(&mut self) {
        let Deferred { number, code, converted, .. } = self.deferred;
        if number != 0 || code != 0 || converted != 0 {
            self.settle_deferred();
        }
    }

    #[cold]
    #[inline(never)]
    fn settle_deferred(&mut self) {
        let deferred = std::mem::take(&mut self.deferred);
        if let Some(facts) = deferred.facts(self.mode()) {
            self.conclude(facts, RESULT);
        }
        if deferred.converted != 0 {
            let inexact = i32::from(deferred.converted) == Deferred::INEXACT;
            self.conclude(if inexact { XX | FI } else { 0 }, INTEGER);
        }
        if deferred.code != 0 {
            self.set_fpcc(u64::from(deferred.code) << FPCC.trailing_zeros());
        }
    }
}
