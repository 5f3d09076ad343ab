// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Every worked example of every row, run on the CPU. `power::row::Case` describes the format.

use crate::tool::is_translated;
use power::{
    Cpu, GuestMemory, isa, msr, registers,
    row::{Level, Row},
    spr,
    testing::{self, function},
    text,
    word::Word,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    sync::Arc,
};
use vm_memory::{Bytes, GuestAddress};

const RAM: usize = 0x1_0000;
const AT: u64 = 0x1000;

/// The registers by name.
type State = BTreeMap<String, u128>;

/// The MSR bits without which an instruction cannot run: FP, VEC and VSX for instructions of those
/// facilities.
fn facilities(row: &Row) -> u64 {
    let operands = row.asm.split_once(' ').map_or("", |(_, operands)| operands);
    let has = |start| operands.split([',', '(', ')']).any(|o| o.starts_with(start));
    let opcode = Word::new(row.form.value).opcd();
    let theirs = matches!(opcode, 4 | 59 | 60 | 63) || ["V", "X", "FR"].iter().any(|s| has(*s));
    if theirs { msr::FP | msr::VEC | msr::VSX } else { 0 }
}

/// A CPU with small RAM, and the RAM.
fn machine(row: &Row) -> (Cpu, Arc<GuestMemory>) {
    let ram = GuestMemory::from_ranges(&[(GuestAddress(0), RAM)]).expect("64 KiB of RAM");
    let ram = Arc::new(ram);
    let mut cpu = crate::tool::cpu(Arc::clone(&ram));
    cpu.set_msr(msr::SF | msr::ME | facilities(row));
    cpu.set_nip(AT);
    (cpu, ram)
}

/// Parses `1f`, `-1`, `-1f`.
fn number(text: &str) -> Option<u128> {
    match text.strip_prefix('-') {
        Some(rest) => u128::from_str_radix(rest, 16).ok().map(u128::wrapping_neg),
        None => u128::from_str_radix(text, 16).ok(),
    }
}

/// True for registers whose value changes by itself.
fn moves(name: &str) -> bool {
    spr::by_name(name).is_some_and(|spr| spr::MOVING.contains(&spr.number))
}

/// Writes one named piece of state into a map that stands for the whole state.
fn assign(state: &mut State, name: &str, value: u128) -> Option<()> {
    let place = registers::find(name)?;
    let whole = state.get_mut(&place.whole())?;
    // A floating-point register's instructions clear the other doubleword.
    let old = if place.shift == 64 { 0 } else { *whole };
    *whole = place.insert(old, value);
    Some(())
}

/// The registers by name. Everything that a case does not name must stay.
fn registers(cpu: &mut Cpu) -> State {
    let names = registers::names().filter(|name| !moves(name));
    names.map(|name| (name.clone(), cpu.register(&name).expect("a name of a register"))).collect()
}

/// Puts a whole state into the CPU.
fn load(cpu: &mut Cpu, state: &State) {
    for (name, value) in state {
        cpu.set_register(name, *value).expect("a name of a register");
    }
}

/// Splits `[2000]=0102`.
fn memory(item: &str) -> Option<(u64, Vec<u8>)> {
    let (address, bytes) = item.strip_prefix('[')?.split_once("]=")?;
    let bytes = (0..bytes.len() / 2)
        .map(|i| u8::from_str_radix(&bytes[2 * i..2 * i + 2], 16).ok())
        .collect::<Option<_>>()?;
    Some((number(address)?.try_into().ok()?, bytes))
}

/// `b .+8`, behind the instruction: ends a block of two instructions, which is translated.
const BRANCH: u32 = 0x4800_0008;

/// Runs the instruction.
fn run(cpu: &mut Cpu) {
    if !is_translated() {
        cpu.step();
        return;
    }
    testing::run_block(cpu);
    if cpu.instructions() == 2 {
        cpu.set_nip(AT + 4); // the branch ran, too
    }
}

/// Runs one case; returns the number of instructions that ran translated. Errors: the difference, as text.
fn check(row: &Row, case: &str) -> Result<u64, String> {
    let mut parts = case.split('|').map(str::trim);
    let head = parts.next().unwrap_or("");
    let (word, asm) = head.split_once(' ').ok_or("no assembly text")?;
    let word = u32::from_str_radix(word, 16).map_err(|e| format!("word: {e}"))?;
    let (before, after) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));

    let decoded = isa::decode(Word::new(word)).map(|r| r.name);
    if decoded != Some(row.name) {
        return Err(format!("decodes as {decoded:?}"));
    }
    let printed = text::disassemble(word, AT);
    if printed != asm {
        return Err(format!("disassembles as {printed}"));
    }

    let (mut cpu, ram) = machine(row);
    let mut want = registers(&mut cpu);
    let mut want_ram = vec![0; RAM];
    for item in before.split_whitespace() {
        set(&mut want, &mut want_ram, item).ok_or(format!("before: {item}"))?;
    }
    let little = want["msr"] & u128::from(msr::LE) != 0;
    let code = if little { word.to_le_bytes() } else { word.to_be_bytes() };
    want_ram[AT as usize..AT as usize + 4].copy_from_slice(&code);
    if is_translated() {
        let end = if little { BRANCH.to_le_bytes() } else { BRANCH.to_be_bytes() };
        want_ram[AT as usize + 4..AT as usize + 8].copy_from_slice(&end);
    }
    load(&mut cpu, &want);
    ram.write_slice(&want_ram, GuestAddress(0)).expect("in RAM");

    run(&mut cpu);

    *want.get_mut("nip").expect("nip") += 4;
    for item in after.split_whitespace() {
        set(&mut want, &mut want_ram, item).ok_or(format!("after: {item}"))?;
    }
    let got = registers(&mut cpu);
    if [0xc00, 0xd00, 0x700, 0x600, 0x300, 0x200, 0x800, 0xf20, 0xf40, 0xf60].contains(&got["nip"])
    {
        // An interrupt saves and switches state; a case names only a part of it.
        for (name, value) in &got {
            let named = after.split_whitespace().any(|i| i.split('=').next() == Some(name));
            if !named && ["srr0", "srr1", "msr", "dar", "dsisr", "fscr"].contains(&name.as_str()) {
                want.insert(name.clone(), *value);
            }
        }
    }
    let mut wrong = String::new();
    for (name, value) in &want {
        if got[name] != *value {
            let _ = write!(wrong, " {name} is {:x}, not {value:x};", got[name]);
        }
    }
    let mut got_ram = vec![0; RAM];
    ram.read_slice(&mut got_ram, GuestAddress(0)).expect("in RAM");
    if let Some(at) = (0..RAM).find(|i| got_ram[*i] != want_ram[*i]) {
        let _ = write!(wrong, " [{at:x}] is {:02x}, not {:02x};", got_ram[at], want_ram[at]);
    }
    if wrong.is_empty() { Ok(cpu.translation().ran) } else { Err(wrong) }
}

fn set(state: &mut State, ram: &mut [u8], item: &str) -> Option<()> {
    if let Some((address, bytes)) = memory(item) {
        let at = usize::try_from(address).ok()?;
        ram.get_mut(at..at + bytes.len())?.copy_from_slice(&bytes);
        return Some(());
    }
    let (name, value) = item.split_once('=')?;
    assign(state, name, number(value)?)
}

#[test]
fn every_case_of_every_row() {
    let mut failures = String::new();
    let (mut count, mut translated) = (0, 0);
    for row in isa::rows() {
        if row.cases.is_empty() {
            let _ = writeln!(failures, "{}: no case", row.name);
        }
        for case in row.cases {
            count += 1;
            match check(row, case) {
                Ok(ran) => translated += usize::from(ran > 0),
                Err(why) => {
                    let _ = writeln!(failures, "{}: {case}\n    {why}", row.name);
                }
            }
        }
    }
    assert!(failures.is_empty(), "of {count} cases:\n{failures}");
    let most = if is_translated() { count * 9 / 10..count } else { 0..1 };
    assert!(most.contains(&translated), "{translated} of {count} cases ran translated");
}

#[test]
fn no_word_belongs_to_two_rows() {
    let rows: Vec<_> = isa::rows().collect();
    for (i, a) in rows.iter().enumerate() {
        for b in &rows[i + 1..] {
            let both = a.form.mask & b.form.mask;
            assert_ne!(a.form.value & both, b.form.value & both, "{} and {}", a.name, b.name);
        }
    }
}

/// Words that occur often have functions of their own. Each of these functions has an example, and so has the
/// function for all other words.
#[test]
fn every_function_of_every_row_has_a_case() {
    for row in isa::rows() {
        let words = row.cases.iter().map(|case| {
            let word = case.split(' ').next().unwrap_or_default();
            u32::from_str_radix(word, 16).expect("a case begins with the word")
        });
        let functions: BTreeSet<_> = words.map(|w| function(row, Word::new(w))).collect();
        let all: BTreeSet<_> = (0..testing::functions(row)).collect();
        assert_eq!(functions, all, "{}", row.name);
    }
}

// Power ISA 3.0B, appendix "Instruction set sorted by opcode": add is in every version, modsw and lxv are v3.0.
#[test]
fn a_word_is_found_at_its_level_and_above() {
    use Level::{V2_07, V3_0, V3_1};
    let name = |level, word| isa::find_at(level, Word::new(word)).map(|row| row.name);
    let (add, modsw, lxv, none) = (0x7c64_2a14, 0x7c64_2e16, 0xf404_0011, 0);
    assert_eq!([V2_07, V3_0, V3_1].map(|level| name(level, add)), [Some("add"); 3]);
    for (word, found) in [(modsw, "modsw"), (lxv, "lxv")] {
        assert_eq!(name(V2_07, word), None, "{found}");
        assert_eq!([V3_0, V3_1].map(|level| name(level, word)), [Some(found); 2]);
    }
    assert_eq!(name(V3_1, none), None);
    for row in isa::rows() {
        let word = row.cases.first().and_then(|case| case.split(' ').next()).expect("an example");
        let word = Word::new(u32::from_str_radix(word, 16).expect("a word"));
        for level in [V2_07, V3_0, V3_1] {
            let found = isa::find_at(level, word).is_some_and(|found| found.name == row.name);
            assert_eq!(found, level >= row.level, "{} at {level:?}", row.name);
        }
    }
}
