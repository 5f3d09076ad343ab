// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm qemu`: QEMU's command line for `tcevm run`, so that programs which drive QEMU can drive tcevm.
//!
//! The command is meant for kvm-unit-tests, whose runner works unmodified: its probes, the messages that it looks
//! for, and its exit codes. Under a name that begins with `qemu-system-ppc64`, tcevm is this command.
//! [`options`] has a row for each option; other options are refused by name. `machine` has the properties of
//! the machine, `devices` disks and networks, `parts` the syntax of values; [`wish`] is the run that comes of them.

mod devices;
mod machine;
pub mod options;
mod parts;
pub mod refusal;
pub mod wish;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;

use clap::Parser;
use thiserror::Error;

use self::refusal::Refusal;
use self::wish::{Ask, Wish};
use crate::cli::{self, Cli, Command};
use crate::outlet;
use crate::run;

/// The exit code of every failure before a guest runs.
const FAILED: u8 = 1;

/// The version of QEMU that is the model for the command line, and for answers where PAPR leaves a choice.
const MODEL: &str = "10.0.0";

/// The reason for which there was no run.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum QemuFailure {
    #[error(transparent)]
    Option(#[from] Refusal),
    // The runner of kvm-unit-tests asks for a file that does not exist, and looks for these words.
    #[error("could not load kernel '{path}': {source}")]
    Kernel { path: String, source: io::Error },
    #[error("{}", cli::one_line(.0))]
    Translated(#[from] clap::Error),
    #[error(transparent)]
    Run(#[from] crate::failure::Failure),
}

/// True for a program name that selects this command.
pub fn is_asked_for(program: &std::ffi::OsStr) -> bool {
    let name = Path::new(program).file_name().unwrap_or_default();
    name.to_string_lossy().starts_with("qemu-system-ppc64")
}

/// Runs the guest that these arguments describe, or answers a question such as `-h`. Returns the exit code.
pub fn run(args: &[OsString]) -> u8 {
    match answer(args) {
        Ok(code) => code,
        Err(failure) => {
            outlet::say(&failure.to_string());
            FAILED
        }
    }
}

fn answer(args: &[OsString]) -> Result<u8, QemuFailure> {
    match options::read(args)? {
        Ask::Help => print(&help()),
        Ask::Version => print(&version()),
        Ask::Machines => {
            print("Supported machines are:\npseries              PAPR guest (default)\n")
        }
        Ask::Cpus => print("Available CPUs:\n  power9\n"),
        Ask::Run(wish) => run_guest(*wish),
    }
}

fn run_guest(wish: Wish) -> Result<u8, QemuFailure> {
    let kernel = wish.kernel.as_deref().ok_or(Refusal::NoKernel)?;
    let failed = |source| QemuFailure::Kernel { path: kernel.display().to_string(), source };
    File::open(kernel).map_err(failed)?;
    match Cli::try_parse_from(wish.translated())?.command {
        Command::Run(mut args) => {
            args.devices = wish.devices()?;
            Ok(run::run(&args)?)
        }
        _ => unreachable!("the translation is a run"),
    }
}

fn print(text: &str) -> Result<u8, QemuFailure> {
    outlet::print(text.as_bytes());
    Ok(0)
}

/// The runner reads QEMU's version from the numbers in the first line.
fn version() -> String {
    format!(
        "QEMU emulator version {MODEL} command line, as tcevm {} understands it\n",
        env!("CARGO_PKG_VERSION")
    )
}

fn help() -> String {
    let rows = options::help();
    format!(
        "{}usage: tcevm qemu [options]\n\n{rows}\nFor tcevm's own options: tcevm run --help\n",
        version()
    )
}
