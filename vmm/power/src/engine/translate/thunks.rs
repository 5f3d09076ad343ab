// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The helpers that translated code calls, as functions of the host's C convention. None of them unwinds: a panic in
//! one ends the process, as in any function of that convention.
//!
//! A helper that stops does not return to the code that called it. The prelude stores the pinned registers and the address
//! behind the call, and leaves; `Translator::complete` finds there which instruction it was.
//!
//! A helper that runs a function of the vector state or of the CPU first puts what is deferred into FPSCR.
#![allow(unsafe_code)]

use super::{
    host::{Function, HELPERS, Helper, Kind},
    vector::order,
};
use crate::{
    Cpu,
    arith::{
        aes::AesOp,
        float_arith::Arith,
        lanes::LaneOp,
        vector::{self, Vector},
    },
    interrupt::Stop,
    state::facility::{VectorFn, VectorValueFn},
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// A value and a stop, in the two registers of results.
#[repr(C)]
struct Outcome {
    value: u64,
    stop: u64,
}

impl From<Result<u64, Stop>> for Outcome {
    fn from(result: Result<u64, Stop>) -> Outcome {
        match result {
            Ok(value) => Outcome { value, stop: Stop::Next as u64 },
            Err(stop) => Outcome { value: 0, stop: stop as u64 },
        }
    }
}

fn code(result: Result<(), Stop>) -> u64 {
    result.err().unwrap_or(Stop::Next) as u64
}

/// Functions for each width.
macro_rules! of_sizes {
    ($($load:ident $store:ident $reserve:ident $conditional:ident $size:ident;)*) => {$(
        extern "sysv64" fn $load(cpu: &mut Cpu, ea: u64) -> Outcome {
            cpu.load_value(ea, Size::$size).into()
        }
        extern "sysv64" fn $store(cpu: &mut Cpu, ea: u64, v: u64) -> u64 {
            code(cpu.watch_store(|cpu| cpu.store_value(ea, Size::$size, v)))
        }
        extern "sysv64" fn $reserve(cpu: &mut Cpu, ea: u64) -> Outcome {
            cpu.load_reserve(ea, Size::$size).into()
        }
        extern "sysv64" fn $conditional(cpu: &mut Cpu, ea: u64, v: u64) -> Outcome {
            cpu.watch_store(|cpu| cpu.store_conditional(ea, Size::$size, v)).into()
        }
    )*};
}

of_sizes! {
    load_byte store_byte reserve_byte conditional_byte Byte;
    load_half store_half reserve_half conditional_half Half;
    load_word store_word reserve_word conditional_word Word;
    load_double store_double reserve_double conditional_double Double;
}

/// Makes a budget positive. A budget that was nearly used up does not get negative when the rest of the block is added: bit 62
/// takes the carry. Bits 61 to 0 have the count.
const USED_UP: u64 = u64::MAX >> 2;

impl Cpu {
    /// Has the region be left at the end of the block if something has changed that it relies on.
    fn watch(&mut self, epoch: u64) {
        let changed = self.mmu.epoch != epoch || self.has_changes();
        self.translated.budget_mask = if changed { USED_UP } else { u64::MAX };
    }

    /// After a store: the code that runs may have come from there.
    fn watch_store<T>(&mut self, store: impl FnOnce(&mut Cpu) -> T) -> T {
        let stored = store(self);
        self.watch(self.mmu.epoch);
        stored
    }
}

extern "sysv64" fn call(cpu: &mut Cpu, f: usize, word: u64) -> u64 {
    // SAFETY: the emitter put the address of such a function there.
    let f: fn(&mut Cpu, Word) -> Result<(), Stop> = unsafe { std::mem::transmute(f) };
    cpu.settle();
    let epoch = cpu.mmu.epoch;
    cpu.vectors.settle();
    let stop = code(f(cpu, Word::new(word as u32)));
    cpu.watch(epoch);
    stop
}

extern "sysv64" fn vector(cpu: &mut Cpu, f: usize, word: u64) -> u64 {
    // SAFETY: the emitter put the address of such a function there.
    let f: VectorFn = unsafe { std::mem::transmute(f) };
    cpu.vectors.settle();
    code(f(&mut cpu.vectors, Word::new(word as u32)))
}

extern "sysv64" fn float(cpu: &mut Cpu, f: usize, word: u64) -> u64 {
    // SAFETY: the emitter put the address of such a function there.
    let f: VectorFn = unsafe { std::mem::transmute(f) };
    cpu.vectors.settle();
    code(Vocabulary::float(cpu, f, Word::new(word as u32)))
}

extern "sysv64" fn vector_value(cpu: &mut Cpu, f: usize, word: u64) -> Outcome {
    // SAFETY: the emitter put the address of such a function there.
    let f: VectorValueFn = unsafe { std::mem::transmute(f) };
    cpu.vectors.settle();
    f(&mut cpu.vectors, Word::new(word as u32)).into()
}

extern "sysv64" fn vector_compare(cpu: &mut Cpu, f: usize, word: u64) -> u64 {
    // SAFETY: the emitter put the address of such a function there.
    let f: VectorValueFn = unsafe { std::mem::transmute(f) };
    cpu.vectors.settle();
    code(Vocabulary::vector_compare(cpu, f, Word::new(word as u32)))
}

extern "sysv64" fn arith(cpu: &mut Cpu, a: usize, word: u64) -> u64 {
    // SAFETY: the emitter put the address of a constant there.
    let a: &'static Arith = unsafe { &*(a as *const Arith) };
    cpu.vectors.settle();
    code(Vocabulary::arith(cpu, a, Word::new(word as u32)))
}

extern "sysv64" fn float_compare(cpu: &mut Cpu, f: usize, word: u64) -> u64 {
    // SAFETY: the emitter put the address of such a function there.
    let f: VectorValueFn = unsafe { std::mem::transmute(f) };
    cpu.vectors.settle();
    code(Vocabulary::float_compare(cpu, f, Word::new(word as u32)))
}

extern "sysv64" fn pure1(_: &mut Cpu, f: usize, a: u64) -> u64 {
    // SAFETY: the emitter put the address of such a function there.
    let f: fn(u64) -> u64 = unsafe { std::mem::transmute(f) };
    f(a)
}

extern "sysv64" fn pure2(_: &mut Cpu, f: usize, a: u64, b: u64) -> u64 {
    // SAFETY: the emitter put the address of such a function there.
    let f: fn(u64, u64) -> u64 = unsafe { std::mem::transmute(f) };
    f(a, b)
}

/// The first vector of the scratch space <- an operation on the first two of them.
extern "sysv64" fn lanes(cpu: &mut Cpu, op: u64) {
    let [a, b, _] = cpu.translated.operands();
    cpu.translated.set_operand(LaneOp::of_number(op).apply(a, b));
}

/// The first vector of the scratch space <- a permutation of the first two by the third.
extern "sysv64" fn permute(cpu: &mut Cpu) {
    let [a, b, choice] = cpu.translated.operands();
    cpu.translated.set_operand(vector::permute(a, b, choice));
}

extern "sysv64" fn value_of_vec(cpu: &mut Cpu, f: usize) -> u64 {
    // SAFETY: the emitter put the address of such a function there.
    let f: fn(Vector, u64) -> u64 = unsafe { std::mem::transmute(f) };
    let [high, low, b, ..] = cpu.translated.scratch;
    f(Vector::new(high, low), b)
}

/// The first vector of the scratch space <- a round of AES on it and the second one.
extern "sysv64" fn aes(cpu: &mut Cpu, op: u64) {
    let [state, key, _] = cpu.translated.operands();
    cpu.translated.set_operand(AesOp::ALL[op as usize & 3].apply(state, key));
}

/// The first vector of the scratch space <- one from storage.
extern "sysv64" fn load_vector(cpu: &mut Cpu, ea: u64, number: u64) -> u64 {
    let loaded = match order(number) {
        Some(size) => cpu.load_each(ea, size),
        None => cpu.load_vector(ea),
    };
    code(loaded.map(|v| cpu.translated.set_operand(v)))
}

/// Stores the first vector of the scratch space.
extern "sysv64" fn store_vector(cpu: &mut Cpu, ea: u64, number: u64) -> u64 {
    let [v, ..] = cpu.translated.operands();
    code(cpu.watch_store(|cpu| match order(number) {
        Some(size) => cpu.store_each(ea, size, v),
        None => cpu.store_vector(ea, v),
    }))
}

extern "sysv64" fn settle(cpu: &mut Cpu) {
    cpu.settle();
}

/// Its results are values.
const PURE: Kind = Kind { stop: None, stores: false };
/// Its result is a stop.
const EFFECT: Kind = Kind { stop: Some(0), stores: false };
/// It also stores.
const STORE: Kind = Kind { stop: Some(0), stores: true };
/// Its results are a value and a stop.
const VALUE: Kind = Kind { stop: Some(1), stores: false };
/// It also stores.
const CONDITIONAL: Kind = Kind { stop: Some(1), stores: true };

/// The function of each.
pub(super) fn helpers() -> [Function; HELPERS] {
    let mut all = [Function { address: 0, kind: PURE }; HELPERS];
    macro_rules! helper {
        ($($name:ident $f:ident $kind:ident;)*) => {
            $(all[Helper::$name as usize] = Function { address: $f as *const () as usize, kind: $kind };)*
        };
    }
    helper! {
        LoadByte load_byte VALUE;
        LoadHalf load_half VALUE;
        LoadWord load_word VALUE;
        LoadDouble load_double VALUE;
        StoreByte store_byte STORE;
        StoreHalf store_half STORE;
        StoreWord store_word STORE;
        StoreDouble store_double STORE;
        ReserveByte reserve_byte VALUE;
        ReserveHalf reserve_half VALUE;
        ReserveWord reserve_word VALUE;
        ReserveDouble reserve_double VALUE;
        ConditionalByte conditional_byte CONDITIONAL;
        ConditionalHalf conditional_half CONDITIONAL;
        ConditionalWord conditional_word CONDITIONAL;
        ConditionalDouble conditional_double CONDITIONAL;
        Call call EFFECT;
        Vector vector EFFECT;
        Float float EFFECT;
        VectorValue vector_value VALUE;
        VectorCompare vector_compare EFFECT;
        Arith arith EFFECT;
        FloatCompare float_compare EFFECT;
        Pure1 pure1 PURE;
        Pure2 pure2 PURE;
        Lanes lanes PURE;
        Permute permute PURE;
        Aes aes PURE;
        ValueOfVec value_of_vec PURE;
        LoadVector load_vector EFFECT;
        StoreVector store_vector STORE;
        Settle settle PURE;
    }
    all
}
