// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The computation of values, when something wants them.

use super::{
    emit::{Emitter, Held},
    host::{Alu, Helper, Host, Reg, Shift, Src},
    values::{Op, Val},
};
use crate::arith::single::{narrowed, widened};

impl<H: Host> Emitter<H> {
    /// Computes a node.
    pub(super) fn compute(&mut self, node: u16, into: Option<Reg>) -> Reg {
        let op = self.values.nodes[usize::from(node)].op;
        let d = match op {
            Op::Alu(op, a, b) => {
                // An operand in the CPU is best the second one.
                let swap = op != Alu::Sub
                    && self.in_place(a).is_some()
                    && self.in_place(b).is_none()
                    && !matches!(b, Val::Imm(_));
                let (a, b) = if swap { (b, a) } else { (a, b) };
                self.force(a);
                self.force_source(b);
                let (a, b) = (self.locked_reg(a), self.source(b));
                let d = into.unwrap_or_else(|| self.temp());
                self.host.alu(op, d, a, b);
                self.unlock(a);
                self.unlock_source(b);
                d
            }
            Op::AndWord(a, mask) => self.unary(a, into, |host, d, a| host.and_word(d, a, mask)),
            Op::ShiftWord(op, a, n) => {
                self.unary(a, into, |host, d, a| host.shift_word_by(op, d, a, n))
            }
            Op::RotlWord(a, n) => self.unary(a, into, |host, d, a| {
                host.shift_word_by(Shift::Rotate, d, a, n);
                host.shift_by(Shift::Left, H::ARGUMENT, d, 32);
                host.alu(Alu::Or, d, d, Src::Reg(H::ARGUMENT));
            }),
            Op::Sext(a, size) => self.unary(a, into, |host, d, a| host.sext(d, a, size)),
            Op::Zext(a, size) => self.unary(a, into, |host, d, a| host.zext(d, a, size)),
            Op::Bswap(a, size) => self.unary(a, into, |host, d, a| host.bswap(d, a, size)),
            Op::Not(a) => self.unary(a, into, |host, d, a| host.not(d, a)),
            Op::Mul(a, b) => self.binary(a, b, into, |host, d, a, b| host.mul(d, a, b)),
            Op::MulHigh(signed, a, b) => {
                self.binary(a, b, into, |host, d, a, b| host.mul_high(signed, d, a, b))
            }
            Op::Div(signed, a, b) => {
                self.binary(a, b, into, |host, d, a, b| host.div(signed, d, a, b))
            }
            Op::Shift(op, a, Val::Imm(n)) => {
                self.unary(a, into, |host, d, a| host.shift_by(op, d, a, n as u32))
            }
            Op::Shift(op, a, n) => self.binary(a, n, into, |host, d, a, n| host.shift(op, d, a, n)),
            Op::Cmp(..) | Op::CrBit(..) => {
                if let Op::Cmp(_, _, a, b) = op {
                    self.force(a);
                    self.force(b);
                }
                let d = into.unwrap_or_else(|| self.temp());
                self.protect(d, |e| {
                    let cond = e.condition(Val::Node(node));
                    match cond {
                        Held::Always(is) => e.host.imm(d, is.into()),
                        Held::If(cond) => e.host.set_if(cond, d),
                    }
                });
                d
            }
            Op::Select(c, a, b) => self.selected(c, a, b, into),
            Op::Read(field) => {
                let d = into.unwrap_or_else(|| self.temp());
                self.host.read(d, field);
                d
            }
            Op::Spr(n) => {
                let d = into.unwrap_or_else(|| self.temp());
                self.host.read_through(d, self.layout.sprs, 8 * i32::from(n));
                d
            }
            Op::Compared(signed, size, a, b) => {
                self.force(a);
                self.force(b);
                let d = into.unwrap_or_else(|| self.temp());
                self.protect(d, |e| e.compared(signed, size, a, b, d));
                d
            }
            Op::Pure1(f, a) => {
                let a = self.locked_reg(a);
                self.host.imm(H::ARGUMENT, f as u64);
                self.host.mov(H::SECOND, a);
                self.unlock(a);
                self.call(Helper::Pure1);
                let d = into.unwrap_or_else(|| self.temp());
                self.host.mov(d, H::ARGUMENT);
                d
            }
            Op::DoubleOfSingle(a) => self.float_value(widened, a, into, H::double_of_single),
            Op::SingleOfDouble(a) => self.float_value(narrowed, a, into, H::single_of_double),
            Op::Pure2(f, a, b) => {
                let (a, b) = self.locked_regs(a, b);
                self.host.imm(H::ARGUMENT, f as u64);
                self.host.mov(H::SECOND, a);
                self.host.mov(H::THIRD, b);
                self.unlock(a);
                self.unlock(b);
                self.call(Helper::Pure2);
                let d = into.unwrap_or_else(|| self.temp());
                self.host.mov(d, H::ARGUMENT);
                d
            }
            Op::Made => unreachable!("what was made is somewhere"),
        };
        self.place(node, d);
        d
    }

    /// Computes with a register kept out of the way.
    pub(super) fn protect(&mut self, d: Reg, f: impl FnOnce(&mut Self)) {
        self.lock(d);
        f(self);
        self.unlock(d);
    }

    pub(super) fn unary(
        &mut self,
        a: Val,
        into: Option<Reg>,
        f: impl FnOnce(&mut H, Reg, Reg),
    ) -> Reg {
        let a = self.locked_reg(a);
        let d = into.unwrap_or_else(|| self.temp());
        f(&mut self.host, d, a);
        self.unlock(a);
        d
    }

    pub(super) fn binary(
        &mut self,
        a: Val,
        b: Val,
        into: Option<Reg>,
        f: impl FnOnce(&mut H, Reg, Reg, Reg),
    ) -> Reg {
        let (a, b) = self.locked_regs(a, b);
        let d = into.unwrap_or_else(|| self.temp());
        f(&mut self.host, d, a, b);
        self.unlock(a);
        self.unlock(b);
        d
    }

    pub(super) fn selected(&mut self, c: Val, a: Val, b: Val, into: Option<Reg>) -> Reg {
        if !self.is_plain(c) {
            self.force(c);
        }
        let (a, b) = self.locked_regs(a, b);
        let d = into.unwrap_or(H::ARGUMENT);
        match self.condition(c) {
            Held::Always(is) => self.host.mov(d, if is { a } else { b }),
            Held::If(cond) if d == b && d != a => self.host.select(cond.not(), d, b, a),
            Held::If(cond) => self.host.select(cond, d, a, b),
        }
        self.unlock(a);
        self.unlock(b);
        if into.is_some() {
            return d;
        }
        let t = self.temp();
        self.host.mov(t, d);
        t
    }

    /// True if a condition needs no register but those of the region.
    pub(super) fn is_plain(&self, c: Val) -> bool {
        let Val::Node(node) = c else { return true };
        match self.values.nodes[usize::from(node)].op {
            Op::Cmp(_, _, Val::Pinned(_), Val::Imm(v)) => H::is_short(v),
            Op::Cmp(_, _, Val::Pinned(_), Val::Pinned(_)) => true,
            Op::CrBit(..) => true,
            _ => false,
        }
    }
}
