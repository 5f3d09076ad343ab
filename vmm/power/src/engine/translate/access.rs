// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Storage, fields of the CPU and helpers, as the vocabulary uses them.

use super::{
    emit::{Cold, Dest, Emitter},
    host::{Access, Field, Helper, Host, Reg, Src, TlbShape},
    values::{Guest, Op, Val},
    vocabulary::Pair,
};
use crate::{
    interrupt::Stop,
    vocabulary::{Size, Vocabulary},
    word::Word,
};

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

    pub(super) fn elements_helper(&mut self, ea: Val, size: Size, v: Pair) {
        let ea = self.narrow(ea);
        for (i, v) in [(0, v.0), (1, v.1)] {
            let source = self.source(v);
            self.host.write(self.scratch(i), source);
            self.unlock_source(source);
        }
        self.reg_in(ea, H::ARGUMENT);
        self.host.imm(H::SECOND, size as u64);
        self.call_here(Helper::StoreElements);
    }

    /// Loads two doublewords: a quadword in the byte order of the mode.
    pub(super) fn load_pair(&mut self, ea: Val) -> Result<Pair, Stop> {
        self.commit();
        let ea = self.narrow(ea);
        let ea = self.locked_reg(ea);
        let access = self.access(ea, Size::Double, self.layout.load);
        let first = self.temp();
        self.lock(first);
        let second = self.temp();
        self.lock(second);
        let (back, at) = (self.host.label(), self.point());
        let slow = self.cold(Cold::LoadPair { access, d: [first, second], back, at });
        self.host.guest_load_pair(access, [first, second], slow);
        self.host.bind(back);
        [access.ea, first, second].into_iter().for_each(|reg| self.unlock(reg));
        let (first, second) = (self.made(first), self.made(second));
        Ok(if self.mode.little { (second, first) } else { (first, second) })
    }

    /// Stores two doublewords, the first one at `ea`.
    pub(super) fn store_pair(&mut self, ea: Val, (first, second): Pair) -> Result<(), Stop> {
        self.commit();
        let ea = self.narrow(ea);
        self.force(ea);
        self.force(first);
        self.force(second);
        let (ea, v) = (self.locked_reg(ea), [self.locked_reg(first), self.locked_reg(second)]);
        let access = self.access(ea, Size::Double, self.layout.store);
        let (back, at) = (self.host.label(), self.point());
        let slow = self.cold(Cold::StorePair { access, v, back, at });
        self.host.guest_store_pair(access, v, slow);
        self.host.bind(back);
        [ea, v[0], v[1]].into_iter().for_each(|reg| self.unlock(reg));
        Ok(())
    }

    /// A doubleword of elements from what a load of the doubleword gave.
    pub(super) fn in_order(&mut self, v: Val, size: Size) -> Val {
        if !self.mode.little {
            return v;
        }
        match size {
            Size::Double => v,
            Size::Word => self.rotl(v, Val::Imm(32)),
            Size::Half => {
                const HALVES: u64 = 0x0000_ffff_0000_ffff;
                let v = self.rotl(v, Val::Imm(32));
                let (low, high) = (self.and(v, Val::Imm(HALVES)), self.shr(v, Val::Imm(16)));
                let (low, high) = (self.shl(low, Val::Imm(16)), self.and(high, Val::Imm(HALVES)));
                self.or(low, high)
            }
            Size::Byte => self.bswap(v, Size::Double),
        }
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
