// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm comply`: the compliance suite. The clauses and how they are judged are in the crate
//! [`comply`]; here are the machines that its images run on, and the command.

pub mod args;
mod boot;
mod peers;
pub mod replay;
mod rigs;

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use comply::blob::{Tell, blob};
use comply::format::{self, Style};
use comply::report::{Column, Report};
use comply::rig::Rig;
use comply::{Clause, Profile, clauses, coverage, image};
use thiserror::Error;

use args::{ComplyArgs, Format};

/// Every clause that applies passed.
const PASSED: u8 = 0;
/// One did not.
const FAILED: u8 = 1;

/// Why the suite did not come about.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum Failure {
    #[error("no clause has {0:?} in its name; tcevm comply --list shows them")]
    NoClause(String),
    #[error("there is no rig {0}; there are {1}")]
    NoRig(String, String),
    #[error("{rig} is not here: {why}")]
    Missing { rig: String, why: String },
    #[error("{rig}: {why}")]
    Rig { rig: String, why: String },
    #[error("clause {0}")]
    Script(String),
    #[error("the image: {0}")]
    Image(String),
    #[error("{0}")]
    Replay(String),
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// Runs the command; returns the exit code.
pub fn run(args: &ComplyArgs) -> Result<u8, Failure> {
    let chosen: Vec<&'static Clause> = clauses::matching(&args.filter).collect();
    if chosen.is_empty() {
        return Err(Failure::NoClause(args.filter.clone()));
    }
    if args.list {
        print(&list(&chosen));
        return Ok(PASSED);
    }
    if let Some(path) = &args.emit_image {
        return emit(args, path, &chosen).map(|()| PASSED);
    }
    let peer = args.against.as_deref();
    if let Some(calls) = args.random {
        return peers::random(calls, args.seed, peer, args.profile);
    }
    if let Some(peer) = peer {
        return peers::against(peer, &chosen);
    }
    let report = report(args, &chosen)?;
    print(&match args.format {
        Format::Table => format::table(&report, style()),
        Format::Tap => format::tap(&report),
        Format::Junit => format::junit(&report),
        Format::Json => format::json(&report),
        Format::Html => format::html(&report),
    });
    let uncovered = if args.filter.is_empty() { coverage::uncovered(&chosen) } else { Vec::new() };
    uncovered.iter().for_each(|what| crate::cli::say(what));
    Ok(if report.passed() && uncovered.is_empty() { PASSED } else { FAILED })
}

fn report(args: &ComplyArgs, chosen: &[&'static Clause]) -> Result<Report, Failure> {
    let mut report = Report { clauses: chosen.to_vec(), ..Report::default() };
    for rig in wanted(args)? {
        match rig.missing() {
            Some(why) if !args.rig.is_empty() => {
                return Err(Failure::Missing { rig: rig.name().into(), why });
            }
            Some(why) => report.missing.push((rig.name().into(), why)),
            None => report.columns.push(column(&*rig, chosen, args.profile)?),
        }
    }
    Ok(report)
}

fn wanted(args: &ComplyArgs) -> Result<Vec<Box<dyn Rig>>, Failure> {
    let mut all = rigs::all();
    for name in &args.rig {
        if !all.iter().any(|rig| rig.name().starts_with(name.as_str())) {
            let names: Vec<_> = all.iter().map(|rig| rig.name()).collect();
            return Err(Failure::NoRig(name.clone(), names.join(", ")));
        }
    }
    let named = |rig: &dyn Rig| args.rig.iter().any(|name| rig.name().starts_with(name.as_str()));
    all.retain(|rig| args.rig.is_empty() || named(&**rig));
    Ok(all)
}

fn column(
    rig: &dyn Rig,
    chosen: &[&'static Clause],
    profile: Option<Profile>,
) -> Result<Column, Failure> {
    let profile = profile.unwrap_or_else(|| rig.profile());
    let (name, total) = (rig.name(), chosen.len());
    let show = io::stderr().is_terminal();
    let mut progress = |done: usize| {
        if show {
            // A terminal that is gone needs no progress.
            let _ = write!(io::stderr(), "\r{name}: {done} of {total}\x1b[K");
        }
    };
    let outcomes = rig.run(chosen, profile, &mut progress);
    if show {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    let outcomes = outcomes.map_err(|why| Failure::Rig { rig: name.into(), why })?;
    Ok(Column { rig: name.into(), what: rig.what(), profile, outcomes })
}

fn list(chosen: &[&'static Clause]) -> String {
    chosen.iter().map(|clause| format!("{:<32}{}\n", clause.id, clause.says)).collect()
}

/// Writes the image that runs the clauses elsewhere. What LoPAR leaves open is left open there.
fn emit(args: &ComplyArgs, path: &Path, chosen: &[&'static Clause]) -> Result<(), Failure> {
    let profile = args.profile.unwrap_or(Profile::Papr);
    let scripts = chosen.iter().filter_map(|clause| Some((clause.id, clause.script()?)));
    let mut visible = Vec::new();
    for (id, script) in scripts {
        let script = script.map_err(|why| Failure::Script(format!("{id}: {why}")))?;
        if script.is_seen_by_guests() {
            visible.push((id, script));
        }
    }
    let title = format!("tcevm {} comply, profile {profile}", env!("CARGO_PKG_VERSION"));
    let scripts = visible.iter().map(|(id, script)| (*id, script));
    let blob = blob(&title, scripts, profile, Tell::Verdicts);
    let runner = image::runner(&args.image_kind).unwrap_or_default();
    let image = image::with_blob(runner, &blob).map_err(|e| Failure::Image(e.to_string()))?;
    let failed = |source| Failure::Write { path: path.to_owned(), source };
    fs::write(path, image).map_err(failed)?;
    crate::cli::say(&format!("{} runs {} clauses", path.display(), visible.len()));
    Ok(())
}

fn style() -> Style {
    if io::stdout().is_terminal() { Style::Coloured } else { Style::Plain }
}

/// A standard output that is gone wants no report.
fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}
