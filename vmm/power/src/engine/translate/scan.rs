// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Notes of the registers that an instruction reads and writes: its meaning, in a vocabulary that only takes notes.

use super::values::{CTR, LR};
use crate::{
    Cpu,
    arith::{float_arith::Arith, vector::Vector},
    interrupt::Stop,
    state::facility::{VectorFn, VectorValueFn},
    vocabulary::{AesOp, Facility, LaneOp, Sigma, Size, Vocabulary},
    word::Word,
};

/// The notes. Registers are bits, numbered as [`super::values::Guest`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    pub(super) reads: u64,
    pub(super) writes: u64,
    /// How many loads of up to a doubleword.
    pub(super) loads: u32,
    /// It calls a function of the whole CPU.
    pub(super) calls: bool,
    /// The first value that was loaded went to this register, changed in nothing or extended.
    pub(super) loaded: Option<u8>,
}

/// True for the value of a load.
type Loaded = bool;

macro_rules! nothing {
    ($($name:ident($($arg:ident: $t:ty),*) -> $r:expr, $rt:ty;)*) => {
        $(#[inline]
        fn $name(&mut self, $($arg: $t),*) -> $rt { $(let _ = $arg;)* $r })*
    };
}

impl Vocabulary for Scan {
    type Val = Loaded;
    type Vec = ();

    fn gpr(&mut self, r: usize) -> bool {
        self.reads |= 1 << r;
        false
    }
    fn set_gpr(&mut self, r: usize, v: bool) {
        self.writes |= 1 << r;
        if v && self.loaded.is_none() {
            self.loaded = Some(r as u8);
        }
    }
    fn lr(&mut self) -> bool {
        self.reads |= 1 << LR;
        false
    }
    fn set_lr(&mut self, _: bool) {
        self.writes |= 1 << LR;
    }
    fn ctr(&mut self) -> bool {
        self.reads |= 1 << CTR;
        false
    }
    fn set_ctr(&mut self, _: bool) {
        self.writes |= 1 << CTR;
    }
    fn sext(&mut self, a: bool, _: Size) -> bool {
        a
    }
    fn bswap(&mut self, a: bool, _: Size) -> bool {
        a
    }
    fn load(&mut self, _: bool, _: Size) -> Result<bool, Stop> {
        self.loads += 1;
        Ok(true)
    }
    fn store(&mut self, _: bool, _: Size, _: bool) -> Result<(), Stop> {
        self.loads += 2; // no load alone
        Ok(())
    }
    fn call(&mut self, _: fn(&mut Cpu, Word) -> Result<(), Stop>, _: Word) -> Result<(), Stop> {
        self.calls = true;
        Ok(())
    }

    nothing! {
        imm(v: u64) -> false, bool;
        add(a: bool, b: bool) -> false, bool;
        sub(a: bool, b: bool) -> false, bool;
        mul(a: bool, b: bool) -> false, bool;
        mulhs(a: bool, b: bool) -> false, bool;
        mulhu(a: bool, b: bool) -> false, bool;
        divs(a: bool, b: bool) -> false, bool;
        divu(a: bool, b: bool) -> false, bool;
        and(a: bool, b: bool) -> false, bool;
        or(a: bool, b: bool) -> false, bool;
        xor(a: bool, b: bool) -> false, bool;
        not(a: bool) -> false, bool;
        shl(a: bool, n: bool) -> false, bool;
        shr(a: bool, n: bool) -> false, bool;
        sar(a: bool, n: bool) -> false, bool;
        rotl(a: bool, n: bool) -> false, bool;
        rotl_word(a: bool, n: bool) -> false, bool;
        zext(a: bool, s: Size) -> false, bool;
        eq(a: bool, b: bool) -> false, bool;
        lt_s(a: bool, b: bool) -> false, bool;
        lt_u(a: bool, b: bool) -> false, bool;
        top(a: bool) -> false, bool;
        select(c: bool, a: bool, b: bool) -> false, bool;
        pure1(f: fn(u64) -> u64, a: bool) -> false, bool;
        pure2(f: fn(u64, u64) -> u64, a: bool, b: bool) -> false, bool;
        crf(bf: u32) -> false, bool;
        set_crf(bf: u32, v: bool) -> (), ();
        crb(bi: u32) -> false, bool;
        set_crb(bi: u32, v: bool) -> (), ();
        so() -> false, bool;
        ov() -> false, bool;
        ov32() -> false, bool;
        ca() -> false, bool;
        ca32() -> false, bool;
        xer() -> false, bool;
        set_xer(v: bool) -> (), ();
        set_ca(a: bool, b: bool) -> (), ();
        set_ov(a: bool, b: bool) -> (), ();
        set_ov_only(a: bool, b: bool) -> (), ();
        set_cr0(v: bool) -> (), ();
        held_spr(n: usize) -> false, bool;
        set_held_spr(n: usize, v: bool) -> (), ();
        problem_state() -> false, bool;
        narrow(v: bool) -> false, bool;
        cia() -> false, bool;
        jump_if(c: bool, t: bool) -> (), ();
        load_reserve(ea: bool, s: Size) -> Ok(false), Result<bool, Stop>;
        store_conditional(ea: bool, s: Size, v: bool) -> Ok(false), Result<bool, Stop>;
        need(f: Facility) -> Ok(()), Result<(), Stop>;
        vs(n: usize) -> (), ();
        set_vs(n: usize, v: ()) -> (), ();
        vec(a: bool, b: bool) -> (), ();
        doubleword(v: (), i: usize) -> false, bool;
        vec_and(a: (), b: ()) -> (), ();
        vec_or(a: (), b: ()) -> (), ();
        vec_xor(a: (), b: ()) -> (), ();
        vec_not(a: ()) -> (), ();
        lanes(op: LaneOp, a: (), b: ()) -> (), ();
        permute(a: (), b: (), choice: ()) -> (), ();
        shift_double(a: (), b: (), n: usize) -> (), ();
        splat(size: Size, v: (), i: usize) -> (), ();
        sigma(sigma: Sigma, v: ()) -> (), ();
        aes(op: AesOp, state: (), key: ()) -> (), ();
        all_or_none(v: ()) -> false, bool;
        value_of_vec(f: fn(Vector, u64) -> u64, a: (), b: bool) -> false, bool;
        load_vec(ea: bool) -> Ok(()), Result<(), Stop>;
        store_vec(ea: bool, v: ()) -> Ok(()), Result<(), Stop>;
        load_elements(ea: bool, s: Size) -> Ok(()), Result<(), Stop>;
        store_elements(ea: bool, s: Size, v: ()) -> Ok(()), Result<(), Stop>;
        vector(f: VectorFn, w: Word) -> Ok(()), Result<(), Stop>;
        float(f: VectorFn, w: Word) -> Ok(()), Result<(), Stop>;
        arith(a: &'static Arith, w: Word) -> Ok(()), Result<(), Stop>;
        vector_value(f: VectorValueFn, w: Word) -> Ok(false), Result<bool, Stop>;
        stop_if(c: bool, s: Stop) -> Ok(()), Result<(), Stop>;
    }
}
