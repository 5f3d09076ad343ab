// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vectors in the assembler of x86-64 hosts: moves, logic, and what moves elements. Element 0 is the last one here.
#![allow(clippy::useless_conversion)] // the assembler's macro converts every register's number

use super::{
    host::{Access, Alu, Cond, FloatHost, FloatReg, Host, Label, Reg, VectorHost},
    x86_64::{RCX, X86_64, asm, code},
};
use crate::vocabulary::{AesOp, LaneOp, Numbers, OrderOp, Sigma, Size};
use dynasmrt::DynasmApi;

const RAX: u8 = 0;

/// `d <- a op b`, for doubles or singles.
macro_rules! by_numbers {
    ($self:ident, $of:ident: $doubles:ident $singles:ident, $d:expr, $a:expr, $b:expr) => {
        match $of {
            Numbers::Singles => asm!($self ; movaps Rx($d), Rx($a) ; $singles Rx($d), Rx($b)),
            _ => asm!($self ; movaps Rx($d), Rx($a) ; $doubles Rx($d), Rx($b)),
        }
    };
}

impl X86_64 {
    /// An operation of a register and a place in the CPU.
    fn with_vector(&mut self, prefix: Option<u8>, opcode: u8, reg: FloatReg, offset: i32) {
        if let Some(prefix) = prefix {
            asm!(self ; .u8 prefix);
        }
        self.with_field(false, &[0x0f, opcode], reg.0, offset);
    }
}

impl VectorHost for X86_64 {
    const VECTORS: &'static [FloatReg] = &[
        FloatReg(6),
        FloatReg(7),
        FloatReg(8),
        FloatReg(9),
        FloatReg(10),
        FloatReg(11),
        FloatReg(12),
        FloatReg(13),
        FloatReg(14),
        FloatReg(15),
    ];

    fn vector_read(&mut self, d: FloatReg, offset: i32, halves: bool) {
        if halves {
            self.with_vector(Some(0xf2), 0x10, d, offset); // movsd
            self.with_vector(Some(0x66), 0x16, d, offset + 8); // movhpd
        } else {
            self.with_vector(None, 0x10, d, offset); // movups
        }
    }
    fn vector_write(&mut self, offset: i32, s: FloatReg) {
        self.with_vector(None, 0x11, s, offset); // movups
    }
    fn vector_constant(&mut self, d: FloatReg, high: u64, low: u64) {
        let d = d.0;
        match (high, low) {
            (0, 0) => asm!(self ; pxor Rx(d), Rx(d)),
            (u64::MAX, u64::MAX) => asm!(self ; pcmpeqd Rx(d), Rx(d)),
            _ => {
                self.imm(Reg(RAX), low);
                asm!(self ; movq Rx(d), rax);
                if high == low {
                    asm!(self ; punpcklqdq Rx(d), Rx(d));
                } else {
                    self.imm(Reg(RAX), high);
                    asm!(self ; movq xmm0, rax ; punpcklqdq Rx(d), xmm0);
                }
            }
        }
    }
    fn vector_of(&mut self, d: FloatReg, high: Reg, low: Reg) {
        asm!(self ; movq Rx(d.0), Rq(low.0));
        if high == low {
            asm!(self ; punpcklqdq Rx(d.0), Rx(d.0));
        } else {
            asm!(self ; movq xmm0, Rq(high.0) ; punpcklqdq Rx(d.0), xmm0);
        }
    }
    fn vector_doubleword(&mut self, d: Reg, s: FloatReg, i: usize) {
        if i == 0 {
            asm!(self ; pshufd xmm0, Rx(s.0), 0xee_u8 as i8 ; movq Rq(d.0), xmm0);
        } else {
            asm!(self ; movq Rq(d.0), Rx(s.0));
        }
    }
    fn vector_logic(&mut self, op: Alu, d: FloatReg, a: FloatReg, b: FloatReg) {
        self.float_mov(d, a);
        match op {
            Alu::And => asm!(self ; pand Rx(d.0), Rx(b.0)),
            Alu::Or => asm!(self ; por Rx(d.0), Rx(b.0)),
            _ => asm!(self ; pxor Rx(d.0), Rx(b.0)),
        }
    }
    fn has_lanes(&self, op: LaneOp) -> bool {
        self.has_lane_op(op)
    }
    fn vector_lanes(&mut self, op: LaneOp, d: FloatReg, a: FloatReg, b: FloatReg) {
        self.lane_op(op, d.0, a.0, b.0);
    }
    fn has_permute(&self) -> bool {
        self.has.sse41
    }
    fn vector_permute(&mut self, d: FloatReg, [a, b, choice]: [FloatReg; 3]) {
        let (d, a, b, choice) = (d.0, a.0, b.0, choice.0);
        // Place n is byte 15 - n here, of one operand or the other: bit 4 says which.
        asm!(self
            ; pcmpeqd xmm1, xmm1 ; psrlw xmm1, 12 ; packuswb xmm1, xmm1 // 15 in each byte
            ; movaps xmm0, Rx(choice) ; psllw xmm0, 3
            ; movaps xmm2, Rx(choice) ; pandn xmm2, xmm1
            ; movaps xmm1, Rx(b) ; pshufb xmm1, xmm2
            ; movaps Rx(d), Rx(a) ; pshufb Rx(d), xmm2
            ; pblendvb Rx(d), xmm1);
    }
    fn vector_shift_double(&mut self, d: FloatReg, a: FloatReg, b: FloatReg, n: u8) {
        asm!(self
            ; movaps Rx(d.0), Rx(a.0) ; pslldq Rx(d.0), n as i8
            ; movaps xmm0, Rx(b.0) ; psrldq xmm0, (16 - n) as i8
            ; por Rx(d.0), xmm0);
    }
    fn vector_sigma(&mut self, sigma: Sigma, d: FloatReg, s: FloatReg) {
        let Sigma { size, rotations: [i, j], last, shifts } = sigma;
        let width = 8 * size.bytes() as u32;
        let (d, s) = (d.0, s.0);
        self.shifted(size, d, s, i, false);
        for (n, left) in [(width - i, true), (j, false), (width - j, true), (last, false)] {
            self.shifted(size, 0, s, n, left);
            asm!(self ; pxor Rx(d), xmm0);
        }
        if !shifts {
            self.shifted(size, 0, s, width - last, true);
            asm!(self ; pxor Rx(d), xmm0);
        }
    }
    fn has_aes(&self) -> bool {
        self.has.aes && self.has.sse41
    }
    fn vector_aes(&mut self, op: AesOp, d: FloatReg, state: FloatReg, key: FloatReg) {
        // Byte 0 of a state is the last one here. The host's rounds take it as the first.
        self.vector_constant(FloatReg(1), 0x0001_0203_0405_0607, 0x0809_0a0b_0c0d_0e0f);
        let d = d.0;
        asm!(self
            ; movaps Rx(d), Rx(state.0) ; pshufb Rx(d), xmm1
            ; movaps xmm2, Rx(key.0) ; pshufb xmm2, xmm1);
        match op {
            AesOp::Round => asm!(self ; aesenc Rx(d), xmm2),
            AesOp::LastRound => asm!(self ; aesenclast Rx(d), xmm2),
            // The key comes before the mixed columns.
            AesOp::InverseRound => asm!(self ; aesdeclast Rx(d), xmm2 ; aesimc Rx(d), Rx(d)),
            AesOp::InverseLastRound => asm!(self ; aesdeclast Rx(d), xmm2),
        }
        asm!(self ; pshufb Rx(d), xmm1);
    }
    fn vector_splat(&mut self, size: Size, d: FloatReg, s: FloatReg, i: u8) {
        let (d, s) = (d.0, s.0);
        let each = |from: u8| (from * 0x55) as i8;
        match size {
            Size::Byte => {
                let from = !i & 15;
                asm!(self ; movaps Rx(d), Rx(s));
                match from {
                    0..8 => asm!(self ; punpcklbw Rx(d), Rx(d)),
                    _ => asm!(self ; punpckhbw Rx(d), Rx(d)),
                }
                self.splat_half(d, d, from & 7);
            }
            Size::Half => self.splat_half(d, s, !i & 7),
            Size::Word => asm!(self ; pshufd Rx(d), Rx(s), each(!i & 3)),
            Size::Double => self.vector_doublewords(FloatReg(d), FloatReg(s), i, FloatReg(s), i),
        }
    }
    fn vector_doublewords(&mut self, d: FloatReg, a: FloatReg, i: u8, b: FloatReg, j: u8) {
        let choice = ((1 - i) << 1 | (1 - j)) as i8;
        asm!(self ; movaps Rx(d.0), Rx(b.0) ; shufpd Rx(d.0), Rx(a.0), choice);
    }
    fn vector_reverse(&mut self, size: Size, d: FloatReg) {
        let d = d.0;
        match size {
            Size::Double => asm!(self ; pshufd Rx(d), Rx(d), 0x4e),
            Size::Word => asm!(self ; pshufd Rx(d), Rx(d), 0x1b),
            Size::Half | Size::Byte => asm!(self
                ; pshufd Rx(d), Rx(d), 0x4e
                ; pshuflw Rx(d), Rx(d), 0x1b
                ; pshufhw Rx(d), Rx(d), 0x1b),
        }
        if size == Size::Byte {
            self.swap_bytes_of_halves(d);
        }
    }
    fn vector_all_or_none(&mut self, d: Reg, s: FloatReg) {
        // 0xffff and 1 is 0x10000; 0 less 1 is negative.
        asm!(self
            ; pmovmskb Rd(RCX), Rx(s.0)
            ; lea eax, [rcx + 1] ; shr eax, 16
            ; sub ecx, 1 ; shr ecx, 31
            ; lea eax, [rcx + rax * 4]
            ; lea Rd(d.0), [rax + rax]);
    }
    fn unless_ordered(&mut self, of: Numbers, a: FloatReg, b: FloatReg, to: Label) {
        asm!(self ; movaps xmm0, Rx(a.0));
        let of_interest = match of {
            Numbers::Singles => {
                asm!(self ; cmpunordps xmm0, Rx(b.0) ; movmskps Rd(RCX), xmm0);
                0b1111
            }
            _ => {
                asm!(self ; cmpunordpd xmm0, Rx(b.0) ; movmskpd Rd(RCX), xmm0);
                if of == Numbers::Scalar { 0b10 } else { 0b11 }
            }
        };
        asm!(self ; test Rd(RCX), of_interest);
        self.jump_on(code(Cond::Ne), to);
    }
    fn vector_ordered(&mut self, op: OrderOp, of: Numbers, d: FloatReg, a: FloatReg, b: FloatReg) {
        let (d, a, b) = (d.0, a.0, b.0);
        match op {
            OrderOp::Equal => by_numbers!(self, of: cmpeqpd cmpeqps, d, a, b),
            OrderOp::Greater => by_numbers!(self, of: cmpltpd cmpltps, d, b, a),
            OrderOp::GreaterOrEqual => by_numbers!(self, of: cmplepd cmpleps, d, b, a),
            // The host takes the second one of two zeros.
            OrderOp::Max => {
                by_numbers!(self, of: maxpd maxps, 0, b, a);
                by_numbers!(self, of: maxpd maxps, d, a, b);
                asm!(self ; pand Rx(d), xmm0);
            }
            OrderOp::Min => {
                by_numbers!(self, of: minpd minps, 0, b, a);
                by_numbers!(self, of: minpd minps, d, a, b);
                asm!(self ; por Rx(d), xmm0);
            }
            OrderOp::MaxOrSecond => by_numbers!(self, of: maxpd maxps, d, a, b),
            OrderOp::MinOrSecond => by_numbers!(self, of: minpd minps, d, a, b),
        }
        if of == Numbers::Scalar {
            asm!(self ; pxor xmm0, xmm0 ; movsd Rx(d), xmm0); // doubleword 1
        }
    }
    fn guest_load_vector(&mut self, access: Access, d: FloatReg, slow: Label) {
        // The host has a doubleword that is aligned in one piece, and so has the Power ISA (Book II, 1.4).
        self.look_up(access, 16, slow);
        asm!(self ; movups Rx(d.0), [Rq(RAX) + Rq(access.ea.0)]);
    }
    fn guest_store_vector(&mut self, access: Access, s: FloatReg, slow: Label) {
        self.look_up(access, 16, slow);
        asm!(self ; movups [Rq(RAX) + Rq(access.ea.0)], Rx(s.0));
    }
}

impl X86_64 {
    /// The halfword of a number of this host in each place.
    fn splat_half(&mut self, d: u8, s: u8, from: u8) {
        let choice = (from & 3) * 0x55;
        match from {
            0..4 => asm!(self
                ; pshuflw Rx(d), Rx(s), choice as i8 ; punpcklqdq Rx(d), Rx(d)),
            _ => asm!(self
                ; pshufhw Rx(d), Rx(s), choice as i8 ; punpckhqdq Rx(d), Rx(d)),
        }
    }

    /// Words or doublewords shifted by `n`.
    fn shifted(&mut self, size: Size, d: u8, s: u8, n: u32, left: bool) {
        let n = n as i8;
        asm!(self ; movaps Rx(d), Rx(s));
        match (size, left) {
            (Size::Double, true) => asm!(self ; psllq Rx(d), n),
            (Size::Double, false) => asm!(self ; psrlq Rx(d), n),
            (_, true) => asm!(self ; pslld Rx(d), n),
            (_, false) => asm!(self ; psrld Rx(d), n),
        }
    }

    /// Swaps the two bytes of each halfword.
    pub(super) fn swap_bytes_of_halves(&mut self, d: u8) {
        asm!(self ; movaps xmm0, Rx(d) ; psllw Rx(d), 8 ; psrlw xmm0, 8 ; por Rx(d), xmm0);
    }
}
