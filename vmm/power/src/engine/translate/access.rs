// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Storage, fields of the CPU and helpers, as the vocabulary uses them.

use super::{
    emit::{Dest, Emitter},
    host::{Access, Field, Helper, Host, Reg, Src, TlbShape},
    values::{Guest, Op, Val},
};
use crate::{vocabulary::Size, word::Word};

impl<H: Host> Emitter<H> {
    pub(super) fn guest(&mut self, g: Guest) -> Val {
        if let Some(v) = self.pending_for(Dest::Guest(g)) {
            return v;
        }
        match self.pins[usize::from(g)] {
            Some(_) => Val::Pinned(g),
            None => self.values.read(self.home(g)),
        }
    }

    pub(super) fn byte(&mut self, offset: i32) -> Val {
        let field = Field::byte(offset);
        if let Some(v) = self.pending_for(Dest::Field(field)) {
            return v;
        }
        self.values.push(Op::Read(field))
    }

    pub(super) fn put_byte(&mut self, offset: i32, v: Val) {
        self.put(Dest::Field(Field::byte(offset)), v);
    }

    pub(super) fn doubleword_of(&self, n: usize, i: usize) -> Field {
        let offset = self.layout.vsr + 16 * n as i32 + 8 * (1 - i as i32);
        Field::double(offset)
    }

    /// An access at the address in a register.
    pub(super) fn access(&self, ea: Reg, size: Size, tlb: TlbShape) -> Access {
        Access { ea, size, little: self.mode.little, tlb }
    }

    pub(super) fn scratch(&self, i: i32) -> Field {
        Field::double(self.layout.scratch + 8 * i)
    }

    /// A helper of the vector state. The first argument register has its value, if it makes one.
    pub(super) fn vector_helper(&mut self, helper: Helper, f: usize, w: Word) {
        self.commit();
        self.host.imm(H::ARGUMENT, f as u64);
        self.host.imm(H::SECOND, w.raw().into());
        self.call_here(helper);
    }

    pub(super) fn write_imm(&mut self, offset: i32, v: u64) {
        let field = Field::double(offset);
        if H::is_short(v) {
            self.host.write(field, Src::Imm(v as i32));
        } else {
            self.host.imm(H::SECOND, v);
            self.host.write(field, Src::Reg(H::SECOND));
        }
    }
}
