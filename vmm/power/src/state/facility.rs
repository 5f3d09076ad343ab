// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The registers of the floating-point and vector facilities, and the operand shapes of vector instructions.
//!
//! A shape checks that the facility is there, reads the source registers, and puts what a
//! function makes of them into the target: `c.v2(w, f)` is VRT <- f(VRA, VRB) and
//! `c.x2(w, f)` is VSR\[XT\] <- f(VSR\[XA\], VSR\[XB\]).

use crate::{
    Cpu,
    arith::vector::{Clamped, Vector},
    state::{deferred::Deferred, interrupt::Stop, msr},
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
        self.vectors.x(n).into()
    }
    /// Sets vector-scalar register `n`.
    pub fn set_vsr(&mut self, n: usize, v: u128) {
        self.vectors.set_x(n, v.into());
    }
    /// Vector status and control register.
    pub fn vscr(&self) -> u32 {
        self.vectors.vscr
    }
    /// Sets the vector status and control register; bits that have no meaning stay 0.
    pub fn set_vscr(&mut self, vscr: u32) {
        self.vectors.set_vscr(vscr);
    }
    /// Floating-point status and control register.
    pub fn fpscr(&self) -> u64 {
        self.vectors.fpscr
    }
    /// Sets the floating-point status and control register as it is given.
    pub fn set_fpscr(&mut self, fpscr: u64) {
        self.vectors.fpscr = fpscr;
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

/// The MSR bits that the facilities depend on.
const FACILITIES: u64 = msr::FP | msr::VEC | msr::VSX | msr::FE0 | msr::FE1;

/// The state of the floating-point and vector facilities: all that their arithmetic can see and change. GPRs, CR and
/// storage are not here, so a function of it says by its type that it leaves them alone.
pub struct Vectors {
    /// FPR n is doubleword 0 of VSR n, VR n is VSR 32+n.
    vsr: [Vector; 64],
    pub(crate) vscr: u32,
    pub(crate) fpscr: u64,
    /// MSR\[FP\], \[VEC\], \[VSX\], \[FE0\] and \[FE1\].
    msr: u64,
    /// Exceptions of the last comparison: see [`Vectors::trap`].
    facts: u64,
    /// The part of FPSCR that translated code has yet to write; nothing outside of it.
    pub(crate) deferred: Deferred,
}

/// A facility that the MSR can turn off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Facility {
    /// Floating point.
    Fp,
    /// VMX.
    Vmx,
    /// VSX.
    Vsx,
}

impl Facility {
    /// VSX for the first 32 VSRs, VMX for the others.
    pub fn vsx_or_vmx(vsr: usize) -> Facility {
        if vsr < 32 { Facility::Vsx } else { Facility::Vmx }
    }
    /// Floating point for the first 32 VSRs, VMX for the others.
    pub fn fp_or_vmx(vsr: usize) -> Facility {
        if vsr < 32 { Facility::Fp } else { Facility::Vmx }
    }
}

/// A function of the vector state and of the fields of a word.
pub type VectorFn = fn(&mut Vectors, Word) -> Result<(), Stop>;
/// One that also makes a value.
pub type VectorValueFn = fn(&mut Vectors, Word) -> Result<u64, Stop>;

impl Default for Vectors {
    fn default() -> Vectors {
        let (vsr, deferred) = ([Vector::ZERO; 64], Deferred::default());
        Vectors { vsr, vscr: 0, fpscr: 0, msr: 0, facts: 0, deferred }
    }
}

#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
impl Vectors {
    /// Offset of the registers, for translated code.
    pub(crate) const VSR: usize = std::mem::offset_of!(Vectors, vsr);
    /// Offset of the copy of the MSR.
    pub(crate) const MSR: usize = std::mem::offset_of!(Vectors, msr);
    /// Offset of FPSCR.
    pub(crate) const FPSCR: usize = std::mem::offset_of!(Vectors, fpscr);
    /// Offset of what is deferred.
    pub(crate) const DEFERRED: usize = std::mem::offset_of!(Vectors, deferred);

    /// Follows the MSR.
    pub(crate) fn follow_msr(&mut self, msr: u64) {
        self.msr = msr & FACILITIES;
    }
    pub(crate) fn msr(&self) -> u64 {
        self.msr
    }
    /// Sets the VSCR; bits that have no meaning stay 0.
    pub(crate) fn set_vscr(&mut self, vscr: u32) {
        self.vscr = vscr & (NJ | SAT);
    }
    /// FPSCR\[FX,FEX,VX,OX\], which an instruction with Rc copies to CR1 (Book I, 2.3.1).
    pub(crate) fn summary(&self) -> u64 {
        self.fpscr >> 28 & 15
    }
    /// Notes the exceptions of a comparison, whose result goes into CR before they trap.
    pub(crate) fn note(&mut self, facts: u64) {
        self.facts = facts;
    }
    /// Takes the interrupt of the last comparison, if an enabled exception asks for it.
    pub(crate) fn trap(&mut self) -> Result<(), Stop> {
        let facts = std::mem::take(&mut self.facts);
        self.float_trap(facts)
    }
}

impl Vectors {
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
    /// Stops unless a facility is available.
    #[inline(always)]
    pub(crate) fn need(&self, facility: Facility) -> Result<(), Stop> {
        let (bit, otherwise) = match facility {
            Facility::Fp => (msr::FP, Stop::FpUnavailable),
            Facility::Vmx => (msr::VEC, Stop::VmxUnavailable),
            Facility::Vsx => (msr::VSX, Stop::VsxUnavailable),
        };
        if self.msr & bit != 0 { Ok(()) } else { Err(otherwise) }
    }
    /// Stops unless floating point is available.
    #[inline(always)]
    pub(crate) fn fp(&self) -> Result<(), Stop> {
        self.need(Facility::Fp)
    }
    /// Stops unless VMX is available.
    #[inline(always)]
    pub(crate) fn vmx(&self) -> Result<(), Stop> {
        self.need(Facility::Vmx)
    }
    /// Stops unless VSX is available.
    #[inline(always)]
    pub(crate) fn vsx(&self) -> Result<(), Stop> {
        self.need(Facility::Vsx)
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
    /// A comparison: VRT <- f(VRA, VRB); what CR6 would be.
    #[inline(always)]
    pub(crate) fn v_compare(
        &mut self,
        w: Word,
        f: impl Fn(Vector, Vector) -> Vector,
    ) -> Result<u64, Stop> {
        self.v2(w, f)?;
        Ok(all_or_none(self.vr(w.rt())))
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
}

/// CR field of a comparison: all elements true, no element true.
pub(crate) fn all_or_none(v: Vector) -> u64 {
    let v = u128::from(v);
    u64::from(v == u128::MAX) << 3 | u64::from(v == 0) << 1
}
