// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The command line. A command is one row of [`Command`] and one arm of its `execute`.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::process::{self, ExitCode};

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use log::LevelFilter;

use crate::comply;
use crate::doctor;
use crate::exit;
use crate::failure::Failure;
use crate::log_limit::Limited;
use crate::options::engine::EngineArgs;
use crate::options::plugins::{self, OwnTier};
use crate::options::run::RunArgs;
use crate::outlet;
use crate::qemu;
use crate::run;
use crate::snapshot;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

const RUN_EXAMPLES: &str = "\
Examples:
  tcevm run                                the demonstration
  tcevm run guest.elf -m 64M --timeout 10
  tcevm run guest-x86.elf                  an x86-64 guest under /dev/kvm
  tcevm run vmlinux --initrd initrd --net socket=/tmp/passt.sock --disk disk.img
  tcevm run guest.elf --trace              every hypercall, one line each, on stderr
  tcevm run vmlinux '--trace=tce,rtas,!H_GET_TCE' --trace-to calls.txt
                                           only these, in a file
  tcevm run guest.elf --stats              what the run cost
  tcevm run guest.elf --report run.html    the same with plots over time, as a page for a browser
  tcevm run guest.elf --trace-file run.json
                                           every hypercall and DMA access, for ui.perfetto.dev
  tcevm run guest.elf --stats=json 2>&1 >/dev/null | tail -n 1
  tcevm run vmlinux --initrd initrd.cpio.gz -m 1G --smp 2 --append cryptomgr.notests
                                           Linux (tests/scripts/debian-guest.sh makes one)
  tcevm run --dump-dtb - | dtc -I dtb      the device tree that the guest gets
";

/// A small PAPR virtual machine monitor: runs guests whose DMA goes through TCE hypercalls.
#[derive(Debug, Parser)]
#[command(name = "tcevm", version, after_help = "Start with: tcevm run")]
pub struct Cli {
    /// The command to run.
    #[command(subcommand)]
    pub command: Command,
    /// The level of the log on stderr. Without it RUST_LOG decides, else `warn`.
    #[arg(long, global = true, value_name = "LEVEL")]
    #[arg(value_parser = PossibleValuesParser::new(LEVELS).try_map(|level| level.parse::<LevelFilter>()))]
    pub log: Option<LevelFilter>,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a guest image, or the embedded demonstration.
    #[command(after_help = run_help(), args_override_self = true)]
    Run(Box<RunArgs>),
    /// Show the features of this host, and what each missing feature is needed for.
    Doctor,
    /// Run the compliance suite: every clause of the TCE hypercalls, on every rig.
    #[command(after_help = comply::args::EXAMPLES)]
    Comply(Box<comply::args::ComplyArgs>),
    /// Take QEMU's command line, for programs that drive QEMU (kvm-unit-tests). The program name
    /// qemu-system-ppc64 selects this command.
    #[command(disable_help_flag = true)]
    Qemu {
        /// QEMU's options; -h lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Write a running machine to a file, from which `tcevm run --restore` goes on.
    Snapshot(snapshot::command::SnapshotArgs),
    /// Print the C header of plug-ins, for --tier and --platform.
    Header,
    /// Play recorded hypercalls, up to the first answer that differs.
    #[command(after_help = comply::replay::EXIT_CODES)]
    Replay(comply::replay::ReplayArgs),
}

impl Command {
    fn execute(&self) -> Result<u8, Failure> {
        match self {
            Command::Run(args) => run::run(args),
            Command::Comply(args) => Ok(comply::run(args)?),
            Command::Replay(args) => Ok(comply::replay::run(args)?),
            Command::Snapshot(args) => snapshot::command::run(args),
            Command::Qemu { args } => Ok(qemu::run(args)),
            Command::Header => {
                outlet::print(plugin::HEADER.as_bytes());
                Ok(0)
            }
            Command::Doctor => {
                let mut text = Vec::new();
                // A write to memory does not fail.
                let _ = doctor::run(&mut text);
                outlet::print(&text);
                Ok(0)
            }
        }
    }
}

/// Reads the command line, executes the command, and returns the exit code of the process.
pub fn main() -> ExitCode {
    main_with(Vec::new())
}

/// [`main`] of a program that has tiers of its own, which `--tier` names as it names a file.
pub fn main_with(tiers: Vec<OwnTier>) -> ExitCode {
    plugins::set_own(tiers);
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.first().is_some_and(|program| qemu::is_asked_for(program)) {
        args.splice(..1, ["tcevm".into(), "qemu".into()]);
    }
    outlet::survive_size_limits();
    let cli = Cli::try_parse_from(args).and_then(Cli::checked);
    let cli = cli.unwrap_or_else(|error| refuse(&error));
    start_log(cli.log);
    let mut code = cli.command.execute().unwrap_or_else(|failure| {
        outlet::say(&failure.to_string());
        exit::SETUP_FAILED
    });
    if let Some(error) = outlet::print_failure() {
        outlet::say(&format!("cannot write to standard output: {error}"));
        code = exit::SETUP_FAILED;
    }
    log::logger().flush();
    code.into()
}

impl Cli {
    /// Refuses combinations that clap accepts: options that the value of another option rules out.
    fn checked(self) -> Result<Cli, clap::Error> {
        let checked = match &self.command {
            Command::Comply(args) => args.job().and_then(|_| args.engine.chosen()).map(drop),
            Command::Replay(args) => args.check().and_then(|()| args.engine.chosen()).map(drop),
            Command::Run(args) => args.engine.chosen().map(drop),
            Command::Snapshot(_) => return Ok(self),
            Command::Qemu { .. } => EngineArgs::default().chosen().map(drop),
            Command::Doctor | Command::Header => Ok(()),
        };
        let wrong = |why| Cli::command().error(ErrorKind::ValueValidation, why);
        checked.map(|()| self).map_err(wrong)
    }
}

/// Ends the process with code 2, or with 0 after `--help`. A wrong value is reported on one line, as every other
/// bad input is; other errors are explained at length by clap.
fn refuse(error: &clap::Error) -> ! {
    if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
        let _ = error.print(); // the message is lost on a terminal that is gone
        if error.kind() == ErrorKind::InvalidSubcommand {
            outlet::say("to run a guest image: tcevm run IMAGE");
        }
        process::exit(error.exit_code());
    }
    outlet::say(&one_line(error));
    process::exit(error.exit_code());
}

/// The error alone, without the explanations that clap puts around it.
pub(crate) fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
    lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}

fn start_log(level: Option<LevelFilter>) {
    let mut log =
        env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn"));
    if let Some(level) = level {
        log.filter_level(level);
    }
    if std::env::var_os("RUST_LOG_STYLE").is_none() && coloured() {
        log.write_style(env_logger::WriteStyle::Always);
    }
    let log = log.target(env_logger::Target::Pipe(Box::new(outlet::Stderr))).build();
    log::set_max_level(log.filter());
    // The call fails only when a logger is set, and this is the only one.
    let _ = log::set_boxed_logger(Box::new(Limited::new(log)));
}

/// True when lines of the log have colours: on a terminal that has colours, unless the user refuses them
/// (no-color.org).
fn coloured() -> bool {
    let is = |name, value: &str| std::env::var_os(name).is_some_and(|found| found == value);
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    std::io::stderr().is_terminal() && !refused && !is("TERM", "dumb")
}

fn run_help() -> String {
    format!(
        "Console: standard input and output. On a terminal, Ctrl-A x quits and Ctrl-A a sends \
         Ctrl-A.\n\nExit codes:\n{}\n{RUN_EXAMPLES}",
        exit::help()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::run::StatsFormat;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn stats_takes_a_format_only_after_an_equals_sign() {
        let parse = |args: &[&str]| {
            let Command::Run(args) =
                Cli::try_parse_from([&["tcevm", "run"], args].concat()).unwrap().command
            else {
                panic!("not run")
            };
            (args.stats, args.image)
        };
        assert_eq!(parse(&["--stats", "json"]), (Some(StatsFormat::Text), Some("json".into())));
        assert_eq!(parse(&["--stats=json"]), (Some(StatsFormat::Json), None));
        assert_eq!(parse(&[]), (None, None));
    }
}
