// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The state of the emitter of a region: where the parts of a CPU are, what the host's registers hold, and the code that
//! goes behind the region.

use super::{
    flow::Flow,
    host::{
        Access, Cond, Field, FloatReg, Frame, Helper, Host, Jumps, Label, Prelude, Reg, Src,
        TlbShape,
    },
    values::{GUESTS, Guest, Val, Values},
    vector::Order,
    vector_values::{Copies, VectorRegs},
};
use crate::{
    arith::float_arith::Arith, interrupt::Stop, storage::tlb::PAGE, vocabulary::Size, word::Word,
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

/// The call of a helper that may stop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Site {
    /// The offset in the region's code of what is behind the call.
    pub(super) behind: u32,
    /// Place of the instruction in the page.
    pub(super) slot: u16,
    /// How many instructions of the piece are before it.
    pub(super) index: u8,
    /// Guest registers that the CPU does not have yet, by their places among the pinned ones.
    pub(super) dirty: u8,
}

/// Code that is rarely run, behind that of the region.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cold {
    /// Goes to an address at the end of a block. `dirty` registers are to be stored.
    Exit { nip: u64, dirty: u64 },
    /// Events are to be looked at before the instruction at an address.
    Events { nip: u64, dirty: u64 },
    /// Loads a vector.
    LoadVector { access: Access, d: FloatReg, order: Order, back: Label, at: Point },
    /// Stores a vector.
    StoreVector { access: Access, v: FloatReg, order: Order, back: Label, at: Point },
    /// Makes the CR fields of comparisons.
    Settle { back: Label },
    /// An instruction stops.
    Stop { code: Stop, at: Point },
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
    pub(super) ask: usize,
    /// The registers of the host that have guest registers.
    pub(super) pins: [Option<Reg>; GUESTS],
    /// The guest registers that they have.
    pub(super) pinned: Vec<Guest>,
    /// Guest registers that may differ from what the CPU has, a bit each.
    pub(super) dirty: u64,
    /// Calls of helpers that may stop, in the order of the code.
    pub(super) sites: Vec<Site>,
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
    pub(super) temps: [Option<u16>; 4],
    pub(super) locked: [u8; 4],
    /// Places on the stack that hold values, a bit each.
    pub(super) slots: u64,
    pub(super) fields: Fields,
    /// With the copies of vectors that registers have there.
    pub(super) cold: Vec<(Label, Cold, Copies)>,
    /// That code is being emitted now.
    pub(super) behind: bool,
    /// Registers of the host for vectors.
    pub(super) vectors: VectorRegs,
    /// The flow of registers in the region.
    pub(super) flow: Flow,
    /// Of each piece of the region: its look at events, and what is behind that.
    pub(super) labels: Vec<[Label; 2]>,
    pub(super) cia: u64,
    pub(super) index: u32,
    /// The pinned register that the one load of this instruction goes to.
    pub(super) load_target: Option<Guest>,
    /// The piece ends in a hypercall.
    pub(super) asks: bool,
    /// Facilities that were checked in this piece.
    pub(super) checked: u32,
    /// How many helpers were called in the region.
    pub(super) calls: u32,
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
            ask: prelude.ask,
            pins: [None; GUESTS],
            pinned: Vec::new(),
            sites: Vec::new(),
            dirty: 0,
            links: Vec::new(),
            link_room: 0..0,
            jumps,
            values: Values::default(),
            pending: Vec::new(),
            jump: None,
            temps: [None; 4],
            locked: [0; 4],
            slots: 0,
            fields: [None; 8],
            cold: Vec::new(),
            flow: Flow::default(),
            labels: Vec::new(),
            behind: false,
            vectors: VectorRegs::default(),
            cia: 0,
            index: 0,
            load_target: None,
            asks: false,
            checked: 0,
            calls: 0,
            failed: false,
        }
    }

    /// Begins a piece: nothing is known, unless it always comes after the one before.
    pub(super) fn begin_piece(&mut self, follows: bool) {
        self.asks = false;
        if !follows {
            self.forget();
            self.vectors.forget();
        }
    }

    /// Begins an instruction.
    pub(super) fn begin(&mut self, cia: u64, index: u32, load_target: Option<Guest>) {
        self.values.clear();
        self.pending.clear();
        self.jump = None;
        self.temps = [None; 4];
        self.locked = [0; 4];
        self.slots = 0;
        self.vectors.begin();
        (self.cia, self.index, self.load_target) = (cia, index, load_target);
    }

    pub(super) fn point(&self) -> Point {
        Point { cia: self.cia, index: self.index, dirty: self.dirty }
    }

    /// A label of code behind the region.
    pub(super) fn cold(&mut self, cold: Cold) -> Label {
        let label = self.host.label();
        self.cold.push((label, cold, self.vectors.copies));
        self.vectors.lose_values();
        label
    }

    /// The field of a guest register.
    pub(super) fn home(&self, g: Guest) -> Field {
        Field::double(self.layout.guests[usize::from(g)])
    }
    /// That of a CR field.
    pub(super) fn cr_field(&self, bf: u32) -> Field {
        Field::byte(self.layout.cr + (bf & 7) as i32)
    }
    pub(super) fn so_field(&self) -> Field {
        Field::byte(self.layout.so)
    }

    pub(super) fn call(&mut self, helper: Helper) {
        self.host.call_near(self.base, self.helpers[helper as usize]);
        self.calls += u32::from(!self.behind);
        self.after_call();
    }

    /// Calls a helper that may stop an instruction.
    pub(super) fn call_at(&mut self, helper: Helper, at: Point) {
        self.call(helper);
        let pinned = (0..).zip(&self.pinned);
        let dirty = pinned.map(|(i, g)| ((at.dirty >> g & 1) as u8) << i).sum();
        self.sites.push(Site {
            behind: self.host.len() as u32,
            slot: (at.cia % PAGE / 4) as u16,
            index: at.index as u8, // a piece is no longer than a block
            dirty,
        });
    }

    /// Calls a helper that may stop this instruction.
    pub(super) fn call_here(&mut self, helper: Helper) {
        let at = self.point();
        self.call_at(helper, at);
    }

    /// Has guest registers in the host's, as many as it has for them.
    pub(super) fn pin(&mut self, guests: impl Iterator<Item = Guest>) {
        self.pinned.clear();
        self.pinned.extend(guests.take(H::PINS.len()));
        self.pins = [None; GUESTS];
        for (g, pin) in self.pinned.iter().zip(H::PINS) {
            self.pins[usize::from(*g)] = Some(*pin);
        }
    }

    /// Stores pinned registers.
    pub(super) fn store_pins(&mut self, dirty: u64) {
        for (i, pin) in (0..self.pinned.len()).zip(H::PINS) {
            if dirty >> self.pinned[i] & 1 != 0 {
                let home = self.home(self.pinned[i]);
                self.host.write(home, Src::Reg(*pin));
            }
        }
    }

    /// Loads pinned registers.
    pub(super) fn load_pins(&mut self, live: u64) {
        for (i, pin) in (0..self.pinned.len()).zip(H::PINS) {
            if live >> self.pinned[i] & 1 != 0 {
                let home = self.home(self.pinned[i]);
                self.host.read(*pin, home);
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
