// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Vector values in registers of the host.
//!
//! The CPU always has all VSRs: an instruction writes its result at once. Registers of the host keep copies, until they
//! are wanted for others, a helper is called, or code follows that something else goes to. Code behind the region that
//! calls a helper reads the copies again before it goes back.

use super::{
    emit::{Dest, Emitter},
    host::{FloatReg, Host},
    values::{At, Op, Val},
};

/// Most registers of a host that keep vectors.
const MOST: usize = 16;

/// A 128-bit value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wide {
    /// Doublewords 0 and 1.
    Pair(Val, Val),
    /// A VSR as it is.
    Vsr(usize),
    /// In a register, unless the registers were lost since: the number of losses then.
    Reg(FloatReg, u32),
}

/// The VSR that each register of [`super::host::VectorHost::VECTORS`] has a copy of.
pub(super) type Copies = [Option<u8>; MOST];

/// Registers of the host for vectors.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct VectorRegs {
    pub(super) copies: Copies,
    /// Registers that this instruction uses, a bit each.
    used: u32,
    /// The register to be given up next.
    next: usize,
    /// VSRs that were last written as two doublewords. The host reads them in this way, too: it can not pass on two writes
    /// to one read.
    halves: u64,
    /// How often all of them were lost.
    losses: u32,
}

impl VectorRegs {
    /// Begins an instruction.
    pub(super) fn begin(&mut self) {
        self.used = 0;
    }

    /// A VSR was written.
    pub(super) fn written(&mut self, vsr: usize, halves: bool) {
        self.copies.iter_mut().filter(|copy| **copy == Some(vsr as u8)).for_each(|c| *c = None);
        self.halves = self.halves & !(1 << vsr) | u64::from(halves) << vsr;
    }

    /// Values that are no copies may not be there any longer.
    pub(super) fn lose_values(&mut self) {
        self.losses = self.losses.wrapping_add(1);
    }

    /// Nothing is there any longer.
    pub(super) fn forget(&mut self) {
        (self.copies, self.halves) = Default::default();
        self.lose_values();
    }
}

impl<H: Host> Emitter<H> {
    pub(super) fn vsr_offset(&self, n: usize) -> i32 {
        self.layout.vsr + 16 * n as i32
    }

    /// The VSR that a field is a doubleword of.
    pub(super) fn vsr_at(&self, offset: i32) -> Option<usize> {
        let n = usize::try_from(offset - self.layout.vsr).ok()? / 16;
        (n < 64).then_some(n)
    }

    /// A register for a new value.
    pub(super) fn vector_temp(&mut self) -> FloatReg {
        let n = H::VECTORS.len();
        let regs = &mut self.vectors;
        let unused = |i: &usize| regs.used >> i & 1 == 0;
        let empty = (0..n).filter(unused).find(|i| regs.copies[*i].is_none());
        let any = || (0..n).map(|i| (regs.next + i) % n).find(unused);
        let Some(i) = empty.or_else(any) else {
            self.failed = true;
            return H::VECTORS[0];
        };
        if empty.is_none() {
            regs.next = i + 1;
        }
        regs.used |= 1 << i;
        regs.copies[i] = None;
        H::VECTORS[i]
    }

    /// A value that was just put into a register.
    pub(super) fn in_vector(&self, reg: FloatReg) -> Wide {
        Wide::Reg(reg, self.vectors.losses)
    }

    /// Registers that have values, not to be changed.
    pub(super) fn vector_regs<const N: usize>(&mut self, values: [Wide; N]) -> [FloatReg; N] {
        for v in values {
            if let Wide::Pair(high, low) = v {
                self.force(high);
                self.force(low);
            }
        }
        values.map(|v| self.vector_reg(v))
    }

    /// A register that has a value, not to be changed.
    pub(super) fn vector_reg(&mut self, v: Wide) -> FloatReg {
        match v {
            Wide::Reg(reg, losses) => {
                self.failed |= losses != self.vectors.losses;
                reg
            }
            Wide::Vsr(n) => {
                if let Some(i) = self.vectors.copies.iter().position(|copy| *copy == Some(n as u8))
                {
                    self.vectors.used |= 1 << i;
                    return H::VECTORS[i];
                }
                let d = self.vector_temp();
                let halves = self.vectors.halves >> n & 1 != 0;
                self.host.vector_read(d, self.vsr_offset(n), halves);
                self.keep(d, n);
                d
            }
            Wide::Pair(Val::Imm(high), Val::Imm(low)) => {
                let d = self.vector_temp();
                self.host.vector_constant(d, high, low);
                d
            }
            Wide::Pair(high, low) => {
                let (high, low) = self.locked_regs(high, low);
                let d = self.vector_temp();
                self.host.vector_of(d, high, low);
                self.unlock(high);
                self.unlock(low);
                d
            }
        }
    }

    /// Notes that a register has a copy of a VSR.
    pub(super) fn keep(&mut self, reg: FloatReg, n: usize) {
        let place = H::VECTORS.iter().position(|of| *of == reg);
        if let Some(copy) = place.and_then(|i| self.vectors.copies.get_mut(i)) {
            *copy = Some(n as u8);
        }
    }

    /// A VSR.
    pub(super) fn vsr(&mut self, n: usize) -> Wide {
        let n = n & 63;
        let pending =
            |dest: &Dest| matches!(dest, Dest::Field(f) if self.vsr_at(f.offset) == Some(n));
        if self.pending.iter().any(|(dest, _)| pending(dest)) {
            self.commit();
        }
        Wide::Vsr(n)
    }

    /// Writes a VSR.
    pub(super) fn set_vsr(&mut self, n: usize, v: Wide) {
        let n = n & 63;
        if let Wide::Pair(high, low) = v
            && (high == Val::Imm(0) || low == Val::Imm(0))
            && high != low
        {
            // A scalar, which has no use for registers of vectors.
            self.put(Dest::Field(self.doubleword_of(n, 0)), high);
            self.put(Dest::Field(self.doubleword_of(n, 1)), low);
            return;
        }
        self.commit();
        self.keep_reads(n);
        let mut reg = self.vector_reg(v);
        if let Wide::Vsr(_) = v {
            let copy = self.vector_temp();
            self.host.float_mov(copy, reg);
            reg = copy;
        }
        self.host.vector_write(self.vsr_offset(n), reg);
        self.vectors.written(n, false);
        self.keep(reg, n);
    }

    /// Reads what values need of a VSR, before it is written.
    fn keep_reads(&mut self, n: usize) {
        for node in 0..self.values.nodes.len() {
            let of = self.values.nodes[node];
            if let (Op::Read(field), At::Nowhere) = (of.op, of.at)
                && self.vsr_at(field.offset) == Some(n)
            {
                self.force(Val::Node(node as u16));
            }
        }
    }

    /// Doubleword `i`.
    pub(super) fn doubleword_in(&mut self, v: Wide, i: usize) -> Val {
        match v {
            Wide::Pair(high, low) => [high, low][i & 1],
            Wide::Vsr(n) => {
                let field = self.doubleword_of(n, i);
                self.values.push(Op::Read(field))
            }
            Wide::Reg(..) => {
                let reg = self.vector_reg(v);
                let d = self.temp();
                self.host.vector_doubleword(d, reg, i);
                self.made(d)
            }
        }
    }

    /// A helper was called: in the region the copies are lost, in code behind it they are read again.
    pub(super) fn after_call(&mut self) {
        if !self.behind {
            return self.vectors.forget();
        }
        for i in 0..H::VECTORS.len() {
            if let Some(n) = self.vectors.copies[i] {
                self.host.vector_read(H::VECTORS[i], self.vsr_offset(n.into()), false);
            }
        }
    }

    /// Puts operands into the scratch space.
    pub(super) fn vectors_to_scratch(&mut self, operands: &[FloatReg]) {
        for (i, operand) in (0..).zip(operands) {
            self.host.vector_write(self.layout.scratch + 16 * i, *operand);
        }
    }

    /// Doubleword `i` of the scratch space <- a value.
    pub(super) fn put_scratch(&mut self, i: i32, v: Val) {
        let source = self.source(v);
        self.host.write(self.scratch(i), source);
        self.unlock_source(source);
    }
}
