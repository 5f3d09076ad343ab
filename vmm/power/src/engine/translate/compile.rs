// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! From a region to code.

use super::{
    emit::{Cold, Emitter, Held, Point},
    flow::Flow,
    host::{Alu, Cond, Field, Helper, Host, Label, Reg, Src},
    region::{self, Piece, Region},
    values::{GUESTS, Guest, Val},
};
use crate::{
    interrupt::Stop,
    isa,
    row::{Meaning, Visitor},
    vocabulary::Size,
    word::Word,
};
use std::mem::take;

/// Bytes of a link: the epoch, the address of the code, the address that it leads to.
pub(super) const LINK: usize = 32;

/// Most return addresses that a branch to LR is compared with.
const RETURNS: usize = 4;

/// An emitter's function of each row, by its place among the rows.
pub(super) struct Rows<H: Host>(Vec<Row<H>>);

/// An emitter's function of a row.
type Row<H> = fn(&mut Emitter<H>, Word) -> Result<(), Stop>;

impl<H: Host> Visitor for Rows<H> {
    fn row<R: Meaning>(&mut self) {
        self.0.push(R::does::<Emitter<H>>);
    }
}

impl<H: Host> Rows<H> {
    pub(super) fn new() -> Rows<H> {
        let mut rows = Rows(Vec::new());
        isa::each(&mut rows);
        rows
    }
}

impl<H: Host> Emitter<H> {
    /// Translates a region; false if an instruction has too many values. The host has the code then.
    pub(super) fn translate(&mut self, region: &Region, rows: &Rows<H>) -> bool {
        self.failed = false;
        self.assign(region);
        self.links.clear();
        self.sites.clear();
        self.host.begin();
        let (mut flow, mut labels) = (take(&mut self.flow), take(&mut self.labels));
        flow.follow(region);
        labels.clear();
        labels.extend(region.pieces.iter().map(|_| [self.host.label(), self.host.label()]));
        for (i, piece) in region.pieces.iter().enumerate() {
            self.dirty = flow.dirty[i];
            self.piece(region, rows, &flow, i, piece, &labels);
        }
        self.behind = true;
        let mut cold = take(&mut self.cold);
        for (label, cold, copies) in cold.drain(..) {
            self.host.bind(label);
            self.vectors.copies = copies;
            self.cold_code(cold);
        }
        (self.flow, self.labels, self.cold) = (flow, labels, cold); // with their room
        self.behind = false;
        self.host.finish();
        !self.failed
    }

    /// The offset of the code of a piece of the region that was translated, behind its look at events.
    pub(super) fn inside(&self, piece: usize) -> usize {
        self.host.offset_of(self.labels[piece][1])
    }

    /// How many helpers the code for an instruction calls, where nothing unusual happens; `None` if there is no code for it.
    pub(super) fn calls_of(&mut self, rows: &Rows<H>, word: Word) -> Option<u32> {
        let (_, row) = isa::find(word)?;
        (self.failed, self.calls) = (false, 0);
        self.pin(std::iter::empty());
        self.sites.clear();
        self.host.begin();
        self.begin_piece(false);
        self.begin(0, 0, None);
        // The emitter's stops are emitted, and not returned.
        let _ = rows.0[row](self, word);
        self.commit();
        for (label, ..) in take(&mut self.cold) {
            self.host.bind(label);
        }
        self.host.finish();
        (!self.failed).then_some(self.calls)
    }

    /// An entry: loads the guest registers of a region and goes to a place in it.
    pub(super) fn entry(&mut self, pinned: &[Guest], live: u64, to: usize) -> &[u8] {
        self.pin(pinned.iter().copied());
        self.host.begin();
        self.load_pins(live);
        self.host.jump_near(self.base, to);
        self.host.finish();
        self.host.code()
    }

    /// Gives registers to the guest registers that are used most.
    fn assign(&mut self, region: &Region) {
        let uses = region.uses();
        let mut order: Vec<Guest> =
            (0..GUESTS as Guest).filter(|g| uses[*g as usize] > 0).collect();
        order.sort_by_key(|g| std::cmp::Reverse(uses[usize::from(*g)]));
        self.pin(order.into_iter());
    }

    fn piece(
        &mut self,
        region: &Region,
        rows: &Rows<H>,
        flow: &Flow,
        i: usize,
        piece: &Piece,
        labels: &[[Label; 2]],
    ) {
        let [looks, inside] = labels[i];
        let start = region.page + 4 * piece.first as u64;
        self.host.bind(looks);
        let used_up = self.cold(Cold::Events { nip: start, dirty: self.dirty });
        self.host.if_used_up(used_up);
        self.host.bind(inside);
        self.begin_piece(flow.follows[i]);
        for index in 0..piece.len {
            let slot = piece.first + index;
            let insn = region.insn(slot);
            self.begin(region.page + 4 * slot as u64, index as u32, region::load_target(insn));
            // The emitter's stops are emitted, and not returned.
            let _ = rows.0[insn.row](self, insn.word);
            self.commit();
        }
        self.host.budget_add(piece.len as u32);
        let last = piece.first + piece.len - 1;
        if take(&mut self.asks) {
            self.hypercall(region.page.wrapping_add(4 * (last as u64 + 1)));
        }
        let jumped = self.jump.take();
        if let Some((cond, target)) = jumped {
            self.branch(region, last, cond, target, labels);
        }
        if !matches!(jumped, Some((Val::Imm(1..), _))) {
            self.fall_through(region, i, piece, labels);
        }
    }

    /// Has the hypercall in front of an address answered. All registers are in the CPU meanwhile.
    fn hypercall(&mut self, next: u64) {
        self.store_pins(self.dirty);
        self.dirty = 0;
        self.write_imm(self.layout.nip, next);
        self.host.call_near(self.base, self.ask);
        self.load_pins(u64::MAX);
    }

    /// Goes to what is behind a piece.
    fn fall_through(&mut self, region: &Region, i: usize, piece: &Piece, labels: &[[Label; 2]]) {
        let next = region.page.wrapping_add(4 * (piece.first + piece.len) as u64) & region.mask;
        let behind = region.piece_at(next);
        match behind {
            Some(behind) if behind == i + 1 && piece.ends_block => {} // its look at events follows
            Some(behind) => self.host.jump(labels[behind][usize::from(!piece.ends_block)]),
            None => {
                let exit = self.cold(Cold::Exit { nip: next, dirty: self.dirty });
                self.host.jump(exit);
            }
        }
    }

    fn branch(
        &mut self,
        region: &Region,
        slot: usize,
        cond: Val,
        target: Val,
        labels: &[[Label; 2]],
    ) {
        let known = region.branch_target(slot);
        let to = match known {
            Some(address) => match region.piece_at(address) {
                Some(piece) => labels[piece][0],
                None => {
                    let dirty = self.dirty;
                    self.cold(Cold::Exit { nip: address, dirty })
                }
            },
            None => self.host.label(), // of nothing
        };
        let skip = self.host.label();
        match (self.condition(cond), known) {
            (Held::Always(false), _) => return,
            (Held::Always(true), Some(_)) => self.host.jump(to),
            (Held::If(cond), Some(_)) => self.host.jump_if(cond, to),
            (Held::Always(true), None) => {}
            (Held::If(cond), None) => self.host.jump_if(cond.not(), skip),
        }
        if known.is_none() {
            let register = self.reg(target, None);
            self.indirect(region, register, labels);
        }
        self.host.bind(skip);
    }

    /// Goes to the address in a register: to a return address of the region, or out of it.
    fn indirect(&mut self, region: &Region, target: Reg, labels: &[[Label; 2]]) {
        let pc = H::ARGUMENT;
        self.host.mov(pc, target);
        self.host.alu(Alu::And, pc, pc, Src::Imm(!3));
        if !self.mode.wide {
            self.host.zext(pc, pc, Size::Word);
        }
        for &piece in region.returns.iter().take(RETURNS) {
            let address = region.page + 4 * region.pieces[piece].first as u64;
            self.host.imm(H::SECOND, address);
            self.host.compare(Size::Double, pc, Src::Reg(H::SECOND));
            self.host.jump_if(Cond::Eq, labels[piece][0]);
        }
        self.store_pins(self.dirty);
        let nip = Field::double(self.layout.nip);
        self.host.write(nip, Src::Reg(pc));
        let events = self.host.label();
        self.host.if_used_up(events);
        self.host.follow_jump(self.base, self.jumps, self.epoch());
        self.host.bind(events);
        self.leave(Stop::Next);
    }

    fn epoch(&self) -> Field {
        Field::double(self.layout.epoch)
    }

    /// Leaves to an address.
    fn exit(&mut self, nip: u64) {
        self.write_imm(self.layout.nip, nip);
        self.leave(Stop::Next);
    }

    /// Leaves translated code.
    fn leave(&mut self, code: Stop) {
        self.host.imm(H::ARGUMENT, code as u64);
        self.host.jump_near(self.base, self.leave);
    }

    /// Goes to the code of an address, by a link once there is one.
    fn linked_exit(&mut self, nip: u64) {
        let events = self.host.label();
        self.host.if_used_up(events);
        match self.new_link() {
            Some(link) => {
                self.links.push((link, nip));
                self.host.follow_link(self.base, link, self.epoch());
                self.write_imm(self.layout.link, link as u64);
            }
            None => self.failed = true,
        }
        self.host.bind(events);
        self.exit(nip);
    }

    /// Room for a link.
    fn new_link(&mut self) -> Option<usize> {
        let link = self.link_room.end.checked_sub(LINK)?;
        (link >= self.link_room.start).then(|| {
            self.link_room.end = link;
            link
        })
    }

    fn cold_code(&mut self, cold: Cold) {
        match cold {
            Cold::Exit { nip, dirty } => {
                self.store_pins(dirty);
                self.linked_exit(nip);
            }
            Cold::Events { nip, dirty } => {
                self.store_pins(dirty);
                self.exit(nip);
            }
            Cold::Settle { back } => {
                self.call(Helper::Settle);
                self.host.jump(back);
            }
            Cold::Stop { code, at } => self.stop(code, at),
            Cold::Load { access, helper, d, back, at } => {
                self.host.mov(H::ARGUMENT, access.ea);
                self.call_at(helper, at);
                self.host.mov(d, H::ARGUMENT);
                self.host.jump(back);
            }
            Cold::LoadVector { access, d, order, back, at } => {
                self.cold_load_vector(access.ea, d, order, back, at);
            }
            Cold::StoreVector { access, v, order, back, at } => {
                self.cold_store_vector(access.ea, v, order, back, at);
            }
            Cold::Store { access, helper, v, back, at } => {
                self.host.mov(H::ARGUMENT, access.ea);
                self.host.mov(H::SECOND, v);
                self.call_at(helper, at);
                self.host.jump(back);
            }
            Cold::Arith { a, w, back, at } => {
                self.cold_helper(Helper::Arith, std::ptr::from_ref(a) as usize, w, back, at);
            }
            Cold::Exact { a, w, computed, other } => self.cold_exact(a, w, computed, other),
            Cold::Vector { helper, f, w, back, at } => self.cold_helper(helper, f, w, back, at),
            Cold::Zero { bits, product, zero, other } => {
                self.cold_zero(bits, product, zero, other);
            }
            Cold::Pure1 { f, a, d, back } => self.cold_pure(f, a, d, back),
        }
    }

    /// An instruction stops.
    fn stop(&mut self, code: Stop, at: Point) {
        self.store_pins(at.dirty);
        self.host.budget_add(at.index);
        self.write_imm(self.layout.stop_cia, at.cia);
        self.leave(code);
    }
}
