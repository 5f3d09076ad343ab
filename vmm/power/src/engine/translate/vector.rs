// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Operations on vectors as emitted code. Each is the host's, where it has it; a helper has the others.
//!
//! A VSR is kept as a number of 128 bits in the host's order, so element 0 of the Power ISA is the last one of a
//! little-endian host. An operation on corresponding elements does not depend on that; those that move elements do,
//! and the host's part of them says how.

use super::{
    emit::{Cold, Emitter, Point},
    host::{Alu, FloatReg, Helper, Host, Label, Reg},
    values::Val,
    vector_values::Wide,
};
use crate::vocabulary::{AesOp, LaneOp, Sigma, Size, Vocabulary};

/// The order of what is accessed: elements of a width, or one quadword.
pub(super) type Order = Option<Size>;

/// An order as a helper's argument.
fn number(order: Order) -> u64 {
    order.map_or(4, |size| size as u64)
}

/// The order of a number.
pub(super) fn order(number: u64) -> Order {
    [Size::Byte, Size::Half, Size::Word, Size::Double].get(number as usize).copied()
}

impl<H: Host> Emitter<H> {
    fn of_vectors(
        &mut self,
        a: Wide,
        b: Wide,
        f: impl FnOnce(&mut H, FloatReg, [FloatReg; 2]),
    ) -> Wide {
        let operands = self.vector_regs([a, b]);
        let d = self.vector_temp();
        f(&mut self.host, d, operands);
        self.in_vector(d)
    }

    pub(super) fn vector_logic(&mut self, op: Alu, a: Wide, b: Wide) -> Wide {
        self.of_vectors(a, b, |host, d, [a, b]| host.vector_logic(op, d, a, b))
    }

    pub(super) fn vector_not(&mut self, a: Wide) -> Wide {
        let ones = Wide::Pair(Val::Imm(u64::MAX), Val::Imm(u64::MAX));
        self.vector_logic(Alu::Xor, a, ones)
    }

    pub(super) fn vector_lanes(&mut self, op: LaneOp, a: Wide, b: Wide) -> Wide {
        if self.host.has_lanes(op) {
            return self.of_vectors(a, b, |host, d, [a, b]| host.vector_lanes(op, d, a, b));
        }
        let operands = self.vector_regs([a, b]);
        self.vector_by_helper(Helper::Lanes, op.number(), &operands)
    }

    pub(super) fn vector_permute(&mut self, a: Wide, b: Wide, choice: Wide) -> Wide {
        let operands = self.vector_regs([a, b, choice]);
        if !self.host.has_permute() {
            return self.vector_by_helper(Helper::Permute, 0, &operands);
        }
        let d = self.vector_temp();
        self.host.vector_permute(d, operands);
        self.in_vector(d)
    }

    pub(super) fn vector_shift_double(&mut self, a: Wide, b: Wide, n: usize) -> Wide {
        match n {
            0 => a,
            1..16 => self.of_vectors(a, b, |host, d, [a, b]| {
                host.vector_shift_double(d, a, b, n as u8);
            }),
            _ => b,
        }
    }

    pub(super) fn vector_sigma(&mut self, sigma: Sigma, v: Wide) -> Wide {
        self.of_vectors(v, v, |host, d, [v, _]| host.vector_sigma(sigma, d, v))
    }

    pub(super) fn vector_aes(&mut self, op: AesOp, state: Wide, key: Wide) -> Wide {
        if self.host.has_aes() {
            return self.of_vectors(state, key, |host, d, [a, b]| host.vector_aes(op, d, a, b));
        }
        let operands = self.vector_regs([state, key]);
        self.vector_by_helper(Helper::Aes, op as u64, &operands)
    }

    pub(super) fn vector_splat(&mut self, size: Size, v: Wide, i: usize) -> Wide {
        self.of_vectors(v, v, |host, d, [v, _]| host.vector_splat(size, d, v, i as u8))
    }

    pub(super) fn vector_doublewords(&mut self, a: Wide, i: usize, b: Wide, j: usize) -> Wide {
        self.of_vectors(a, b, |host, d, [a, b]| {
            host.vector_doublewords(d, a, i as u8, b, j as u8);
        })
    }

    pub(super) fn vector_all_or_none(&mut self, v: Wide) -> Val {
        let v = self.vector_reg(v);
        let d = self.temp();
        self.host.vector_all_or_none(d, v);
        self.made(d)
    }

    /// A helper computes from operands in the scratch space, and leaves the result there.
    fn vector_by_helper(&mut self, helper: Helper, argument: u64, operands: &[FloatReg]) -> Wide {
        self.commit();
        self.vectors_to_scratch(operands);
        self.host.imm(H::ARGUMENT, argument);
        self.call(helper);
        let d = self.vector_temp();
        self.host.vector_read(d, self.layout.scratch, true);
        self.in_vector(d)
    }

    /// Elements as the host loads them, in the order of a VSR, or the other way round.
    fn in_order(&mut self, order: Order, v: FloatReg) {
        match (self.mode.little, order) {
            (false, _) => self.host.vector_reverse(Size::Byte, v),
            (true, Some(size)) => self.host.vector_reverse(size, v),
            (true, None) => {}
        }
    }

    /// True if storage has a VSR as the host has it.
    fn is_in_order(&self, order: Order) -> bool {
        self.mode.little && order.is_none()
    }

    pub(super) fn load_wide(&mut self, ea: Val, order: Order) -> Wide {
        self.commit();
        let ea = self.narrow(ea);
        let ea = self.locked_reg(ea);
        let access = self.access(ea, Size::Double, self.layout.load);
        let d = self.vector_temp();
        let (back, at) = (self.host.label(), self.point());
        let slow = self.cold(Cold::LoadVector { access, d, order, back, at });
        self.host.guest_load_vector(access, d, slow);
        self.in_order(order, d);
        self.host.bind(back);
        self.unlock(access.ea);
        self.in_vector(d)
    }

    pub(super) fn store_wide(&mut self, ea: Val, v: Wide, order: Order) {
        self.commit();
        let v = self.vector_reg(v);
        let ea = self.narrow(ea);
        let ea = self.locked_reg(ea);
        let access = self.access(ea, Size::Double, self.layout.store);
        let (back, at) = (self.host.label(), self.point());
        let slow = self.cold(Cold::StoreVector { access, v, order, back, at });
        let mut ordered = v;
        if !self.is_in_order(order) {
            ordered = self.vector_temp();
            self.host.float_mov(ordered, v);
            self.in_order(order, ordered);
        }
        self.host.guest_store_vector(access, ordered, slow);
        self.host.bind(back);
        self.unlock(access.ea);
    }

    /// A helper loads.
    pub(super) fn cold_load_vector(
        &mut self,
        ea: Reg,
        d: FloatReg,
        order: Order,
        back: Label,
        at: Point,
    ) {
        self.host.mov(H::ARGUMENT, ea);
        self.host.imm(H::SECOND, number(order));
        self.call_at(Helper::LoadVector, at);
        self.host.vector_read(d, self.layout.scratch, false);
        self.host.jump(back);
    }

    /// A helper stores.
    pub(super) fn cold_store_vector(
        &mut self,
        ea: Reg,
        v: FloatReg,
        order: Order,
        back: Label,
        at: Point,
    ) {
        self.vectors_to_scratch(&[v]);
        self.host.mov(H::ARGUMENT, ea);
        self.host.imm(H::SECOND, number(order));
        self.call_at(Helper::StoreVector, at);
        self.host.jump(back);
    }
}
