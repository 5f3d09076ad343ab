// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The words in which translated code is emitted: what every host that we translate for can do. Nothing of
//! POWER is here but the shape of an access to guest storage.

use crate::vocabulary::{AesOp, LaneOp, Numbers, OrderOp, Sigma, Size};

/// A register of the host, by its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reg(pub(super) u8);

/// A place in [`crate::Cpu`]: its offset there, and its width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// Bytes from the start of the CPU.
    pub(super) offset: i32,
    /// Width.
    pub(super) size: Size,
}

impl Field {
    /// The byte at an offset.
    pub(super) const fn byte(offset: i32) -> Field {
        Field { offset, size: Size::Byte }
    }
    /// The halfword.
    pub(super) const fn half(offset: i32) -> Field {
        Field { offset, size: Size::Half }
    }
    /// The word.
    pub(super) const fn word(offset: i32) -> Field {
        Field { offset, size: Size::Word }
    }
    /// The doubleword.
    pub(super) const fn double(offset: i32) -> Field {
        Field { offset, size: Size::Double }
    }
}

/// The second operand of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Src {
    /// A register.
    Reg(Reg),
    /// A number that the host's instructions can hold: see [`Host::is_short`].
    Imm(i32),
    /// A doubleword of the CPU.
    Field(Field),
}

/// An operation of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(super) enum Alu {
    Add,
    Sub,
    And,
    Or,
    Xor,
}

/// A shift or a rotation of 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(super) enum Shift {
    Left,
    Right,
    RightSigned,
    Rotate,
}

/// A condition that a comparison leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(super) enum Cond {
    Eq,
    Ne,
    LtS,
    GeS,
    GtS,
    LeS,
    LtU,
    GeU,
    GtU,
    LeU,
}

impl Cond {
    /// The opposite.
    pub(super) fn not(self) -> Cond {
        match self {
            Cond::Eq => Cond::Ne,
            Cond::Ne => Cond::Eq,
            Cond::LtS => Cond::GeS,
            Cond::GeS => Cond::LtS,
            Cond::GtS => Cond::LeS,
            Cond::LeS => Cond::GtS,
            Cond::LtU => Cond::GeU,
            Cond::GeU => Cond::LtU,
            Cond::GtU => Cond::LeU,
            Cond::LeU => Cond::GtU,
        }
    }
    /// The one that holds of `(b, a)` when this one holds of `(a, b)`.
    pub(super) fn swapped(self) -> Cond {
        match self {
            Cond::Eq | Cond::Ne => self,
            Cond::LtS => Cond::GtS,
            Cond::GtS => Cond::LtS,
            Cond::GeS => Cond::LeS,
            Cond::LeS => Cond::GeS,
            Cond::LtU => Cond::GtU,
            Cond::GtU => Cond::LtU,
            Cond::GeU => Cond::LeU,
            Cond::LeU => Cond::GeU,
        }
    }
}

/// The carry into a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carry {
    /// 0
    Zero,
    /// 1
    One,
    /// XER\[CA\].
    Ca,
}

/// A place in the code that is being emitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(pub(super) usize);

/// A helper: a function of the CPU that translated code calls. All registers but the results' keep their
/// values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
#[allow(missing_docs)]
pub(super) enum Helper {
    LoadByte,
    LoadHalf,
    LoadWord,
    LoadDouble,
    StoreByte,
    StoreHalf,
    StoreWord,
    StoreDouble,
    ReserveByte,
    ReserveHalf,
    ReserveWord,
    ReserveDouble,
    ConditionalByte,
    ConditionalHalf,
    ConditionalWord,
    ConditionalDouble,
    Call,
    Vector,
    Float,
    VectorValue,
    VectorCompare,
    Arith,
    FloatCompare,
    Pure1,
    Pure2,
    Lanes,
    Permute,
    Aes,
    ValueOfVec,
    LoadVector,
    StoreVector,
    Settle,
}

/// The effects of a helper besides its work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// The place among its results of a stop, which is 0 if it did not stop. A helper that stops does not return.
    pub(super) stop: Option<usize>,
    /// It stores: the budget is masked.
    pub(super) stores: bool,
}

/// The function of a helper.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    /// Its address.
    pub(super) address: usize,
    pub(super) kind: Kind,
}

/// How many helpers there are.
pub(super) const HELPERS: usize = Helper::Settle as usize + 1;

/// Where the TLB of the context in force is in the CPU, and the shape of its entries.
#[derive(Clone, Copy, Debug)]
pub(super) struct TlbShape {
    /// Offset of the pointer to the first entry.
    pub(super) table: i32,
    /// log2 of the number of entries.
    pub(super) bits: u32,
    /// Offset of the tag in an entry: of loads, or of stores.
    pub(super) tag: i32,
    /// Offset of the addend in an entry.
    pub(super) addend: i32,
}

/// An access to guest storage.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    /// Register with the effective address.
    pub(super) ea: Reg,
    /// Width.
    pub(super) size: Size,
    /// The guest is little-endian.
    pub(super) little: bool,
    /// The TLB.
    pub(super) tlb: TlbShape,
}

/// The table of jumps to addresses in registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jumps {
    /// Where it is in code memory.
    pub(super) at: usize,
    /// log2 of the number of entries.
    pub(super) bits: u32,
}

/// The frame that code runs in: offsets in the CPU that entering and leaving use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    /// Count of completed instructions.
    pub(super) retired: i32,
    /// The count at which events are looked at.
    pub(super) look_at: i32,
    /// The mask of the budget.
    pub(super) budget_mask: i32,
    /// The address behind the call of a helper that stopped.
    pub(super) behind: i32,
    /// The registers [`Host::PINS`] then.
    pub(super) pins: i32,
    /// The function that has a hypercall answered, and its second argument.
    pub(super) ask: i32,
    pub(super) closure: i32,
}

/// An assembler. Registers: the CPU and the budget (instructions completed, less `look_at`) have one each; `PINS` hold
/// guest registers over a region; `TEMPS` hold values within an instruction; the others are scratch inside an operation
/// and of helpers' arguments and results ([`Host::ARGUMENT`], [`Host::SECOND`]).
pub(super) trait Host: FloatHost + VectorHost {
    /// Registers for guest registers.
    const PINS: &'static [Reg];
    /// Registers for values within an instruction.
    const TEMPS: &'static [Reg];
    /// First argument of a helper, and its first result.
    const ARGUMENT: Reg;
    /// Second argument, and second result.
    const SECOND: Reg;
    /// Third argument.
    const THIRD: Reg;
    /// How many values there is room for when registers run out.
    const SLOTS: usize;

    /// Bytes so far.
    fn len(&self) -> usize;
    /// Begins a piece of code; forgets the one before.
    fn begin(&mut self);
    /// Completes the piece: all labels are bound.
    fn finish(&mut self);
    /// The piece.
    fn code(&self) -> &[u8];
    /// True if an instruction can hold the number.
    fn is_short(v: u64) -> bool;

    fn label(&mut self) -> Label;
    fn bind(&mut self, label: Label);
    /// Where a bound label is.
    fn offset_of(&self, label: Label) -> usize;
    fn jump(&mut self, to: Label);
    fn jump_if(&mut self, cond: Cond, to: Label);
    /// Jumps out of this piece of code to an absolute address near it.
    fn jump_near(&mut self, base: usize, to: usize);

    fn mov(&mut self, d: Reg, s: Reg);
    fn imm(&mut self, d: Reg, v: u64);
    /// Zero-extends.
    fn read(&mut self, d: Reg, field: Field);
    fn write(&mut self, field: Field, s: Src);
    /// Reads a doubleword at an offset from a pointer in the CPU.
    fn read_through(&mut self, d: Reg, pointer: i32, offset: i32);
    fn write_through(&mut self, pointer: i32, offset: i32, s: Reg);
    fn spill(&mut self, slot: usize, s: Reg);
    fn unspill(&mut self, d: Reg, slot: usize);

    fn alu(&mut self, op: Alu, d: Reg, a: Reg, b: Src);
    /// `a + b + carry`; the carries out of the width of the mode and out of the low word go to the two bytes of the
    /// CPU, of which the first is XER\[CA\].
    fn add_carrying(
        &mut self,
        wide: bool,
        d: Reg,
        a: Reg,
        b: Src,
        carry: Carry,
        carries: [Field; 2],
    );
    fn not(&mut self, d: Reg, a: Reg);
    fn mul(&mut self, d: Reg, a: Reg, b: Reg);
    fn mul_high(&mut self, signed: bool, d: Reg, a: Reg, b: Reg);
    /// `a & mask`, of which only the low word is not 0.
    fn and_word(&mut self, d: Reg, a: Reg, mask: u32);
    /// 0 where the architecture leaves the quotient undefined.
    fn div(&mut self, signed: bool, d: Reg, a: Reg, b: Reg);
    fn shift_by(&mut self, op: Shift, d: Reg, a: Reg, n: u32);
    /// Shifts the low word; the high word becomes 0.
    fn shift_word_by(&mut self, op: Shift, d: Reg, a: Reg, n: u32);
    /// Shifts by 64 and more give 0, or the sign; rotates by the low six bits.
    fn shift(&mut self, op: Shift, d: Reg, a: Reg, n: Reg);
    fn sext(&mut self, d: Reg, a: Reg, size: Size);
    fn zext(&mut self, d: Reg, a: Reg, size: Size);
    fn bswap(&mut self, d: Reg, a: Reg, size: Size);

    fn compare(&mut self, size: Size, a: Reg, b: Src);
    /// Compares a byte of the CPU.
    fn compare_byte(&mut self, field: Field, v: u8);
    /// Leaves [`Cond::Ne`] if a bit under the mask is set.
    fn test_field(&mut self, field: Field, mask: u32);
    /// Jumps unless the bits under a mask have a value.
    fn unless_field(&mut self, scratch: Reg, field: Field, mask: u32, value: u32, to: Label);
    /// 0 or 1.
    fn set_if(&mut self, cond: Cond, d: Reg);
    /// `d <- cond ? a : b`.
    fn select(&mut self, cond: Cond, d: Reg, a: Reg, b: Reg);
    /// A CR field of a comparison that was just made: LT, GT or EQ, and the byte `so` if there is one.
    fn compared(&mut self, signed: bool, d: Reg, so: Option<Field>);

    /// Adds to the budget; leaves no condition.
    fn budget_add(&mut self, n: u32);
    /// Jumps if the budget is used up.
    fn if_used_up(&mut self, to: Label);
    /// Writes the count of completed instructions.
    fn write_retired(&mut self, frame: Frame);
    /// The budget from the counts in the CPU.
    fn read_budget(&mut self, frame: Frame);
    /// Uses the budget up if the mask that a helper has left lacks the two highest bits. The count can be recovered from the others.
    fn mask_budget(&mut self, frame: Frame);

    /// Loads, or goes to `slow` with nothing changed.
    fn guest_load(&mut self, access: Access, d: Reg, slow: Label);
    /// Stores, or goes to `slow` with nothing changed.
    fn guest_store(&mut self, access: Access, v: Reg, slow: Label);
    /// Goes to the code that a link leads to, if it was made in the epoch in force. A link is two doublewords in code
    /// memory: the epoch, and the address.
    fn follow_link(&mut self, base: usize, link: usize, epoch: Field);
    /// Goes to the code of the address in the first argument register, if the table of jumps has it: entries of four
    /// doublewords, the address, the epoch and the code's address being the first three.
    fn follow_jump(&mut self, base: usize, jumps: Jumps, epoch: Field);
    /// Calls the saving entry of a helper, which is at `to`, an offset from the start of code memory.
    fn call_near(&mut self, base: usize, to: usize);
    /// Leaves [`Cond::Ne`] unless a register is 0.
    fn test(&mut self, a: Reg);

    /// The pieces that all regions share, at the start of code memory. Returns the offsets of the entry, of the
    /// exit, and of each helper's saving entry.
    fn prelude(&mut self, frame: Frame, helpers: &[Function; HELPERS]) -> Prelude;
}

/// A floating-point or vector register. The first six are scratch inside an operation of the emitter; some others keep
/// vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FloatReg(pub(super) u8);

/// The content of a floating-point register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lanes {
    /// A double.
    Double,
    /// Two doubles.
    Doubles,
    /// Four singles.
    Singles,
}

/// A floating-point operation of two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub(super) enum FloatOp {
    Add,
    Sub,
    Mul,
    Div,
}

/// The floating-point part of an assembler. Results are rounded to nearest.
pub(super) trait FloatHost {
    /// True if the host has [`float_fused`](Self::float_fused).
    fn has_fused(&self) -> bool;
    /// Reads from an offset in the CPU.
    fn float_read(&mut self, lanes: Lanes, d: FloatReg, offset: i32);
    fn float_write(&mut self, lanes: Lanes, offset: i32, s: FloatReg);
    fn float_mov(&mut self, d: FloatReg, s: FloatReg);
    /// `d` is neither `a` nor `b`.
    fn float_op(&mut self, op: FloatOp, lanes: Lanes, d: FloatReg, a: FloatReg, b: FloatReg);
    /// The square root.
    fn float_root(&mut self, lanes: Lanes, d: FloatReg, a: FloatReg);
    /// `a * c + b`, rounded once; the product and `b` negated on request. `d` is no operand.
    fn float_fused(
        &mut self,
        product: bool,
        addend: bool,
        lanes: Lanes,
        d: FloatReg,
        operands: [FloatReg; 3],
    );
    /// A double rounded to single precision, as a double.
    fn float_single(&mut self, d: FloatReg, a: FloatReg);
    /// The bits of a double.
    fn float_bits(&mut self, d: Reg, s: FloatReg);
    /// Jumps unless the exponent of a double's bits is in a range. [`Host::THIRD`] is scratch.
    fn unless_exponent(&mut self, bits: Reg, range: (u32, u32), to: Label);
    /// Jumps unless each element is a normal number and not the smallest.
    fn unless_normal(&mut self, lanes: Lanes, s: FloatReg, scratch: [FloatReg; 2], to: Label);
    /// Compares a double with one in the CPU, as unsigned numbers are compared; jumps if they are in no order.
    fn float_compare(&mut self, a: FloatReg, offset: i32, unordered: Label);
    /// A signed integer as a double, rounded to single precision on request.
    fn float_from(&mut self, d: FloatReg, n: Reg, single: bool);
    /// A double as a signed integer, truncated; the least number if it does not fit.
    fn float_truncate(&mut self, d: Reg, s: FloatReg);
    /// A single's bits as the double's; jumps if it is no number.
    fn double_of_single(&mut self, d: Reg, a: Reg, other: Label);
    /// A double's bits as the single's; jumps unless there is one of this value.
    fn single_of_double(&mut self, d: Reg, a: Reg, other: Label);
    /// Clears the host's flag of inexact results; the word at an offset is scratch.
    fn clear_inexact(&mut self, offset: i32);
    /// Jumps if the flag is set.
    fn if_inexact(&mut self, offset: i32, to: Label);
}

/// The vector part of an assembler. A vector is 128 bits; elements have the numbers of the Power ISA, 0 being the most
/// significant. A result's register is none of the operands', unless it says otherwise.
pub(super) trait VectorHost {
    /// Registers that keep vectors; no other operation changes them, but helpers do.
    const VECTORS: &'static [FloatReg];

    /// Reads from an offset in the CPU, in two parts if it was written as two doublewords.
    fn vector_read(&mut self, d: FloatReg, offset: i32, halves: bool);
    fn vector_write(&mut self, offset: i32, s: FloatReg);
    /// A constant of two doublewords.
    fn vector_constant(&mut self, d: FloatReg, high: u64, low: u64);
    /// A vector of two doublewords.
    fn vector_of(&mut self, d: FloatReg, high: Reg, low: Reg);
    /// Doubleword `i`.
    fn vector_doubleword(&mut self, d: Reg, s: FloatReg, i: usize);
    fn vector_logic(&mut self, op: Alu, d: FloatReg, a: FloatReg, b: FloatReg);
    /// True if the host has an operation.
    fn has_lanes(&self, op: LaneOp) -> bool;
    fn vector_lanes(&mut self, op: LaneOp, d: FloatReg, a: FloatReg, b: FloatReg);
    /// True if the host has [`vector_permute`](Self::vector_permute).
    fn has_permute(&self) -> bool;
    /// Bytes of the first two operands, side by side, by the numbers in the third.
    fn vector_permute(&mut self, d: FloatReg, operands: [FloatReg; 3]);
    /// Sixteen bytes of `a` and `b`, side by side, from byte `n` of 1 to 15 on.
    fn vector_shift_double(&mut self, d: FloatReg, a: FloatReg, b: FloatReg, n: u8);
    /// The sigma of each element.
    fn vector_sigma(&mut self, sigma: Sigma, d: FloatReg, s: FloatReg);
    /// True if the host has [`vector_aes`](Self::vector_aes).
    fn has_aes(&self) -> bool;
    /// A round of AES.
    fn vector_aes(&mut self, op: AesOp, d: FloatReg, state: FloatReg, key: FloatReg);
    /// Element `i` in each place.
    fn vector_splat(&mut self, size: Size, d: FloatReg, s: FloatReg, i: u8);
    /// Doubleword `i` of `a`, then doubleword `j` of `b`.
    fn vector_doublewords(&mut self, d: FloatReg, a: FloatReg, i: u8, b: FloatReg, j: u8);
    /// Reverses the order of the elements, in place.
    fn vector_reverse(&mut self, size: Size, d: FloatReg);
    /// The CR field of a vector whose bytes are all ones or 0.
    fn vector_all_or_none(&mut self, d: Reg, s: FloatReg);
    /// Jumps unless the numbers in two vectors have an order.
    fn unless_ordered(&mut self, of: Numbers, a: FloatReg, b: FloatReg, to: Label);
    /// An operation on such numbers.
    fn vector_ordered(&mut self, op: OrderOp, of: Numbers, d: FloatReg, a: FloatReg, b: FloatReg);
    /// Loads as the host has it, or goes to `slow` with nothing changed.
    fn guest_load_vector(&mut self, access: Access, d: FloatReg, slow: Label);
    /// Stores as the host has it, or goes to `slow`.
    fn guest_store_vector(&mut self, access: Access, s: FloatReg, slow: Label);
}

/// Offsets of the pieces that all regions share.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prelude {
    /// `extern "sysv64" fn(cpu, code) -> stop`, or as the host calls.
    pub(super) enter: usize,
    /// Leaves: the stop is in [`Host::ARGUMENT`].
    pub(super) leave: usize,
    /// Has a hypercall answered: it is counted, and registers are in the CPU. Goes on with the budget that is then in force,
    /// or leaves.
    pub(super) ask: usize,
    /// The helpers.
    pub(super) helpers: [usize; HELPERS],
}
