// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The bits of a result that are not compared, because the book leaves them undefined.

use super::record::{self, Endian, gpr};
use super::trials::Trial;
use super::{float_errata, vector};
use power::word::Word;

/// Bits of a trial's result that the book leaves undefined.
#[derive(Clone, Copy, Default)]
pub(crate) struct Undefined {
    /// Bits of the target register.
    rt: u64,
    /// Bits of the condition register.
    cr: u32,
    /// A VSR, and its bits.
    vsr: (usize, u128),
    fpscr: u64,
}

/// The high half of a register.
const HIGH: u64 = !0 << 32;
/// LT, GT and EQ of CR0.
const CR0: u32 = 0xe000_0000;

/// A rule: the book's words, its rows, and the condition under which it holds.
struct Rule {
    #[allow(dead_code, reason = "the reason for the rule, for the reader")]
    book: &'static str,
    rows: &'static [&'static str],
    when: fn(&Trial) -> bool,
    rt: u64,
    /// Bits of CR0, when Rc is set.
    cr: u32,
}

const WORD_RESULTS: &[&str] =
    &["mulhw", "mulhwu", "divw", "divwu", "divwe", "divweu", "modsw", "moduw"];
const DIVISIONS: &[&str] =
    &["divw", "divwu", "divwe", "divweu", "divd", "divdu", "divde", "divdeu"];
const REMAINDERS: &[&str] = &["modsw", "moduw", "modsd", "modud"];

const RULES: &[Rule] = &[
    Rule {
        book: "3.3.9: the contents of RT0:31 are undefined; in 64-bit mode so are LT, GT and EQ",
        rows: WORD_RESULTS,
        when: |_| true,
        rt: HIGH,
        cr: CR0,
    },
    Rule {
        book: "3.3.9: if the quotient can not be represented or the divisor is 0, the contents \
               of RT are undefined, and (if Rc=1) so are the LT, GT, and EQ bits of CR Field 0",
        rows: DIVISIONS,
        when: |trial| trial.quotient().is_none(),
        rt: !0,
        cr: CR0,
    },
    Rule {
        book: "3.3.9: if an attempt is made to perform <anything> % 0 or the most negative \
               number % -1, the contents of RT are undefined",
        rows: REMAINDERS,
        when: |trial| trial.quotient().is_none(),
        rt: !0,
        cr: 0,
    },
];

impl Trial {
    /// The quotient of a division or modulo, if it can be represented.
    pub(crate) fn quotient(&self) -> Option<i128> {
        let [a, b] = [self.word().ra(), self.word().rb()].map(|r| self.state.gpr[r]);
        quotient(self.row.name, a, b)
    }
}

fn quotient(name: &str, a: u64, b: u64) -> Option<i128> {
    let unsigned = name.contains('u');
    let word = name.contains('w');
    let bits = if word { 32 } else { 64 };
    let extend = |v: u64| match (unsigned, word) {
        (true, true) => i128::from(v as u32),
        (true, false) => i128::from(v),
        (false, true) => i128::from(v as i32),
        (false, false) => i128::from(v as i64),
    };
    let (mut dividend, divisor) = (extend(a), extend(b));
    if divisor == 0 {
        return None;
    }
    if name.contains('e') {
        if unsigned {
            let q = ((dividend as u128) << bits) / divisor as u128;
            return i128::try_from(q).ok().filter(|q| *q < 1 << bits);
        }
        dividend <<= bits;
    }
    let q = dividend.checked_div(divisor)?;
    let range = if unsigned { 0..1 << bits } else { -(1i128 << (bits - 1))..1i128 << (bits - 1) };
    range.contains(&q).then_some(q)
}

impl Undefined {
    /// The undefined bits after a trial that leaves `fpscr` in our FPSCR.
    pub(crate) fn after(trial: &Trial, fpscr: u64) -> Undefined {
        let (row, w) = (trial.row, trial.word());
        let mut undefined = Undefined {
            vsr: vector::undefined(trial),
            fpscr: float_errata::not_compared(trial, fpscr),
            ..Undefined::default()
        };
        for rule in RULES {
            if rule.rows.contains(&row.name) && (rule.when)(trial) {
                undefined.rt |= rule.rt;
                undefined.cr |= if w.rc() { rule.cr } else { 0 };
            }
        }
        if row.name == "mfocrf" {
            // 3.3.17: the contents of the other bits of RT are undefined.
            let field = 7 - w.fxm().trailing_zeros().min(7);
            undefined.rt |= !(0xf << (28 - 4 * field));
        }
        undefined
    }

    /// Clears the undefined bits of a record.
    pub(crate) fn clear(self, w: Word, record: &mut [u8], endian: Endian) {
        let fields =
            [(gpr(w.rt()), self.rt), (record::CR, u64::from(self.cr)), (record::FPSCR, self.fpscr)];
        for (at, mask) in fields {
            let v = endian.get(record, at);
            endian.set(record, at, v & !mask);
        }
        let (at, mask) = (record::vsr(self.vsr.0), self.vsr.1);
        endian.set_quad(record, at, endian.get_quad(record, at) & !mask);
    }
}
