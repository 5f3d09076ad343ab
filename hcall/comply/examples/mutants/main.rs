// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Does the suite see bugs? Writes each historical bug of papr-tce 6 that can be expressed here into
//! a copy of the library, switches them on one at a time, and wants at least one clause to fail
//! for each. The product has nothing of it.
//!
//! `cargo run -p tcevm-comply --example mutants` from the root of the repository; `--write` also writes
//! the table into `hcall/comply/MUTANTS.md`, `--check` wants the table that is there to have the
//! same mutants.

mod rows;

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

/// What the copy is made of; `hcall` holds the suite.
const COPIED: [&str; 5] = ["iommu", "hcall", "vmm/ram", "guest-images/images", "Cargo.lock"];
/// How long the suite may take on one mutant; one that hangs is seen too.
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
    let seen = all_failures(&run)?;
    for ((n, mutant), failed) in (1..).zip(MUTANTS).zip(seen) {
        survivors += usize::from(failed.is_empty());
        let shown: Vec<&str> = failed.iter().take(4).map(String::as_str).collect();
        let more = failed.len().saturating_sub(shown.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let by = if failed.is_empty() { "**none**".into() } else { shown.join(", ") + &more };
        println!("{n:>2} {:<20} {:<80} {by}", mutant.bug, mutant.what);
        table += &format!("| {n} | {} | {} | {by} |\n", mutant.bug, mutant.what);
    }
    println!("{} mutants, {survivors} not seen", MUTANTS.len());
    if env::args().any(|arg| arg == "--write") {
        write(&root.join("hcall/comply/MUTANTS.md"), &table).map_err(told("MUTANTS.md"))?;
    }
    if env::args().any(|arg| arg == "--check") {
        let there = fs::read_to_string(root.join("hcall/comply/MUTANTS.md"));
        fresh(&there.map_err(told("MUTANTS.md"))?, &table)?;
    }
    Ok(survivors)
}

/// Whether a table that was written has the mutants of this run. Which clauses see one is not
/// compared: of those that race threads, not each sees it in each run.
fn fresh(there: &str, table: &str) -> Result<(), String> {
    let mutants = |text: &str| {
        let line =
            |line: &str| line.rsplit_once(" | ").map_or(line, |(mutant, _)| mutant).to_owned();
        text.lines().map(line).collect::<Vec<_>>()
    };
    if mutants(there) == mutants(table) {
        return Ok(());
    }
    Err("MUTANTS.md has other mutants than this run; write it anew with --write".into())
}

const HEAD: &str = "\
<!-- SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause -->
# Does the suite see bugs?

Each historical bug of others (numbers of papr-tce 6) that can be expressed in this code, switched on alone in a copy of
the library, and the clauses that fail then. Written by `cargo run -p tcevm-comply --example mutants -- --write`.

| | bug | what is wrong | clauses that fail |
|---|---|---|---|
";

/// Only the crates of the copy are members of its workspace.
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

fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    if from.is_file() {
        return write(to, fs::read(from)?);
    }
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy_all(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}

/// Writes a file, unless that is what it holds: what did not change is not built again.
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

/// The function in which the text ends is no `const fn` any more: a switch is not constant.
fn without_const(text: &str) -> String {
    match text.rfind("fn ") {
        Some(at) if text[..at].ends_with("const ") => {
            format!("{}{}", &text[..at - "const ".len()], &text[at..])
        }
        _ => text.to_owned(),
    }
}

/// Builds the program that runs the clauses, in a place of its own: to cargo the crates of the copy
/// are the product's, and would be taken for them by the next build.
fn build(copy: &Path, target: &Path) -> Result<PathBuf, String> {
    let target = target.join("mutants/target");
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "-p", "tcevm-comply", "--example", "clauses"]).current_dir(copy);
    build.env("CARGO_TARGET_DIR", &target);
    let built = build.status().map_err(|error| format!("cargo: {error}"))?;
    if built.success() {
        Ok(target.join("debug/examples/clauses"))
    } else {
        Err("the copy with the mutants does not build; bring the rows up to date".into())
    }
}

/// [`failures`] of each mutant, as many at a time as there are CPUs.
fn all_failures(run: &Path) -> Result<Vec<Vec<String>>, String> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(1);
    let seen: Vec<Mutex<Result<Vec<String>, String>>> =
        MUTANTS.iter().map(|_| Mutex::new(Ok(Vec::new()))).collect();
    let work = || {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(slot) = seen.get(n - 1) else { return };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = failures(run, n);
        }
    };
    thread::scope(|scope| (0..workers).for_each(|_| _ = scope.spawn(work)));
    let inner = |slot: Mutex<_>| slot.into_inner().unwrap_or_else(PoisonError::into_inner);
    seen.into_iter().map(inner).collect()
}

/// The clauses that fail with a mutant on.
fn failures(run: &Path, mutant: usize) -> Result<Vec<String>, String> {
    let mut run = Command::new(run);
    run.env("TCEVM_MUTANT", mutant.to_string()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = run.spawn().map_err(|error| error.to_string())?;
    let start = Instant::now();
    loop {
        match child.try_wait().map_err(|error| error.to_string())? {
            Some(_) => break,
            None if start.elapsed() > LIMIT => {
                // It may just have ended.
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
