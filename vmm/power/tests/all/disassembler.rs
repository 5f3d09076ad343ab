// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Our disassembler against binutils `objdump`: random words of every row, valid or not, and
//! the code of the guest images.

use crate::tool::Rng;
use crate::words::{Words, has_operand};
use power::{
    isa,
    row::{Level, Row},
    text,
    word::Word,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use vmm_sys_util::tempdir::TempDir;

const OBJDUMPS: &[&str] = &["powerpc64le-linux-gnu-objdump", "powerpc64-linux-gnu-objdump"];

/// Number of words of each row.
const EACH: usize = 400;

/// An instruction of the book that objdump 2.40 shows as data.
type Erratum = (&'static str, fn(&Row, Word) -> bool);
const OBJDUMP_ERRATA: &[Erratum] = &[
    (
        "Book I, figure 40: z bits of BO are ignored, and at=0b01 is only a reserved hint",
        |row, w| has_operand(row, "BO") && !plain_bo(w.bo()),
    ),
    ("Book II, 6.2.1: mftb; without aliases objdump has only mfspr", |row, _| row.name == "mftb"),
    ("Book I, 4.6.5: lfdp, stfdp; objdump has them for POWER6 only", |row, _| {
        row.name.contains("fdp")
    }),
    ("POWER9's eieio has a hint in bit 6", |row, w| {
        row.name == "eieio" && w.raw() & 1 << (31 - 6) != 0
    }),
];

/// True if objdump's text is an instruction of a form that the book says is invalid.
fn is_invalid(text: &str) -> bool {
    // 3.3.7: RA in the range of registers to be loaded; objdump checks only part of the range.
    text.starts_with("lswi ")
}

/// The text that objdump 2.40 adds to an mfcr: the mask, which mfcr does not have.
const MFCR: &str = ",-1";

/// True if the z bits are 0 and the hint is not a reserved one.
fn plain_bo(bo: u32) -> bool {
    match bo >> 2 {
        0 | 2 => bo & 1 == 0,
        1 | 3 => bo & 3 != 1,
        4 | 6 => bo & 0b01001 != 1,
        _ => bo == 20,
    }
}

/// Our text in objdump's form for a file without a machine: 32 bits of an address.
fn ours(word: u32, at: u64) -> String {
    text::disassemble(word, at).replace(" 0xffffffff", " 0x").replace(",0xffffffff", ",0x")
}

/// The text of objdump for words at `base`.
fn objdump(program: &str, words: &[u32], base: u64) -> Vec<String> {
    objdump_as("power9", program, words, base)
}

/// The text of objdump for another processor.
fn objdump_as(processor: &str, program: &str, words: &[u32], base: u64) -> Vec<String> {
    let place = std::env::temp_dir().join("tcevm-disassembler-");
    let place = TempDir::new_with_prefix(place).expect("a temporary directory");
    let path = place.as_path().join("words");
    let bytes: Vec<u8> = words.iter().flat_map(|w| w.to_be_bytes()).collect();
    std::fs::write(&path, bytes).expect("the temporary directory takes a file");
    let mut command = Command::new(program);
    command.args(["-D", "-z", "-EB", "--no-show-raw-insn", "-b", "binary"]);
    command.args(["-m", "powerpc:common64", "-M", &format!("{processor},raw")]);
    let output = command.arg(format!("--adjust-vma={base:#x}")).arg(&path).output();
    let output = output.expect("objdump starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("objdump prints ASCII");
    // `    1000:<tab>addi    r3,r4,-1`
    let line = |line: &str| {
        let (address, text) = line.split_once(":\t")?;
        u64::from_str_radix(address.trim(), 16).ok()?;
        Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let lines: Vec<String> = text.lines().filter_map(line).collect();
    assert_eq!(lines.len(), words.len(), "a line for each word");
    lines
}

fn is_data_to_objdump(row: &Row, word: Word) -> bool {
    OBJDUMP_ERRATA.iter().any(|(_, concerns)| concerns(row, word))
}

/// Both texts of each word in which they differ, a few of each mnemonic.
fn compare(program: &str, words: &[u32], base: u64) -> String {
    let theirs = objdump(program, words, base);
    let mut differ: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (i, (word, theirs)) in words.iter().zip(theirs).enumerate() {
        let at = base + 4 * i as u64;
        let (ours, row) = (ours(*word, at), isa::decode(Word::new(*word)));
        let mfcr = row.is_some_and(|row| row.name == "mfcr");
        let theirs = theirs.strip_suffix(if mfcr { MFCR } else { "" }).unwrap_or(&theirs);
        let data = row.is_some_and(|row| is_data_to_objdump(row, Word::new(*word)));
        let known = data && theirs.starts_with(".long") || row.is_none() && is_invalid(theirs);
        if ours != theirs && !known {
            let line = format!("  {at:x}: {word:08x} ours `{ours}`, objdump `{theirs}`\n");
            differ.entry(row.map_or("none", |row| row.name)).or_default().push(line);
        }
    }
    let show = |(row, lines): (&str, Vec<String>)| {
        format!("{row}, {} words:\n{}", lines.len(), lines[..lines.len().min(3)].concat())
    };
    differ.into_iter().map(show).collect()
}

fn program(test: &str) -> Option<&'static str> {
    let program = crate::tool::find(OBJDUMPS);
    if program.is_none() {
        tests::skip(test, "no objdump for POWER (package binutils-powerpc64le-linux-gnu)");
    }
    program
}

#[test]
fn every_row_prints_as_objdump_prints_it() {
    let Some(program) = program("every_row_prints_as_objdump_prints_it") else { return };
    let seed = crate::tool::from_env("TCEVM_SEED", 0x7ce);
    eprintln!("disassembler: TCEVM_SEED={seed}");
    let (mut rng, mut make) = (Rng(seed), Words::default());
    let rows = isa::rows().flat_map(|row| std::iter::repeat_n(row, EACH));
    let words: Vec<u32> = rows.map(|row| make.any(row, &mut rng).raw()).collect();
    let differences = compare(program, &words, 0x1000_0000);
    assert!(differences.is_empty(), "seed {seed}\n{differences}");
}

/// Instructions of version 2.07 that got more operands later. POWER8's words have RIC, PRS and R zero, so
/// objdump shows the examples of POWER9 as data.
const GREW: [&str; 2] = ["tlbie", "tlbiel"];

/// A level and the objdump processor that implements it.
const PROCESSORS: [(Level, &str); 3] =
    [(Level::V2_07, "power8"), (Level::V3_0, "power9"), (Level::V3_1, "power10")];

// binutils has a table of processors of its own: a row has the level of the first processor for which objdump
// shows the row's example as an instruction.
#[test]
fn every_row_has_the_level_of_the_first_processor_that_objdump_knows_it_on() {
    let test = "every_row_has_the_level_of_the_first_processor_that_objdump_knows_it_on";
    let Some(program) = program(test) else { return };
    let examples: Vec<(&Row, u32)> = isa::rows()
        .flat_map(|row| row.cases.iter().map(move |case| (row, case)))
        .map(|(row, case)| {
            let word = case.split(' ').next().unwrap_or_default();
            (row, u32::from_str_radix(word, 16).expect("a case begins with the word"))
        })
        .filter(|(row, word)| !is_data_to_objdump(row, Word::new(*word)))
        .filter(|(row, _)| !GREW.contains(&row.name))
        .collect();
    let words: Vec<u32> = examples.iter().map(|(_, word)| *word).collect();
    let texts = PROCESSORS.map(|(level, name)| (level, objdump_as(name, program, &words, 0)));
    let mut counts = BTreeMap::new();
    for (at, (row, word)) in examples.iter().enumerate() {
        let first = texts.iter().find(|(_, lines)| !lines[at].starts_with(".long"));
        let level = first.map(|(level, _)| *level);
        assert_eq!(level, Some(row.level), "{} {word:08x}", row.name);
        counts.entry(row.level).or_insert_with(BTreeSet::new).insert(row.name);
    }
    let counts: Vec<_> = counts.into_iter().map(|(level, rows)| (level, rows.len())).collect();
    eprintln!("disassembler: rows by level: {counts:?}");
    assert!(counts.len() == 2 && counts.iter().all(|(_, rows)| *rows > 150), "{counts:?}");
}

/// Words of the vector, floating-point and vector-scalar opcodes: every value of the bits that may hold an
/// extended opcode, with a few registers.
fn vector_words() -> Vec<u32> {
    let extended = (0..1u32 << 16).map(|bits| (bits >> 11) << 16 | bits & 0x7ff);
    let registers = [4 << 21 | 5 << 11, 3 << 21 | 5 << 11, 4 << 21];
    let all = extended.flat_map(|bits| registers.map(|registers| registers | bits));
    [4u32, 59, 60, 63].iter().flat_map(|op| all.clone().map(move |bits| op << 26 | bits)).collect()
}

/// True for decimal floating point, which this CPU does not have: the instructions are illegal. No other
/// instruction of these opcodes begins with `d`.
fn is_decimal(text: &str) -> bool {
    text.starts_with('d')
}

#[test]
fn no_instruction_but_decimals_is_missing() {
    let Some(program) = program("no_instruction_but_decimals_is_missing") else { return };
    let words: Vec<u32> =
        vector_words().into_iter().filter(|w| isa::decode(Word::new(*w)).is_none()).collect();
    let mut missing: BTreeMap<String, u32> = BTreeMap::new();
    for (word, text) in words.iter().zip(objdump(program, &words, 0)) {
        if !text.starts_with(".long") && !is_decimal(&text) {
            missing.insert(text.split(' ').next().unwrap_or("").into(), *word);
        }
    }
    assert!(missing.is_empty(), "{missing:x?}");
}

/// The code sections of an ELF64 file for POWER, as addresses and words.
fn code(file: &[u8]) -> Option<Vec<(u64, Vec<u32>)>> {
    let little = file.get(5)? == &1;
    let machine = [*file.get(18)?, *file.get(19)?];
    if !matches!((little, machine), (true, [21, 0]) | (false, [0, 21])) {
        return Some(Vec::new()); // not EM_PPC64: an image for another machine
    }
    let number = |at: usize, n: usize| {
        let bytes = file.get(at..at + n)?.iter();
        let fold = |v: u64, b: &u8| v << 8 | u64::from(*b);
        Some(if little { bytes.rev().fold(0, fold) } else { bytes.fold(0, fold) })
    };
    let at = |at: usize, n: usize| number(at, n).and_then(|v| usize::try_from(v).ok());
    let (headers, size, count) = (at(0x28, 8)?, at(0x3a, 2)?, at(0x3c, 2)?);
    let mut sections = Vec::new();
    for header in (0..count).map(|i| headers + i * size) {
        let (kind, flags) = (number(header + 4, 4)?, number(header + 8, 8)?);
        let executable = kind == 1 && flags & 4 != 0; // SHT_PROGBITS, SHF_EXECINSTR
        if executable {
            let (from, length) = (at(header + 24, 8)?, at(header + 32, 8)?);
            let words = (from..from + length / 4 * 4).step_by(4);
            let words = words.map(|at| number(at, 4).map(|w| w as u32)).collect::<Option<_>>()?;
            sections.push((number(header + 16, 8)?, words));
        }
    }
    Some(sections)
}

/// The guest images in this tree.
fn images() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-images/images");
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    let mut images: Vec<_> =
        paths.filter(|path| path.extension().is_some_and(|e| e == "elf")).collect();
    images.sort();
    images
}

#[test]
fn guest_images_print_as_objdump_prints_them() {
    let Some(program) = program("guest_images_print_as_objdump_prints_them") else { return };
    let images = images();
    if images.is_empty() {
        return tests::skip("guest_images_print_as_objdump_prints_them", "no guest images built");
    }
    let mut differences = String::new();
    let mut count = 0;
    for image in &images {
        let file = std::fs::read(image).expect("the image can be read");
        let sections = code(&file).expect("an ELF file with sections");
        for (base, words) in sections {
            count += words.len();
            let found = compare(program, &words, base);
            if !found.is_empty() {
                differences += &format!("{}:\n{found}", image.display());
            }
        }
    }
    assert!(count > 0, "no image has code for POWER");
    eprintln!("disassembler: {count} words of {} images", images.len());
    assert!(differences.is_empty(), "{differences}");
}
