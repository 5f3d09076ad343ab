// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The vocabulary in which the meanings of instructions are written.
//!
//! [`crate::Cpu`] computes with numbers. The translator implements the same trait with
//! names of values, so meanings never use Rust's `if` on a guest value
//! (they use [`Vocabulary::select`]), and everything that is long or rare is a function on
//! the CPU that [`Vocabulary::call`] runs.

use crate::{
    Cpu,
    arith::single::{narrowed, widened},
    arith::vector::Vector,
    state::{
        facility::{VectorFn, VectorValueFn},
        interrupt::Stop,
    },
    word::Word,
};

pub use crate::{
    arith::{
        aes::AesOp,
        float_arith::Arith,
        float_operands::Conversion,
        float_order::{Numbers, OrderOp},
        lanes::LaneOp,
        sigma::Sigma,
    },
    size::Size,
    state::facility::Facility,
};

/// Condition for a compare, as bits of a CR field: LT, GT, EQ.
pub const LT: u64 = 8;
/// Greater than.
pub const GT: u64 = 4;
/// Equal.
pub const EQ: u64 = 2;

/// The operations that instruction meanings are made of.
///
/// Truth values are 1 and 0. Shift amounts of 64 and more give 0 (or the sign for
/// [`Vocabulary::sar`]). Divisions by zero, and the overflowing signed one, give 0: the
/// architecture leaves those results undefined.
#[allow(missing_docs)] // The names are the documentation of the arithmetic ones.
pub trait Vocabulary: Sized {
    /// A 64-bit value: a number, or a name for one.
    type Val: Copy;
    /// A 128-bit value.
    type Vec: Copy;

    /// A constant.
    fn imm(&mut self, v: u64) -> Self::Val;
    /// Reads a GPR.
    fn gpr(&mut self, r: usize) -> Self::Val;
    /// Writes a GPR.
    fn set_gpr(&mut self, r: usize, v: Self::Val);

    fn add(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    fn sub(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    fn mul(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// High half of the signed 128-bit product.
    fn mulhs(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// High half of the unsigned 128-bit product.
    fn mulhu(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    fn divs(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    fn divu(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    fn and(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    fn or(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    fn xor(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    fn not(&mut self, a: Self::Val) -> Self::Val;
    fn shl(&mut self, a: Self::Val, n: Self::Val) -> Self::Val;
    fn shr(&mut self, a: Self::Val, n: Self::Val) -> Self::Val;
    fn sar(&mut self, a: Self::Val, n: Self::Val) -> Self::Val;
    /// Rotates left by the low six bits of `n`.
    fn rotl(&mut self, a: Self::Val, n: Self::Val) -> Self::Val;
    /// Rotates the low word left by the low five bits of `n`; both halves of the result are the rotated word
    /// (Book I, 3.3.14: ROTL32).
    fn rotl_word(&mut self, a: Self::Val, n: Self::Val) -> Self::Val;
    /// Sign-extends the low `size` of a value.
    fn sext(&mut self, a: Self::Val, size: Size) -> Self::Val;
    /// Zero-extends the low `size` of a value.
    fn zext(&mut self, a: Self::Val, size: Size) -> Self::Val;
    /// Reverses the bytes of the low `size` of a value; the rest becomes 0.
    fn bswap(&mut self, a: Self::Val, size: Size) -> Self::Val;
    fn eq(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    fn lt_s(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    fn lt_u(&mut self, a: Self::Val, b: Self::Val) -> Self::Val;
    /// Most significant bit of a value in the width of the mode: bit 0, or bit 32 in 32-bit mode.
    fn top(&mut self, a: Self::Val) -> Self::Val;
    /// `c != 0 ? a : b`.
    fn select(&mut self, c: Self::Val, a: Self::Val, b: Self::Val) -> Self::Val;
    /// A pure function of one value that is too long to spell out here.
    fn pure1(&mut self, f: fn(u64) -> u64, a: Self::Val) -> Self::Val;
    /// A pure function of two values.
    fn pure2(&mut self, f: fn(u64, u64) -> u64, a: Self::Val, b: Self::Val) -> Self::Val;

    /// CR field `bf` as four bits.
    fn crf(&mut self, bf: u32) -> Self::Val;
    /// Sets CR field `bf` from four bits.
    fn set_crf(&mut self, bf: u32, v: Self::Val);
    /// CR bit `bi`, 0 to 31.
    fn crb(&mut self, bi: u32) -> Self::Val;
    /// Sets CR bit `bi` from 0 or 1.
    fn set_crb(&mut self, bi: u32, v: Self::Val);
    /// XER\[SO\].
    fn so(&mut self) -> Self::Val;
    /// XER\[OV\].
    fn ov(&mut self) -> Self::Val;
    /// XER\[OV32\].
    fn ov32(&mut self) -> Self::Val;
    /// XER\[CA\].
    fn ca(&mut self) -> Self::Val;
    /// XER\[CA32\].
    fn ca32(&mut self) -> Self::Val;
    /// XER: its five named bits in their places, and the byte count of strings in the low seven.
    fn xer(&mut self) -> Self::Val;
    /// Sets XER; its other bits stay 0.
    fn set_xer(&mut self, v: Self::Val);
    /// Sets XER\[CA\] and XER\[CA32\].
    fn set_ca(&mut self, ca: Self::Val, ca32: Self::Val);
    /// Sets XER\[OV\] and XER\[OV32\], and XER\[SO\] if OV is set.
    fn set_ov(&mut self, ov: Self::Val, ov32: Self::Val);
    /// Sets XER\[OV\] and XER\[OV32\] only (addex).
    fn set_ov_only(&mut self, ov: Self::Val, ov32: Self::Val);
    /// Compares a result with zero into CR0, in the width of the current mode.
    fn set_cr0(&mut self, v: Self::Val);

    fn lr(&mut self) -> Self::Val;
    fn set_lr(&mut self, v: Self::Val);
    fn ctr(&mut self) -> Self::Val;
    fn set_ctr(&mut self, v: Self::Val);
    /// A special-purpose register that only holds what was written, by number. Not checked: see
    /// [`Vocabulary::need_supervisor`].
    fn held_spr(&mut self, n: usize) -> Self::Val;
    /// Sets such a register; the value has no bits above its width.
    fn set_held_spr(&mut self, n: usize, v: Self::Val);
    /// MSR\[PR\].
    fn problem_state(&mut self) -> Self::Val;

    /// Truncates an address or a count to 32 bits in 32-bit mode.
    fn narrow(&mut self, v: Self::Val) -> Self::Val;
    /// Address of this instruction. Only for rows that end a block.
    fn cia(&mut self) -> Self::Val;
    /// Goes to `target` (its two low bits are ignored) if `cond`. Only for rows that end a block.
    fn jump_if(&mut self, cond: Self::Val, target: Self::Val);

    /// Loads and zero-extends.
    fn load(&mut self, ea: Self::Val, size: Size) -> Result<Self::Val, Stop>;
    /// Stores the low `size` of a value.
    fn store(&mut self, ea: Self::Val, size: Size, v: Self::Val) -> Result<(), Stop>;
    /// Loads and sets the reservation; the address must be aligned.
    fn load_reserve(&mut self, ea: Self::Val, size: Size) -> Result<Self::Val, Stop>;
    /// Stores if the reservation holds; 1 if it did.
    fn store_conditional(
        &mut self,
        ea: Self::Val,
        size: Size,
        v: Self::Val,
    ) -> Result<Self::Val, Stop>;

    /// Stops unless a facility is available.
    fn need(&mut self, facility: Facility) -> Result<(), Stop>;
    /// Vector-scalar register `n`.
    fn vs(&mut self, n: usize) -> Self::Vec;
    /// Sets vector-scalar register `n`.
    fn set_vs(&mut self, n: usize, v: Self::Vec);
    /// A value of two doublewords, 0 and 1.
    fn vec(&mut self, high: Self::Val, low: Self::Val) -> Self::Vec;
    /// Doubleword `i`.
    fn doubleword(&mut self, v: Self::Vec, i: usize) -> Self::Val;
    fn vec_and(&mut self, a: Self::Vec, b: Self::Vec) -> Self::Vec;
    fn vec_or(&mut self, a: Self::Vec, b: Self::Vec) -> Self::Vec;
    fn vec_xor(&mut self, a: Self::Vec, b: Self::Vec) -> Self::Vec;
    fn vec_not(&mut self, a: Self::Vec) -> Self::Vec;
    /// An operation on elements.
    fn lanes(&mut self, op: LaneOp, a: Self::Vec, b: Self::Vec) -> Self::Vec;
    /// Byte i is the byte of `a` and `b`, side by side, that the low five bits of byte i of `choice` number.
    fn permute(&mut self, a: Self::Vec, b: Self::Vec, choice: Self::Vec) -> Self::Vec;
    /// Sixteen bytes of `a` and `b`, side by side, from byte `n` of 0 to 16 on.
    fn shift_double(&mut self, a: Self::Vec, b: Self::Vec, n: usize) -> Self::Vec;
    /// Element `i` in each place.
    fn splat(&mut self, size: Size, v: Self::Vec, i: usize) -> Self::Vec;
    /// The sigma of each element.
    fn sigma(&mut self, sigma: Sigma, v: Self::Vec) -> Self::Vec;
    /// A round of AES.
    fn aes(&mut self, op: AesOp, state: Self::Vec, key: Self::Vec) -> Self::Vec;
    /// A CR field of a comparison, whose bytes are all ones or 0: 8 if all are ones, 2 if all are 0.
    fn all_or_none(&mut self, v: Self::Vec) -> Self::Val;
    /// A pure function that makes a 64-bit value.
    fn value_of_vec(&mut self, f: fn(Vector, u64) -> u64, a: Self::Vec, b: Self::Val) -> Self::Val;
    /// Loads a quadword in the byte order of MSR\[LE\].
    fn load_vec(&mut self, ea: Self::Val) -> Result<Self::Vec, Stop>;
    /// Stores a quadword in the byte order of MSR\[LE\].
    fn store_vec(&mut self, ea: Self::Val, v: Self::Vec) -> Result<(), Stop>;
    /// Loads elements, each in the byte order of MSR\[LE\], the first one at `ea`.
    fn load_elements(&mut self, ea: Self::Val, size: Size) -> Result<Self::Vec, Stop>;
    /// Stores elements, each in the byte order of MSR\[LE\], the first one at `ea`.
    fn store_elements(&mut self, ea: Self::Val, size: Size, v: Self::Vec) -> Result<(), Stop>;
    /// Runs a function of the vector state.
    fn vector(&mut self, f: VectorFn, w: Word) -> Result<(), Stop>;
    /// Runs a function of the vector state; then CR1 <- FPSCR\[FX,FEX,VX,OX\] if the word has Rc, also when an
    /// enabled exception stops it.
    fn float(&mut self, f: VectorFn, w: Word) -> Result<(), Stop>;
    /// Performs an arithmetic instruction; CR1 as [`float`](Self::float) has it.
    fn arith(&mut self, a: &'static Arith, w: Word) -> Result<(), Stop>;
    /// Runs a function of the vector state that makes a value.
    fn vector_value(&mut self, f: VectorValueFn, w: Word) -> Result<Self::Val, Stop>;

    /// Takes the interrupt if `cond`.
    fn stop_if(&mut self, cond: Self::Val, stop: Stop) -> Result<(), Stop>;
    /// Runs a function of the CPU that is too long or too rare to spell out here.
    fn call(&mut self, f: fn(&mut Cpu, Word) -> Result<(), Stop>, w: Word) -> Result<(), Stop>;

    /// Floating-point register `n`.
    #[inline(always)]
    fn fpr(&mut self, n: usize) -> Self::Val {
        let v = self.vs(n);
        self.doubleword(v, 0)
    }
    /// Doubleword 0 of vector-scalar register `n` <- a value. Doubleword 1 becomes 0: version 3.0B leaves it undefined,
    /// this is what version 3.1 requires.
    #[inline(always)]
    fn set_scalar(&mut self, n: usize, v: Self::Val) {
        let zero = self.imm(0);
        let v = self.vec(v, zero);
        self.set_vs(n, v);
    }
    /// A single-precision number in storage as the double-precision one in a register (Book I, 4.6.2, DOUBLE).
    #[inline(always)]
    fn double_of_single(&mut self, single: Self::Val) -> Self::Val {
        self.pure1(widened, single)
    }
    /// The double-precision number in a register as a single-precision one in storage (Book I, 4.6.3, SINGLE).
    #[inline(always)]
    fn single_of_double(&mut self, double: Self::Val) -> Self::Val {
        self.pure1(narrowed, double)
    }
    /// Doubleword `i` of `a`, then doubleword `j` of `b`.
    #[inline(always)]
    fn doublewords(&mut self, a: Self::Vec, i: usize, b: Self::Vec, j: usize) -> Self::Vec {
        let (high, low) = (self.doubleword(a, i), self.doubleword(b, j));
        self.vec(high, low)
    }
    /// Runs a function of the vector state that converts as the description says.
    #[inline(always)]
    fn convert(&mut self, conversion: Conversion, f: VectorFn, w: Word) -> Result<(), Stop> {
        match conversion.facility {
            Facility::Fp => self.float(f, w),
            _ => self.vector(f, w),
        }
    }
    /// CR1 as [`float`](Self::float) has it.
    #[inline(always)]
    fn record1(&mut self, w: Word) -> Result<(), Stop> {
        if w.rc() { self.float(|_, _| Ok(()), w) } else { Ok(()) }
    }
    /// CR field BF <- what a comparison makes; then its enabled exceptions stop.
    #[inline(always)]
    fn float_compare(&mut self, f: VectorValueFn, w: Word) -> Result<(), Stop> {
        let field = self.vector_value(f, w)?;
        self.set_crf(w.bf(), field);
        self.vector(|c, _| c.trap(), w)
    }
    /// As [`float_compare`](Self::float_compare), for the order of the doubles in two VSRs. If they have one, FPCC and the
    /// CR field are all that changes.
    #[inline(always)]
    fn float_order(
        &mut self,
        facility: Facility,
        operands: [usize; 2],
        f: VectorValueFn,
        w: Word,
    ) -> Result<(), Stop> {
        let _ = (facility, operands);
        self.float_compare(f, w)
    }
    /// Runs a function of the vector state on VSR\[XA\], VSR\[XB\] and VSR\[XT\]. If the numbers in the former have an order, the
    /// operation is all that it does.
    #[inline(always)]
    fn ordered(&mut self, op: OrderOp, of: Numbers, f: VectorFn, w: Word) -> Result<(), Stop> {
        let _ = (op, of);
        self.vector(f, w)
    }
    /// As [`ordered`](Self::ordered), for [`vector_compare`](Self::vector_compare).
    #[inline(always)]
    fn ordered_compare(
        &mut self,
        op: OrderOp,
        of: Numbers,
        f: VectorValueFn,
        w: Word,
    ) -> Result<(), Stop> {
        let _ = (op, of);
        self.vector_compare(f, w)
    }
    /// CR6 <- what a function of the vector state makes.
    #[inline(always)]
    fn record6(&mut self, f: VectorValueFn, w: Word) -> Result<(), Stop> {
        let field = self.vector_value(f, w)?;
        self.set_crf(6, field);
        Ok(())
    }
    /// CR6 <- what a comparison makes, if the word asks for it; then its enabled exceptions stop.
    #[inline(always)]
    fn vector_compare(&mut self, f: VectorValueFn, w: Word) -> Result<(), Stop> {
        let field = self.vector_value(f, w)?;
        if w.vrc() {
            self.set_crf(6, field);
        }
        self.vector(|c, _| c.trap(), w)
    }
    /// `(RA|0)`.
    #[inline(always)]
    fn gpr_or_zero(&mut self, r: usize) -> Self::Val {
        if r == 0 { self.imm(0) } else { self.gpr(r) }
    }
    /// `cond ? 1 : 0` inverted.
    #[inline(always)]
    fn is_zero(&mut self, v: Self::Val) -> Self::Val {
        let zero = self.imm(0);
        self.eq(v, zero)
    }
    /// Stops with an illegal-instruction interrupt if the form is invalid; known at decode time.
    #[inline(always)]
    fn invalid_form_if(&mut self, invalid: bool) -> Result<(), Stop> {
        if !invalid {
            return Ok(());
        }
        let always = self.imm(1);
        self.stop_if(always, Stop::Illegal)
    }
    /// Stops problem state (Book III, program interrupt, privileged instruction).
    #[inline(always)]
    fn need_supervisor(&mut self) -> Result<(), Stop> {
        let problem = self.problem_state();
        self.stop_if(problem, Stop::Privileged)
    }
    /// Bit 32 of a doubleword: the top bit of its low word.
    #[inline(always)]
    fn bit32(&mut self, v: Self::Val) -> Self::Val {
        let (n, one) = (self.imm(31), self.imm(1));
        let v = self.shr(v, n);
        self.and(v, one)
    }
    /// Carries out of the mode's top bit and out of bit 32, of `sum = a + b` and any carry.
    #[inline(always)]
    fn carries(&mut self, a: Self::Val, b: Self::Val, sum: Self::Val) -> (Self::Val, Self::Val) {
        let (both, any, not_sum) = (self.and(a, b), self.or(a, b), self.not(sum));
        let passed_on = self.and(any, not_sum);
        let c = self.or(both, passed_on);
        (self.top(c), self.bit32(c))
    }
    /// `a + b + carry`, where `carry` is 0 or 1 or XER\[CA\]; its carries go into XER\[CA\] and \[CA32\].
    #[inline(always)]
    fn add_carrying(&mut self, a: Self::Val, b: Self::Val, carry: Self::Val) -> Self::Val {
        let sum = self.add(a, b);
        let sum = self.add(sum, carry);
        let (ca, ca32) = self.carries(a, b, sum);
        self.set_ca(ca, ca32);
        sum
    }
    /// `XER[OV]` and `XER[OV32]` of `sum`, the sum of `a`, `b` and any carry: both had one sign, the
    /// sum has the other.
    #[inline(always)]
    fn overflows(&mut self, a: Self::Val, b: Self::Val, sum: Self::Val) -> (Self::Val, Self::Val) {
        let (from_a, from_b) = (self.xor(a, sum), self.xor(b, sum));
        let v = self.and(from_a, from_b);
        (self.top(v), self.bit32(v))
    }
    /// CR, field 0 in the highest four bits of the low word.
    #[inline(always)]
    fn cr(&mut self) -> Self::Val {
        let four = self.imm(4);
        let mut cr = self.crf(0);
        for bf in 1..8 {
            let (above, field) = (self.shl(cr, four), self.crf(bf));
            cr = self.or(above, field);
        }
        cr
    }
    /// The CR field of a comparison: LT, GT or EQ, and SO.
    #[inline(always)]
    fn compare_field(&mut self, lt: Self::Val, eq: Self::Val) -> Self::Val {
        let (l, g, e) = (self.imm(LT), self.imm(GT), self.imm(EQ));
        let not_lt = self.select(eq, e, g);
        let cond = self.select(lt, l, not_lt);
        let so = self.so();
        self.or(cond, so)
    }
    /// Sets CR field `bf` from a comparison.
    #[inline(always)]
    fn set_compare(&mut self, bf: u32, lt: Self::Val, eq: Self::Val) {
        let field = self.compare_field(lt, eq);
        self.set_crf(bf, field);
    }
    /// Sets CR0 from a result when the word has Rc set.
    #[inline(always)]
    fn record(&mut self, w: Word, v: Self::Val) {
        if w.rc() {
            self.set_cr0(v);
        }
    }
}
