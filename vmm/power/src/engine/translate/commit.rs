// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The changes of an instruction. They wait until its end, so that no value sees them too early; whatever may stop the
//! instruction first has them made.

use super::{
    emit::{Compare, Dest, Emitter},
    host::{Alu, Field, Host, Reg, Shift, Src},
    values::{At, Guest, Op, Place, Val},
};

impl<H: Host> Emitter<H> {
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
        if pending.len() > 1 {
            pending.sort_by_key(|(dest, _)| order(dest));
        }
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
        pending.clear();
        self.pending = pending; // with its room
    }

    /// A value as it is before a place changes: what `but` is part of uses that.
    pub(super) fn saved(&mut self, v: Val, place: Place, but: Val) -> Val {
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

    pub(super) fn make(&mut self, dest: Dest, v: Val) {
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
                if let Some(n) = self.vsr_at(field.offset) {
                    self.vectors.written(n, true);
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
    pub(super) fn moved(&mut self, node: u16, pin: Reg) {
        self.temps.iter_mut().filter(|temp| **temp == Some(node)).for_each(|temp| *temp = None);
        self.values.nodes[usize::from(node)].at = At::Reg(pin);
    }

    pub(super) fn write(&mut self, field: Field, v: Val) {
        let source = self.source(v);
        self.host.write(field, source);
        self.unlock_source(source);
    }

    /// The guest register that a value is in and stays in.
    pub(super) fn lasting(&self, v: Val) -> Option<Val> {
        match v {
            Val::Imm(_) | Val::Pinned(_) => Some(v),
            Val::Node(node) => {
                let At::Reg(reg) = self.values.nodes[usize::from(node)].at else { return None };
                let g = self.pins.iter().position(|pin| *pin == Some(reg))?;
                Some(Val::Pinned(g as Guest))
            }
        }
    }

    pub(super) fn make_field(&mut self, bf: u32, v: Val) {
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

    pub(super) fn make_bit(&mut self, bi: u32, v: Val) {
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
        self.host.shift_by(Shift::Left, new, new, bit);
        self.host.alu(Alu::Or, old, old, Src::Reg(new));
        self.host.write(field, Src::Reg(old));
        self.unlock(v);
    }
}
