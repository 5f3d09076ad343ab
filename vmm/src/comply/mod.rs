// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm comply`: the compliance suite. The crate [`comply`] has the clauses and judges the answers; this module
//! has the command, and the machines that run the suite's images.

pub mod args;
mod boot;
mod peers;
pub mod replay;
mod rigs;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use comply::blob::{Head, Tell, blob};
use comply::clauses::Choice;
use comply::format::{self, Style};
use comply::merge;
use comply::report::{Column, Report};
use comply::rig::Rig;
use comply::{Clause, SuiteProfile, clauses, coverage, image, notes};
use paths::output::{Files, OutputError};
use thiserror::Error;

use args::{ComplyArgs, Format, Job};
use rigs::Ours;

use crate::options::plugins;

use crate::inlet::{self, InputError};

/// The exit code when every clause that applies passed.
const PASSED: u8 = 0;
/// The exit code when a clause failed.
const FAILED: u8 = 1;

/// The reason for which the suite did not run.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum Failure {
    #[error("{0}")]
    Together(String),
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
    #[error("{}: {why}", path.display())]
    Report { path: PathBuf, why: String },
    #[error(transparent)]
    Plugin(#[from] ::plugin::LoadError),
    #[error("the reports cannot be joined: {0}")]
    Join(String),
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: InputError },
    #[error("cannot write {}: {source}", path.display())]
    Write { path: PathBuf, source: OutputError },
}

/// Runs the command; returns the exit code.
pub fn run(args: &ComplyArgs) -> Result<u8, Failure> {
    let engine = args.engine.chosen().map_err(Failure::Together)?;
    let prototypes = plugins::load(&args.prototypes.tiers, args.prototypes.platform.as_ref())?;
    let ours = &Ours { engine, prototypes: prototypes.into() };
    match args.job().map_err(Failure::Together)? {
        Job::List { choice, format } => {
            print(&list(&chosen(&choice)?, format));
            Ok(PASSED)
        }
        Job::Merge { files, format } => merge(&files, format),
        Job::Emit { choice, path, kind, profile } => {
            emit(&chosen(&choice)?, &path, &kind, profile).map(|()| PASSED)
        }
        Job::Against { choice, rigs, format, peer, .. } => {
            peers::against(&peer, &chosen(&choice)?, &rigs, format, ours)
        }
        Job::Random(random) => peers::random(&random, ours),
        Job::Suite { choice, rigs, format, profile, .. } => {
            let chosen = chosen(&choice)?;
            let mut report = report(rigs::meant(&rigs, ours), &rigs, &chosen, profile)?;
            report.shard = choice.shard;
            print(&written(&report, format));
            Ok(code(&report, choice.is_all()))
        }
    }
}

fn chosen(choice: &Choice) -> Result<Vec<&'static Clause>, Failure> {
    choice.clauses().map_err(Failure::NoClause)
}

/// The exit code of a report. A report of all clauses must cover each part of the library.
fn code(report: &Report, is_all: bool) -> u8 {
    let uncovered = if is_all { coverage::uncovered(&report.clauses) } else { Vec::new() };
    uncovered.iter().for_each(|what| crate::outlet::say(what));
    if report.passed() && uncovered.is_empty() { PASSED } else { FAILED }
}

/// The most bytes of a report or a recording that is read.
const MOST_READ: u64 = 256 << 20;

/// Joins reports that `--format json` wrote.
fn merge(files: &[PathBuf], format: Format) -> Result<u8, Failure> {
    let mut reports = Vec::new();
    for path in files {
        let text = inlet::text(path, MOST_READ);
        let text = text.map_err(|source| Failure::Read { path: path.clone(), source })?;
        let report = merge::read(&text);
        reports.push(report.map_err(|why| Failure::Report { path: path.clone(), why })?);
    }
    let report = merge::join(&reports).map_err(Failure::Join)?;
    print(&written(&report, format));
    Ok(code(&report, report.clauses.len() == clauses::matching("").count()))
}

fn written(report: &Report, format: Format) -> String {
    match format {
        Format::Table => format::table(report, style()),
        Format::Tap => format::tap(report),
        Format::Junit => format::junit(report),
        Format::Json => format::json(report),
        Format::Html => format::html(report),
    }
}

fn report(
    rigs: Vec<Box<dyn Rig>>,
    named: &[String],
    chosen: &[&'static Clause],
    profile: Option<SuiteProfile>,
) -> Result<Report, Failure> {
    let mut report = Report { clauses: chosen.to_vec(), ..Report::default() };
    for rig in rigs {
        match rig.missing() {
            Some(why) if !named.is_empty() => {
                return Err(Failure::Missing { rig: rig.name().into(), why });
            }
            Some(why) => report.missing.push((rig.name().into(), why)),
            None => report.columns.push(column(&*rig, chosen, profile)?),
        }
    }
    Ok(report)
}

fn column(
    rig: &dyn Rig,
    chosen: &[&'static Clause],
    profile: Option<SuiteProfile>,
) -> Result<Column, Failure> {
    let profile = profile.unwrap_or_else(|| rig.profile());
    let (name, total) = (rig.name(), chosen.len());
    let show = io::stderr().is_terminal();
    let mut progress = |done: usize| {
        if show {
            // Progress is lost on a terminal that is gone.
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

fn list(chosen: &[&'static Clause], format: Format) -> String {
    if format == Format::Json {
        return format::clauses(chosen);
    }
    chosen.iter().map(|clause| format!("{:<32}{}\n", clause.id, clause.says)).collect()
}

/// Writes an image that runs the clauses on any machine. By default its profile accepts every answer that LoPAR allows.
fn emit(
    chosen: &[&'static Clause],
    path: &Path,
    kind: &str,
    profile: Option<SuiteProfile>,
) -> Result<(), Failure> {
    let profile = profile.unwrap_or(SuiteProfile::Allowed);
    let scripts = chosen.iter().filter_map(|clause| Some((clause, clause.script()?)));
    let mut visible = Vec::new();
    for (clause, script) in scripts {
        let script = script.map_err(|why| Failure::Script(format!("{}: {why}", clause.id)))?;
        if script.is_seen_by_guests() {
            visible.push((Head::of(clause), script));
        }
    }
    // A machine that dies has then run all others.
    visible.sort_by_key(|(head, _)| notes::FATAL.contains(&head.id));
    let title = format!("tcevm {} comply, profile {profile}", env!("CARGO_PKG_VERSION"));
    let scripts = visible.iter().map(|(head, script)| (*head, script));
    let blob = blob(&title, scripts, profile, Tell::Verdicts);
    let runner = image::runner(kind).unwrap_or_default();
    let image = image::with_blob(runner, &blob).map_err(|e| Failure::Image(e.to_string()))?;
    let failed = |source| Failure::Write { path: path.to_owned(), source };
    let mut file = Files::default().create("the image", path).map_err(failed)?;
    file.write_all(&image).map_err(|source| failed(source.into()))?;
    crate::outlet::say(&format!("{} runs {} clauses", path.display(), visible.len()));
    Ok(())
}

fn style() -> Style {
    if io::stdout().is_terminal() { Style::Coloured } else { Style::Plain }
}

fn print(text: &str) {
    crate::outlet::print(text.as_bytes());
}
