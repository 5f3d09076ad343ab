// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The facilities that MSR bits make available, and the operand shapes of vector instructions.
//!
//! A shape checks that the facility is there, reads the source registers, and puts what a
//! function makes of them into the target: `c.v2(w, f)` is VRT <- f(VRA, VRB) and
//! `c.x2(w, f)` is VSR\[XT\] <- f(VSR\[XA\], VSR\[XB\]).

use crate::{
    Cpu,
    interrupt::Stop,
    msr,
    vector::{Clamped, Vector},
    word::Word,
};

/// VSCR\[NJ\]: denormal numbers count as zeros (Book I, 6.3.2).
pub(crate) const NJ: u32 = 1 << 16;
/// VSCR\[SAT\]: a result was clamped; sticky.
pub(crate) const SAT: u32 = 1;

impl Cpu {
    /// Vector-scalar register `n`; the floating-point registers are doubleword 0 of the first
    /// 32 of them, the vector registers are the others (Book I, 7.2.1).
    pub fn vsr(&self, n: usize) -> u128 {
        self.vsr[n & 63].into()
    }
    /// Sets vector-scalar register `n`.
    pub fn set_vsr(&mut self, n: usize, v: u128) {
        self.vsr[n & 63] = v.into();
    }
    /// Vector status and control register.
    pub fn vscr(&self) -> u32 {
        self.vscr
    }
    /// Sets the vector status and control register; bits that have no meaning stay 0.
    pub fn set_vscr(&mut self, vscr: u32) {
        self.vscr = vscr & (NJ | SAT);
    }
    /// Floating-point status and control register.
    pub fn fpscr(&self) -> u64 {
        self.fpscr
    }
    /// Sets the floating-point status and control register as it is given.
    pub fn set_fpscr(&mut self, fpscr: u64) {
        self.fpscr = fpscr;
    }
}

impl Cpu {
    #[inline(always)]
    pub(crate) fn vr(&self, n: usize) -> Vector {
        self.vsr[32 + (n & 31)]
    }
    #[inline(always)]
    pub(crate) fn set_vr(&mut self, n: usize, v: Vector) {
        self.vsr[32 + (n & 31)] = v;
    }
    #[inline(always)]
    pub(crate) fn x(&self, n: usize) -> Vector {
        self.vsr[n & 63]
    }
    #[inline(always)]
    pub(crate) fn set_x(&mut self, n: usize, v: Vector) {
        self.vsr[n & 63] = v;
    }
    #[inline(always)]
    pub(crate) fn fpr(&self, n: usize) -> u64 {
        self.vsr[n & 31].lane(0)
    }
    /// Sets an FPR. Doubleword 1 of its VSR becomes 0: version 3.0B leaves it undefined, this
    /// is what version 3.1 requires.
    #[inline(always)]
    pub(crate) fn set_fpr(&mut self, n: usize, v: u64) {
        self.vsr[n & 31] = Vector::new(v, 0);
    }
    /// CR1 <- FPSCR\[FX,FEX,VX,OX\], if the word has Rc set (Book I, 2.3.1).
    #[inline(always)]
    pub(crate) fn record_fp(&mut self, w: Word) {
        if w.rc() {
            self.cr[1] = (self.fpscr >> 28 & 15) as u8;
        }
    }

    #[inline(always)]
    fn need(&self, bit: u64, otherwise: Stop) -> Result<(), Stop> {
        if self.msr() & bit != 0 { Ok(()) } else { Err(otherwise) }
    }
    /// Stops unless floating point is available.
    #[inline(always)]
    pub(crate) fn fp(&self) -> Result<(), Stop> {
        self.need(msr::FP, Stop::FpUnavailable)
    }
    /// Stops unless VMX is available.
    #[inline(always)]
    pub(crate) fn vmx(&self) -> Result<(), Stop> {
        self.need(msr::VEC, Stop::VmxUnavailable)
    }
    /// Stops unless VSX is available.
    #[inline(always)]
    pub(crate) fn vsx(&self) -> Result<(), Stop> {
        self.need(msr::VSX, Stop::VsxUnavailable)
    }
    /// Stops unless VSX for the first 32 VSRs, or VMX for the others, is available.
    #[inline(always)]
    pub(crate) fn vsx_or_vmx(&self, vsr: usize) -> Result<(), Stop> {
        if vsr < 32 { self.vsx() } else { self.vmx() }
    }
    /// Stops unless floating point for the first 32 VSRs, or VMX for the others, is available.
    #[inline(always)]
    pub(crate) fn fp_or_vmx(&self, vsr: usize) -> Result<(), Stop> {
        if vsr < 32 { self.fp() } else { self.vmx() }
    }

    /// VRT <- f(VRB).
    #[inline(always)]
    pub(crate) fn v1(&mut self, w: Word, f: impl Fn(Vector) -> Vector) -> Result<(), Stop> {
        self.vmx()?;
        self.set_vr(w.rt(), f(self.vr(w.rb())));
        Ok(())
    }
    /// VRT <- f(VRA, VRB).
    #[inline(always)]
    pub(crate) fn v2(&mut self, w: Word, f: impl Fn(Vector, Vector) -> Vector) -> Result<(), Stop> {
        self.vmx()?;
        self.set_vr(w.rt(), f(self.vr(w.ra()), self.vr(w.rb())));
        Ok(())
    }
    /// VRT <- f(VRA, VRB, VRC).
    #[inline(always)]
    pub(crate) fn v3(
        &mut self,
        w: Word,
        f: impl Fn(Vector, Vector, Vector) -> Vector,
    ) -> Result<(), Stop> {
        self.vmx()?;
        self.set_vr(w.rt(), f(self.vr(w.ra()), self.vr(w.rb()), self.vr(w.r_c())));
        Ok(())
    }
    /// VRT <- f(VRA, VRB), with VSCR\[SAT\].
    #[inline(always)]
    pub(crate) fn v2_sat(
        &mut self,
        w: Word,
        f: impl Fn(Vector, Vector) -> Clamped,
    ) -> Result<(), Stop> {
        self.vmx()?;
        let result = f(self.vr(w.ra()), self.vr(w.rb()));
        self.saturating(w, result);
        Ok(())
    }
    /// VRT <- f(VRA, VRB, VRC), with VSCR\[SAT\].
    #[inline(always)]
    pub(crate) fn v3_sat(
        &mut self,
        w: Word,
        f: impl Fn(Vector, Vector, Vector) -> Clamped,
    ) -> Result<(), Stop> {
        self.vmx()?;
        let result = f(self.vr(w.ra()), self.vr(w.rb()), self.vr(w.r_c()));
        self.saturating(w, result);
        Ok(())
    }
    #[inline(always)]
    pub(crate) fn saturating(&mut self, w: Word, (v, clamped): Clamped) {
        self.set_vr(w.rt(), v);
        self.vscr |= u32::from(clamped);
    }
    /// A comparison: VRT <- f(VRA, VRB), with CR6 if the word asks.
    #[inline(always)]
    pub(crate) fn v_compare(
        &mut self,
        w: Word,
        f: impl Fn(Vector, Vector) -> Vector,
    ) -> Result<(), Stop> {
        self.v2(w, f)?;
        if w.vrc() {
            self.cr[6] = all_or_none(self.vr(w.rt()));
        }
        Ok(())
    }
    /// A value about a register: GPR\[RT\] <- f(VRB).
    #[inline(always)]
    pub(crate) fn v_to_gpr(
        &mut self,
        w: Word,
        f: impl Fn(&Cpu, Vector) -> u64,
    ) -> Result<(), Stop> {
        self.vmx()?;
        self.gpr[w.rt()] = f(self, self.vr(w.rb()));
        Ok(())
    }

    /// VSR\[XT\] <- f(VSR\[XB\]).
    #[inline(always)]
    pub(crate) fn x1(&mut self, w: Word, f: impl Fn(Vector) -> Vector) -> Result<(), Stop> {
        self.vsx()?;
        self.set_x(w.xt(), f(self.x(w.xb())));
        Ok(())
    }
    /// VSR\[XT\] <- f(VSR\[XA\], VSR\[XB\]).
    #[inline(always)]
    pub(crate) fn x2(&mut self, w: Word, f: impl Fn(Vector, Vector) -> Vector) -> Result<(), Stop> {
        self.vsx()?;
        self.set_x(w.xt(), f(self.x(w.xa()), self.x(w.xb())));
        Ok(())
    }
    /// (RA|0) + (RB).
    #[inline(always)]
    pub(crate) fn ea_indexed(&self, w: Word) -> u64 {
        self.ea_base(w).wrapping_add(self.gpr[w.rb()])
    }
    /// (RA|0).
    #[inline(always)]
    pub(crate) fn ea_base(&self, w: Word) -> u64 {
        if w.ra() == 0 { 0 } else { self.gpr[w.ra()] }
    }
}

/// CR field of a comparison: all elements true, no element true.
pub(crate) fn all_or_none(v: Vector) -> u8 {
    let v = u128::from(v);
    u8::from(v == u128::MAX) << 3 | u8::from(v == 0) << 1
}
