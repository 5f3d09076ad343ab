// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Operations on elements in the assembler of x86-64 hosts. xmm0 to xmm5 are scratch; the result's register is none of the
//! operands'.
#![allow(clippy::useless_conversion)] // the assembler's macro converts every register's number

use super::x86_64::{X86_64, asm};
use crate::vocabulary::{LaneOp, Size};
use dynasmrt::DynasmApi;

/// One instruction for each width.
macro_rules! by_size {
    ($self:ident, $size:ident: $byte:ident $half:ident $word:ident $double:ident, $($operand:tt)*) => {
        match $size {
            Size::Byte => asm!($self ; $byte $($operand)*),
            Size::Half => asm!($self ; $half $($operand)*),
            Size::Word => asm!($self ; $word $($operand)*),
            Size::Double => asm!($self ; $double $($operand)*),
        }
    };
}

/// One instruction for each width but doublewords.
macro_rules! by_narrow_size {
    ($self:ident, $size:ident: $byte:ident $half:ident $word:ident, $($operand:tt)*) => {
        match $size {
            Size::Byte => asm!($self ; $byte $($operand)*),
            Size::Half => asm!($self ; $half $($operand)*),
            _ => asm!($self ; $word $($operand)*),
        }
    };
}

impl X86_64 {
    pub(super) fn has_lane_op(&self, op: LaneOp) -> bool {
        use LaneOp::*;
        use Size::*;
        let has = self.has;
        match op {
            Equal(Double) | NotEqual(Double) | NotEqualOrZero(Double) => has.sse41,
            GreaterSigned(Double) | GreaterUnsigned(Double) => has.sse42,
            MaxUnsigned(Byte) | MinUnsigned(Byte) | MaxSigned(Half) | MinSigned(Half) => true,
            MaxSigned(Double) | MaxUnsigned(Double) | MinSigned(Double) | MinUnsigned(Double) => {
                has.sse42
            }
            MaxSigned(_) | MaxUnsigned(_) | MinSigned(_) | MinUnsigned(_) => has.sse41,
            AverageSigned(Double) | AverageUnsigned(Double) => false,
            Distance(Byte | Half) => true,
            Distance(Word) => has.sse41,
            Distance(Double) => false,
            ShiftLeft(Word | Double) | ShiftRight(Word | Double) => has.avx2,
            ShiftRightSigned(Word | Double) | RotateLeft(Word | Double) => has.avx2,
            ShiftLeft(_) | ShiftRight(_) | ShiftRightSigned(_) | RotateLeft(_) => false,
            Multiply(Half) => true,
            Multiply(Word) => has.sse41,
            Multiply(_) => false,
            MultiplyEvenSigned(Word) | MultiplyOddSigned(Word) => has.sse41,
            MultiplyEvenSigned(Double) | MultiplyEvenUnsigned(Double) => false,
            MultiplyOddSigned(Double) | MultiplyOddUnsigned(Double) => false,
            MergeEven(s) | MergeOdd(s) => s == Word,
            MergeHigh(Double) | MergeLow(Double) => false,
            PolynomialSum(s) => s == Double && has.clmul,
            Pack(Byte) | UnpackHigh(Double) | UnpackLow(Double) => false,
            ExtendByte(s) | ExtendHalf(s) | ExtendWord(s) => matches!(s, Word | Double),
            Add(_)
            | Sub(_)
            | Equal(_)
            | NotEqual(_)
            | NotEqualOrZero(_)
            | GreaterSigned(_)
            | GreaterUnsigned(_)
            | AverageSigned(_)
            | AverageUnsigned(_)
            | MultiplyEvenSigned(_)
            | MultiplyEvenUnsigned(_)
            | MultiplyOddSigned(_)
            | MultiplyOddUnsigned(_)
            | MergeHigh(_)
            | MergeLow(_)
            | Pack(_)
            | UnpackHigh(_)
            | UnpackLow(_)
            | ReverseBytes(_) => true,
        }
    }

    pub(super) fn lane_op(&mut self, op: LaneOp, d: u8, a: u8, b: u8) {
        use LaneOp::*;
        match op {
            Add(s) => {
                asm!(self ; movaps Rx(d), Rx(a));
                by_size!(self, s: paddb paddw paddd paddq, Rx(d), Rx(b));
            }
            Sub(s) => {
                asm!(self ; movaps Rx(d), Rx(a));
                by_size!(self, s: psubb psubw psubd psubq, Rx(d), Rx(b));
            }
            Equal(s) => self.equal(s, d, a, b),
            NotEqual(s) => {
                self.equal(s, d, a, b);
                self.invert(d);
            }
            NotEqualOrZero(s) => {
                self.equal(s, d, a, b);
                self.invert(d);
                for operand in [a, b] {
                    asm!(self ; pxor xmm0, xmm0);
                    by_size!(self, s: pcmpeqb pcmpeqw pcmpeqd pcmpeqq, xmm0, Rx(operand));
                    asm!(self ; por Rx(d), xmm0);
                }
            }
            GreaterSigned(s) => self.greater(s, true, d, a, b),
            GreaterUnsigned(s) => self.greater(s, false, d, a, b),
            MaxSigned(Size::Double) => self.choose_greater(true, d, a, b),
            MaxUnsigned(Size::Double) => self.choose_greater(false, d, a, b),
            MinSigned(Size::Double) => self.choose_smaller(true, d, a, b),
            MinUnsigned(Size::Double) => self.choose_smaller(false, d, a, b),
            MaxSigned(s) => {
                asm!(self ; movaps Rx(d), Rx(a));
                by_narrow_size!(self, s: pmaxsb pmaxsw pmaxsd, Rx(d), Rx(b));
            }
            MaxUnsigned(s) => {
                asm!(self ; movaps Rx(d), Rx(a));
                by_narrow_size!(self, s: pmaxub pmaxuw pmaxud, Rx(d), Rx(b));
            }
            MinSigned(s) => {
                asm!(self ; movaps Rx(d), Rx(a));
                by_narrow_size!(self, s: pminsb pminsw pminsd, Rx(d), Rx(b));
            }
            MinUnsigned(s) => {
                asm!(self ; movaps Rx(d), Rx(a));
                by_narrow_size!(self, s: pminub pminuw pminud, Rx(d), Rx(b));
            }
            AverageSigned(s) => self.average(s, true, d, a, b),
            AverageUnsigned(s) => self.average(s, false, d, a, b),
            Distance(s) => self.distance(s, d, a, b),
            ShiftLeft(s) => {
                self.counts(s, 0, b);
                match s {
                    Size::Double => asm!(self ; vpsllvq Rx(d), Rx(a), xmm0),
                    _ => asm!(self ; vpsllvd Rx(d), Rx(a), xmm0),
                }
            }
            ShiftRight(s) => {
                self.counts(s, 0, b);
                match s {
                    Size::Double => asm!(self ; vpsrlvq Rx(d), Rx(a), xmm0),
                    _ => asm!(self ; vpsrlvd Rx(d), Rx(a), xmm0),
                }
            }
            ShiftRightSigned(s) => {
                self.counts(s, 0, b);
                match s {
                    // With the bits of a negative number inverted, and back.
                    Size::Double => asm!(self
                        ; movaps xmm1, Rx(a) ; psrad xmm1, 31 ; pshufd xmm1, xmm1, 0xf5_u8 as i8
                        ; movaps Rx(d), Rx(a) ; pxor Rx(d), xmm1
                        ; vpsrlvq Rx(d), Rx(d), xmm0 ; pxor Rx(d), xmm1),
                    _ => asm!(self ; vpsravd Rx(d), Rx(a), xmm0),
                }
            }
            RotateLeft(s) => {
                self.counts(s, 0, b);
                match s {
                    Size::Double => asm!(self
                        ; pcmpeqd xmm1, xmm1 ; psrlq xmm1, 63 ; psllq xmm1, 6 ; psubq xmm1, xmm0
                        ; vpsllvq Rx(d), Rx(a), xmm0 ; vpsrlvq xmm1, Rx(a), xmm1),
                    _ => asm!(self
                        ; pcmpeqd xmm1, xmm1 ; psrld xmm1, 31 ; pslld xmm1, 5 ; psubd xmm1, xmm0
                        ; vpsllvd Rx(d), Rx(a), xmm0 ; vpsrlvd xmm1, Rx(a), xmm1),
                }
                asm!(self ; por Rx(d), xmm1);
            }
            Multiply(Size::Word) => {
                asm!(self ; movaps Rx(d), Rx(a) ; pmulld Rx(d), Rx(b));
            }
            Multiply(_) => asm!(self ; movaps Rx(d), Rx(a) ; pmullw Rx(d), Rx(b)),
            MultiplyEvenSigned(s) => self.product(s, true, true, d, a, b),
            MultiplyEvenUnsigned(s) => self.product(s, true, false, d, a, b),
            MultiplyOddSigned(s) => self.product(s, false, true, d, a, b),
            MultiplyOddUnsigned(s) => self.product(s, false, false, d, a, b),
            MergeHigh(s) => {
                asm!(self ; movaps Rx(d), Rx(b));
                by_narrow_size!(self, s: punpckhbw punpckhwd punpckhdq, Rx(d), Rx(a));
            }
            MergeLow(s) => {
                asm!(self ; movaps Rx(d), Rx(b));
                by_narrow_size!(self, s: punpcklbw punpcklwd punpckldq, Rx(d), Rx(a));
            }
            MergeEven(_) => asm!(self
                ; pshufd xmm0, Rx(a), 0x0d ; pshufd Rx(d), Rx(b), 0x0d
                ; punpckldq Rx(d), xmm0),
            MergeOdd(_) => asm!(self
                ; pshufd xmm0, Rx(a), 0x08 ; pshufd Rx(d), Rx(b), 0x08
                ; punpckldq Rx(d), xmm0),
            Pack(s) => self.pack(s, d, a, b),
            UnpackHigh(s) => match s {
                Size::Byte => asm!(self
                    ; movaps Rx(d), Rx(b) ; punpckhbw Rx(d), Rx(d) ; psraw Rx(d), 8),
                Size::Half => asm!(self
                    ; movaps Rx(d), Rx(b) ; punpckhwd Rx(d), Rx(d) ; psrad Rx(d), 16),
                _ => asm!(self
                    ; movaps Rx(d), Rx(b) ; movaps xmm0, Rx(b) ; psrad xmm0, 31
                    ; punpckhdq Rx(d), xmm0),
            },
            UnpackLow(s) => match s {
                Size::Byte => asm!(self
                    ; movaps Rx(d), Rx(b) ; punpcklbw Rx(d), Rx(d) ; psraw Rx(d), 8),
                Size::Half => asm!(self
                    ; movaps Rx(d), Rx(b) ; punpcklwd Rx(d), Rx(d) ; psrad Rx(d), 16),
                _ => asm!(self
                    ; movaps Rx(d), Rx(b) ; movaps xmm0, Rx(b) ; psrad xmm0, 31
                    ; punpckldq Rx(d), xmm0),
            },
            ExtendByte(s) => self.extend(s, 24, d, b),
            ExtendHalf(s) => self.extend(s, 16, d, b),
            ExtendWord(s) => self.extend(s, 0, d, b),
            PolynomialSum(_) => asm!(self
                ; movaps Rx(d), Rx(a) ; pclmulqdq Rx(d), Rx(b), 0x11
                ; movaps xmm0, Rx(a) ; pclmulqdq xmm0, Rx(b), 0
                ; pxor Rx(d), xmm0),
            ReverseBytes(s) => {
                asm!(self ; movaps Rx(d), Rx(b));
                match s {
                    Size::Byte => return,
                    Size::Half => {}
                    Size::Word => asm!(self
                        ; pshuflw Rx(d), Rx(d), 0xb1_u8 as i8
                        ; pshufhw Rx(d), Rx(d), 0xb1_u8 as i8),
                    Size::Double => asm!(self
                        ; pshuflw Rx(d), Rx(d), 0x1b ; pshufhw Rx(d), Rx(d), 0x1b),
                }
                self.swap_bytes_of_halves(d);
            }
        }
    }

    fn equal(&mut self, s: Size, d: u8, a: u8, b: u8) {
        asm!(self ; movaps Rx(d), Rx(a));
        by_size!(self, s: pcmpeqb pcmpeqw pcmpeqd pcmpeqq, Rx(d), Rx(b));
    }

    fn invert(&mut self, d: u8) {
        asm!(self ; pcmpeqd xmm0, xmm0 ; pxor Rx(d), xmm0);
    }

    /// The sign bit of each element.
    fn signs(&mut self, s: Size, d: u8) {
        asm!(self ; pcmpeqd Rx(d), Rx(d));
        match s {
            // -32768 clamped to a byte.
            Size::Byte => asm!(self ; psllw Rx(d), 15 ; packsswb Rx(d), Rx(d)),
            Size::Half => asm!(self ; psllw Rx(d), 15),
            Size::Word => asm!(self ; pslld Rx(d), 31),
            Size::Double => asm!(self ; psllq Rx(d), 63),
        }
    }

    fn greater(&mut self, s: Size, signed: bool, d: u8, a: u8, b: u8) {
        let mut b = b;
        if signed {
            asm!(self ; movaps Rx(d), Rx(a));
        } else {
            // Unsigned numbers less half of their range are in the same order.
            self.signs(s, 1);
            asm!(self ; movaps Rx(d), Rx(a) ; pxor Rx(d), xmm1 ; pxor xmm1, Rx(b));
            b = 1;
        }
        by_size!(self, s: pcmpgtb pcmpgtw pcmpgtd pcmpgtq, Rx(d), Rx(b));
    }

    fn choose_greater(&mut self, signed: bool, d: u8, a: u8, b: u8) {
        self.greater(Size::Double, signed, 2, a, b);
        self.blend(d, a, b);
    }

    fn choose_smaller(&mut self, signed: bool, d: u8, a: u8, b: u8) {
        self.greater(Size::Double, signed, 2, a, b);
        self.blend(d, b, a);
    }

    /// `a` where xmm2 has ones, else `b`.
    fn blend(&mut self, d: u8, a: u8, b: u8) {
        asm!(self ; movaps Rx(d), Rx(a) ; pand Rx(d), xmm2 ; pandn xmm2, Rx(b) ; por Rx(d), xmm2);
    }

    fn average(&mut self, s: Size, signed: bool, d: u8, a: u8, b: u8) {
        match (s, signed) {
            (Size::Byte, false) => asm!(self ; movaps Rx(d), Rx(a) ; pavgb Rx(d), Rx(b)),
            (Size::Half, false) => asm!(self ; movaps Rx(d), Rx(a) ; pavgw Rx(d), Rx(b)),
            (Size::Byte, true) => {
                self.signs(s, 1);
                asm!(self
                    ; movaps xmm2, Rx(b) ; pxor xmm2, xmm1
                    ; movaps Rx(d), Rx(a) ; pxor Rx(d), xmm1
                    ; pavgb Rx(d), xmm2 ; pxor Rx(d), xmm1);
            }
            _ => {
                // a + b = 2 (a | b) - (a ^ b)
                asm!(self
                    ; movaps xmm0, Rx(a) ; pxor xmm0, Rx(b)
                    ; movaps Rx(d), Rx(a) ; por Rx(d), Rx(b));
                match (s, signed) {
                    (Size::Half, _) => asm!(self ; psraw xmm0, 1 ; psubw Rx(d), xmm0),
                    (_, true) => asm!(self ; psrad xmm0, 1 ; psubd Rx(d), xmm0),
                    (_, false) => asm!(self ; psrld xmm0, 1 ; psubd Rx(d), xmm0),
                }
            }
        }
    }

    fn distance(&mut self, s: Size, d: u8, a: u8, b: u8) {
        asm!(self ; movaps Rx(d), Rx(a));
        match s {
            Size::Byte => asm!(self
                ; psubusb Rx(d), Rx(b) ; movaps xmm0, Rx(b) ; psubusb xmm0, Rx(a)
                ; por Rx(d), xmm0),
            Size::Half => asm!(self
                ; psubusw Rx(d), Rx(b) ; movaps xmm0, Rx(b) ; psubusw xmm0, Rx(a)
                ; por Rx(d), xmm0),
            _ => asm!(self
                ; pmaxud Rx(d), Rx(b) ; movaps xmm0, Rx(a) ; pminud xmm0, Rx(b)
                ; psubd Rx(d), xmm0),
        }
    }

    /// Counts of shifts of words or doublewords: the low five or six bits.
    fn counts(&mut self, s: Size, d: u8, b: u8) {
        asm!(self ; pcmpeqd Rx(d), Rx(d));
        match s {
            Size::Double => asm!(self ; psrlq Rx(d), 58),
            _ => asm!(self ; psrld Rx(d), 27),
        }
        asm!(self ; pand Rx(d), Rx(b));
    }

    /// Products of even or odd elements; the odd ones are the right halves.
    fn product(&mut self, s: Size, even: bool, signed: bool, d: u8, a: u8, b: u8) {
        asm!(self ; movaps Rx(d), Rx(a) ; movaps xmm1, Rx(b));
        match (s, even, signed) {
            (Size::Byte, true, true) => asm!(self ; psraw Rx(d), 8 ; psraw xmm1, 8),
            (Size::Byte, true, false) => asm!(self ; psrlw Rx(d), 8 ; psrlw xmm1, 8),
            (Size::Byte, false, true) => asm!(self
                ; psllw Rx(d), 8 ; psraw Rx(d), 8 ; psllw xmm1, 8 ; psraw xmm1, 8),
            (Size::Byte, false, false) => asm!(self
                ; psllw Rx(d), 8 ; psrlw Rx(d), 8 ; psllw xmm1, 8 ; psrlw xmm1, 8),
            (Size::Half, true, true) => asm!(self ; psrld Rx(d), 16 ; psrld xmm1, 16),
            (Size::Half, false, true) => asm!(self
                ; pslld Rx(d), 16 ; psrld Rx(d), 16 ; pslld xmm1, 16 ; psrld xmm1, 16),
            (Size::Half, _, false) => {}
            (_, true, _) => asm!(self ; psrlq Rx(d), 32 ; psrlq xmm1, 32),
            (_, false, _) => {}
        }
        match (s, signed) {
            (Size::Byte, _) => asm!(self ; pmullw Rx(d), xmm1),
            // A sum of two products, of which one is 0.
            (Size::Half, true) => asm!(self ; pmaddwd Rx(d), xmm1),
            (Size::Half, false) => {
                asm!(self ; movaps xmm2, Rx(d) ; pmullw Rx(d), xmm1 ; pmulhuw xmm2, xmm1);
                // The high halves of products on the left of the low halves.
                match even {
                    true => asm!(self
                        ; psrld Rx(d), 16 ; psrld xmm2, 16 ; pslld xmm2, 16 ; por Rx(d), xmm2),
                    false => asm!(self
                        ; pslld Rx(d), 16 ; psrld Rx(d), 16 ; pslld xmm2, 16 ; por Rx(d), xmm2),
                }
            }
            (_, true) => asm!(self ; pmuldq Rx(d), xmm1),
            (_, false) => asm!(self ; pmuludq Rx(d), xmm1),
        }
    }

    /// The right halves of elements of `a`, then of `b`.
    fn pack(&mut self, s: Size, d: u8, a: u8, b: u8) {
        asm!(self ; movaps Rx(d), Rx(b));
        match s {
            Size::Half => asm!(self
                ; movaps xmm0, Rx(a)
                ; psllw xmm0, 8 ; psrlw xmm0, 8 ; psllw Rx(d), 8 ; psrlw Rx(d), 8
                ; packuswb Rx(d), xmm0),
            Size::Word => asm!(self
                ; movaps xmm0, Rx(a)
                ; pslld xmm0, 16 ; psrad xmm0, 16 ; pslld Rx(d), 16 ; psrad Rx(d), 16
                ; packssdw Rx(d), xmm0),
            _ => asm!(self ; shufps Rx(d), Rx(a), 0x88_u8 as i8),
        }
    }

    /// Extends the right ends of words, shifted away by `bits`, to words or doublewords.
    fn extend(&mut self, s: Size, bits: i8, d: u8, b: u8) {
        asm!(self ; movaps Rx(d), Rx(b));
        if bits > 0 {
            asm!(self ; pslld Rx(d), bits ; psrad Rx(d), bits);
        }
        if s == Size::Double {
            asm!(self
                ; pshufd Rx(d), Rx(d), 0x08 ; movaps xmm0, Rx(d) ; psrad xmm0, 31
                ; punpckldq Rx(d), xmm0);
        }
    }
}
