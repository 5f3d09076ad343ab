// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The values of one instruction: a small graph, computed only when a register, storage or a branch wants it. Constants
//! are folded when a value is made, and the shapes that the host has an instruction for are recognised here.

use super::host::{Alu, Cond, Field, Reg, Shift};
use crate::vocabulary::Size;

/// A register of the guest that a region may keep in one of the host's: a GPR, LR or CTR.
pub(super) type Guest = u8;
/// LR.
pub(super) const LR: Guest = 32;
/// CTR.
pub(super) const CTR: Guest = 33;
/// How many there are.
pub(super) const GUESTS: usize = 34;

/// The largest word.
const WORD: u64 = u32::MAX as u64;

/// A 64-bit value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Val {
    /// A constant.
    Imm(u64),
    /// A guest register that is in a register of the host.
    Pinned(Guest),
    /// A node of the graph.
    Node(u16),
}

/// The computation of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Alu(Alu, Val, Val),
    AndWord(Val, u32),
    Mul(Val, Val),
    MulHigh(bool, Val, Val),
    Div(bool, Val, Val),
    Shift(Shift, Val, Val),
    ShiftWord(Shift, Val, u32),
    RotlWord(Val, u32),
    Sext(Val, Size),
    Zext(Val, Size),
    Bswap(Val, Size),
    Not(Val),
    /// 1 if the condition holds of the two, as 64-bit values or as words.
    Cmp(Cond, Size, Val, Val),
    /// 1 if a CR bit has a value.
    CrBit(u32, bool),
    Select(Val, Val, Val),
    /// A place in the CPU.
    Read(Field),
    /// A special-purpose register that only holds what was written.
    Spr(u16),
    /// A CR field: of a comparison, signed or not, as 64-bit values or as words.
    Compared(bool, Size, Val, Val),
    /// A function `fn(u64) -> u64`, by its address.
    Pure1(usize, Val),
    /// A single's bits as those of the double.
    DoubleOfSingle(Val),
    /// A double's bits as those of the single.
    SingleOfDouble(Val),
    /// A function `fn(u64, u64) -> u64`.
    Pure2(usize, Val, Val),
    /// Made by an effect; it is somewhere.
    Made,
}

/// Where the value of a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Not computed.
    Nowhere,
    /// In a register.
    Reg(Reg),
    /// On the stack.
    Slot(usize),
}

/// A node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    pub(super) op: Op,
    pub(super) at: At,
}

/// The values of an instruction.
#[derive(Default)]
pub(super) struct Values {
    pub(super) nodes: Vec<Node>,
}

impl Values {
    pub(super) fn clear(&mut self) {
        self.nodes.clear();
    }

    pub(super) fn push(&mut self, op: Op) -> Val {
        self.made(op, At::Nowhere)
    }

    pub(super) fn made(&mut self, op: Op, at: At) -> Val {
        self.nodes.push(Node { op, at });
        Val::Node((self.nodes.len() - 1) as u16)
    }

    /// The value of a place in the CPU: one node, however often it is read.
    pub(super) fn read(&mut self, field: Field) -> Val {
        let mut nodes = (0..).zip(&self.nodes);
        match nodes.find(|(_, node)| node.op == Op::Read(field)) {
            Some((n, _)) => Val::Node(n),
            None => self.push(Op::Read(field)),
        }
    }

    /// A place in the CPU holds something else from now on: what was read there is no longer what it holds.
    pub(super) fn changed(&mut self, offset: i32) {
        for node in self.nodes.iter_mut().filter(|node| node.at != At::Nowhere) {
            if matches!(node.op, Op::Read(field) if field.offset == offset) {
                node.op = Op::Made;
            }
        }
    }

    /// The place that a value is what it holds.
    pub(super) fn reads(&self, v: Val) -> Option<Field> {
        match self.op(v) {
            Some(Op::Read(field)) => Some(field),
            _ => None,
        }
    }

    fn op(&self, v: Val) -> Option<Op> {
        match v {
            Val::Node(n) => Some(self.nodes[n as usize].op),
            _ => None,
        }
    }

    /// True if it is known to be 0 or 1.
    fn is_truth(&self, v: Val) -> bool {
        match v {
            Val::Imm(v) => v <= 1,
            Val::Pinned(_) => false,
            Val::Node(n) => match self.nodes[n as usize].op {
                Op::Cmp(..) | Op::CrBit(..) => true,
                Op::Alu(Alu::And | Alu::Or | Alu::Xor, a, b) => {
                    self.is_truth(a) && self.is_truth(b)
                }
                _ => false,
            },
        }
    }

    pub(super) fn alu(&mut self, op: Alu, a: Val, b: Val) -> Val {
        use Alu::*;
        match (op, a, b) {
            (Add, Val::Imm(a), Val::Imm(b)) => Val::Imm(a.wrapping_add(b)),
            (Sub, Val::Imm(a), Val::Imm(b)) => Val::Imm(a.wrapping_sub(b)),
            (And, Val::Imm(a), Val::Imm(b)) => Val::Imm(a & b),
            (Or, Val::Imm(a), Val::Imm(b)) => Val::Imm(a | b),
            (Xor, Val::Imm(a), Val::Imm(b)) => Val::Imm(a ^ b),
            (Add | Sub | Or | Xor, v, Val::Imm(0)) => v,
            (Add | Or | Xor, Val::Imm(0), v) => v,
            (And, _, Val::Imm(0)) | (And, Val::Imm(0), _) => Val::Imm(0),
            (And, v, Val::Imm(u64::MAX)) | (And, Val::Imm(u64::MAX), v) => v,
            (And, v, Val::Imm(mask)) | (And, Val::Imm(mask), v) => self.masked(v, mask),
            (And | Or, a, b) if a == b => a,
            (Sub, v, Val::Imm(n)) => self.push(Op::Alu(Add, v, Val::Imm(n.wrapping_neg()))),
            (Add | Or | Xor, Val::Imm(_), v) => self.push(Op::Alu(op, v, a)),
            _ => self.push(Op::Alu(op, a, b)),
        }
    }

    /// A value under a mask: of a rotated one, often a shift.
    fn masked(&mut self, v: Val, mask: u64) -> Val {
        if mask == 1 && self.is_truth(v) {
            return v;
        }
        match self.op(v) {
            Some(Op::Shift(Shift::Rotate, a, Val::Imm(n))) if n != 0 => {
                if mask == u64::MAX << n {
                    return self.push(Op::Shift(Shift::Left, a, Val::Imm(n)));
                }
                if mask == u64::MAX >> (64 - n) {
                    return self.push(Op::Shift(Shift::Right, a, Val::Imm(64 - n)));
                }
            }
            Some(Op::RotlWord(a, 0)) if mask <= WORD => return self.masked(a, mask),
            Some(Op::RotlWord(a, n)) if mask <= WORD => {
                let mask = mask as u32;
                if mask == u32::MAX << n {
                    return self.push(Op::ShiftWord(Shift::Left, a, n));
                }
                if mask == u32::MAX >> (32 - n) {
                    return self.push(Op::ShiftWord(Shift::Right, a, 32 - n));
                }
                let rotated = self.push(Op::ShiftWord(Shift::Rotate, a, n));
                return self.masked(rotated, mask.into());
            }
            Some(Op::ShiftWord(..)) if mask == WORD => return v,
            _ => {}
        }
        match u32::try_from(mask) {
            Ok(mask) => self.push(Op::AndWord(v, mask)),
            Err(_) => self.push(Op::Alu(Alu::And, v, Val::Imm(mask))),
        }
    }

    pub(super) fn not(&mut self, a: Val) -> Val {
        match a {
            Val::Imm(v) => Val::Imm(!v),
            _ => self.push(Op::Not(a)),
        }
    }

    pub(super) fn shift(&mut self, op: Shift, a: Val, n: Val) -> Val {
        match (op, a, n) {
            (_, _, Val::Imm(0)) => a,
            (Shift::Left, Val::Imm(a), Val::Imm(n)) => Val::Imm(if n < 64 { a << n } else { 0 }),
            (Shift::Right, Val::Imm(a), Val::Imm(n)) => Val::Imm(if n < 64 { a >> n } else { 0 }),
            (Shift::Left | Shift::Right, _, Val::Imm(64..)) => Val::Imm(0),
            (Shift::RightSigned, Val::Imm(a), Val::Imm(n)) => {
                Val::Imm((a as i64 >> n.min(63)) as u64)
            }
            (Shift::RightSigned, _, Val::Imm(64..)) => self.shift(op, a, Val::Imm(63)),
            (Shift::Rotate, Val::Imm(a), Val::Imm(n)) => Val::Imm(a.rotate_left((n & 63) as u32)),
            (Shift::Rotate, _, Val::Imm(64..)) => {
                let Val::Imm(n) = n else { return a };
                self.shift(op, a, Val::Imm(n & 63))
            }
            _ => self.push(Op::Shift(op, a, n)),
        }
    }

    /// The low word rotated, in both halves.
    pub(super) fn rotl_word(&mut self, a: Val, n: Val) -> Val {
        match (a, n) {
            (Val::Imm(a), Val::Imm(n)) => {
                let low = u64::from((a as u32).rotate_left((n & 31) as u32));
                Val::Imm(low << 32 | low)
            }
            (_, Val::Imm(n)) => self.push(Op::RotlWord(a, (n & 31) as u32)),
            _ => {
                let low = self.zext(a, Size::Word);
                let high = self.shift(Shift::Left, low, Val::Imm(32));
                let both = self.alu(Alu::Or, high, low);
                self.shift(Shift::Rotate, both, n)
            }
        }
    }

    pub(super) fn sext(&mut self, a: Val, size: Size) -> Val {
        match (a, size) {
            (_, Size::Double) => a,
            (Val::Imm(v), Size::Byte) => Val::Imm(v as i8 as u64),
            (Val::Imm(v), Size::Half) => Val::Imm(v as i16 as u64),
            (Val::Imm(v), Size::Word) => Val::Imm(v as i32 as u64),
            _ => self.push(Op::Sext(a, size)),
        }
    }

    pub(super) fn zext(&mut self, a: Val, size: Size) -> Val {
        match (a, size) {
            (_, Size::Double) => a,
            (Val::Imm(v), Size::Byte) => Val::Imm(v & 0xff),
            (Val::Imm(v), Size::Half) => Val::Imm(v & 0xffff),
            (Val::Imm(v), Size::Word) => Val::Imm(v & 0xffff_ffff),
            _ if self.is_truth(a) => a,
            _ => self.push(Op::Zext(a, size)),
        }
    }

    pub(super) fn bswap(&mut self, a: Val, size: Size) -> Val {
        match a {
            Val::Imm(v) => Val::Imm(v.swap_bytes() >> (64 - 8 * size.bytes())),
            _ => self.push(Op::Bswap(a, size)),
        }
    }

    /// The operand of a comparison of words that these two are the extensions of.
    fn words(&self, a: Val, b: Val, signed: bool) -> Option<(Val, Val)> {
        let extended = |v| match (v, self.op(v)) {
            (Val::Imm(v), _) if signed && v as i32 as u64 == v => Some(Val::Imm(v)),
            (Val::Imm(v), _) if !signed && v <= WORD => Some(Val::Imm(v)),
            (_, Some(Op::Sext(v, Size::Word))) if signed => Some(v),
            (_, Some(Op::Zext(v, Size::Word))) if !signed => Some(v),
            _ => None,
        };
        Some((extended(a)?, extended(b)?))
    }

    /// Two operands, as 64-bit values or, if they are nothing but words, as those.
    pub(super) fn comparands(&self, signed: bool, a: Val, b: Val) -> (Size, Val, Val) {
        match self.words(a, b, signed) {
            Some((a, b)) => (Size::Word, a, b),
            None => (Size::Double, a, b),
        }
    }

    pub(super) fn compare(&mut self, cond: Cond, a: Val, b: Val) -> Val {
        if let (Val::Imm(a), Val::Imm(b)) = (a, b) {
            let holds = match cond {
                Cond::Eq => a == b,
                Cond::Ne => a != b,
                Cond::LtS => (a as i64) < b as i64,
                Cond::GeS => a as i64 >= b as i64,
                Cond::GtS => a as i64 > b as i64,
                Cond::LeS => a as i64 <= b as i64,
                Cond::LtU => a < b,
                Cond::GeU => a >= b,
                Cond::GtU => a > b,
                Cond::LeU => a <= b,
            };
            return Val::Imm(holds.into());
        }
        if let (Cond::Eq, v, Val::Imm(0)) | (Cond::Eq, Val::Imm(0), v) = (cond, a, b)
            && let Some(inverted) = self.inverted(v)
        {
            return inverted;
        }
        let signed = match cond {
            Cond::Eq | Cond::Ne => self.words(a, b, true).is_some(),
            Cond::LtS | Cond::GeS | Cond::GtS | Cond::LeS => true,
            _ => false,
        };
        let (size, a, b) = self.comparands(signed, a, b);
        match (a, b) {
            (Val::Imm(_), Val::Node(_) | Val::Pinned(_)) => {
                self.push(Op::Cmp(cond.swapped(), size, b, a))
            }
            _ => self.push(Op::Cmp(cond, size, a, b)),
        }
    }

    /// Of a truth value that says whether one value is less than another: whether they are signed, and the two.
    pub(super) fn comparison(&self, lt: Val) -> Option<(bool, Size, Val, Val)> {
        match self.op(lt)? {
            Op::Cmp(Cond::LtS, size, a, b) => Some((true, size, a, b)),
            Op::Cmp(Cond::LtU, size, a, b) => Some((false, size, a, b)),
            _ => None,
        }
    }

    /// The opposite of a truth value.
    fn inverted(&mut self, v: Val) -> Option<Val> {
        match self.op(v)? {
            Op::Cmp(cond, size, a, b) => Some(self.push(Op::Cmp(cond.not(), size, a, b))),
            Op::CrBit(bi, is) => Some(self.push(Op::CrBit(bi, !is))),
            _ => None,
        }
    }

    pub(super) fn select(&mut self, c: Val, a: Val, b: Val) -> Val {
        match c {
            Val::Imm(0) => b,
            Val::Imm(_) => a,
            _ => self.push(Op::Select(c, a, b)),
        }
    }

    /// True if a value that is not computed yet needs what a place holds now; what `but` needs does not count.
    pub(super) fn needs(&self, v: Val, place: Place, but: Val) -> bool {
        if v == but {
            return false;
        }
        let n = match v {
            Val::Imm(_) => return false,
            Val::Pinned(g) => return place == Place::Guest(g),
            Val::Node(n) => &self.nodes[n as usize],
        };
        if n.at != At::Nowhere {
            return false;
        }
        let needs = |v: Val| self.needs(v, place, but);
        match n.op {
            Op::Alu(_, a, b)
            | Op::Mul(a, b)
            | Op::MulHigh(_, a, b)
            | Op::Div(_, a, b)
            | Op::Shift(_, a, b)
            | Op::Cmp(_, _, a, b)
            | Op::Compared(_, _, a, b)
            | Op::Pure2(_, a, b) => needs(a) || needs(b),
            Op::AndWord(a, _)
            | Op::ShiftWord(_, a, _)
            | Op::RotlWord(a, _)
            | Op::Sext(a, _)
            | Op::Zext(a, _)
            | Op::Bswap(a, _)
            | Op::Not(a)
            | Op::DoubleOfSingle(a)
            | Op::SingleOfDouble(a)
            | Op::Pure1(_, a) => needs(a),
            Op::Select(c, a, b) => needs(c) || needs(a) || needs(b),
            Op::Read(field) => place == Place::Field(field.offset),
            Op::Spr(n) => place == Place::Spr(n),
            Op::CrBit(..) => place == Place::Cr,
            Op::Made => false,
        }
    }
}

/// A place that an instruction writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A pinned register.
    Guest(Guest),
    /// A field of the CPU, by its offset.
    Field(i32),
    /// A special-purpose register.
    Spr(u16),
    /// CR.
    Cr,
}
