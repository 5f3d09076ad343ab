// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Random instructions on our CPU and on QEMU's: registers, condition, XER, LR, CTR, storage and the next
//! address must be equal. Every row is tried equally often.
//!
//! `TCEVM_SEED` and `TCEVM_COUNT` choose other trials, or more; `TCEVM_ROW` selects a single row.

use crate::support::defined::Undefined;
use crate::support::float_errata;
use crate::support::machines;
use crate::support::program::{Kind, Program, Stub};
use crate::support::record::{self, Endian, MEMORY};
use crate::support::trials::{Maker, Trial};
use crate::support::vector::{self, Erratum};
use power::{isa, row::Row, text, word::Word};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Rows that are not tried, in one byte order or both, with the reason.
const LEFT_OUT: &[(&str, Option<Endian>, &str)] = &[
    ("sc", None, "QEMU's answer is Linux's"),
    ("darn", None, "it gives a random number"),
    ("scv", None, "as sc"),
    ("mftb", None, "the time"),
    ("wait", None, "QEMU's user mode ends with an error"),
    ("rfebb", None, "QEMU's user mode has no event-based branches"),
    ("clrbhrb", None, "QEMU's user mode has no branch history"),
    ("mfbhrbe", None, "as clrbhrb"),
    ("icbt", None, "QEMU's POWER9 does not have it; Book II, 4.3.1, does"),
    ("vexptefp", None, "an estimate; others of them QEMU computes as we do"),
    ("vlogefp", None, "as vexptefp"),
    ("lmw", Some(Endian::Little), "as wait: it is an alignment interrupt"),
    ("stmw", Some(Endian::Little), "as lmw"),
    ("lswi", Some(Endian::Little), "as lmw"),
    ("lswx", Some(Endian::Little), "as lmw"),
    ("stswi", Some(Endian::Little), "as lmw"),
    ("stswx", Some(Endian::Little), "as lmw"),
];

const QEMU_ERRATA: &[Erratum] = &[
    (
        "3.3.9, divde: OV is set if the quotient can not be represented in 64 bits; QEMU sets \
         it if abs(RA) >= abs(RB), and so misses quotients from 2^63 to 2^64 - 1",
        |t| t.row.name == "divde" && t.word().oe() && t.quotient().is_none(),
    ),
    ("II 4.6.2: stqcx. stores if lqarx made a reservation; QEMU's lqarx makes none", |t| {
        t.row.name == "stqcx" && t.first.is_some()
    }),
    ("II 4.3.2: dcbf has L=3, dcbflp; QEMU says it is illegal", |t| {
        t.row.name == "dcbf" && t.word().l2() == 3
    }),
    ("III: sync with L=2, ptesync, is privileged; QEMU lets a program use it", |t| {
        t.row.name == "sync" && t.word().l2() == 2
    }),
];

/// Trials of one QEMU process.
const BATCH: usize = 8192;
/// The most differences that are shown.
const SHOWN: usize = 12;

/// The kind of an instruction: of the floating-point, vector or vector-scalar facilities, or not. The program
/// around the trials of one kind keeps its values in the registers of the other.
fn kind(row: &Row) -> Kind {
    let operand = |o: &str| ["V", "X", "FR"].iter().any(|p| o.starts_with(p));
    let opcode = matches!(row.form.value >> 26, 59 | 60 | 63);
    let data_stream = row.name.starts_with("dst") || row.name.starts_with("dss"); // VMX's
    let vector = opcode || data_stream || crate::words::operands(row).any(operand);
    if vector { Kind::Vector } else { Kind::Fixed }
}

fn rows(of: Kind, endian: Endian) -> Vec<&'static Row> {
    let only = std::env::var("TCEVM_ROW").ok();
    let left_out = |row: &Row| {
        let about = |order: Option<Endian>| order.is_none_or(|order| order == endian);
        LEFT_OUT.iter().any(|(name, order, _)| *name == row.name && about(*order))
    };
    let wanted = |row: &Row| only.as_deref().is_none_or(|only| row.name == only);
    isa::rows().filter(|row| !left_out(row) && kind(row) == of && wanted(row)).collect()
}

/// Makes one batch; trial `n` of the whole test is for row `n % rows`.
fn trials(maker: &mut Maker, rows: &[&'static Row], from: usize, count: usize) -> Vec<Trial> {
    let mut start = Program::first_stub();
    let mut one = |n: usize| {
        let trial = maker.trial(rows[(from + n) % rows.len()], start, n);
        start = trial.stub.end();
        trial
    };
    (0..count).map(&mut one).collect()
}

fn records(trials: &[Trial], endian: Endian) -> Vec<u8> {
    let mut records = vec![0; trials.len() * record::SIZE];
    for (trial, record) in trials.iter().zip(records.chunks_mut(record::SIZE)) {
        trial.state.store(record, endian);
        endian.set(record, record::STUB, trial.stub.start + 4);
    }
    records
}

/// The instructions of a trial, as text.
fn code(trial: &Trial) -> String {
    let line = |(i, w): (u64, &Word)| {
        let at = trial.stub.first + 4 * i;
        format!("{at:x}: {:08x} {}\n", w.raw(), text::disassemble(w.raw(), at))
    };
    (0..).zip(&trial.words).map(line).collect()
}

/// The differences of one trial as text; empty if there are none.
fn differences(trial: &Trial, before: &[u8], ours: &[u8], theirs: &[u8], e: Endian) -> String {
    let mut out = String::new();
    for (name, at) in record::fields().chain([("outcome".into(), record::OUTCOME)]) {
        let [b, o, t] = [before, ours, theirs].map(|record| e.get(record, at));
        if o != t {
            let _ = writeln!(out, "    {name}: before {b:#x}, ours {o:#x}, QEMU {t:#x}");
        }
    }
    for (name, at) in record::quads() {
        let [b, o, t] = [before, ours, theirs].map(|record| e.get_quad(record, at));
        if o != t {
            let _ = writeln!(out, "    {name}: before {b:#034x}\n{o:#43x} ours\n{t:#43x} QEMU");
        }
    }
    for at in (0..MEMORY).filter(|at| ours[*at] != theirs[*at]).take(16) {
        let (b, o, t) = (before[at], ours[at], theirs[at]);
        let _ = writeln!(out, "    byte {at:#x}: before {b:02x}, ours {o:02x}, QEMU {t:02x}");
    }
    if out.is_empty() {
        return out;
    }
    let mut head = format!("{e:?}\n{}", code(trial));
    let w = trial.word();
    for r in [w.rt(), w.ra(), w.rb(), w.r_c()] {
        let _ = write!(head, "    r{r}={:#x}", trial.state.gpr[r]);
    }
    for n in vector::operands(trial) {
        let _ = write!(head, "\n    vs{n}={:#034x}", trial.state.vsr[n]);
    }
    let _ = write!(head, "\n    fpscr={:#x}", trial.state.fpscr);
    let (s, cr) = (&trial.state, trial.state.cr);
    let _ = writeln!(head, "  cr={cr:#x} xer={:#x} lr={:#x} ctr={:#x}", s.xer, s.lr, s.ctr);
    head + &out
}

/// The trial in whose code QEMU died, by its error message.
fn at_nip(error: &str, trials: &[Trial]) -> String {
    let nip = error.split("NIP ").nth(1).and_then(|rest| rest.split_whitespace().next());
    let nip = nip.and_then(|nip| u64::from_str_radix(nip, 16).ok()).unwrap_or(0);
    let here = |trial: &&Trial| (trial.stub.start..trial.stub.end()).contains(&nip);
    trials.iter().find(here).map_or("none".into(), code)
}

/// The results of all trials.
#[derive(Default)]
struct Report {
    /// Row and text of each trial that differs.
    differ: Vec<(&'static str, String)>,
    /// Number of trials of each row.
    tried: BTreeMap<&'static str, usize>,
    /// Number of trials with each outcome on QEMU (see `crate::support::program`).
    outcomes: BTreeMap<u64, usize>,
}

/// Runs one batch on both machines and adds the differences to the report.
fn batch(emulator: &str, kind: Kind, trials: &[Trial], endian: Endian, report: &mut Report) {
    for row in trials.iter().flat_map(|trial| [Some(trial.row), trial.first]).flatten() {
        *report.tried.entry(row.name).or_default() += 1;
    }
    let before = records(trials, endian);
    let code: Vec<(Stub, Vec<u32>)> = trials
        .iter()
        .map(|trial| (trial.stub, trial.words.iter().map(|w| w.raw()).collect()))
        .collect();
    let stubs: Vec<Stub> = trials.iter().map(|trial| trial.stub).collect();
    let program = Program::new(kind, &code, before.clone(), endian);
    let mut theirs = machines::qemu(emulator, &program, before.len()).unwrap_or_else(|error| {
        panic!("{error}\nThe trial at QEMU's NIP:\n{}", at_nip(&error, trials));
    });
    let mut ours = machines::ours(&program, &stubs, endian);
    let all = trials
        .iter()
        .zip(before.chunks(record::SIZE))
        .zip(ours.chunks_mut(record::SIZE).zip(theirs.chunks_mut(record::SIZE)));
    for ((trial, before), (ours, theirs)) in all {
        let outcome = endian.get(theirs, record::OUTCOME);
        *report.outcomes.entry(outcome).or_default() += 1;
        if float_errata::is_stale_signal(trial, endian.get(ours, record::OUTCOME), outcome) {
            continue;
        }
        if QEMU_ERRATA
            .iter()
            .chain(vector::QEMU_ERRATA)
            .chain(float_errata::QEMU_ERRATA)
            .any(|(_, concerns)| concerns(trial))
        {
            continue;
        }
        let undefined = Undefined::after(trial, endian.get(ours, record::FPSCR));
        undefined.clear(trial.word(), ours, endian);
        undefined.clear(trial.word(), theirs, endian);
        if ours != theirs {
            report.differ.push((trial.row.name, differences(trial, before, ours, theirs, endian)));
        }
    }
}

fn compare(emulator: &'static str, kind: Kind, endian: Endian, least: usize) {
    let test = format!("differential {kind:?} {endian:?}");
    if crate::tool::find(&[emulator]).is_none() {
        return tests::skip(&test, &format!("{emulator} is not installed (package qemu-user)"));
    }
    let seed = crate::tool::from_env("TCEVM_SEED", 0x7ce);
    let count = crate::tool::from_env("TCEVM_COUNT", 100_000) as usize;
    eprintln!("{test}: TCEVM_SEED={seed} TCEVM_COUNT={count}");
    let rows = rows(kind, endian);
    if rows.is_empty() {
        return; // the row of TCEVM_ROW is of the other kind
    }
    let mut maker = Maker::new(seed ^ u64::from(endian == Endian::Little) << 63);
    let mut report = Report::default();
    for from in (0..count).step_by(BATCH) {
        let trials = trials(&mut maker, &rows, from, BATCH.min(count - from));
        batch(emulator, kind, &trials, endian, &mut report);
    }
    eprintln!("{test}: {} rows, outcomes {:x?}", rows.len(), report.outcomes);
    for row in &rows {
        let n = report.tried.get(row.name).copied().unwrap_or(0);
        assert!(n >= least.min(count / rows.len()), "{} was tried {n} times", row.name);
    }
    let n = report.differ.len();
    assert!(n == 0, "{n} of {count} trials with seed {seed} differ, {}", summary(&report.differ));
}

/// Number of differing trials of each row, with two of each as examples.
fn summary(differ: &[(&'static str, String)]) -> String {
    let mut by_row: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (row, difference) in differ {
        by_row.entry(row).or_default().push(difference);
    }
    let counts: Vec<String> =
        by_row.iter().map(|(row, all)| format!("{row} {}", all.len())).collect();
    let shown = by_row.values().flat_map(|all| all.iter().take(2)).take(SHOWN).copied();
    format!("by row: {}\n{}", counts.join(", "), shown.collect::<String>())
}

/// The fewest trials of each row.
const LEAST: usize = 300;
/// The fewest trials of each vector row: there are more of these rows.
const LEAST_VECTORS: usize = 200;

#[test]
fn little_endian_as_qemu() {
    compare("qemu-ppc64le", Kind::Fixed, Endian::Little, LEAST);
}

#[test]
fn big_endian_as_qemu() {
    compare("qemu-ppc64", Kind::Fixed, Endian::Big, LEAST);
}

#[test]
fn vectors_in_little_endian_as_qemu() {
    compare("qemu-ppc64le", Kind::Vector, Endian::Little, LEAST_VECTORS);
}

#[test]
fn vectors_in_big_endian_as_qemu() {
    compare("qemu-ppc64", Kind::Vector, Endian::Big, LEAST_VECTORS);
}

#[test]
fn left_out_rows_exist() {
    let names: Vec<_> = isa::rows().map(|row| row.name).collect();
    for (name, _, why) in LEFT_OUT {
        assert!(names.contains(name), "{name} ({why}) is no row");
    }
}
