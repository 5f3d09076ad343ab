// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Conditions, and the CR fields of comparisons.
//!
//! A comparison keeps its operands in the CPU, where its CR field is made when something reads it: see `settle.rs`. A branch
//! on it compares the operands again, while they are in registers and unchanged.

use super::{
    emit::{Cold, Compare, Emitter, Held},
    host::{Cond, Field, Host, Reg, Src},
    values::{At, Guest, Op, Val},
};
use crate::vocabulary::Size;

impl<H: Host> Emitter<H> {
    /// The second operand of a comparison. A number is compared as a word if the comparison is one of words.
    fn comparand(&mut self, size: Size, b: Val) -> Src {
        match b {
            Val::Imm(v) if size == Size::Word => Src::Imm(v as i32),
            _ => self.source(b),
        }
    }

    /// Compares two values.
    pub(super) fn compare(&mut self, size: Size, a: Val, b: Val) {
        self.force(a);
        self.force_source(b);
        let a = self.locked_reg(a);
        let b = self.comparand(size, b);
        self.host.compare(size, a, b);
        self.unlock(a);
        self.unlock_source(b);
    }

    /// The condition under which a value is not 0, left by what is emitted last.
    pub(super) fn condition(&mut self, v: Val) -> Held {
        let node = match v {
            Val::Imm(v) => return Held::Always(v != 0),
            Val::Pinned(_) => None,
            Val::Node(node) => {
                let node = self.values.nodes[usize::from(node)];
                (node.at == At::Nowhere).then_some(node.op)
            }
        };
        match node {
            Some(Op::Cmp(cond, size, a, b)) => {
                self.compare(size, a, b);
                Held::If(cond)
            }
            Some(Op::CrBit(bi, is)) => self.cr_condition(bi, is),
            _ => {
                let reg = self.reg(v, None);
                self.host.test(reg);
                Held::If(Cond::Ne)
            }
        }
    }

    pub(super) fn cr_condition(&mut self, bi: u32, is: bool) -> Held {
        let (bf, bit) = ((bi / 4) & 7, bi % 4);
        if bit < 3
            && let Some(compare) = self.fields[bf as usize]
        {
            let cond = match (bit, compare.signed) {
                (0, true) => Cond::LtS,
                (0, false) => Cond::LtU,
                (1, true) => Cond::GtS,
                (1, false) => Cond::GtU,
                _ => Cond::Eq,
            };
            self.compare_again(bf, compare);
            return Held::If(if is { cond } else { cond.not() });
        }
        self.settle(bf);
        self.host.test_field(self.cr_field(bf), 8 >> bit);
        Held::If(if is { Cond::Ne } else { Cond::Eq })
    }

    /// Makes the comparison of a CR field again.
    pub(super) fn compare_again(&mut self, bf: u32, compare: Compare) {
        let [first, second] = self.operand_fields(bf);
        let a = match compare.a {
            Some(a) => self.locked_reg(a),
            None => {
                self.host.read(H::ARGUMENT, first);
                H::ARGUMENT
            }
        };
        let is_word = compare.size == Size::Word;
        let b = match compare.b {
            Some(Val::Imm(v)) if !is_word && !H::is_short(v) => Src::Field(second),
            Some(b) => self.comparand(compare.size, b),
            None => Src::Field(second),
        };
        self.host.compare(compare.size, a, b);
        self.unlock(a);
        self.unlock_source(b);
    }

    /// Where the operands of the comparison of a CR field are kept.
    pub(super) fn operand_fields(&self, bf: u32) -> [Field; 2] {
        let at = self.layout.operands + 16 * (bf & 7) as i32;
        [at, at + 8].map(Field::double)
    }

    /// The CR field of a comparison.
    pub(super) fn compared(&mut self, signed: bool, size: Size, a: Val, b: Val, d: Reg) {
        self.compare(size, a, b);
        let so = self.so_field();
        self.host.compared(signed, d, Some(so));
    }

    /// Has a CR field be in its place in the CPU, and not only its operands.
    pub(super) fn settle(&mut self, bf: u32) {
        let back = self.host.label();
        let cold = self.cold(Cold::Settle { back });
        self.host.compare_byte(self.kind_field(bf), 0);
        self.host.jump_if(Cond::Ne, cold);
        self.host.bind(back);
    }

    /// Has all CR fields be in their places.
    pub(super) fn settle_all(&mut self) {
        let back = self.host.label();
        let cold = self.cold(Cold::Settle { back });
        let kinds = Field::double(self.layout.kinds);
        self.host.read(H::ARGUMENT, kinds);
        self.host.test(H::ARGUMENT);
        self.host.jump_if(Cond::Ne, cold);
        self.host.bind(back);
    }

    pub(super) fn kind_field(&self, bf: u32) -> Field {
        Field::byte(self.layout.kinds + (bf & 7) as i32)
    }

    /// Has a CR field be that of a comparison.
    pub(super) fn write_comparison(&mut self, bf: u32, signed: bool, size: Size, a: Val, b: Val) {
        let [first, second] = self.operand_fields(bf);
        self.force(a);
        self.force(b);
        let a = self.locked_reg(a);
        let b = self.comparand(size, b);
        self.host.write(first, Src::Reg(a));
        self.host.write(second, b);
        let kind = super::settle::kind(signed, size);
        self.host.write(self.kind_field(bf), Src::Imm(kind.into()));
        self.unlock(a);
        self.unlock_source(b);
    }

    /// A guest register is about to change.
    pub(super) fn before_write(&mut self, g: Guest) {
        for bf in 0..8 {
            let Some(compare) = &mut self.fields[bf] else { continue };
            for operand in [&mut compare.a, &mut compare.b] {
                *operand = operand.filter(|operand| *operand != Val::Pinned(g));
            }
        }
    }

    /// Forgets what it knows of CR and the facilities.
    pub(super) fn forget(&mut self) {
        self.fields = [None; 8];
        self.checked = 0;
    }
}
