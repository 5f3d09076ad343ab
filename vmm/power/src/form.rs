// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Instruction forms: which bits of a word are its opcode (Power ISA 3.0B, Book I, 1.6).

use crate::word::Word;

/// The words of an instruction, and its properties for the decoder.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Bits that matter.
    pub mask: u32,
    /// Their value.
    pub value: u32,
    /// The instructions that may come after it.
    pub then: Then,
    /// It is a branch (for MSR\[BE\]).
    pub branch: bool,
    /// No trace interrupt follows it (`rfid` and its kin).
    pub untraced: bool,
    /// It always stops, and changes nothing itself (`sc`).
    pub stops: bool,
    /// Load, store, or neither (for the performance monitor).
    pub access: Access,
    /// True if the operands are a valid form; an invalid form is an illegal instruction.
    pub valid: fn(Word) -> bool,
}

/// The use that an instruction makes of storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing, or nothing but with caches.
    None,
    /// It loads.
    Load,
    /// It stores, if its condition holds.
    Store,
}

/// The instructions that may come after one.
#[derive(Clone, Copy, Debug)]
pub enum Then {
    /// The next one: it does not end its block.
    Next,
    /// Anything: it is the last one of its block.
    Anything,
    /// The next one, or the one this far away (from here, or from 0 if AA): it is the last one of
    /// its block.
    Fork(fn(Word) -> u64),
}

impl Form {
    const fn new(mask: u32, value: u32) -> Form {
        let valid = |_| true;
        let (then, access) = (Then::Next, Access::None);
        Form { mask, value, then, branch: false, untraced: false, stops: false, access, valid }
    }
    /// The instruction ends its block: it reads CIA, jumps, or changes the context.
    pub const fn ends(mut self) -> Form {
        self.then = Then::Anything;
        self
    }
    /// The instruction is a branch to an address in a register.
    pub const fn branch(mut self) -> Form {
        self.then = Then::Anything;
        self.branch = true;
        self
    }
    /// The instruction is a branch with this displacement.
    pub const fn branch_by(mut self, displacement: fn(Word) -> u64) -> Form {
        self.then = Then::Fork(displacement);
        self.branch = true;
        self
    }
    /// The instruction ends its block, for it always stops; it changes nothing itself.
    pub const fn stops(mut self) -> Form {
        self.then = Then::Anything;
        self.stops = true;
        self
    }
    /// No trace interrupt follows the instruction.
    pub const fn untraced(mut self) -> Form {
        self.then = Then::Anything;
        self.untraced = true;
        self
    }
    /// The instruction loads.
    pub const fn loads(mut self) -> Form {
        self.access = Access::Load;
        self
    }
    /// The instruction stores.
    pub const fn stores(mut self) -> Form {
        self.access = Access::Store;
        self
    }
    /// Words for which `valid` is false are invalid forms (Book I, 1.8.2), refused at decode time.
    pub const fn valid(mut self, valid: fn(Word) -> bool) -> Form {
        self.valid = valid;
        self
    }
    /// Also requires `bits` under `mask`, both as masks of the word.
    pub const fn with(mut self, mask: u32, bits: u32) -> Form {
        self.mask |= mask;
        self.value |= bits;
        self
    }
    /// The fields under `mask` are reserved: the instruction is illegal unless they are 0,
    /// as QEMU and binutils have it.
    pub const fn zero(self, mask: u32) -> Form {
        self.with(mask, 0)
    }
    /// Bit 31 is part of the opcode and is set: `stwcx.`, `andi.` keep theirs elsewhere.
    pub const fn dot(self) -> Form {
        self.with(1, 1)
    }
}

/// The RT field, for [`Form::zero`].
pub const RT: u32 = 31 << 21;
/// The RA field.
pub const RA: u32 = 31 << 16;
/// The RB field.
pub const RB: u32 = 31 << 11;
/// The RC or FRC field.
pub const RC: u32 = 31 << 6;
/// The Rc bit: the result is compared with zero.
pub const DOT: u32 = 1;
/// The OE bit: overflow is recorded.
pub const OE: u32 = 1 << 10;
/// The two bits after BF.
pub const AFTER_BF: u32 = 3 << 21;
/// Bit 9, beside the L of a compare.
pub const BIT9: u32 = 1 << 22;

/// D-form: primary opcode only.
pub const fn d(op: u32) -> Form {
    Form::new(0xfc00_0000, op << 26)
}
/// DS-form: primary opcode and bits 30:31.
pub const fn ds(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_0003, op << 26 | xo)
}
/// X-form without Rc: bits 21:30, and bit 31 is 0.
pub const fn x(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_07ff, op << 26 | xo << 1)
}
/// X-form with Rc in bit 31.
pub const fn xrc(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_07fe, op << 26 | xo << 1)
}
/// XO-form with OE in bit 21 and Rc in bit 31.
pub const fn xo(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_03fe, op << 26 | xo << 1)
}
/// XL-form with LK in bit 31.
pub const fn xl_lk(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_07fe, op << 26 | xo << 1)
}
/// I- and B-form branches: AA and LK are operands.
pub const fn branch_form(op: u32) -> Form {
    Form::new(0xfc00_0000, op << 26)
}
/// M-form rotates with Rc.
pub const fn m(op: u32) -> Form {
    Form::new(0xfc00_0000, op << 26)
}
/// MD-form: bits 27:29; sh5 and Rc are operands.
pub const fn md(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_001c, op << 26 | xo << 2)
}
/// MDS-form: bits 27:30 and Rc.
pub const fn mds(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_001e, op << 26 | xo << 1)
}
/// XS-form: bits 21:29, sh5 in bit 30, Rc in bit 31.
pub const fn xs(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_07fc, op << 26 | xo << 2)
}
/// VA-form: bits 26:31.
pub const fn va(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_003f, op << 26 | xo)
}
/// A-form as `isel`: bits 26:30.
pub const fn a(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_003f, op << 26 | xo << 1)
}
/// A-form with Rc in bit 31.
pub const fn a_rc(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_003e, op << 26 | xo << 1)
}
/// DX-form: bits 26:30; d2 is in bit 31.
pub const fn dx(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_003e, op << 26 | xo << 1)
}
/// Z23-form as `addex`: bits 23:30.
pub const fn z23(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_01ff, op << 26 | xo << 1)
}
/// Z23-form with EX in bit 31.
pub const fn z23_ex(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_01fe, op << 26 | xo << 1)
}
/// SC-form: bits 30:31.
pub const fn sc(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_0003, op << 26 | xo)
}
/// DQ-form: primary opcode only.
pub const fn dq(op: u32) -> Form {
    Form::new(0xfc00_0000, op << 26)
}
/// VX-form: bits 21:31.
pub const fn vx(xo: u32) -> Form {
    Form::new(0xfc00_07ff, 4 << 26 | xo)
}
/// VX-form whose VA field is opcode too.
pub const fn vx_eo(xo: u32, eo: u32) -> Form {
    vx(xo).with(RA, eo << 16)
}
/// VX-form of decimal instructions: bits 21 and 23:31; PS is bit 22.
pub const fn vx_ps(xo: u32) -> Form {
    Form::new(0xfc00_05ff, 4 << 26 | xo)
}
/// VC-form: bits 22:31; Rc is bit 21.
pub const fn vc(xo: u32) -> Form {
    Form::new(0xfc00_03ff, 4 << 26 | xo)
}
/// XX1-form: bits 21:30; TX is bit 31.
pub const fn xx1(op: u32, xo: u32) -> Form {
    xrc(op, xo)
}
/// XX2-form: bits 21:29.
pub const fn xx2(xo: u32) -> Form {
    Form::new(0xfc00_07fc, 60 << 26 | xo << 2)
}
/// XX2-form whose field at bit 11 is opcode too.
pub const fn xx2_eo(xo: u32, eo: u32) -> Form {
    xx2(xo).with(RA, eo << 16)
}
/// XX3-form: bits 21:28.
pub const fn xx3(xo: u32) -> Form {
    Form::new(0xfc00_07f8, 60 << 26 | xo << 3)
}
/// XX3-form comparison: bits 22:28; Rc is bit 21.
pub const fn xx3_rc(xo: u32) -> Form {
    Form::new(0xfc00_03f8, 60 << 26 | xo << 3)
}
/// XX3-form with a two-bit operand in bits 22:23: bits 21 and 24:28.
pub const fn xx3_dm(xo: u32) -> Form {
    Form::new(0xfc00_04f8, 60 << 26 | xo << 3)
}
/// XX3-form whose target is BF: bits 9:10 and 31 are reserved.
pub const fn xx3_bf(xo: u32) -> Form {
    Form::new(0xfc60_07f9, 60 << 26 | xo << 3)
}
/// XX2-form whose target is BF: bits 9:15 and 31 are reserved.
pub const fn xx2_bf(xo: u32) -> Form {
    Form::new(0xfc7f_07fd, 60 << 26 | xo << 2)
}
/// XX2-form of vector tests of data classes: bits 21:24 and 26:28; the others are the mask.
pub const fn xx2_dcmx(first: u32, second: u32) -> Form {
    Form::new(0xfc00_07b8, 60 << 26 | first << 7 | second << 3)
}
/// XX4-form: bits 26:27.
pub const fn xx4(xo: u32) -> Form {
    Form::new(0xfc00_0030, 60 << 26 | xo << 4)
}
/// DQ-form with an opcode in bits 29:31.
pub const fn dq_xo(op: u32, xo: u32) -> Form {
    Form::new(0xfc00_0007, op << 26 | xo)
}
