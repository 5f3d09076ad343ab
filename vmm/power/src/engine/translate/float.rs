// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Floating-point arithmetic and comparisons as emitted code: on the host's own arithmetic where its result is the
//! guest's, and its flags are known; a helper has the other cases.
//!
//! The host rounds to nearest, and neither traps nor flushes denormal numbers: Rust guarantees that of every function it
//! calls from. So the code first compares FPSCR's bits: RN asks for nearest, XE is off, and XX is set. Then it looks at
//! the result's exponent. A result that is a normal number comes from finite operands, and is neither an overflow nor
//! invalid nor a division by zero. One that is not the smallest normal number, to which a tiny one may have been
//! rounded, is no underflow. So the only exception that is left is inexact, which changes nothing: XX is set. A sum
//! that is 0 is exact, too, and a product of 0. FR, FI and FPRF of scalars are deferred: see `state/deferred.rs`. Vectors
//! leave them alone.
//!
//! If XX is not set, the host's own flag, cleared before, says that the result is exact. A program that computes with
//! whole numbers never sets XX.
//!
//! A single-precision scalar is computed in double precision and rounded again. If the double is not half-way between two
//! singles, it is on the same side of each half-way point as the exact value, so the second rounding is right. If it
//! is, the helper knows on which side the exact value was.

use super::{
    emit::{Cold, Emitter, Point},
    host::{Alu, Cond, Field, FloatOp, FloatReg, Helper, Host, Label, Lanes, Reg, Shift, Src},
    values::Val,
    vector_values::Wide,
};
use crate::{
    arith::{
        float::{DP, Operation, Route, SINGLE, SP, integer::Integer},
        float_arith::{Arith, Shape},
        float_operands::{Conversion, Way},
    },
    state::{
        deferred::Deferred,
        facility::{VectorFn, VectorValueFn},
        fpscr::{NI_RN, XE, XX},
    },
    vocabulary::{Facility, Size, Vocabulary},
    word::Word,
};

/// FPSCR's bits that the host's arithmetic depends on; all but XX are 0 for it.
const CONTROL: u64 = NI_RN | XE | XX;

/// Operands A, B and C.
const OPERANDS: [FloatReg; 3] = [FloatReg(0), FloatReg(1), FloatReg(2)];
/// The result.
const RESULT: FloatReg = FloatReg(3);
/// For what is computed of a result.
const SCRATCH: [FloatReg; 2] = [FloatReg(4), FloatReg(5)];

/// The exponents of normal doubles but for the smallest.
const DOUBLES: (u32, u32) = (2, 0x7fe);
/// Those of normal singles but for the smallest, in double precision.
const SINGLES: (u32, u32) = (1023 - 125, 1023 + 127);

/// The bits of a double that a single does not have, and their value half-way between two singles.
const TAIL: (u32, i32) = (0x1fff_ffff, 0x1000_0000);

/// The operands' registers hold these.
fn lanes(arith: &Arith) -> Lanes {
    match arith.shape {
        Shape::F | Shape::Xs => Lanes::Double,
        Shape::Xv if arith.route.from == SINGLE => Lanes::Singles,
        Shape::Xv => Lanes::Doubles,
    }
}

impl<H: Host> Emitter<H> {
    /// An arithmetic instruction.
    pub(super) fn arithmetic(&mut self, a: &'static Arith, w: Word) {
        if a.records(w) || !self.has(a.op.operation()) {
            return self.arith_helper(a, w);
        }
        let _ = self.need(a.facility()); // emits its stop
        self.commit();
        let of_vectors = (a.shape == Shape::Xv).then(|| {
            let (mut operands, used) = (a.operands(w), a.op.operands());
            operands[used..].fill(w.xb()); // of no meaning, and in a register anyway
            let operands = self.vector_regs(operands.map(Wide::Vsr));
            (operands, self.vector_target(a.target(w)))
        });
        let (at, computed, back) = (self.point(), self.host.label(), self.host.label());
        let other = self.cold(Cold::Arith { a, w, back, at });
        let exact = self.cold(Cold::Exact { a, w, computed, other });
        self.unless_control(XX, exact);
        match of_vectors {
            Some((operands, _)) => self.compute_of(a, operands),
            None => self.compute_float(a, w),
        }
        self.host.bind(computed);
        match of_vectors {
            Some((_, d)) => self.elements(a, w, d, other),
            None => self.scalar(a, w, other),
        }
        self.host.bind(back);
    }

    /// Goes to a place unless FPSCR lets the host compute, with XX as given.
    fn unless_control(&mut self, xx: u64, to: Label) {
        let fpscr = Field::word(self.layout.fpscr);
        self.host.unless_field(H::ARGUMENT, fpscr, CONTROL as u32, xx as u32, to);
    }

    /// XX is not set: goes on with a result that is exact.
    pub(super) fn cold_exact(&mut self, a: &'static Arith, w: Word, computed: Label, other: Label) {
        self.unless_control(0, other);
        self.host.clear_inexact(self.layout.scratch);
        self.compute_float(a, w);
        if a.route == SP {
            let [.., single] = SCRATCH;
            self.host.float_single(single, RESULT);
        }
        self.host.if_inexact(self.layout.scratch, other);
        self.host.jump(computed);
    }

    /// True if the host has an operation.
    fn has(&self, operation: Operation) -> bool {
        use Operation::*;
        match operation {
            Add | Subtract | Multiply | Divide | Root | Convert => true,
            Reciprocal | ReciprocalRoot => false,
            MultiplyAdd | MultiplySubtract | NegatedMultiplyAdd | NegatedMultiplySubtract => {
                self.host.has_fused()
            }
        }
    }

    /// Reads the operands and computes, without a look at the result.
    fn compute_float(&mut self, arith: &'static Arith, w: Word) {
        let lanes = lanes(arith);
        let element = usize::from(lanes != Lanes::Double);
        let operands = arith.operands(w).map(|n| self.doubleword_of(n, element).offset);
        for (d, offset) in OPERANDS.iter().zip(&operands[..arith.op.operands()]) {
            self.host.float_read(lanes, *d, *offset);
        }
        self.compute_of(arith, OPERANDS);
    }

    /// Computes from operands in registers.
    fn compute_of(&mut self, arith: &'static Arith, [a, b, c]: [FloatReg; 3]) {
        use Operation::*;
        let lanes = lanes(arith);
        let (host, operation) = (&mut self.host, arith.op.operation());
        match operation {
            Add => host.float_op(FloatOp::Add, lanes, RESULT, a, b),
            Subtract => host.float_op(FloatOp::Sub, lanes, RESULT, a, b),
            Multiply => host.float_op(FloatOp::Mul, lanes, RESULT, a, b),
            Divide => host.float_op(FloatOp::Div, lanes, RESULT, a, b),
            Root => host.float_root(lanes, RESULT, a),
            Reciprocal | ReciprocalRoot => unreachable!("the host does not have them"),
            // To negate the result, or both parts of the sum, is the same but for a sum of 0.
            MultiplyAdd => host.float_fused(false, false, lanes, RESULT, [a, b, c]),
            MultiplySubtract => host.float_fused(false, true, lanes, RESULT, [a, b, c]),
            NegatedMultiplyAdd => host.float_fused(true, true, lanes, RESULT, [a, b, c]),
            NegatedMultiplySubtract => host.float_fused(true, false, lanes, RESULT, [a, b, c]),
            Convert => host.float_mov(RESULT, a),
        }
    }

    fn scalar(&mut self, a: &'static Arith, w: Word, other: Label) {
        let operation = a.op.operation();
        let (bits, kept) = (H::ARGUMENT, self.host.label());
        let (mut exponents, mut unrounded) = (DOUBLES, bits);
        if a.route == SP {
            exponents = SINGLES;
            if operation != Operation::Convert {
                unrounded = H::SECOND;
                self.host.float_bits(unrounded, RESULT);
                self.host.and_word(H::THIRD, unrounded, TAIL.0);
                self.host.compare(Size::Word, H::THIRD, Src::Imm(TAIL.1));
                self.host.jump_if(Cond::Eq, other);
            }
            self.host.float_single(RESULT, RESULT);
        }
        self.host.float_bits(bits, RESULT);
        let unusual = match operation {
            Operation::Add | Operation::Subtract | Operation::Multiply => {
                let product = operation == Operation::Multiply;
                self.cold(Cold::Zero { bits: unrounded, product, zero: kept, other })
            }
            _ => other,
        };
        self.host.unless_exponent(bits, exponents, unusual);
        self.host.bind(kept);
        self.defer(operation, a.route, &OPERANDS[..a.op.operands()]);
        self.write_scalar(a.target(w), bits);
    }

    /// Records an operation of doubles in registers.
    fn defer(&mut self, operation: Operation, route: Route, operands: &[FloatReg]) {
        for (i, operand) in (0..).zip(operands) {
            let offset = self.layout.deferred + Deferred::OPERANDS as i32 + 8 * i;
            self.host.float_write(Lanes::Double, offset, *operand);
        }
        let number = Deferred::number(operation, route) as i32;
        let offset = self.layout.deferred + Deferred::NUMBER as i32;
        self.host.write(Field::double(offset), Src::Imm(number));
    }

    /// Doubleword 0 of a VSR <- a register, doubleword 1 <- 0.
    fn write_scalar(&mut self, n: usize, bits: Reg) {
        let (high, low) = (self.doubleword_of(n, 0), self.doubleword_of(n, 1));
        self.host.write(high, Src::Reg(bits));
        self.host.write(low, Src::Imm(0));
        self.vectors.written(n, true);
    }

    fn elements(&mut self, a: &'static Arith, w: Word, d: FloatReg, other: Label) {
        self.host.unless_normal(lanes(a), RESULT, SCRATCH, other);
        self.host.vector_write(self.vsr_offset(a.target(w)), RESULT);
        self.host.float_mov(d, RESULT);
    }

    /// A conversion: what loses nothing depends on no mode, and has no other facts.
    pub(super) fn conversion(&mut self, conversion: Conversion, f: VectorFn, w: Word) {
        let fp = conversion.facility == Facility::Fp;
        let helper = if fp { Helper::Float } else { Helper::Vector };
        if fp && w.rc() {
            return self.float_helper(f, w);
        }
        let _ = self.need(conversion.facility); // emits its stop
        self.commit();
        let (at, back) = (self.point(), self.host.label());
        let other = self.cold(Cold::Vector { helper, f: f as usize, w, back, at });
        let from = self.doubleword_of(conversion.from, 0);
        match conversion.way {
            Way::FromInteger { signed, single } => {
                let (n, bits) = (H::SECOND, H::ARGUMENT);
                self.host.read(n, from);
                if !signed {
                    self.host.compare(Size::Double, n, Src::Imm(0));
                    self.host.jump_if(Cond::LtS, other);
                }
                self.host.float_from(RESULT, n, single);
                self.host.float_truncate(bits, RESULT);
                self.host.compare(Size::Double, bits, Src::Reg(n));
                self.host.jump_if(Cond::Ne, other);
                self.host.float_bits(bits, RESULT);
                self.defer(Operation::Convert, DP, &[RESULT]);
                self.write_scalar(conversion.to, bits);
            }
            Way::ToInteger(integer) => self.truncated(integer, from.offset, conversion.to, other),
        }
        self.host.bind(back);
    }

    /// VSR `to` <- the integer of a number at an offset, and FR and FI are deferred.
    fn truncated(&mut self, integer: Integer, from: i32, to: usize, other: Label) {
        let ([value, ..], n) = (OPERANDS, H::ARGUMENT);
        self.host.float_read(Lanes::Double, value, from);
        self.host.float_truncate(n, value);
        if integer.bits == 64 {
            // A number that does not fit becomes the least number.
            self.host.imm(H::SECOND, i64::MIN as u64);
            self.host.compare(Size::Double, n, Src::Reg(H::SECOND));
            self.host.jump_if(Cond::Eq, other);
            if !integer.signed {
                self.host.test(n);
                self.host.jump_if(Cond::LtS, other);
            }
        } else {
            match integer.signed {
                true => self.host.sext(H::SECOND, n, Size::Word),
                false => self.host.zext(H::SECOND, n, Size::Word),
            }
            self.host.compare(Size::Double, n, Src::Reg(H::SECOND));
            self.host.jump_if(Cond::Ne, other);
        }
        self.host.float_from(RESULT, n, false);
        let (inexact, known) = (self.host.label(), self.host.label());
        let offset = self.layout.deferred + Deferred::CONVERTED as i32;
        let converted = Field::half(offset);
        self.host.float_compare(RESULT, from, other);
        self.host.jump_if(Cond::Ne, inexact);
        self.host.write(converted, Src::Imm(Deferred::EXACT));
        self.host.jump(known);
        self.host.bind(inexact);
        // Truncated whatever RN is.
        let fpscr = Field::word(self.layout.fpscr);
        self.host.unless_field(H::SECOND, fpscr, (XE | XX) as u32, XX as u32, other);
        self.host.write(converted, Src::Imm(Deferred::INEXACT));
        self.host.bind(known);
        if integer.bits == 32 {
            self.host.zext(H::SECOND, n, Size::Word);
            self.host.shift_by(Shift::Left, n, n, 32);
            self.host.alu(Alu::Or, n, n, Src::Reg(H::SECOND));
        }
        self.write_scalar(to, n);
    }

    pub(super) fn float_helper(&mut self, f: VectorFn, w: Word) {
        if w.rc() {
            self.settle(1);
            self.fields[1] = None;
        }
        self.vector_helper(Helper::Float, f as usize, w);
    }

    fn arith_helper(&mut self, a: &'static Arith, w: Word) {
        if a.records(w) {
            self.settle(1);
            self.fields[1] = None;
        }
        self.vector_helper(Helper::Arith, std::ptr::from_ref(a) as usize, w);
    }

    /// A comparison of the doubles in two VSRs.
    pub(super) fn order(
        &mut self,
        facility: Facility,
        [a, b]: [usize; 2],
        f: VectorValueFn,
        w: Word,
    ) {
        let _ = self.need(facility); // emits its stop
        self.commit();
        let bf = w.bf();
        self.fields[bf as usize & 7] = None;
        let (at, back) = (self.point(), self.host.label());
        let helper = Helper::FloatCompare;
        let cold = self.cold(Cold::Vector { helper, f: f as usize, w, back, at });
        let (a, b) = (self.doubleword_of(a, 0).offset, self.doubleword_of(b, 0).offset);
        let [x, ..] = OPERANDS;
        let kind = self.kind_field(bf);
        self.host.write(kind, Src::Imm(0));
        self.host.float_read(Lanes::Double, x, a);
        self.host.float_compare(x, b, cold);
        let code = H::ARGUMENT;
        self.host.compared(false, code, None);
        let offset = self.layout.deferred + Deferred::CODE as i32;
        self.host.write(Field::half(offset), Src::Reg(code));
        let field = self.cr_field(bf);
        self.host.write(field, Src::Reg(code));
        self.host.bind(back);
    }

    /// A helper computes a value.
    pub(super) fn cold_pure(&mut self, f: usize, a: Reg, d: Reg, back: Label) {
        self.host.mov(H::SECOND, a);
        self.host.imm(H::ARGUMENT, f as u64);
        self.call(Helper::Pure1);
        self.host.mov(d, H::ARGUMENT);
        self.host.jump(back);
    }

    /// A helper has the instruction.
    pub(super) fn cold_helper(
        &mut self,
        helper: Helper,
        f: usize,
        w: Word,
        back: Label,
        at: Point,
    ) {
        self.host.imm(H::ARGUMENT, f as u64);
        self.host.imm(H::SECOND, w.raw().into());
        self.call_at(helper, at);
        self.host.jump(back);
    }

    /// Goes on with a result that is 0, if it is exact: a sum, or the product of a 0.
    pub(super) fn cold_zero(&mut self, bits: Reg, product: bool, zero: Label, other: Label) {
        self.host.shift_by(Shift::Left, H::THIRD, bits, 1);
        self.host.test(H::THIRD);
        if product {
            self.host.jump_if(Cond::Ne, other);
            for factor in &OPERANDS[..2] {
                self.host.float_bits(H::THIRD, *factor);
                self.host.shift_by(Shift::Left, H::THIRD, H::THIRD, 1);
                self.host.test(H::THIRD);
                self.host.jump_if(Cond::Eq, zero);
            }
        } else {
            self.host.jump_if(Cond::Eq, zero);
        }
        self.host.jump(other);
    }

    /// A value from another one: in most cases by the host, in the others by a helper.
    pub(super) fn float_value(
        &mut self,
        f: fn(u64) -> u64,
        a: Val,
        into: Option<Reg>,
        host: fn(&mut H, Reg, Reg, Label),
    ) -> Reg {
        let a = self.locked_reg(a);
        let d = into.unwrap_or_else(|| self.temp());
        let back = self.host.label();
        let other = self.cold(Cold::Pure1 { f: f as usize, a, d, back });
        host(&mut self.host, d, a, other);
        self.host.bind(back);
        self.unlock(a);
        d
    }
}
