// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The floating-point part of the assembler of x86-64 hosts.
#![allow(clippy::useless_conversion)] // the assembler's macro converts every register's number

use super::{
    host::{Cond, Field, FloatHost, FloatOp, FloatReg, Host, Label, Lanes, Reg, Src},
    x86_64::{RCX, UNORDERED, X86_64, asm, code},
};
use dynasmrt::DynasmApi;

/// One instruction for each kind of lanes.
macro_rules! by_lanes {
    ($self:ident, $lanes:ident: $double:ident $doubles:ident $singles:ident, $($operand:tt)*) => {
        match $lanes {
            Lanes::Double => asm!($self ; $double $($operand)*),
            Lanes::Doubles => asm!($self ; $doubles $($operand)*),
            Lanes::Singles => asm!($self ; $singles $($operand)*),
        }
    };
}

impl X86_64 {
    /// An operation of a register and a place in the CPU, with a prefix.
    fn with_double(&mut self, prefix: u8, opcode: u8, reg: FloatReg, offset: i32) {
        asm!(self ; .u8 prefix);
        self.with_field(false, &[0x0f, opcode], reg.0, offset);
    }
}

impl FloatHost for X86_64 {
    fn has_fused(&self) -> bool {
        self.has.fma
    }
    fn float_read(&mut self, lanes: Lanes, d: FloatReg, offset: i32) {
        self.with_double(0xf2, 0x10, d, offset); // movsd
        if lanes != Lanes::Double {
            // Two reads, as most of what is read was written by two writes.
            self.with_double(0x66, 0x16, d, offset + 8); // movhpd
        }
    }
    fn float_write(&mut self, lanes: Lanes, offset: i32, s: FloatReg) {
        match lanes {
            Lanes::Double => self.with_double(0xf2, 0x11, s, offset), // movsd
            Lanes::Doubles | Lanes::Singles => self.with_double(0x66, 0x11, s, offset), // movupd
        }
    }
    fn float_mov(&mut self, d: FloatReg, s: FloatReg) {
        if d != s {
            asm!(self ; movaps Rx(d.0), Rx(s.0));
        }
    }
    fn float_op(&mut self, op: FloatOp, lanes: Lanes, d: FloatReg, a: FloatReg, b: FloatReg) {
        self.float_mov(d, a);
        let (d, b) = (d.0, b.0);
        match op {
            FloatOp::Add => by_lanes!(self, lanes: addsd addpd addps, Rx(d), Rx(b)),
            FloatOp::Sub => by_lanes!(self, lanes: subsd subpd subps, Rx(d), Rx(b)),
            FloatOp::Mul => by_lanes!(self, lanes: mulsd mulpd mulps, Rx(d), Rx(b)),
            FloatOp::Div => by_lanes!(self, lanes: divsd divpd divps, Rx(d), Rx(b)),
        }
    }
    fn float_root(&mut self, lanes: Lanes, d: FloatReg, a: FloatReg) {
        let (d, a) = (d.0, a.0);
        by_lanes!(self, lanes: sqrtsd sqrtpd sqrtps, Rx(d), Rx(a));
    }
    fn float_fused(
        &mut self,
        product: bool,
        addend: bool,
        lanes: Lanes,
        d: FloatReg,
        [a, b, c]: [FloatReg; 3],
    ) {
        self.float_mov(d, b);
        // vfmadd231 and its kin, by hand: dynasm's of two doubles lacks VEX.W.
        let (d, a, c) = (d.0, a.0, c.0);
        let wide = u8::from(lanes != Lanes::Singles) << 7;
        let opcode = 0xb8 | u8::from(product) << 2 | u8::from(addend) << 1;
        asm!(self
            ; .u8 0xc4 ; .u8 0xe2 ^ (c >> 3 << 5) ; .u8 wide | (!a & 15) << 3 | 1
            ; .u8 opcode | u8::from(lanes == Lanes::Double) ; .u8 0xc0 | d << 3 | c & 7);
    }
    fn float_single(&mut self, d: FloatReg, a: FloatReg) {
        asm!(self ; cvtsd2ss Rx(d.0), Rx(a.0) ; cvtss2sd Rx(d.0), Rx(d.0));
    }
    fn float_bits(&mut self, d: Reg, s: FloatReg) {
        asm!(self ; movq Rq(d.0), Rx(s.0));
    }
    fn unless_exponent(&mut self, bits: Reg, (first, last): (u32, u32), to: Label) {
        asm!(self
            ; lea Rq(RCX), [Rq(bits.0) + Rq(bits.0)] // without the sign
            ; shr Rq(RCX), 53
            ; sub Rd(RCX), first as i32
            ; cmp Rd(RCX), (last - first) as i32);
        self.jump_on(code(Cond::GtU), to);
    }
    fn unless_normal(&mut self, lanes: Lanes, s: FloatReg, scratch: [FloatReg; 2], to: Label) {
        let [e, t] = scratch.map(|scratch| scratch.0);
        // Exponents less 2, and what is more than they may be then. A negative number is more, taken as unsigned words.
        match lanes {
            Lanes::Singles => asm!(self
                ; movaps Rx(e), Rx(s.0) ; pslld Rx(e), 1 ; psrld Rx(e), 24
                ; pcmpeqd Rx(t), Rx(t) ; psrld Rx(t), 31 ; pslld Rx(t), 1 ; psubd Rx(e), Rx(t)
                ; pcmpeqd Rx(t), Rx(t) ; psrld Rx(t), 26 ; pslld Rx(t), 2 ; psubusw Rx(e), Rx(t)),
            _ => asm!(self
                ; movaps Rx(e), Rx(s.0) ; psllq Rx(e), 1 ; psrlq Rx(e), 53
                ; pcmpeqd Rx(t), Rx(t) ; psrlq Rx(t), 63 ; psllq Rx(t), 1 ; psubq Rx(e), Rx(t)
                ; pcmpeqd Rx(t), Rx(t) ; psrlq Rx(t), 55 ; psllq Rx(t), 2 ; psubusw Rx(e), Rx(t)),
        }
        asm!(self ; pxor Rx(t), Rx(t) ; pcmpeqb Rx(e), Rx(t) ; pmovmskb Rd(RCX), Rx(e)
            ; cmp Rd(RCX), 0xffff);
        self.jump_on(code(Cond::Ne), to);
    }
    fn float_compare(&mut self, a: FloatReg, offset: i32, unordered: Label) {
        self.with_double(0x66, 0x2e, a, offset); // ucomisd
        self.jump_on(UNORDERED, unordered);
    }
    fn float_from(&mut self, d: FloatReg, n: Reg, single: bool) {
        asm!(self ; xorps Rx(d.0), Rx(d.0)); // does not wait for what was there
        if single {
            asm!(self ; cvtsi2ss Rx(d.0), Rq(n.0) ; cvtss2sd Rx(d.0), Rx(d.0));
        } else {
            asm!(self ; cvtsi2sd Rx(d.0), Rq(n.0));
        }
    }
    fn float_truncate(&mut self, d: Reg, s: FloatReg) {
        asm!(self ; cvttsd2si Rq(d.0), Rx(s.0));
    }
    fn double_of_single(&mut self, d: Reg, a: Reg, other: Label) {
        asm!(self ; movd xmm0, Rd(a.0) ; ucomiss xmm0, xmm0);
        self.jump_on(UNORDERED, other);
        asm!(self ; cvtss2sd xmm0, xmm0 ; movq Rq(d.0), xmm0);
    }
    fn single_of_double(&mut self, d: Reg, a: Reg, other: Label) {
        asm!(self
            ; movq xmm0, Rq(a.0)
            ; cvtsd2ss xmm1, xmm0
            ; cvtss2sd xmm2, xmm1
            ; ucomisd xmm0, xmm2);
        self.jump_on(UNORDERED, other);
        self.jump_on(code(Cond::Ne), other);
        asm!(self ; movd Rd(d.0), xmm1);
    }
    fn clear_inexact(&mut self, offset: i32) {
        const DEFAULT: i32 = 0x1f80; // nothing traps, nearest, no flag
        self.write(Field::word(offset), Src::Imm(DEFAULT));
        self.with_field(false, &[0x0f, 0xae], 2, offset); // ldmxcsr
    }
    fn if_inexact(&mut self, offset: i32, to: Label) {
        const PRECISION: u32 = 0x20;
        self.with_field(false, &[0x0f, 0xae], 3, offset); // stmxcsr
        self.test_field(Field::byte(offset), PRECISION);
        self.jump_on(code(Cond::Ne), to);
    }
}
