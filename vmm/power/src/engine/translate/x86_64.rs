// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The assembler of x86-64 hosts.
//!
//! | register | use |
//! |---|---|
//! | rbx | the CPU: a place in its middle |
//! | r15 | the budget |
//! | rax, rdx, rcx | scratch inside an operation; rax and rdx are also a helper's arguments and results |
//! | rdi, r10, r11 | temporary values |
//! | rsi, r8, r9, rbp, r12, r13, r14 | guest registers of the region |
//! | xmm0 to xmm5 | scratch inside an operation |
//! | xmm6 to xmm15 | vectors: see `vector_values.rs` |
#![allow(clippy::useless_conversion)] // the assembler's macro converts every register's number

use super::host::*;
use crate::vocabulary::Size;
use dynasmrt::{DynasmApi, SimpleAssembler};

const RAX: u8 = 0;
pub(super) const RCX: u8 = 1;
const RDX: u8 = 2;
const RBX: u8 = 3;
const RSP: u8 = 4;
const RSI: u8 = 6;
const RDI: u8 = 7;
const R15: u8 = 15;

/// Bytes of the frame: slots for values, and what aligns the stack.
const FRAME: i32 = 8 * SLOTS as i32 + 8;
/// Places on the stack for values that no register is free for.
pub(super) const SLOTS: usize = 64;

/// The condition codes of what no [`Cond`] is.
pub(super) const UNORDERED: u8 = 10;
const OVERFLOW: u8 = 0;
const NOT_NEGATIVE: u8 = 9;

/// The host's code of a condition.
pub(super) fn code(cond: Cond) -> u8 {
    match cond {
        Cond::LtU => 2,
        Cond::GeU => 3,
        Cond::Eq => 4,
        Cond::Ne => 5,
        Cond::LeU => 6,
        Cond::GtU => 7,
        Cond::LtS => 12,
        Cond::GeS => 13,
        Cond::LeS => 14,
        Cond::GtS => 15,
    }
}

/// Extensions that not every x86-64 has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Features {
    pub(super) fma: bool,
    pub(super) sse41: bool,
    pub(super) sse42: bool,
    pub(super) avx2: bool,
    pub(super) aes: bool,
    pub(super) clmul: bool,
}

impl Features {
    fn of_host() -> Features {
        Features {
            fma: std::arch::is_x86_feature_detected!("fma"),
            sse41: std::arch::is_x86_feature_detected!("sse4.1"),
            sse42: std::arch::is_x86_feature_detected!("sse4.2"),
            avx2: std::arch::is_x86_feature_detected!("avx2"),
            aes: std::arch::is_x86_feature_detected!("aes"),
            clmul: std::arch::is_x86_feature_detected!("pclmulqdq"),
        }
    }
}

/// Not yet bound.
const UNBOUND: usize = usize::MAX;

/// The assembler.
pub(super) struct X86_64 {
    pub(super) ops: SimpleAssembler,
    labels: Vec<usize>,
    pub(super) has: Features,
    /// Places of 32-bit displacements, and the labels they are of.
    jumps: Vec<(usize, Label)>,
    /// The offset in the CPU that rbx points to: what is used most is near it.
    bias: i32,
}

macro_rules! asm {
    ($self:ident $($t:tt)*) => { dynasmrt::dynasm!($self.ops ; .arch x64 $($t)*) };
}
pub(super) use asm;

impl X86_64 {
    /// An assembler of code for CPUs whose most used fields are the 256 bytes from `near` on.
    pub(super) fn new(near: i32) -> X86_64 {
        let (labels, jumps) = Default::default();
        X86_64 {
            ops: SimpleAssembler::new(),
            labels,
            has: Features::of_host(),
            jumps,
            bias: near + 128,
        }
    }

    /// An operation of a register and `[base + displacement]`. `opcode` is without prefixes; `wide` is of 64 bits.
    fn with_memory(&mut self, wide: bool, opcode: &[u8], reg: u8, base: u8, displacement: i32) {
        // The instruction is put together in a register, and the buffer grows once.
        let (mut code, mut bits) = (0u128, 0);
        let mut push = |value: u32, len: u32| {
            code |= u128::from(value) << bits;
            bits += 8 * len;
        };
        let rex = 0x40 | u8::from(wide) << 3 | reg >> 3 << 2 | base >> 3;
        // A byte register from 4 on needs a prefix, whatever is in it.
        if rex != 0x40 || reg >= 4 {
            push(rex.into(), 1);
        }
        opcode.iter().for_each(|byte| push((*byte).into(), 1));
        let short = i8::try_from(displacement);
        let mode = if short.is_ok() { 0x40 } else { 0x80 };
        push((mode | (reg & 7) << 3 | base & 7).into(), 1);
        if base & 7 == RSP {
            push(0x24, 1);
        }
        match short {
            Ok(short) => push((short as u8).into(), 1),
            Err(_) => push(displacement as u32, 4),
        }
        let bytes = &mut self.ops.ops;
        let end = bytes.len() + bits as usize / 8;
        bytes.extend_from_slice(&code.to_le_bytes());
        bytes.truncate(end);
    }

    /// An operation of a register and a field of the CPU.
    pub(super) fn with_field(&mut self, wide: bool, opcode: &[u8], reg: u8, offset: i32) {
        self.with_memory(wide, opcode, reg, RBX, offset - self.bias);
    }

    /// An operation of a field and a number, which follows.
    fn with_field_and(&mut self, wide: bool, opcode: u8, extension: u8, offset: i32) {
        self.with_field(wide, &[opcode], extension, offset);
    }

    /// `d <- d + b + carry`.
    fn add_with_carry(&mut self, wide: bool, d: u8, b: Src) {
        let rex = 0x40 | u8::from(wide) << 3;
        match b {
            Src::Reg(b) => {
                asm!(self ; .u8 rex | b.0 >> 3 << 2 ; .u8 0x11 ; .u8 0xc0 | (b.0 & 7) << 3 | d);
            }
            Src::Imm(v) => asm!(self ; .u8 rex ; .u8 0x81 ; .u8 0xd0 | d ; .i32 v),
            Src::Field(field) => self.with_field(wide, &[0x13], d, field.offset),
        }
    }

    /// A byte of the CPU <- the carry.
    fn set_carry(&mut self, to: Field) {
        self.with_field(false, &[0x0f, 0x92], 0, to.offset);
    }

    fn lea(&mut self, d: u8, base: u8, displacement: i32) {
        self.with_memory(true, &[0x8d], d, base, displacement);
    }

    /// An operation of a register and a number: `extension` says which.
    fn with_number(&mut self, extension: u8, d: u8, v: i32) {
        let (rex, register) = (0x48 | d >> 3, 0xc0 | extension << 3 | d & 7);
        match i8::try_from(v) {
            Ok(v) => asm!(self ; .u8 rex ; .u8 0x83 ; .u8 register ; .i8 v),
            Err(_) => asm!(self ; .u8 rex ; .u8 0x81 ; .u8 register ; .i32 v),
        }
    }

    /// Jumps on a condition code.
    pub(super) fn jump_on(&mut self, code: u8, to: Label) {
        asm!(self ; .u8 0x0f ; .u8 0x80 | code ; .i32 0);
        self.displace(to);
    }

    /// The last four bytes are the displacement of a jump to a label.
    fn displace(&mut self, to: Label) {
        self.jumps.push((self.ops.ops.len() - 4, to));
    }

    /// The displacement that ends an instruction, to an offset in code memory.
    fn displace_near(&mut self, base: usize, to: usize) {
        let displacement = to.wrapping_sub(base + self.len() + 4) as i32;
        asm!(self ; .i32 displacement);
    }

    fn alu_into(&mut self, op: Alu, d: u8, b: Src) {
        match (op, b) {
            (Alu::Add, Src::Reg(b)) => asm!(self ; add Rq(d), Rq(b.0)),
            (Alu::Sub, Src::Reg(b)) => asm!(self ; sub Rq(d), Rq(b.0)),
            (Alu::And, Src::Reg(b)) => asm!(self ; and Rq(d), Rq(b.0)),
            (Alu::Or, Src::Reg(b)) => asm!(self ; or Rq(d), Rq(b.0)),
            (Alu::Xor, Src::Reg(b)) => asm!(self ; xor Rq(d), Rq(b.0)),
            (Alu::Add, Src::Field(f)) => self.with_field(true, &[0x03], d, f.offset),
            (Alu::Or, Src::Field(f)) => self.with_field(true, &[0x0b], d, f.offset),
            (Alu::And, Src::Field(f)) => self.with_field(true, &[0x23], d, f.offset),
            (Alu::Sub, Src::Field(f)) => self.with_field(true, &[0x2b], d, f.offset),
            (Alu::Xor, Src::Field(f)) => self.with_field(true, &[0x33], d, f.offset),
            (Alu::Add, Src::Imm(v)) => self.with_number(0, d, v),
            (Alu::Or, Src::Imm(v)) => self.with_number(1, d, v),
            (Alu::And, Src::Imm(v)) => self.with_number(4, d, v),
            (Alu::Sub, Src::Imm(v)) => self.with_number(5, d, v),
            (Alu::Xor, Src::Imm(v)) => self.with_number(6, d, v),
        }
    }

    /// Leaves the entry of the TLB in rax if its tag is right.
    pub(super) fn look_up(&mut self, access: Access, bytes: u64, slow: Label) {
        let (ea, tlb) = (access.ea.0, access.tlb);
        const ENTRY_BITS: u32 = 5;
        let index = ((1u32 << tlb.bits) - 1) << ENTRY_BITS;
        let last = bytes as i32 - 1;
        asm!(self
            ; mov Rd(RAX), Rd(ea)
            ; shr Rd(RAX), (12 - ENTRY_BITS) as i8
            ; and Rd(RAX), index as i32);
        self.with_field(true, &[0x03], RAX, tlb.table);
        // The tag of the last byte: an access within the page may be misaligned.
        match last {
            0 => asm!(self ; mov Rq(RDX), Rq(ea)),
            _ => self.lea(RDX, ea, last),
        }
        asm!(self
            ; and Rq(RDX), -4096);
        self.with_memory(true, &[0x3b], RDX, RAX, tlb.tag);
        self.jump_on(code(Cond::Ne), slow);
        self.with_memory(true, &[0x8b], RAX, RAX, tlb.addend);
    }
}

impl Host for X86_64 {
    const PINS: &'static [Reg] = &[Reg(6), Reg(8), Reg(9), Reg(5), Reg(12), Reg(13), Reg(14)];
    const TEMPS: &'static [Reg] = &[Reg(7), Reg(10), Reg(11)];
    const ARGUMENT: Reg = Reg(RAX);
    const SECOND: Reg = Reg(RDX);
    const THIRD: Reg = Reg(RCX);
    const SLOTS: usize = SLOTS;

    fn len(&self) -> usize {
        self.ops.ops.len()
    }

    fn begin(&mut self) {
        self.ops.ops.clear();
        self.labels.clear();
        self.jumps.clear();
    }
    fn finish(&mut self) {
        for (at, label) in self.jumps.drain(..) {
            let to = self.labels[label.0];
            assert!(to != UNBOUND, "a label has no place");
            let displacement = to.wrapping_sub(at + 4) as i32;
            self.ops.ops[at..at + 4].copy_from_slice(&displacement.to_le_bytes());
        }
    }
    fn code(&self) -> &[u8] {
        &self.ops.ops
    }

    fn is_short(v: u64) -> bool {
        v as i32 as i64 as u64 == v
    }

    fn label(&mut self) -> Label {
        self.labels.push(UNBOUND);
        Label(self.labels.len() - 1)
    }
    fn bind(&mut self, label: Label) {
        self.labels[label.0] = self.len();
    }
    fn offset_of(&self, label: Label) -> usize {
        self.labels[label.0]
    }
    fn jump(&mut self, to: Label) {
        asm!(self ; .u8 0xe9 ; .i32 0);
        self.displace(to);
    }
    fn jump_if(&mut self, cond: Cond, to: Label) {
        self.jump_on(code(cond), to);
    }
    fn jump_near(&mut self, base: usize, to: usize) {
        asm!(self ; .u8 0xe9);
        self.displace_near(base, to);
    }

    fn mov(&mut self, d: Reg, s: Reg) {
        if d != s {
            asm!(self ; mov Rq(d.0), Rq(s.0));
        }
    }
    fn imm(&mut self, d: Reg, v: u64) {
        if v == 0 {
            asm!(self ; mov Rd(d.0), 0); // keeps the flags
        } else if let Ok(short) = u32::try_from(v) {
            asm!(self ; mov Rd(d.0), short as i32);
        } else if X86_64::is_short(v) {
            asm!(self ; mov Rq(d.0), v as i32);
        } else {
            asm!(self ; mov Rq(d.0), QWORD v as i64);
        }
    }
    fn read(&mut self, d: Reg, field: Field) {
        let opcode: &[u8] = match field.size {
            Size::Byte => &[0x0f, 0xb6],
            Size::Half => &[0x0f, 0xb7],
            Size::Word | Size::Double => &[0x8b],
        };
        self.with_field(field.size == Size::Double, opcode, d.0, field.offset);
    }
    fn write(&mut self, field: Field, s: Src) {
        if field.size == Size::Half {
            asm!(self ; .u8 0x66); // operands of 16 bits
        }
        let wide = field.size == Size::Double;
        match (field.size, s) {
            (Size::Byte, Src::Reg(s)) => self.with_field(wide, &[0x88], s.0, field.offset),
            (_, Src::Reg(s)) => self.with_field(wide, &[0x89], s.0, field.offset),
            (Size::Byte, Src::Imm(v)) => {
                self.with_field_and(wide, 0xc6, 0, field.offset);
                asm!(self ; .i8 v as i8);
            }
            (Size::Half, Src::Imm(v)) => {
                self.with_field_and(wide, 0xc7, 0, field.offset);
                asm!(self ; .i16 v as i16);
            }
            (_, Src::Imm(v)) => {
                self.with_field_and(wide, 0xc7, 0, field.offset);
                asm!(self ; .i32 v);
            }
            (_, Src::Field(from)) => {
                self.read(Reg(RAX), from);
                self.write(field, Src::Reg(Reg(RAX)));
            }
        }
    }
    fn read_through(&mut self, d: Reg, pointer: i32, offset: i32) {
        self.with_field(true, &[0x8b], RAX, pointer);
        asm!(self ; mov Rq(d.0), [rax + offset]);
    }
    fn write_through(&mut self, pointer: i32, offset: i32, s: Reg) {
        self.with_field(true, &[0x8b], RAX, pointer);
        asm!(self ; mov [rax + offset], Rq(s.0));
    }
    fn spill(&mut self, slot: usize, s: Reg) {
        asm!(self ; mov [rsp + 8 * slot as i32], Rq(s.0));
    }
    fn unspill(&mut self, d: Reg, slot: usize) {
        asm!(self ; mov Rq(d.0), [rsp + 8 * slot as i32]);
    }

    fn alu(&mut self, op: Alu, d: Reg, a: Reg, b: Src) {
        match (op, b) {
            _ if d == a => self.alu_into(op, d.0, b),
            (Alu::Add, Src::Reg(b)) => asm!(self ; lea Rq(d.0), [Rq(a.0) + Rq(b.0)]),
            (Alu::Add, Src::Imm(v)) => self.lea(d.0, a.0, v),
            (Alu::Sub, Src::Reg(b)) if d == b => {
                asm!(self ; neg Rq(d.0) ; add Rq(d.0), Rq(a.0));
            }
            (_, Src::Reg(b)) if d == b => self.alu_into(op, d.0, Src::Reg(a)),
            _ => {
                self.mov(d, a);
                self.alu_into(op, d.0, b);
            }
        }
    }
    fn add_carrying(
        &mut self,
        wide: bool,
        d: Reg,
        a: Reg,
        b: Src,
        carry: Carry,
        [ca, ca32]: [Field; 2],
    ) {
        match carry {
            Carry::Zero => asm!(self ; clc),
            Carry::One => asm!(self ; stc),
            Carry::Ca => {
                self.read(Reg(RCX), ca);
                asm!(self ; neg ecx); // carries if it was not 0
            }
        }
        asm!(self ; mov Rd(RDX), Rd(a.0));
        self.add_with_carry(false, RDX, b);
        self.set_carry(ca32);
        if !wide {
            self.set_carry(ca);
        }
        match carry {
            Carry::Zero => asm!(self ; clc),
            Carry::One => asm!(self ; stc),
            Carry::Ca => asm!(self ; add ecx, ecx), // 0 or all ones: carries again
        }
        asm!(self ; mov Rq(RAX), Rq(a.0));
        self.add_with_carry(true, RAX, b);
        if wide {
            self.set_carry(ca);
        }
        asm!(self ; mov Rq(d.0), Rq(RAX));
    }
    fn not(&mut self, d: Reg, a: Reg) {
        self.mov(d, a);
        asm!(self ; not Rq(d.0));
    }
    fn and_word(&mut self, d: Reg, a: Reg, mask: u32) {
        match mask {
            0xff => self.zext(d, a, Size::Byte),
            0xffff => self.zext(d, a, Size::Half),
            u32::MAX => self.zext(d, a, Size::Word),
            _ => {
                if d != a {
                    asm!(self ; mov Rd(d.0), Rd(a.0));
                }
                asm!(self ; and Rd(d.0), mask as i32);
            }
        }
    }
    fn mul(&mut self, d: Reg, a: Reg, b: Reg) {
        if d == b {
            asm!(self ; imul Rq(d.0), Rq(a.0));
        } else {
            self.mov(d, a);
            asm!(self ; imul Rq(d.0), Rq(b.0));
        }
    }
    fn mul_high(&mut self, signed: bool, d: Reg, a: Reg, b: Reg) {
        asm!(self ; mov Rq(RAX), Rq(a.0));
        match signed {
            true => asm!(self ; imul Rq(b.0)),
            false => asm!(self ; mul Rq(b.0)),
        }
        asm!(self ; mov Rq(d.0), Rq(RDX));
    }
    fn div(&mut self, signed: bool, d: Reg, a: Reg, b: Reg) {
        let (undefined, done) = (self.label(), self.label());
        asm!(self ; mov Rq(RCX), Rq(b.0) ; mov Rq(RAX), Rq(a.0) ; test rcx, rcx);
        self.jump_if(Cond::Eq, undefined);
        if signed {
            let defined = self.label();
            asm!(self ; cmp rcx, -1);
            self.jump_if(Cond::Ne, defined);
            // The most negative number by -1: its negation overflows.
            asm!(self ; neg rax);
            self.jump_on(OVERFLOW, undefined);
            self.jump(done);
            self.bind(defined);
            asm!(self ; cqo ; idiv rcx);
        } else {
            asm!(self ; xor edx, edx ; div rcx);
        }
        self.jump(done);
        self.bind(undefined);
        asm!(self ; xor eax, eax);
        self.bind(done);
        asm!(self ; mov Rq(d.0), rax);
    }
    fn shift_by(&mut self, op: Shift, d: Reg, a: Reg, n: u32) {
        let n = n as i8;
        self.mov(d, a);
        match op {
            Shift::Left => asm!(self ; shl Rq(d.0), n),
            Shift::Right => asm!(self ; shr Rq(d.0), n),
            Shift::RightSigned => asm!(self ; sar Rq(d.0), n),
            Shift::Rotate => asm!(self ; rol Rq(d.0), n),
        }
    }
    fn shift_word_by(&mut self, op: Shift, d: Reg, a: Reg, n: u32) {
        let n = n as i8;
        if d != a || n == 0 {
            asm!(self ; mov Rd(d.0), Rd(a.0));
        }
        match op {
            _ if n == 0 => {}
            Shift::Left => asm!(self ; shl Rd(d.0), n),
            Shift::Right => asm!(self ; shr Rd(d.0), n),
            Shift::RightSigned => asm!(self ; sar Rd(d.0), n),
            Shift::Rotate => asm!(self ; rol Rd(d.0), n),
        }
    }
    fn shift(&mut self, op: Shift, d: Reg, a: Reg, n: Reg) {
        asm!(self ; mov rcx, Rq(n.0) ; mov rax, Rq(a.0));
        match op {
            Shift::Rotate => asm!(self ; rol rax, cl),
            Shift::RightSigned => asm!(self
                ; mov edx, 63 ; cmp rcx, 63 ; cmova rcx, rdx ; sar rax, cl),
            _ => {
                match op {
                    Shift::Left => asm!(self ; shl rax, cl),
                    _ => asm!(self ; shr rax, cl),
                }
                asm!(self ; xor edx, edx ; cmp rcx, 63 ; cmova rax, rdx);
            }
        }
        asm!(self ; mov Rq(d.0), rax);
    }
    fn sext(&mut self, d: Reg, a: Reg, size: Size) {
        match size {
            Size::Byte => asm!(self ; movsx Rq(d.0), Rb(a.0)),
            Size::Half => asm!(self ; movsx Rq(d.0), Rw(a.0)),
            Size::Word => asm!(self ; movsxd Rq(d.0), Rd(a.0)),
            Size::Double => self.mov(d, a),
        }
    }
    fn zext(&mut self, d: Reg, a: Reg, size: Size) {
        match size {
            Size::Byte => asm!(self ; movzx Rd(d.0), Rb(a.0)),
            Size::Half => asm!(self ; movzx Rd(d.0), Rw(a.0)),
            Size::Word => asm!(self ; mov Rd(d.0), Rd(a.0)),
            Size::Double => self.mov(d, a),
        }
    }
    fn bswap(&mut self, d: Reg, a: Reg, size: Size) {
        self.mov(d, a);
        match size {
            Size::Byte => asm!(self ; movzx Rd(d.0), Rb(d.0)),
            Size::Half => asm!(self ; bswap Rd(d.0) ; shr Rd(d.0), 16),
            Size::Word => asm!(self ; bswap Rd(d.0)),
            Size::Double => asm!(self ; bswap Rq(d.0)),
        }
    }

    fn compare(&mut self, size: Size, a: Reg, b: Src) {
        match (size, b) {
            (Size::Double, Src::Imm(0)) => asm!(self ; test Rq(a.0), Rq(a.0)),
            (Size::Double, Src::Reg(b)) => asm!(self ; cmp Rq(a.0), Rq(b.0)),
            (Size::Double, Src::Field(f)) => self.with_field(true, &[0x3b], a.0, f.offset),
            (_, Src::Field(f)) => self.with_field(false, &[0x3b], a.0, f.offset),
            (Size::Double, Src::Imm(v)) => self.with_number(7, a.0, v),
            (_, Src::Imm(0)) => asm!(self ; test Rd(a.0), Rd(a.0)),
            (_, Src::Reg(b)) => asm!(self ; cmp Rd(a.0), Rd(b.0)),
            (_, Src::Imm(v)) => asm!(self ; cmp Rd(a.0), v),
        }
    }
    fn compare_byte(&mut self, field: Field, v: u8) {
        self.with_field_and(false, 0x80, 7, field.offset);
        asm!(self ; .u8 v);
    }
    fn test_field(&mut self, field: Field, mask: u32) {
        match field.size {
            Size::Byte => {
                self.with_field_and(false, 0xf6, 0, field.offset);
                asm!(self ; .i8 mask as i8);
            }
            _ => {
                self.with_field_and(false, 0xf7, 0, field.offset);
                asm!(self ; .i32 mask as i32);
            }
        }
    }
    fn unless_field(&mut self, scratch: Reg, field: Field, mask: u32, value: u32, to: Label) {
        self.read(scratch, field);
        let d = scratch.0;
        asm!(self ; and Rd(d), mask as i32 ; cmp Rd(d), value as i32);
        self.jump_on(code(Cond::Ne), to);
    }
    fn set_if(&mut self, cond: Cond, d: Reg) {
        let rex = 0x40 | d.0 >> 3;
        asm!(self ; .u8 rex ; .u8 0x0f ; .u8 0x90 | code(cond) ; .u8 0xc0 | d.0 & 7
            ; movzx Rd(d.0), Rb(d.0));
    }
    fn select(&mut self, cond: Cond, d: Reg, a: Reg, b: Reg) {
        let (cond, from) = if d == a {
            (cond.not(), b)
        } else {
            self.mov(d, b);
            (cond, a)
        };
        let rex = 0x48 | d.0 >> 3 << 2 | from.0 >> 3;
        asm!(self ; .u8 rex ; .u8 0x0f ; .u8 0x40 | code(cond)
            ; .u8 0xc0 | (d.0 & 7) << 3 | from.0 & 7);
    }
    fn compared(&mut self, signed: bool, d: Reg, so: Option<Field>) {
        // 8 for LT, 4 for GT, 2 for EQ: twice 1 + 3 LT + GT.
        match signed {
            true => asm!(self ; setl al ; setg dl),
            false => asm!(self ; setb al ; seta dl),
        }
        asm!(self
            ; movzx eax, al
            ; movzx edx, dl
            ; lea eax, [rax + rax * 2 + 1]
            ; add eax, edx);
        match so {
            Some(so) => {
                self.read(Reg(RDX), so);
                asm!(self ; lea Rd(d.0), [rdx + rax * 2]);
            }
            None => asm!(self ; lea Rd(d.0), [rax + rax]),
        }
    }

    fn budget_add(&mut self, n: u32) {
        self.lea(15, 15, n as i32);
    }
    fn if_used_up(&mut self, to: Label) {
        asm!(self ; test r15, r15);
        self.jump_on(NOT_NEGATIVE, to);
    }
    fn write_retired(&mut self, frame: Frame) {
        asm!(self ; mov rcx, r15 ; shl rcx, 2 ; sar rcx, 2); // whatever the mask has left of the highest bits
        self.with_field(true, &[0x03], RCX, frame.look_at);
        self.with_field(true, &[0x89], RCX, frame.retired);
    }
    fn mask_budget(&mut self, frame: Frame) {
        self.with_field(true, &[0x23], R15, frame.budget_mask);
    }
    fn read_budget(&mut self, frame: Frame) {
        self.with_field(true, &[0x8b], R15, frame.retired);
        self.with_field(true, &[0x2b], R15, frame.look_at);
    }

    fn guest_load(&mut self, access: Access, d: Reg, slow: Label) {
        self.look_up(access, access.size.bytes(), slow);
        let (d, ea) = (d.0, access.ea.0);
        match access.size {
            Size::Byte => asm!(self ; movzx Rd(d), BYTE [Rq(RAX) + Rq(ea)]),
            Size::Half => asm!(self ; movzx Rd(d), WORD [Rq(RAX) + Rq(ea)]),
            Size::Word => asm!(self ; mov Rd(d), [Rq(RAX) + Rq(ea)]),
            Size::Double => asm!(self ; mov Rq(d), [Rq(RAX) + Rq(ea)]),
        }
        if !access.little && access.size != Size::Byte {
            self.bswap(Reg(d), Reg(d), access.size);
        }
    }
    fn guest_store(&mut self, access: Access, v: Reg, slow: Label) {
        self.look_up(access, access.size.bytes(), slow);
        let ea = access.ea.0;
        let v = if access.little || access.size == Size::Byte {
            v.0
        } else {
            self.bswap(Reg(RDX), v, access.size);
            RDX
        };
        match access.size {
            Size::Byte => asm!(self ; mov [Rq(RAX) + Rq(ea)], Rb(v)),
            Size::Half => asm!(self ; mov [Rq(RAX) + Rq(ea)], Rw(v)),
            Size::Word => asm!(self ; mov [Rq(RAX) + Rq(ea)], Rd(v)),
            Size::Double => asm!(self ; mov [Rq(RAX) + Rq(ea)], Rq(v)),
        }
    }
    fn follow_link(&mut self, base: usize, link: usize, epoch: Field) {
        let other = self.label();
        asm!(self ; .u8 0x48 ; .u8 0x8b ; .u8 0x05); // mov rax, [rip + ...]
        self.displace_near(base, link);
        self.with_field(true, &[0x3b], RAX, epoch.offset);
        self.jump_on(code(Cond::Ne), other);
        asm!(self ; .u8 0xff ; .u8 0x25); // jmp [rip + ...]
        self.displace_near(base, link + 8);
        self.bind(other);
    }
    fn follow_jump(&mut self, base: usize, jumps: Jumps, epoch: Field) {
        let other = self.label();
        let index = (1i32 << jumps.bits) - 1;
        asm!(self ; mov edx, eax ; shl edx, 3 ; and edx, index << 5 ; .u8 0x48 ; .u8 0x8d ; .u8 0x0d);
        self.displace_near(base, jumps.at); // lea rcx, [rip + ...]
        asm!(self ; add rdx, rcx ; cmp rax, [rdx]);
        self.jump_on(code(Cond::Ne), other);
        asm!(self ; mov rcx, [rdx + 8]);
        self.with_field(true, &[0x3b], RCX, epoch.offset);
        self.jump_on(code(Cond::Ne), other);
        asm!(self ; jmp QWORD [rdx + 16]);
        self.bind(other);
    }
    fn call_near(&mut self, base: usize, to: usize) {
        asm!(self ; .u8 0xe8);
        self.displace_near(base, to);
    }
    fn test(&mut self, a: Reg) {
        asm!(self ; test Rq(a.0), Rq(a.0));
    }

    fn prelude(&mut self, frame: Frame, helpers: &[Function; HELPERS]) -> Prelude {
        let enter = self.len();
        asm!(self
            ; push rbx ; push rbp ; push r12 ; push r13 ; push r14 ; push r15
            ; sub rsp, FRAME);
        self.lea(RBX, RDI, self.bias);
        self.with_field(true, &[0x8b], R15, frame.retired);
        self.with_field(true, &[0x2b], R15, frame.look_at);
        asm!(self ; jmp rsi);
        let leave = self.len();
        self.write_retired(frame);
        asm!(self
            ; add rsp, FRAME
            ; pop r15 ; pop r14 ; pop r13 ; pop r12 ; pop rbp ; pop rbx
            ; ret);
        let (ask, leaves) = (self.len(), self.label());
        self.write_retired(frame);
        self.lea(RDI, RBX, -self.bias);
        self.with_field(true, &[0x8b], RSI, frame.closure);
        asm!(self ; sub rsp, 8);
        self.with_field(false, &[0xff], 2, frame.ask); // call
        asm!(self ; add rsp, 8);
        self.read_budget(frame);
        self.test(Reg(RDX));
        self.jump_if(Cond::Ne, leaves);
        asm!(self ; ret);
        self.bind(leaves);
        asm!(self ; pop rdx);
        self.jump_near(0, leave);
        // A helper has stopped, and the stop is in rax.
        let stopped = self.len();
        asm!(self ; pop rdx);
        self.with_field(true, &[0x89], RDX, frame.behind);
        for (i, pin) in (0..).zip(X86_64::PINS) {
            self.with_field(true, &[0x89], pin.0, frame.pins + 8 * i);
        }
        self.jump_near(0, leave);
        let helpers = helpers.map(|helper| {
            let at = self.len();
            asm!(self
                ; push rcx ; push rsi ; push rdi ; push r8 ; push r9 ; push r10 ; push r11);
            self.lea(RDI, RBX, -self.bias);
            asm!(self
                ; mov rsi, rax
                ; mov rax, QWORD helper.address as i64
                ; call rax
                ; pop r11 ; pop r10 ; pop r9 ; pop r8 ; pop rdi ; pop rsi ; pop rcx);
            if helper.kind.stores {
                self.mask_budget(frame);
            }
            if let Some(result) = helper.kind.stop {
                let completed = self.label();
                let stop = [Reg(RAX), Reg(RDX)][result];
                self.test(stop);
                self.jump_if(Cond::Eq, completed);
                self.mov(Reg(RAX), stop);
                self.jump_near(0, stopped);
                self.bind(completed);
            }
            asm!(self ; ret);
            at
        });
        Prelude { enter, leave, ask, helpers }
    }
}
