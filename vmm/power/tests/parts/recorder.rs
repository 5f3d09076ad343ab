// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A second [`Vocabulary`]. It computes nothing while a meaning runs: it records the operations, with names for
//! their values, as a translator would. Evaluating the recording must have the effect of the interpreter. A
//! meaning that branched on a guest's value could not be recorded.

use power::{
    Cpu, GuestMemory,
    facility::{VectorFn, VectorValueFn},
    interrupt::Stop,
    isa, msr, registers,
    row::{Meaning, Row, Visitor},
    spr, testing,
    vector::Vector,
    vocabulary::{AesOp, Arith, Facility, LaneOp, Sigma, Size, Vocabulary},
    word::Word,
};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

/// The name of a value: the number of the operation that makes it.
#[derive(Clone, Copy)]
struct Name(usize);

/// The name of a 128-bit value.
#[derive(Clone, Copy)]
struct WideName(usize);

/// The result of an operation; 0 for an operation without one.
#[derive(Clone, Copy)]
enum Value {
    Plain(u64),
    Wide(Vector),
}

/// A recorded operation, which gets the values of earlier operations.
type Op = Box<dyn Fn(&mut Cpu, &[Value]) -> Result<Value, Stop>>;

/// A list of operations.
#[derive(Default)]
struct Recorder {
    ops: Vec<Op>,
    /// How often a meaning called a function of the whole CPU.
    calls: u32,
}

/// An argument of an operation: a named value, or a value that is known when the operation is recorded.
trait Argument: Copy + 'static {
    type Known;
    fn known(self, values: &[Value]) -> Self::Known;
}

impl Argument for Name {
    type Known = u64;
    fn known(self, values: &[Value]) -> u64 {
        match values[self.0] {
            Value::Plain(v) => v,
            Value::Wide(_) => unreachable!("a name of a 64-bit value"),
        }
    }
}

impl Argument for WideName {
    type Known = Vector;
    fn known(self, values: &[Value]) -> Vector {
        match values[self.0] {
            Value::Wide(v) => v,
            Value::Plain(_) => unreachable!("a name of a 128-bit value"),
        }
    }
}

macro_rules! known_when_recorded {
    ($($t:ty),*) => { $(impl Argument for $t {
        type Known = $t;
        fn known(self, _: &[Value]) -> $t {
            self
        }
    })* };
}

known_when_recorded!(
    u32,
    u64,
    usize,
    Size,
    Facility,
    Stop,
    Word,
    fn(u64) -> u64,
    fn(u64, u64) -> u64,
    LaneOp,
    AesOp,
    Sigma,
    fn(Vector, u64) -> u64,
    VectorFn,
    VectorValueFn,
    &'static Arith
);

/// The result of the CPU's operation, as the value of a recorded one.
trait Computed {
    fn computed(self) -> Result<Value, Stop>;
}

impl Computed for u64 {
    fn computed(self) -> Result<Value, Stop> {
        Ok(Value::Plain(self))
    }
}

impl Computed for Vector {
    fn computed(self) -> Result<Value, Stop> {
        Ok(Value::Wide(self))
    }
}

impl Computed for () {
    fn computed(self) -> Result<Value, Stop> {
        Ok(Value::Plain(0))
    }
}

impl<T: Computed> Computed for Result<T, Stop> {
    fn computed(self) -> Result<Value, Stop> {
        self.and_then(T::computed)
    }
}

/// The result of an operation that is only recorded, in the form that a meaning gets.
trait Recorded {
    fn recorded(at: usize) -> Self;
}

impl Recorded for Name {
    fn recorded(at: usize) -> Name {
        Name(at)
    }
}

impl Recorded for WideName {
    fn recorded(at: usize) -> WideName {
        WideName(at)
    }
}

impl Recorded for () {
    fn recorded(_: usize) {}
}

impl<T: Recorded> Recorded for Result<T, Stop> {
    fn recorded(at: usize) -> Result<T, Stop> {
        Ok(T::recorded(at))
    }
}

impl Recorder {
    /// Records an operation and returns its number.
    fn push(&mut self, op: Op) -> usize {
        self.ops.push(op);
        self.ops.len() - 1
    }

    /// Carries out the recorded operations.
    fn evaluate(&self, cpu: &mut Cpu) -> Result<(), Stop> {
        let mut values = Vec::new();
        for op in &self.ops {
            let value = op(cpu, &values)?;
            values.push(value);
        }
        Ok(())
    }
}

/// The operations of [`Vocabulary`], each as the trait declares it with `Name` for a value.
macro_rules! operations {
    ($(fn $op:ident($($arg:ident: $t:ty),*) -> $result:ty;)*) => { $(
        #[inline(never)] // hundreds of meanings call it
        fn $op(&mut self, $($arg: $t),*) -> $result {
            let op = move |cpu: &mut Cpu, values: &[Value]| {
                let _ = values;
                Vocabulary::$op(cpu, $($arg.known(values)),*).computed()
            };
            Recorded::recorded(self.push(Box::new(op)))
        }
    )* };
}

impl Vocabulary for Recorder {
    type Val = Name;
    type Vec = WideName;

    operations! {
        fn imm(v: u64) -> Name;
        fn gpr(r: usize) -> Name;
        fn set_gpr(r: usize, v: Name) -> ();
        fn add(a: Name, b: Name) -> Name;
        fn sub(a: Name, b: Name) -> Name;
        fn mul(a: Name, b: Name) -> Name;
        fn mulhs(a: Name, b: Name) -> Name;
        fn mulhu(a: Name, b: Name) -> Name;
        fn divs(a: Name, b: Name) -> Name;
        fn divu(a: Name, b: Name) -> Name;
        fn and(a: Name, b: Name) -> Name;
        fn or(a: Name, b: Name) -> Name;
        fn xor(a: Name, b: Name) -> Name;
        fn not(a: Name) -> Name;
        fn shl(a: Name, n: Name) -> Name;
        fn shr(a: Name, n: Name) -> Name;
        fn sar(a: Name, n: Name) -> Name;
        fn rotl(a: Name, n: Name) -> Name;
        fn rotl_word(a: Name, n: Name) -> Name;
        fn sext(a: Name, size: Size) -> Name;
        fn zext(a: Name, size: Size) -> Name;
        fn bswap(a: Name, size: Size) -> Name;
        fn eq(a: Name, b: Name) -> Name;
        fn lt_s(a: Name, b: Name) -> Name;
        fn lt_u(a: Name, b: Name) -> Name;
        fn top(a: Name) -> Name;
        fn select(c: Name, a: Name, b: Name) -> Name;
        fn pure1(f: fn(u64) -> u64, a: Name) -> Name;
        fn pure2(f: fn(u64, u64) -> u64, a: Name, b: Name) -> Name;
        fn crf(bf: u32) -> Name;
        fn set_crf(bf: u32, v: Name) -> ();
        fn crb(bi: u32) -> Name;
        fn set_crb(bi: u32, v: Name) -> ();
        fn so() -> Name;
        fn ov() -> Name;
        fn ov32() -> Name;
        fn ca() -> Name;
        fn ca32() -> Name;
        fn xer() -> Name;
        fn set_xer(v: Name) -> ();
        fn set_ca(ca: Name, ca32: Name) -> ();
        fn set_ov(ov: Name, ov32: Name) -> ();
        fn set_ov_only(ov: Name, ov32: Name) -> ();
        fn set_cr0(v: Name) -> ();
        fn lr() -> Name;
        fn set_lr(v: Name) -> ();
        fn ctr() -> Name;
        fn set_ctr(v: Name) -> ();
        fn held_spr(n: usize) -> Name;
        fn set_held_spr(n: usize, v: Name) -> ();
        fn problem_state() -> Name;
        fn narrow(v: Name) -> Name;
        fn cia() -> Name;
        fn jump_if(cond: Name, target: Name) -> ();
        fn load(ea: Name, size: Size) -> Result<Name, Stop>;
        fn store(ea: Name, size: Size, v: Name) -> Result<(), Stop>;
        fn load_reserve(ea: Name, size: Size) -> Result<Name, Stop>;
        fn store_conditional(ea: Name, size: Size, v: Name) -> Result<Name, Stop>;
        fn need(facility: Facility) -> Result<(), Stop>;
        fn vs(n: usize) -> WideName;
        fn set_vs(n: usize, v: WideName) -> ();
        fn vec(high: Name, low: Name) -> WideName;
        fn doubleword(v: WideName, i: usize) -> Name;
        fn vec_and(a: WideName, b: WideName) -> WideName;
        fn vec_or(a: WideName, b: WideName) -> WideName;
        fn vec_xor(a: WideName, b: WideName) -> WideName;
        fn vec_not(a: WideName) -> WideName;
        fn lanes(op: LaneOp, a: WideName, b: WideName) -> WideName;
        fn permute(a: WideName, b: WideName, choice: WideName) -> WideName;
        fn shift_double(a: WideName, b: WideName, n: usize) -> WideName;
        fn splat(size: Size, v: WideName, i: usize) -> WideName;
        fn sigma(sigma: Sigma, v: WideName) -> WideName;
        fn aes(op: AesOp, state: WideName, key: WideName) -> WideName;
        fn all_or_none(v: WideName) -> Name;
        fn value_of_vec(f: fn(Vector, u64) -> u64, a: WideName, b: Name) -> Name;
        fn load_vec(ea: Name) -> Result<WideName, Stop>;
        fn store_vec(ea: Name, v: WideName) -> Result<(), Stop>;
        fn load_elements(ea: Name, size: Size) -> Result<WideName, Stop>;
        fn store_elements(ea: Name, size: Size, v: WideName) -> Result<(), Stop>;
        fn vector(f: VectorFn, w: Word) -> Result<(), Stop>;
        fn float(f: VectorFn, w: Word) -> Result<(), Stop>;
        fn arith(a: &'static Arith, w: Word) -> Result<(), Stop>;
        fn vector_value(f: VectorValueFn, w: Word) -> Result<Name, Stop>;
        fn stop_if(cond: Name, stop: Stop) -> Result<(), Stop>;
    }

    fn call(&mut self, f: fn(&mut Cpu, Word) -> Result<(), Stop>, w: Word) -> Result<(), Stop> {
        self.calls += 1;
        self.push(Box::new(move |cpu, _| f(cpu, w).computed()));
        Ok(())
    }
}

const RAM: usize = 0x4000;
const AT: u64 = 0x1000;

/// Numbers that depend only on the seed: xorshift.
pub(super) struct Rng(pub(super) u64);

impl Rng {
    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    /// A register's value: an address in RAM, a small number, or an arbitrary one.
    pub(super) fn value(&mut self) -> u64 {
        match self.next() % 4 {
            0 => 0x2000 + self.next() % 0x1000,
            1 => self.next() % 64,
            _ => self.next(),
        }
    }
}

/// Puts a CPU into a state that the seed determines, before `word`.
fn prepare(cpu: &mut Cpu, ram: &GuestMemory, seed: u64, word: Word) {
    let mut rng = Rng(seed);
    let bytes: Vec<u8> = (0..RAM).map(|i| (seed >> (i % 56)) as u8).collect();
    ram.write_slice(&bytes, GuestAddress(0)).expect("in RAM");
    ram.write_slice(&word.raw().to_be_bytes(), GuestAddress(AT)).expect("in RAM");
    let width = if rng.next().is_multiple_of(4) { 0 } else { msr::SF };
    let facilities = if rng.next().is_multiple_of(8) { 0 } else { msr::FP | msr::VEC | msr::VSX };
    cpu.set_msr(msr::ME | width | facilities);
    for n in 0..64 {
        cpu.set_vsr(n, u128::from(rng.next()) << 64 | u128::from(rng.value()));
    }
    cpu.gpr = std::array::from_fn(|_| rng.value());
    cpu.set_cr(rng.next() as u32);
    cpu.set_xer(rng.next());
    cpu.set_lr(rng.value());
    cpu.set_ctr(rng.value());
    cpu.set_nip(AT);
}

/// Rows that give another value at each execution.
const MOVING: &[&str] = &["darn", "mftb"];
/// Every register that an instruction can change, by name, and RAM.
fn state(cpu: &mut Cpu, ram: &GuestMemory) -> (Vec<(String, u128)>, Vec<u8>) {
    let moves =
        |name: &str| spr::by_name(name).is_some_and(|spr| spr::MOVING.contains(&spr.number));
    let names = registers::names().filter(|name| !moves(name));
    let value = |name: String| cpu.register(&name).map(|value| (name, value));
    let state = names.filter_map(value).collect();
    let mut bytes = vec![0; RAM];
    ram.read_slice(&mut bytes, GuestAddress(0)).expect("in RAM");
    (state, bytes)
}

/// Records a meaning.
type Record = fn(&mut Recorder, Word) -> Result<(), Stop>;

/// Each row with its recorder. One table for all tests, so that each meaning is compiled once.
#[derive(Default)]
struct Table(Vec<(&'static Row, Record)>);

impl Table {
    // Not in `row`, which is compiled for each row.
    #[inline(never)]
    fn add(&mut self, name: &str, meaning: Record) {
        let row = isa::rows().nth(self.0.len()).expect("as many as there are rows");
        assert_eq!(row.name, name, "rows are visited in their order");
        self.0.push((row, meaning));
    }
}

impl Visitor for Table {
    fn row<R: Meaning>(&mut self) {
        self.add(R::ROW.name, R::does::<Recorder>);
    }
}

fn table() -> Vec<(&'static Row, Record)> {
    let mut table = Table::default();
    isa::each(&mut table);
    assert_eq!(table.0.len(), isa::rows().count());
    table.0
}

/// The recording of a word.
fn record(meaning: Record, word: Word) -> Recorder {
    let mut recorder = Recorder::default();
    meaning(&mut recorder, word).expect("recording computes nothing, so it can not stop");
    recorder
}

/// Runs a word from its recording, and takes the interrupt that it causes as the run loop does.
fn run_recorded(recorder: &Recorder, cpu: &mut Cpu) {
    cpu.set_nip(AT + 4);
    match recorder.evaluate(cpu) {
        Ok(()) | Err(Stop::Hypercall) => (),
        Err(Stop::SystemCall) => testing::take_stop(cpu, Stop::SystemCall, AT + 4),
        Err(stop) => testing::take_stop(cpu, stop, AT),
    }
}

/// The words of a row's examples, and some more with other operands.
fn words(row: &'static Row) -> impl Iterator<Item = Word> {
    let word = |case: &&str| case.split(' ').next().and_then(|w| u32::from_str_radix(w, 16).ok());
    let examples = row.cases.iter().filter_map(word);
    let mut rng = Rng(0x7ce + u64::from(row.form.value));
    let random = std::iter::repeat_with(move || rng.next() as u32 & !row.form.mask);
    let random = random.map(|operands| operands | row.form.value);
    examples.chain(random.take(16)).map(Word::new).filter(|w| row.matches(*w))
}

#[test]
fn a_recorded_meaning_does_what_the_interpreter_does() {
    let [(mut ours, our_ram), (mut theirs, their_ram)] = [(), ()].map(|()| {
        let ram = GuestMemory::from_ranges(&[(GuestAddress(0), RAM)]).expect("16 KiB of RAM");
        let ram = Arc::new(ram);
        (Cpu::new(Arc::clone(&ram)), ram)
    });
    let mut count = 0;
    for (row, meaning) in table().into_iter().filter(|(row, _)| !MOVING.contains(&row.name)) {
        for word in words(row) {
            let recorder = record(meaning, word);
            for seed in [0x9e37_79b9_7f4a_7c15, 0x0123_4567_89ab_cdef, u64::MAX] {
                prepare(&mut ours, &our_ram, seed, word);
                ours.step();
                prepare(&mut theirs, &their_ram, seed, word);
                run_recorded(&recorder, &mut theirs);
                let (a, ram) = state(&mut ours, &our_ram);
                let (b, other_ram) = state(&mut theirs, &their_ram);
                let differs = a.iter().zip(&b).find(|(a, b)| a != b);
                assert!(differs.is_none(), "{} {:08x}: {differs:x?}", row.name, word.raw());
                assert!(ram == other_ram, "{} {:08x}: RAM differs", row.name, word.raw());
                count += 1;
            }
        }
    }
    assert!(count > 5_000, "only {count} recordings were compared");
}

// A call may see and change everything, so a translator has to give it the whole state of the CPU.
#[test]
fn few_rows_call_a_function_of_the_whole_cpu() {
    let table = table();
    let calls = |(row, meaning): &&(&'static Row, Record)| {
        words(row).any(|word| record(*meaning, word).calls > 0)
    };
    let calling: Vec<_> = table.iter().filter(calls).map(|(row, _)| row.name).collect();
    eprintln!("{} of {} rows call: {calling:?}", calling.len(), table.len());
    assert!(table.len() > 800 && calling.len() <= 120, "{}: {calling:?}", calling.len());
    for spelled in
        ["mfcr", "mtcrf", "mcrxrx", "rlwinm", "rlwnm", "rlwimi", "addic", "adde", "bcctr"]
    {
        assert!(!calling.contains(&spelled), "{spelled}");
    }
}

#[test]
fn moves_of_common_special_purpose_registers_are_spelled_out() {
    let table = table();
    // LR, CTR, XER, VRSAVE, SPRG0, SRR0
    for fields in [0x8_0000, 0x9_0000, 0x1_0000, 0x4000, 0x10_4000, 0x1a_0000] {
        for word in [0x7c60_02a6, 0x7c60_03a6].map(|word| Word::new(word | fields)) {
            let row = isa::decode(word).expect("mfspr or mtspr").name;
            let (_, meaning) = table.iter().find(|(of, _)| of.name == row).expect("a row");
            assert_eq!(record(*meaning, word).calls, 0, "{:08x}", word.raw());
        }
    }
}
