// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Registers of the host for the values of an instruction. When they run out, a value goes to the stack. Guest registers
//! that are pinned stay in theirs over the region.

use super::{
    emit::Emitter,
    host::{Field, Host, Reg, Src},
    values::{At, Node, Op, Val},
};
use crate::vocabulary::Size;

impl<H: Host> Emitter<H> {
    pub(super) fn temp_index(reg: Reg) -> Option<usize> {
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

    pub(super) fn free_slot(&mut self) -> usize {
        let slot = self.slots.trailing_ones() as usize;
        if slot >= H::SLOTS {
            self.failed = true;
            return 0;
        }
        self.slots |= 1 << slot;
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
                    self.slots &= !(1 << slot);
                    self.place(node, d);
                    d
                }
                At::Nowhere => self.compute(node, into),
            },
        }
    }

    /// The doubleword of the CPU that a value is, if no register has it yet.
    pub(super) fn in_place(&self, v: Val) -> Option<Field> {
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
}
