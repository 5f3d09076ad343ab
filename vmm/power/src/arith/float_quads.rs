// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Operand shapes of quad-precision instructions, whose registers are VRs: `c.q_ab(w, &ADD)` is
//! the whole of `xsaddqp[o]`.

use crate::{
    arith::{
        float::{Mode, Op, QP, Rounded, Rounding, arithmetic},
        float_operands::Element,
    },
    state::{
        facility::Vectors,
        fpscr::{INTEGER, RESULT},
        interrupt::Stop,
    },
    word::Word,
};

type Result = std::result::Result<(), Stop>;

impl Vectors {
    /// VR `n`.
    #[inline(always)]
    pub(crate) fn q(&self, n: usize) -> u128 {
        self.vr(n).into()
    }
    /// The rounding mode: to odd if the word says so.
    #[inline(always)]
    pub(crate) fn mode_or_odd(&self, w: Word) -> Mode {
        match w.rc() {
            true => Mode { rounding: Rounding::Odd, ..self.mode() },
            false => self.mode(),
        }
    }
    /// The rounding mode that R and RMC choose (Book I, 7.6, xsrqpi); the reserved ones are the
    /// current mode.
    #[inline(always)]
    pub(crate) fn mode_of_word(&self, w: Word) -> Mode {
        let rounding = match (w.r(), w.rmc()) {
            (0, 0) => Rounding::Away,
            (0, _) => self.mode().rounding,
            (_, rn) => Rounding::of(rn.into()),
        };
        Mode { rounding, ..self.mode() }
    }
    #[inline(always)]
    fn q_op<const N: usize>(&mut self, w: Word, op: &'static Op<N>, of: [usize; N]) -> Result {
        self.vsx()?;
        let outcome = arithmetic(self.mode_or_odd(w), op, of.map(|n| self.q(n)), QP);
        self.xs_result::<u128>(32 + w.rt(), outcome, RESULT)
    }
    /// VRT <- op(VRB).
    #[inline(always)]
    pub(crate) fn q_b(&mut self, w: Word, op: &'static Op<1>) -> Result {
        self.q_op(w, op, [w.rb()])
    }
    /// VRT <- op(VRA, VRB).
    #[inline(always)]
    pub(crate) fn q_ab(&mut self, w: Word, op: &'static Op<2>) -> Result {
        self.q_op(w, op, [w.ra(), w.rb()])
    }
    /// VRT <- op(VRA, VRT, VRB): the target's old value is added.
    #[inline(always)]
    pub(crate) fn q_atb(&mut self, w: Word, op: &'static Op<3>) -> Result {
        self.q_op(w, op, [w.ra(), w.rt(), w.rb()])
    }
    /// VRT <- f(VRB), a floating-point number in its first element.
    #[inline(always)]
    pub(crate) fn q_number<T: Element>(
        &mut self,
        w: Word,
        f: impl Fn(&Vectors, u128) -> Rounded,
    ) -> Result {
        self.vsx()?;
        let outcome = f(self, self.q(w.rb()));
        self.xs_result::<T>(32 + w.rt(), outcome, RESULT)
    }
    /// Doubleword 0 of VRT <- f(VRB), an integer.
    #[inline(always)]
    pub(crate) fn q_integer(&mut self, w: Word, f: impl Fn(u128) -> (u64, u64)) -> Result {
        self.vsx()?;
        let (n, facts) = f(self.q(w.rb()));
        self.xs_result::<u64>(32 + w.rt(), (n.into(), facts), INTEGER)
    }
    /// VRT <- f(VRB), with no facts.
    #[inline(always)]
    pub(crate) fn q_bits(&mut self, w: Word, f: impl Fn(u128) -> u128) -> Result {
        self.vsx()?;
        self.set_vr(w.rt(), f(self.q(w.rb())).into());
        Ok(())
    }
}
