// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Registers of the host for the values of an instruction, and the order in which an instruction changes state.
//!
//! An instruction's changes wait until its end, so that no value sees them too early; whatever may stop it first has
//! them made.
//!
//! A comparison keeps its operands in the CPU, where its CR field is made when something reads it: see `settle.rs`. A branch
//! on it compares the operands again, while they are in registers and unchanged.

use super::{
    host::{
        Access, Alu, Cond, Field, Frame, Helper, Host, Jumps, Label, Prelude, Reg, Src, TlbShape,
    },
    values::{At, GUESTS, Guest, Node, Op, Place, Val, Values},
};
use crate::{
    arith::float_arith::Arith,
    interrupt::Stop,
    storage::vector_mem::{narrowed, widened},
    vocabulary::Size,
    word::Word,
};
use std::ops::Range;

/// Offsets in the CPU.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) guests: [i32; GUESTS],
    pub(super) cr: i32,
    pub(super) so: i32,
    pub(super) ov: i32,
    pub(super) ov32: i32,
    pub(super) ca: i32,
    pub(super) ca32: i32,
    pub(super) xer_rest: i32,
    pub(super) vsr: i32,
    pub(super) vectors_msr: i32,
    pub(super) fpscr: i32,
    pub(super) deferred: i32,
    pub(super) sprs: i32,
    pub(super) nip: i32,
    pub(super) stop_cia: i32,
    pub(super) budget_mask: i32,
    pub(super) scratch: i32,
    pub(super) epoch: i32,
    pub(super) link: i32,
    /// Of the comparisons that made CR fields: the operands, and the kinds.
    pub(super) operands: i32,
    pub(super) kinds: i32,
    pub(super) load: TlbShape,
    pub(super) store: TlbShape,
    pub(super) frame: Frame,
}

/// The mode that a region is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mode {
    /// MSR\[SF\].
    pub(super) wide: bool,
    /// MSR\[LE\].
    pub(super) little: bool,
    /// MSR\[PR\].
    pub(super) problem: bool,
}

/// A comparison that made a CR field. The CPU keeps its operands; one may be elsewhere, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Compare {
    pub(super) signed: bool,
    pub(super) size: Size,
    pub(super) a: Option<Val>,
    pub(super) b: Option<Val>,
}

/// The comparison of each CR field, where one is known.
pub(super) type Fields = [Option<Compare>; 8];

/// Where a change goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dest {
    Guest(Guest),
    Field(Field),
    CrField(u32),
    CrBit(u32),
    Spr(u16),
}

/// An instruction, for what leaves in its middle.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// Its address.
    pub(super) cia: u64,
    /// How many instructions of the piece are before it.
    pub(super) index: u32,
    /// Guest registers that the CPU does not have yet.
    pub(super) dirty: u64,
}

/// Code that is rarely run, behind that of the region.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cold {
    /// Goes to an address: at the end of a block, or in its middle. `dirty` registers are to be stored.
    Exit { nip: u64, mid: bool, dirty: u64 },
    /// Events are to be looked at before the instruction at an address.
    Events { nip: u64, dirty: u64 },
    /// Loads two doublewords.
    LoadPair { access: Access, d: [Reg; 2], back: Label, at: Point },
    /// Stores two doublewords.
    StorePair { access: Access, v: [Reg; 2], back: Label, at: Point },
    /// Makes the CR fields of comparisons.
    Settle { back: Label },
    /// An instruction stops; `code`, or what the first argument register has.
    Stop { code: Option<Stop>, at: Point, saved: bool },
    /// A load that the TLB has nothing for.
    Load { access: Access, helper: Helper, d: Reg, back: Label, at: Point },
    /// A store.
    Store { access: Access, helper: Helper, v: Reg, back: Label, at: Point },
    /// Arithmetic that the host's may differ from.
    Arith { a: &'static Arith, w: Word, back: Label, at: Point },
    /// An operation of which the host's result must be exact. `other` is the former.
    Exact { a: &'static Arith, w: Word, computed: Label, other: Label },
    /// A function of the vector state, where code that is mostly enough is not.
    Vector { helper: Helper, f: usize, w: Word, back: Label, at: Point },
    /// The bits of a result that is no normal number: an exact 0 goes to one place, others to another.
    Zero { bits: Reg, product: bool, zero: Label, other: Label },
    /// A pure function of a value.
    Pure1 { f: usize, a: Reg, d: Reg, back: Label },
}

/// The emitter of a region.
pub(super) struct Emitter<H> {
    pub(super) host: H,
    pub(super) layout: Layout,
    pub(super) mode: Mode,
    /// Where code memory's next piece begins, and the helpers are.
    pub(super) base: usize,
    pub(super) helpers: [usize; super::host::HELPERS],
    pub(super) leave: usize,
    /// The registers of the host that have guest registers.
    pub(super) pins: [Option<Reg>; GUESTS],
    /// Guest registers that may differ from what the CPU has, a bit each.
    pub(super) dirty: u64,
    /// Links of the region: their places in code memory, and the addresses that they lead to.
    pub(super) links: Vec<(usize, u64)>,
    /// Places in code memory for links.
    pub(super) link_room: Range<usize>,
    /// The table of jumps.
    pub(super) jumps: Jumps,
    pub(super) values: Values,
    pub(super) pending: Vec<(Dest, Val)>,
    pub(super) jump: Option<(Val, Val)>,
    /// The nodes that temporary registers hold.
    temps: [Option<u16>; 4],
    locked: [u8; 4],
    slots: [bool; 64],
    pub(super) fields: Fields,
    pub(super) cold: Vec<(Label, Cold)>,
    pub(super) cia: u64,
    pub(super) index: u32,
    /// The pinned register that the one load of this instruction goes to.
    pub(super) load_target: Option<Guest>,
    /// Facilities that were checked in this piece.
    pub(super) checked: u32,
    /// An instruction had more values than there is room for: the code is of no use.
    pub(super) failed: bool,
}

impl<H: Host> Emitter<H> {
    pub(super) fn new(host: H, layout: Layout, prelude: &Prelude, jumps: Jumps) -> Emitter<H> {
        Emitter {
            host,
            layout,
            mode: Mode { wide: true, little: false, problem: false },
            base: 0,
            helpers: prelude.helpers,
            leave: prelude.leave,
            pins: [None; GUESTS],
            dirty: 0,
            links: Vec::new(),
            link_room: 0..0,
            jumps,
            values: Values::default(),
            pending: Vec::new(),
            jump: None,
            temps: [None; 4],
            locked: [0; 4],
            slots: [false; 64],
            fields: [None; 8],
            cold: Vec::new(),
            cia: 0,
            index: 0,
            load_target: None,
            checked: 0,
            failed: false,
        }
    }

    /// Begins a piece: nothing is known, unless it always comes after the one before.
    pub(super) fn begin_piece(&mut self, follows: bool) {
        if !follows {
            self.forget();
        }
    }

    /// Begins an instruction.
    pub(super) fn begin(&mut self, cia: u64, index: u32, load_target: Option<Guest>) {
        self.values.clear();
        self.pending.clear();
        self.jump = None;
        self.temps = [None; 4];
        self.locked = [0; 4];
        self.slots = [false; 64];
        (self.cia, self.index, self.load_target) = (cia, index, load_target);
    }

    pub(super) fn point(&self) -> Point {
        Point { cia: self.cia, index: self.index, dirty: self.dirty }
    }

    /// A label of code behind the region.
    pub(super) fn cold(&mut self, cold: Cold) -> Label {
        let label = self.host.label();
        self.cold.push((label, cold));
        label
    }

    /// The field of a guest register.
    pub(super) fn home(&self, g: Guest) -> Field {
        Field { offset: self.layout.guests[usize::from(g)], size: Size::Double }
    }
    /// That of a CR field.
    pub(super) fn cr_field(&self, bf: u32) -> Field {
        Field { offset: self.layout.cr + (bf & 7) as i32, size: Size::Byte }
    }
    pub(super) fn so_field(&self) -> Field {
        Field { offset: self.layout.so, size: Size::Byte }
    }

    // Registers.

    fn temp_index(reg: Reg) -> Option<usize> {
        H::TEMPS.iter().position(|temp| *temp == reg)
    }

    pub(super) fn lock(&mut self, reg: Reg) {
        if let Some(i) = Self::temp_index(reg) {
            self.locked[i] += 1;
        }
    }
    pub(super) fn unlock(&mut self, reg: Reg) {
        if let Some(i) = Self::temp_index(reg) {
            self.locked[i] -= 1;
        }
    }

    fn free_slot(&mut self) -> usize {
        let slot = self.slots[..H::SLOTS].iter().position(|used| !used);
        let Some(slot) = slot else {
            self.failed = true;
            return 0;
        };
        self.slots[slot] = true;
        slot
    }

    /// A temporary register, which nothing has.
    pub(super) fn temp(&mut self) -> Reg {
        let n = H::TEMPS.len();
        if let Some(i) = (0..n).find(|&i| self.temps[i].is_none() && self.locked[i] == 0) {
            return H::TEMPS[i];
        }
        let victim = (0..n).find(|&i| self.locked[i] == 0);
        let victim = victim.unwrap_or_else(|| unreachable!("an operation locks fewer registers"));
        if let Some(node) = self.temps[victim].take() {
            let node = usize::from(node);
            let slot = self.free_slot();
            self.host.spill(slot, H::TEMPS[victim]);
            self.values.nodes[node].at = At::Slot(slot);
        }
        H::TEMPS[victim]
    }

    /// Notes that a register has the value of a node.
    pub(super) fn place(&mut self, node: u16, reg: Reg) {
        self.values.nodes[usize::from(node)].at = At::Reg(reg);
        if let Some(i) = Self::temp_index(reg) {
            self.temps[i] = Some(node);
        }
    }

    /// A node whose value is in a register.
    pub(super) fn made(&mut self, reg: Reg) -> Val {
        let v = self.values.made(Op::Made, At::Reg(reg));
        if let Val::Node(node) = v {
            self.place(node, reg);
        }
        v
    }

    /// A register that has the value, `into` if it is to be computed and that is given.
    pub(super) fn reg(&mut self, v: Val, into: Option<Reg>) -> Reg {
        match v {
            Val::Pinned(g) => match self.pins[usize::from(g)] {
                Some(pin) => pin,
                None => unreachable!("a pinned value has a pin"),
            },
            Val::Imm(value) => {
                let d = into.unwrap_or_else(|| self.temp());
                self.host.imm(d, value);
                d
            }
            Val::Node(node) => match self.values.nodes[usize::from(node)].at {
                At::Reg(reg) => reg,
                At::Slot(slot) => {
                    let d = into.unwrap_or_else(|| self.temp());
                    self.host.unspill(d, slot);
                    self.slots[slot] = false;
                    self.place(node, d);
                    d
                }
                At::Nowhere => self.compute(node, into),
            },
        }
    }

    /// The doubleword of the CPU that a value is, if no register has it yet.
    fn in_place(&self, v: Val) -> Option<Field> {
        let Val::Node(node) = v else { return None };
        match self.values.nodes[usize::from(node)] {
            Node { op: Op::Read(field), at: At::Nowhere } if field.size == Size::Double => {
                Some(field)
            }
            _ => None,
        }
    }

    /// Has an operand be somewhere, unless it can be used where it is.
    pub(super) fn force_source(&mut self, v: Val) {
        if self.in_place(v).is_none() {
            self.force(v);
        }
    }

    /// Has a value be somewhere, so that to put it into a register needs no other one.
    pub(super) fn force(&mut self, v: Val) {
        if let Val::Node(node) = v
            && self.values.nodes[usize::from(node)].at == At::Nowhere
        {
            self.compute(node, None);
        }
    }

    /// Registers that have two values, locked.
    pub(super) fn locked_regs(&mut self, a: Val, b: Val) -> (Reg, Reg) {
        self.force(a);
        self.force(b);
        (self.locked_reg(a), self.locked_reg(b))
    }

    /// A register that has the value, locked.
    pub(super) fn locked_reg(&mut self, v: Val) -> Reg {
        let reg = self.reg(v, None);
        self.lock(reg);
        reg
    }

    /// A register, or a number that fits. Locked.
    pub(super) fn source(&mut self, v: Val) -> Src {
        match v {
            Val::Imm(v) if H::is_short(v) => Src::Imm(v as i32),
            _ => match self.in_place(v) {
                Some(field) => Src::Field(field),
                None => Src::Reg(self.locked_reg(v)),
            },
        }
    }
    pub(super) fn unlock_source(&mut self, s: Src) {
        if let Src::Reg(reg) = s {
            self.unlock(reg);
        }
    }

    /// The value in a given register.
    pub(super) fn reg_in(&mut self, v: Val, d: Reg) {
        let reg = self.reg(v, Some(d));
        self.host.mov(d, reg);
    }

    /// Computes a node.
    fn compute(&mut self, node: u16, into: Option<Reg>) -> Reg {
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
                host.shift_word_by(super::host::Shift::Rotate, d, a, n);
                host.shift_by(super::host::Shift::Left, H::ARGUMENT, d, 32);
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
            Op::Select(c, a, b) => self.select(c, a, b, into),
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
    fn protect(&mut self, d: Reg, f: impl FnOnce(&mut Self)) {
        self.lock(d);
        f(self);
        self.unlock(d);
    }

    fn unary(&mut self, a: Val, into: Option<Reg>, f: impl FnOnce(&mut H, Reg, Reg)) -> Reg {
        let a = self.locked_reg(a);
        let d = into.unwrap_or_else(|| self.temp());
        f(&mut self.host, d, a);
        self.unlock(a);
        d
    }

    fn binary(
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

    fn select(&mut self, c: Val, a: Val, b: Val, into: Option<Reg>) -> Reg {
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
    fn is_plain(&self, c: Val) -> bool {
        let Val::Node(node) = c else { return true };
        match self.values.nodes[usize::from(node)].op {
            Op::Cmp(_, _, Val::Pinned(_), Val::Imm(v)) => H::is_short(v),
            Op::Cmp(_, _, Val::Pinned(_), Val::Pinned(_)) => true,
            Op::CrBit(..) => true,
            _ => false,
        }
    }

    /// Compares two values.
    fn compare(&mut self, size: Size, a: Val, b: Val) {
        self.force(a);
        self.force_source(b);
        let a = self.locked_reg(a);
        let b = match (size, b) {
            (Size::Word, Val::Imm(v)) => Src::Imm(v as i32),
            _ => self.source(b),
        };
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

    fn cr_condition(&mut self, bi: u32, is: bool) -> Held {
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
    fn compare_again(&mut self, bf: u32, compare: Compare) {
        let [first, second] = self.operand_fields(bf);
        let a = match compare.a {
            Some(a) => self.locked_reg(a),
            None => {
                self.host.read(H::ARGUMENT, first);
                H::ARGUMENT
            }
        };
        let b = match (compare.size, compare.b) {
            (Size::Word, Some(Val::Imm(v))) => Src::Imm(v as i32),
            (_, Some(Val::Imm(v))) if !H::is_short(v) => Src::Field(second),
            (_, Some(b)) => self.source(b),
            (_, None) => Src::Field(second),
        };
        self.host.compare(compare.size, a, b);
        self.unlock(a);
        self.unlock_source(b);
    }

    /// Where the operands of the comparison of a CR field are kept.
    fn operand_fields(&self, bf: u32) -> [Field; 2] {
        let at = self.layout.operands + 16 * (bf & 7) as i32;
        [at, at + 8].map(|offset| Field { offset, size: Size::Double })
    }

    /// The CR field of a comparison.
    fn compared(&mut self, signed: bool, size: Size, a: Val, b: Val, d: Reg) {
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
    fn settle_all(&mut self) {
        let back = self.host.label();
        let cold = self.cold(Cold::Settle { back });
        let kinds = Field { offset: self.layout.kinds, size: Size::Double };
        self.host.read(H::ARGUMENT, kinds);
        self.host.test(H::ARGUMENT);
        self.host.jump_if(Cond::Ne, cold);
        self.host.bind(back);
    }

    pub(super) fn kind_field(&self, bf: u32) -> Field {
        Field { offset: self.layout.kinds + (bf & 7) as i32, size: Size::Byte }
    }

    /// Has a CR field be that of a comparison.
    fn write_comparison(&mut self, bf: u32, signed: bool, size: Size, a: Val, b: Val) {
        let [first, second] = self.operand_fields(bf);
        self.force(a);
        self.force(b);
        let a = self.locked_reg(a);
        let b = match (size, b) {
            (Size::Word, Val::Imm(v)) => Src::Imm(v as i32),
            _ => self.source(b),
        };
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

    // Changes.

    /// The change that is pending for a place, if one is.
    pub(super) fn pending_for(&self, dest: Dest) -> Option<Val> {
        self.pending.iter().rev().find(|(d, _)| *d == dest).map(|(_, v)| *v)
    }

    pub(super) fn put(&mut self, dest: Dest, v: Val) {
        self.pending.push((dest, v));
    }

    /// Makes the pending changes.
    pub(super) fn commit(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let mut pending = std::mem::take(&mut self.pending);
        // A comparison becomes one of registers that stay, if its operands do.
        let order = |dest: &Dest| match dest {
            Dest::Guest(_) => 0,
            Dest::Field(_) => 1,
            Dest::Spr(_) => 1,
            Dest::CrField(_) => 2,
            Dest::CrBit(_) => 3,
        };
        pending.sort_by_key(|(dest, _)| order(dest));
        for i in 0..pending.len() {
            let (dest, v) = pending[i];
            let place = match dest {
                Dest::Guest(g) if self.pins[usize::from(g)].is_some() => Place::Guest(g),
                Dest::Guest(g) => Place::Field(self.home(g).offset),
                Dest::Field(field) => Place::Field(field.offset),
                Dest::Spr(n) => Place::Spr(n),
                Dest::CrField(_) | Dest::CrBit(_) => Place::Cr,
            };
            for (_, later) in &mut pending[i + 1..] {
                *later = self.saved(*later, place, v);
            }
            if let Some((cond, target)) = self.jump {
                self.jump = Some((self.saved(cond, place, v), self.saved(target, place, v)));
            }
            self.make(dest, v);
            if let Place::Field(offset) = place {
                self.values.changed(offset);
            }
        }
    }

    /// A value as it is before a place changes: what `but` is part of uses that.
    fn saved(&mut self, v: Val, place: Place, but: Val) -> Val {
        if !self.values.needs(v, place, but) {
            return v;
        }
        match v {
            Val::Pinned(_) => {
                let (t, from) = (self.temp(), self.reg(v, None));
                self.host.mov(t, from);
                self.made(t)
            }
            _ => {
                self.force(v);
                v
            }
        }
    }

    fn make(&mut self, dest: Dest, v: Val) {
        match dest {
            Dest::Guest(g) => {
                self.before_write(g);
                match self.pins[usize::from(g)] {
                    Some(pin) => {
                        self.dirty |= 1 << g;
                        self.reg_in(v, pin);
                        if let Val::Node(node) = v {
                            self.moved(node, pin);
                        }
                    }
                    None => self.write(self.home(g), v),
                }
            }
            Dest::Field(field) => {
                if field.offset == self.layout.so {
                    self.settle_all(); // the fields have the old SO
                }
                self.write(field, v);
            }
            Dest::Spr(n) => {
                let v = self.locked_reg(v);
                self.host.write_through(self.layout.sprs, 8 * i32::from(n), v);
                self.unlock(v);
            }
            Dest::CrField(bf) => self.make_field(bf, v),
            Dest::CrBit(bi) => self.make_bit(bi, v),
        }
    }

    /// A node's value is in a pinned register from now on.
    fn moved(&mut self, node: u16, pin: Reg) {
        self.temps.iter_mut().filter(|temp| **temp == Some(node)).for_each(|temp| *temp = None);
        self.values.nodes[usize::from(node)].at = At::Reg(pin);
    }

    fn write(&mut self, field: Field, v: Val) {
        let source = self.source(v);
        self.host.write(field, source);
        self.unlock_source(source);
    }

    /// The guest register that a value is in and stays in.
    fn lasting(&self, v: Val) -> Option<Val> {
        match v {
            Val::Imm(_) | Val::Pinned(_) => Some(v),
            Val::Node(node) => {
                let At::Reg(reg) = self.values.nodes[usize::from(node)].at else { return None };
                let g = self.pins.iter().position(|pin| *pin == Some(reg))?;
                Some(Val::Pinned(g as Guest))
            }
        }
    }

    fn make_field(&mut self, bf: u32, v: Val) {
        self.fields[bf as usize & 7] = None;
        if let Val::Node(node) = v
            && let node = self.values.nodes[usize::from(node)]
            && node.at == At::Nowhere
            && let Op::Compared(signed, size, a, b) = node.op
        {
            self.write_comparison(bf, signed, size, a, b);
            let a = self.lasting(a).filter(|a| matches!(a, Val::Pinned(_)));
            let b = self.lasting(b);
            self.fields[bf as usize & 7] = Some(Compare { signed, size, a, b });
            return;
        }
        self.write(self.cr_field(bf), v);
        self.host.write(self.kind_field(bf), Src::Imm(0));
    }

    fn make_bit(&mut self, bi: u32, v: Val) {
        let (bf, bit) = ((bi / 4) & 7, 3 - bi % 4);
        let v = self.reg(v, None);
        self.lock(v);
        self.settle(bf);
        self.fields[bf as usize] = None;
        let field = self.cr_field(bf);
        let (old, new) = (H::ARGUMENT, H::SECOND);
        self.host.read(old, field);
        self.host.alu(Alu::And, old, old, Src::Imm(!(1 << bit)));
        self.host.and_word(new, v, 1);
        self.host.shift_by(super::host::Shift::Left, new, new, bit);
        self.host.alu(Alu::Or, old, old, Src::Reg(new));
        self.host.write(field, Src::Reg(old));
        self.unlock(v);
    }

    // Helpers.

    pub(super) fn call(&mut self, helper: Helper) {
        self.host.call_near(self.base, self.helpers[helper as usize]);
    }

    /// Stores pinned registers.
    pub(super) fn store_pins(&mut self, dirty: u64) {
        for g in 0..GUESTS {
            if let Some(pin) = self.pins[g]
                && dirty >> g & 1 != 0
            {
                let home = self.home(g as Guest);
                self.host.write(home, Src::Reg(pin));
            }
        }
    }

    /// Loads pinned registers.
    pub(super) fn load_pins(&mut self, live: u64) {
        for g in 0..GUESTS {
            if let Some(pin) = self.pins[g]
                && live >> g & 1 != 0
            {
                let home = self.home(g as Guest);
                self.host.read(pin, home);
            }
        }
    }
}

/// A condition of the host, or none that is left to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    Always(bool),
    If(Cond),
}
