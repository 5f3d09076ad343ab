// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The vocabulary of [`Vocabulary`] with numbers.

use crate::{
    Cpu,
    arith::{
        aes::AesOp,
        float_arith::Arith,
        lanes::{self, LaneOp},
        sigma::Sigma,
        vector::{Vector, permute, shifted},
    },
    state::{
        facility::{VectorFn, VectorValueFn, all_or_none},
        interrupt::Stop,
    },
    vocabulary::{EQ, Facility, GT, LT, Size, Vocabulary},
    word::Word,
};

/// How many special-purpose registers have a number.
const SPRS: usize = 1024;

/// A truth value as a number.
#[inline(always)]
fn flag(c: bool) -> u64 {
    u64::from(c)
}

impl Cpu {
    /// CR1 <- FPSCR\[FX,FEX,VX,OX\] if an instruction records that, also when an enabled exception stops it.
    #[inline(always)]
    fn summarize(&mut self, records: bool, done: Result<(), Stop>) -> Result<(), Stop> {
        if records && matches!(done, Ok(()) | Err(Stop::FloatEnabled)) {
            self.cr[1] = self.vectors.summary() as u8;
        }
        done
    }
}

impl Vocabulary for Cpu {
    type Val = u64;
    type Vec = Vector;

    #[inline(always)]
    fn imm(&mut self, v: u64) -> u64 {
        v
    }
    #[inline(always)]
    fn gpr(&mut self, r: usize) -> u64 {
        self.gpr[r]
    }
    #[inline(always)]
    fn set_gpr(&mut self, r: usize, v: u64) {
        self.gpr[r] = v;
    }
    #[inline(always)]
    fn add(&mut self, a: u64, b: u64) -> u64 {
        a.wrapping_add(b)
    }
    #[inline(always)]
    fn sub(&mut self, a: u64, b: u64) -> u64 {
        a.wrapping_sub(b)
    }
    #[inline(always)]
    fn mul(&mut self, a: u64, b: u64) -> u64 {
        a.wrapping_mul(b)
    }
    #[inline(always)]
    fn mulhs(&mut self, a: u64, b: u64) -> u64 {
        ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64
    }
    #[inline(always)]
    fn mulhu(&mut self, a: u64, b: u64) -> u64 {
        ((u128::from(a) * u128::from(b)) >> 64) as u64
    }
    #[inline(always)]
    fn divs(&mut self, a: u64, b: u64) -> u64 {
        (a as i64).checked_div(b as i64).unwrap_or(0) as u64
    }
    #[inline(always)]
    fn divu(&mut self, a: u64, b: u64) -> u64 {
        a.checked_div(b).unwrap_or(0)
    }
    #[inline(always)]
    fn and(&mut self, a: u64, b: u64) -> u64 {
        a & b
    }
    #[inline(always)]
    fn or(&mut self, a: u64, b: u64) -> u64 {
        a | b
    }
    #[inline(always)]
    fn xor(&mut self, a: u64, b: u64) -> u64 {
        a ^ b
    }
    #[inline(always)]
    fn not(&mut self, a: u64) -> u64 {
        !a
    }
    #[inline(always)]
    fn shl(&mut self, a: u64, n: u64) -> u64 {
        if n < 64 { a << n } else { 0 }
    }
    #[inline(always)]
    fn shr(&mut self, a: u64, n: u64) -> u64 {
        if n < 64 { a >> n } else { 0 }
    }
    #[inline(always)]
    fn sar(&mut self, a: u64, n: u64) -> u64 {
        (a as i64 >> n.min(63)) as u64
    }
    #[inline(always)]
    fn rotl(&mut self, a: u64, n: u64) -> u64 {
        a.rotate_left((n & 63) as u32)
    }
    #[inline(always)]
    fn rotl_word(&mut self, a: u64, n: u64) -> u64 {
        let word = u64::from(a as u32);
        (word << 32 | word).rotate_left((n & 63) as u32)
    }
    #[inline(always)]
    fn sext(&mut self, a: u64, size: Size) -> u64 {
        match size {
            Size::Byte => a as i8 as u64,
            Size::Half => a as i16 as u64,
            Size::Word => a as i32 as u64,
            Size::Double => a,
        }
    }
    #[inline(always)]
    fn zext(&mut self, a: u64, size: Size) -> u64 {
        match size {
            Size::Byte => u64::from(a as u8),
            Size::Half => u64::from(a as u16),
            Size::Word => u64::from(a as u32),
            Size::Double => a,
        }
    }
    #[inline(always)]
    fn bswap(&mut self, a: u64, size: Size) -> u64 {
        a.swap_bytes() >> (64 - 8 * size.bytes())
    }
    #[inline(always)]
    fn eq(&mut self, a: u64, b: u64) -> u64 {
        flag(a == b)
    }
    #[inline(always)]
    fn lt_s(&mut self, a: u64, b: u64) -> u64 {
        flag((a as i64) < b as i64)
    }
    #[inline(always)]
    fn lt_u(&mut self, a: u64, b: u64) -> u64 {
        flag(a < b)
    }
    #[inline(always)]
    fn top(&mut self, a: u64) -> u64 {
        if self.ea_mask == u64::MAX { a >> 63 } else { a >> 31 & 1 }
    }
    #[inline(always)]
    fn select(&mut self, c: u64, a: u64, b: u64) -> u64 {
        if c != 0 { a } else { b }
    }
    #[inline(always)]
    fn pure1(&mut self, f: fn(u64) -> u64, a: u64) -> u64 {
        f(a)
    }
    #[inline(always)]
    fn pure2(&mut self, f: fn(u64, u64) -> u64, a: u64, b: u64) -> u64 {
        f(a, b)
    }

    #[inline(always)]
    fn crf(&mut self, bf: u32) -> u64 {
        u64::from(self.cr[bf as usize & 7])
    }
    #[inline(always)]
    fn set_crf(&mut self, bf: u32, v: u64) {
        self.cr[bf as usize & 7] = v as u8;
    }
    #[inline(always)]
    fn crb(&mut self, bi: u32) -> u64 {
        u64::from(self.cr[(bi / 4) as usize & 7] >> (3 - bi % 4) & 1)
    }
    #[inline(always)]
    fn set_crb(&mut self, bi: u32, v: u64) {
        let bit = 3 - bi % 4;
        let field = &mut self.cr[(bi / 4) as usize & 7];
        *field = *field & !(1 << bit) | (v as u8 & 1) << bit;
    }
    #[inline(always)]
    fn so(&mut self) -> u64 {
        u64::from(self.so)
    }
    #[inline(always)]
    fn ov(&mut self) -> u64 {
        u64::from(self.ov)
    }
    #[inline(always)]
    fn ov32(&mut self) -> u64 {
        u64::from(self.ov32)
    }
    #[inline(always)]
    fn ca(&mut self) -> u64 {
        u64::from(self.ca)
    }
    #[inline(always)]
    fn ca32(&mut self) -> u64 {
        u64::from(self.ca32)
    }
    fn xer(&mut self) -> u64 {
        Cpu::xer(self)
    }
    fn set_xer(&mut self, v: u64) {
        Cpu::set_xer(self, v);
    }
    #[inline(always)]
    fn set_ca(&mut self, ca: u64, ca32: u64) {
        (self.ca, self.ca32) = (ca as u8, ca32 as u8);
    }
    #[inline(always)]
    fn set_ov(&mut self, ov: u64, ov32: u64) {
        self.set_ov_only(ov, ov32);
        self.so |= ov as u8;
    }
    #[inline(always)]
    fn set_ov_only(&mut self, ov: u64, ov32: u64) {
        (self.ov, self.ov32) = (ov as u8, ov32 as u8);
    }
    #[inline(always)]
    fn set_cr0(&mut self, v: u64) {
        let v = if self.ea_mask == u64::MAX { v as i64 } else { i64::from(v as i32) };
        let sign = if v < 0 { LT } else { GT };
        let field = if v == 0 { EQ } else { sign };
        self.cr[0] = field as u8 | self.so;
    }
    #[inline(always)]
    fn lr(&mut self) -> u64 {
        self.lr
    }
    #[inline(always)]
    fn set_lr(&mut self, v: u64) {
        self.lr = v;
    }
    #[inline(always)]
    fn ctr(&mut self) -> u64 {
        self.ctr
    }
    #[inline(always)]
    fn set_ctr(&mut self, v: u64) {
        self.ctr = v;
    }
    #[inline(always)]
    fn held_spr(&mut self, n: usize) -> u64 {
        self.sprs[n % SPRS]
    }
    #[inline(always)]
    fn set_held_spr(&mut self, n: usize, v: u64) {
        self.sprs[n % SPRS] = v;
    }
    #[inline(always)]
    fn problem_state(&mut self) -> u64 {
        flag(Cpu::problem_state(self))
    }

    #[inline(always)]
    fn narrow(&mut self, v: u64) -> u64 {
        v & self.ea_mask
    }
    #[inline(always)]
    fn cia(&mut self) -> u64 {
        self.nip.wrapping_sub(4)
    }
    #[inline(always)]
    fn jump_if(&mut self, cond: u64, target: u64) {
        self.jumped = cond != 0;
        if cond != 0 {
            self.nip = target & !3;
        }
    }

    #[inline(always)]
    fn load(&mut self, ea: u64, size: Size) -> Result<u64, Stop> {
        self.load_value(ea, size)
    }
    #[inline(always)]
    fn store(&mut self, ea: u64, size: Size, v: u64) -> Result<(), Stop> {
        self.store_value(ea, size, v)
    }
    fn load_reserve(&mut self, ea: u64, size: Size) -> Result<u64, Stop> {
        self.load_reserved(ea, size)
    }
    fn store_conditional(&mut self, ea: u64, size: Size, v: u64) -> Result<u64, Stop> {
        self.store_if_reserved(ea, size.bytes(), u128::from(v)).map(flag)
    }
    #[inline(always)]
    fn need(&mut self, facility: Facility) -> Result<(), Stop> {
        self.vectors.need(facility)
    }
    #[inline(always)]
    fn vs(&mut self, n: usize) -> Vector {
        self.vectors.x(n)
    }
    #[inline(always)]
    fn set_vs(&mut self, n: usize, v: Vector) {
        self.vectors.set_x(n, v);
    }
    #[inline(always)]
    fn vec(&mut self, high: u64, low: u64) -> Vector {
        Vector::new(high, low)
    }
    #[inline(always)]
    fn doubleword(&mut self, v: Vector, i: usize) -> u64 {
        v.lane(i)
    }
    #[inline(always)]
    fn vec_and(&mut self, a: Vector, b: Vector) -> Vector {
        (u128::from(a) & u128::from(b)).into()
    }
    #[inline(always)]
    fn vec_or(&mut self, a: Vector, b: Vector) -> Vector {
        (u128::from(a) | u128::from(b)).into()
    }
    #[inline(always)]
    fn vec_xor(&mut self, a: Vector, b: Vector) -> Vector {
        (u128::from(a) ^ u128::from(b)).into()
    }
    #[inline(always)]
    fn vec_not(&mut self, a: Vector) -> Vector {
        (!u128::from(a)).into()
    }
    #[inline(always)]
    fn lanes(&mut self, op: LaneOp, a: Vector, b: Vector) -> Vector {
        op.apply(a, b)
    }
    #[inline(always)]
    fn permute(&mut self, a: Vector, b: Vector, choice: Vector) -> Vector {
        permute(a, b, choice)
    }
    #[inline(always)]
    fn shift_double(&mut self, a: Vector, b: Vector, n: usize) -> Vector {
        shifted(a, b, n)
    }
    #[inline(always)]
    fn splat(&mut self, size: Size, v: Vector, i: usize) -> Vector {
        lanes::splat(size, v, i)
    }
    #[inline(always)]
    fn sigma(&mut self, sigma: Sigma, v: Vector) -> Vector {
        sigma.apply(v)
    }
    #[inline(always)]
    fn aes(&mut self, op: AesOp, state: Vector, key: Vector) -> Vector {
        op.apply(state, key)
    }
    #[inline(always)]
    fn all_or_none(&mut self, v: Vector) -> u64 {
        all_or_none(v)
    }
    #[inline(always)]
    fn value_of_vec(&mut self, f: fn(Vector, u64) -> u64, a: Vector, b: u64) -> u64 {
        f(a, b)
    }
    #[inline(always)]
    fn load_vec(&mut self, ea: u64) -> Result<Vector, Stop> {
        self.load_vector(ea)
    }
    #[inline(always)]
    fn store_vec(&mut self, ea: u64, v: Vector) -> Result<(), Stop> {
        self.store_vector(ea, v)
    }
    #[inline(always)]
    fn load_elements(&mut self, ea: u64, size: Size) -> Result<Vector, Stop> {
        self.load_each(ea, size)
    }
    #[inline(always)]
    fn store_elements(&mut self, ea: u64, size: Size, v: Vector) -> Result<(), Stop> {
        self.store_each(ea, size, v)
    }
    #[inline(always)]
    fn vector(&mut self, f: VectorFn, w: Word) -> Result<(), Stop> {
        f(&mut self.vectors, w)
    }
    #[inline(always)]
    fn float(&mut self, f: VectorFn, w: Word) -> Result<(), Stop> {
        let done = f(&mut self.vectors, w);
        self.summarize(w.rc(), done)
    }
    #[inline(always)]
    fn arith(&mut self, a: &'static Arith, w: Word) -> Result<(), Stop> {
        let done = self.vectors.arith(a, w);
        self.summarize(a.records(w), done)
    }
    #[inline(always)]
    fn vector_value(&mut self, f: VectorValueFn, w: Word) -> Result<u64, Stop> {
        f(&mut self.vectors, w)
    }
    #[inline(always)]
    fn stop_if(&mut self, cond: u64, stop: Stop) -> Result<(), Stop> {
        if cond != 0 { Err(stop) } else { Ok(()) }
    }
    #[inline(always)]
    fn call(&mut self, f: fn(&mut Cpu, Word) -> Result<(), Stop>, w: Word) -> Result<(), Stop> {
        f(self, w)
    }
}
