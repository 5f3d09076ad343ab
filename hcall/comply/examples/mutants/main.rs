// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Checks that the suite detects bugs. Writes each historical bug of papr-tce 6 that can be expressed here
//! into a copy of the library, switches the bugs on one at a time, and requires that at least one clause
//! fails for each. The product contains none of this code.
//!
//! Run `cargo run -p tcevm-comply --example mutants` from the root of the repository. `--write` also writes the
//! table to `hcall/comply/MUTANTS.md`; `--check` requires that the existing table lists the same mutants. `--shard K/N` tries
//! every Nth mutant only, on one of N machines.

mod rows;

use comply::Shard;
use rows::{Edit, MUTANTS};
use std::collections::HashMap;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The paths that are copied; `hcall` contains the suite.
const COPIED: [&str; 5] = ["iommu", "hcall", "vmm/html", "vmm/ram", "Cargo.lock"];
/// Time limit of the suite for one mutant. A mutant that hangs counts as detected.
const LIMIT: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    match run() {
        Ok(0) => ExitCode::SUCCESS,
        Ok(survivors) => {
            eprintln!("{survivors} mutants were not seen by any clause");
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("mutants: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<usize, String> {
    let shard = shard()?;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let copy = target.join("mutants/tree");
    let told = |what: &'static str| move |error: io::Error| format!("{what}: {error}");
    COPIED
        .iter()
        .try_for_each(|path| copy_all(&root.join(path), &copy.join(path)))
        .map_err(told("copying"))?;
    let manifest = fs::read_to_string(root.join("Cargo.toml")).map_err(told("Cargo.toml"))?;
    write(&copy.join("Cargo.toml"), manifest_of_copy(&manifest)).map_err(told("Cargo.toml"))?;
    mutate(&copy)?;
    let run = build(&copy, &target)?;
    let clean = failures(&run, 0)?;
    if !clean.is_empty() {
        return Err(format!("clauses fail without any mutant: {}", clean.join(" ")));
    }
    let mut table = String::from(HEAD);
    let mut survivors = 0;
    let mine: Vec<usize> =
        (1..=MUTANTS.len()).filter(|n| shard.is_none_or(|s| s.has(n - 1))).collect();
    let seen = all_failures(&run, &mine)?;
    for (&n, failed) in mine.iter().zip(seen) {
        let mutant = &MUTANTS[n - 1];
        survivors += usize::from(failed.is_empty());
        let shown: Vec<&str> = failed.iter().take(4).map(String::as_str).collect();
        let more = failed.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let by = if failed.is_empty() { "**none**".into() } else { shown.join(", ") + &more };
        println!("{n:>2} {:<20} {:<80} {by}", mutant.bug, mutant.what);
        table += &format!("| {n} | {} | {} | {by} |\n", mutant.bug, mutant.what);
    }
    println!("{} mutants, {survivors} not seen", mine.len());
    if env::args().any(|arg| arg == "--write") {
        write(&root.join("hcall/comply/MUTANTS.md"), &table).map_err(told("MUTANTS.md"))?;
    }
    if env::args().any(|arg| arg == "--check") {
        let there = fs::read_to_string(root.join("hcall/comply/MUTANTS.md"));
        fresh(&there.map_err(told("MUTANTS.md"))?, &table)?;
    }
    Ok(survivors)
}

/// The value of `--shard`. Errors: it is none, or the whole table is wanted as well.
fn shard() -> Result<Option<Shard>, String> {
    let args: Vec<String> = env::args().collect();
    let Some(at) = args.iter().position(|arg| arg == "--shard") else { return Ok(None) };
    if args.iter().any(|arg| arg == "--write" || arg == "--check") {
        return Err("--write and --check are about all mutants; leave --shard away".into());
    }
    args.get(at + 1).ok_or("--shard K/N")?.parse().map(Some)
}

/// Checks that an existing table lists the mutants of this run. The clauses that detect a mutant are not
/// compared: a clause that races threads does not detect it in every run.
fn fresh(there: &str, table: &str) -> Result<(), String> {
    let mutants = |text: &str| {
        let line =
            |line: &str| line.rsplit_once(" | ").map_or(line, |(mutant, _)| mutant).to_owned();
        text.lines().map(line).collect::<Vec<_>>()
    };
    if mutants(there) == mutants(table) {
        return Ok(());
    }
    Err("MUTANTS.md has other mutants than this run; write it again with --write".into())
}

const HEAD: &str = "\
<!-- SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause -->
# Does the suite see bugs?

Each row is a historical bug of another implementation (numbers of papr-tce 6) that can be expressed in this code, or a rule of
another section of papr-tce that is broken. The bug is switched on alone in a copy of the library, and the last column has the clauses that fail.
`cargo run -p tcevm-comply --example mutants -- --write` writes this file.

| | bug | what is wrong | clauses that fail |
|---|---|---|---|
";

/// The manifest of the copy's workspace, whose only members are the crates of the copy.
fn manifest_of_copy(manifest: &str) -> String {
    let line = |line: &str| match line {
        line if line.starts_with("members") => {
            "members = [\"iommu\", \"hcall\", \"hcall/comply\"]".to_owned()
        }
        line if line.starts_with("default-members") => String::new(),
        line => line.to_owned(),
    };
    manifest.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The manifest of a crate without the dependencies of its tests, which are not copied.
fn without_tests(manifest: &str) -> String {
    let Some((before, tests)) = manifest.split_once("[dev-dependencies]\n") else {
        return manifest.to_owned();
    };
    let after = tests.find("\n[").map_or("", |at| &tests[at + 1..]);
    format!("{before}{after}")
}

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    if from.ends_with("Cargo.toml") {
        return write(to, without_tests(&fs::read_to_string(from)?));
    }
    if from.is_file() {
        return write(to, fs::read(from)?);
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_all(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Writes a file, unless it already has this content: cargo does not rebuild an unchanged file.
fn write(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == bytes.as_ref()) {
        return Ok(());
    }
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, bytes)
}

/// Writes every mutant into the copy, each with its switch.
fn mutate(copy: &Path) -> Result<(), String> {
    let mut files: HashMap<&str, String> = HashMap::new();
    for (n, mutant) in (1..).zip(MUTANTS) {
        for Edit(file, find, with) in mutant.edits {
            let text = match files.remove(file) {
                Some(text) => text,
                None => fs::read_to_string(copy.join(file)).map_err(|e| format!("{file}: {e}"))?,
            };
            let at: Vec<usize> = text.match_indices(find).map(|(at, _)| at).collect();
            let [at] = at[..] else {
                return Err(format!(
                    "bug {}: {file} has this {} times instead of once; bring the row up to date:\n{find}",
                    mutant.bug,
                    at.len()
                ));
            };
            let krate = if file.starts_with("iommu") { "crate" } else { "iommu" };
            let with = with.replace("MUTANT", &format!("{krate}::mutants::on({n})"));
            let before = without_const(&text[..at]);
            files.insert(
                file,
                format!("{before}{}{}", without_const(&with), &text[at + find.len()..]),
            );
        }
    }
    let lib = copy.join("iommu/src/lib.rs");
    let mut text = fs::read_to_string(&lib).map_err(|error| error.to_string())?;
    text += "\n/// Which mutant is on.\npub mod mutants;\n";
    write(&lib, text).map_err(|error| error.to_string())?;
    write(&copy.join("iommu/src/mutants.rs"), SWITCH).map_err(|error| error.to_string())?;
    let written = files.into_iter().try_for_each(|(file, text)| write(&copy.join(file), text));
    written.map_err(|error| error.to_string())
}

const SWITCH: &str = "\
/// True for the mutant that the environment names.
pub fn on(mutant: usize) -> bool {
    static ON: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
    let on = || std::env::var(\"TCEVM_MUTANT\").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    *ON.get_or_init(on) == mutant
}
";

/// The text, with the last function in it made non-`const`: a switch is not constant.
fn without_const(text: &str) -> String {
    match text.rfind("fn ") {
        Some(at) if text[..at].ends_with("const ") => {
            format!("{}{}", &text[..at - "const ".len()], &text[at..])
        }
        _ => text.to_owned(),
    }
}

/// Builds the program that runs the clauses, in a target folder of its own: cargo takes the crates of the
/// copy for those of the product, and the next build of the product would use them.
fn build(copy: &Path, target: &Path) -> Result<PathBuf, String> {
    let target = target.join("mutants/target");
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .args(["build", "--quiet", "-p", "tcevm-comply", "--example", "clauses"])
        .current_dir(copy);
    build.env("CARGO_TARGET_DIR", &target);
    let built = build.status().map_err(|error| format!("cargo: {error}"))?;
    if built.success() {
        Ok(target.join("debug/examples/clauses"))
    } else {
        Err("the copy with the mutants does not build; bring the rows up to date".into())
    }
}

/// Runs [`failures`] for each of these mutants, in parallel on all CPUs.
fn all_failures(run: &Path, mine: &[usize]) -> Result<Vec<Vec<String>>, String> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let seen: Vec<Mutex<Result<Vec<String>, String>>> =
        mine.iter().map(|_| Mutex::new(Ok(Vec::new()))).collect();
    let work = || {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = seen.get(n) else { return };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = failures(run, mine[n]);
        }
    };
    thread::scope(|scope| (0..workers).for_each(|_| _ = scope.spawn(work)));
    let inner = |slot: Mutex<_>| slot.into_inner().unwrap_or_else(PoisonError::into_inner);
    seen.into_iter().map(inner).collect()
}

/// The clauses that fail while a mutant is on.
fn failures(run: &Path, mutant: usize) -> Result<Vec<String>, String> {
    let mut run = Command::new(run);
    run.env("TCEVM_MUTANT", mutant.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = run.spawn().map_err(|error| error.to_string())?;
    let start = Instant::now();
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(_) => break,
            None if start.elapsed() > LIMIT => {
                // The child may have just ended; then there is nothing to kill.
                let _ = child.kill();
                return Ok(vec!["(it hangs)".into()]);
            }
            None => thread::sleep(Duration::from_millis(20)),
        }
    }
    let out = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    if !out.status.success() && !text.lines().any(|line| line.starts_with("FAIL ")) {
        return Ok(vec!["(the process dies)".into()]);
    }
    let mut failed: Vec<String> =
        text.lines().filter_map(|line| Some(line.strip_prefix("FAIL ")?.to_owned())).collect();
    failed.dedup();
    Ok(failed)
}
