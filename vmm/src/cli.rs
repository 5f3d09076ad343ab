// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The command line. A command is one row of [`Command`] and one arm of its `execute`.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{ArgGroup, Args, CommandFactory, Parser, Subcommand, ValueEnum};
use log::LevelFilter;

use crate::comply;
use crate::doctor;
use crate::exit;
use crate::log_limit::Limited;
use crate::observe::record;
use crate::observe::trace;
use crate::options::devices::DeviceArgs;
use crate::options::dma::DmaArgs;
use crate::outlet;
use crate::qemu;
use crate::run;
use machine::memory::{self, RamSize};
use machine::wall_clock::WallTime;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The most CPUs of any guest. Each is a thread of the host, so a larger number can only be a mistake.
const MOST_CPUS: u32 = 256;

/// Options that change nothing in the device tree: those about the run, and those about files that it leaves.
const NOT_IN_THE_TREE: [&str; 19] = [
    "rtc",
    "nvram",
    "ignore_verdict",
    "no_reboot",
    "dirty_log",
    "record",
    "record_all",
    "trace",
    "trace_to",
    "trace_file",
    "trace_limit", // clap does not require an option that another one refuses
    "report",
    "stats",
    "accel",
    "profile",
    "platform",
    "check",
    "table_memory",
    "inject",
];

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
    /// The command.
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
    Comply(comply::args::ComplyArgs),
    /// Take QEMU's command line, for programs that drive QEMU (kvm-unit-tests). The program name
    /// qemu-system-ppc64 selects this command.
    #[command(disable_help_flag = true)]
    Qemu {
        /// QEMU's options; -h lists them.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<OsString>,
    },
    /// Play recorded hypercalls, up to the first answer that differs.
    #[command(after_help = comply::replay::EXIT_CODES)]
    Replay(comply::replay::ReplayArgs),
}

/// The arguments of `tcevm run`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("traces").multiple(true))]
pub struct RunArgs {
    /// An ELF64 executable for POWER (either endianness) or x86-64, which may be packed (gzip, xz, zstd, lzma) or in a
    /// zImage; without it the demonstration runs.
    pub image: Option<PathBuf>,
    /// The executor of the guest's instructions: software for POWER, KVM for x86-64.
    #[arg(long, value_name = "KIND", value_enum, default_value = "auto")]
    pub vcpu: VcpuKind,
    /// Guest RAM: a number with K, M or G (alone: MiB), a multiple of 64K, 8M to 64G.
    #[arg(short, long, value_name = "SIZE", default_value_t = RamSize::DEFAULT)]
    pub memory: RamSize,
    /// The command line of the guest (/chosen/bootargs).
    #[arg(long, value_name = "STRING", default_value = "", hide_default_value = true)]
    #[arg(allow_hyphen_values = true)]
    pub append: String,
    /// A file to load behind the image (/chosen/linux,initrd-start).
    #[arg(long, value_name = "FILE")]
    pub initrd: Option<PathBuf>,
    /// Stop after this time (exit code 124).
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub timeout: Option<Duration>,
    /// The number of the guest's CPUs, each a thread; a POWER guest has at most 8.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = cpus)]
    pub smp: u32,
    /// At the end, write to a file the pages that the guest wrote, and those that displaced TCEs dirtied.
    #[arg(long, value_name = "FILE")]
    pub dirty_log: Option<PathBuf>,
    /// Write the flattened device tree to a file (- is stdout) instead of running the guest. Options of a run
    /// that are not in the tree are refused with it.
    #[arg(long, value_name = "FILE", conflicts_with_all = NOT_IN_THE_TREE)]
    pub dump_dtb: Option<PathBuf>,
    /// The guest's wall clock at the start, in UTC: 2006-06-17 or 2006-06-17T16:01:21.
    #[arg(long, value_name = "TIME")]
    pub rtc: Option<WallTime>,
    /// Keep the guest's NVRAM in this file between runs. The file is created when there is none.
    #[arg(long, value_name = "FILE")]
    pub nvram: Option<PathBuf>,
    /// Exit with 0 when the guest powers off, whatever it says about itself (EXIT: STATUS=n).
    #[arg(long)]
    pub ignore_verdict: bool,
    /// End the run with 0 when the guest reboots, instead of starting it again.
    #[arg(long)]
    pub no_reboot: bool,
    /// Write the machine, its TCE calls and all changes of DMA windows to a file that `tcevm replay` plays (- is
    /// stdout; the console then goes to stderr).
    #[arg(long, value_name = "FILE", long_help = record::HELP)]
    pub record: Option<PathBuf>,
    /// Write every other hypercall to the file of --record, too, as comments.
    #[arg(long, requires = "record")]
    pub record_all: bool,
    /// Write a line for each hypercall to stderr; with FILTER for those that it selects, for example
    /// 'tce,rtas,!term'. --help lists the words.
    #[arg(long, value_name = "FILTER", long_help = trace::help())]
    #[arg(num_args = 0..=1, require_equals = true, default_missing_value = "all")]
    pub trace: Option<trace::Filter>,
    /// Write the lines of --trace to a file (- is stdout) instead.
    #[arg(long, value_name = "FILE", requires = "trace", group = "traces")]
    pub trace_to: Option<PathBuf>,
    /// Write hypercalls, DMA and interrupts to a file for a trace viewer (Perfetto, chrome://tracing).
    #[arg(long, value_name = "FILE", group = "traces")]
    pub trace_file: Option<PathBuf>,
    /// The largest size of --trace-file and --trace-to: a number with K, M or G. Events beyond it are only counted.
    #[arg(long, value_name = "SIZE", default_value = "1G", value_parser = memory::parse_bytes)]
    #[arg(requires = "traces")]
    pub trace_limit: u64,
    /// At the end, write a page for a browser: plots over time, latencies, windows, devices, faults.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write statistics to stderr at the end; json is one line.
    #[arg(long, value_name = "FORMAT", value_enum, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "text")]
    pub stats: Option<StatsFormat>,
    #[command(flatten, next_help_heading = "Devices")]
    #[allow(missing_docs)]
    pub devices: DeviceArgs,
    #[command(flatten, next_help_heading = "DMA")]
    #[allow(missing_docs)]
    pub dma: DmaArgs,
}

impl RunArgs {
    /// The options that name a file to be written, with the file.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&'static str, &Path)> {
        let files = [
            ("--dirty-log", &self.dirty_log),
            ("--record", &self.record),
            ("--trace-to", &self.trace_to),
            ("--trace-file", &self.trace_file),
            ("--report", &self.report),
        ];
        files.into_iter().filter_map(|(option, file)| Some((option, file.as_deref()?)))
    }
}

/// The executor of the guest's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VcpuKind {
    /// The one that the image needs.
    Auto,
    /// The software POWER9.
    Power,
    /// The host's CPU, under /dev/kvm.
    Kvm,
}

/// The format of statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatsFormat {
    /// Text for people.
    Text,
    /// JSON for programs: one object on one line.
    Json,
}

impl Command {
    fn execute(&self) -> Result<u8, run::Failure> {
        match self {
            Command::Run(args) => run::run(args),
            Command::Comply(args) => Ok(comply::run(args)?),
            Command::Replay(args) => Ok(comply::replay::run(args)?),
            Command::Qemu { args } => Ok(qemu::run(args)),
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
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.first().is_some_and(|program| qemu::is_asked_for(program)) {
        args.splice(..1, ["tcevm".into(), "qemu".into()]);
    }
    outlet::survive_size_limits();
    let cli = Cli::try_parse_from(args).and_then(Cli::checked);
    let cli = cli.unwrap_or_else(|error| refuse(&error));
    start_log(cli.log);
    let mut code = cli.command.execute().unwrap_or_else(|failure| {
        say(&failure.to_string());
        exit::SETUP_FAILED
    });
    if let Some(error) = outlet::print_failure() {
        say(&format!("cannot write to standard output: {error}"));
        code = exit::SETUP_FAILED;
    }
    log::logger().flush();
    code.into()
}

impl Cli {
    /// Refuses combinations that clap accepts: options that the value of another option rules out.
    fn checked(self) -> Result<Cli, clap::Error> {
        let checked = match &self.command {
            Command::Comply(args) => args.job().map(drop),
            Command::Replay(args) => args.check(),
            Command::Run(_) | Command::Doctor | Command::Qemu { .. } => Ok(()),
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
            say("to run a guest image: tcevm run IMAGE");
        }
        process::exit(error.exit_code());
    }
    say(&one_line(error));
    process::exit(error.exit_code());
}

/// The error alone, without the explanations that clap puts around it.
pub(crate) fn one_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let lines = text.lines().take_while(|line| !line.is_empty()).map(str::trim);
    lines.collect::<Vec<_>>().join(" ").trim_start_matches("error: ").to_owned()
}

/// Writes a line for the user to stderr. A closed stderr is ignored.
pub(crate) fn say(line: &str) {
    outlet::line(format_args!("tcevm: {line}"));
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

/// Reads a number of CPUs up to the bound of any guest. The bound of POWER guests is checked once the image is known.
fn cpus(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(count) if (1..=MOST_CPUS).contains(&count) => Ok(count),
        _ => Err(format!(
            "a POWER guest has 1 to {} CPUs, an x86-64 guest 1 to {MOST_CPUS}",
            run::MOST_POWER_CPUS
        )),
    }
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    let wrong = "write a number of seconds greater than 0, for example 10 or 0.5";
    let seconds: f64 = text.parse().map_err(|_| wrong)?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(limit) if !limit.is_zero() && seconds <= 1e9 => Ok(limit),
        _ => Err(wrong),
    }
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

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_timeout_is_a_positive_number() {
        assert_eq!(seconds("2"), Ok(Duration::from_secs(2)));
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "x", "", "NaN", "inf", "1e300", "1e-30", "1e10"] {
            assert!(seconds(text).is_err(), "{text}");
        }
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
