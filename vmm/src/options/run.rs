// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The options of `tcevm run`. Their doc comments are the text of `--help`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use machine::memory::{self, RamSize};
use machine::wall_clock::WallTime;

use super::devices::DeviceArgs;
use super::dma::DmaArgs;
use super::engine::EngineArgs;
use crate::monitor::Place;
use crate::observe::trace;

/// The largest number of network adapters.
pub(crate) const MOST_NETS: usize = 8;

/// The largest number of CPUs of a POWER guest.
pub(crate) const MOST_POWER_CPUS: u32 = 8;

/// The most CPUs of any guest. Each is a thread of the host, so a larger number can only be a mistake.
const MOST_CPUS: u32 = 256;

/// Options that change nothing in the device tree: those about the run, and those about files that it leaves.
const NOT_IN_THE_TREE: [&str; 24] = [
    "restore",
    "monitor",
    "engine",
    "perf_map",
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
    "tier",
    "profile",
    "platform",
    "check",
    "table_memory",
    "inject",
];

/// Options that a restored machine has from its snapshot, and those that need a run from its start.
const NOT_AT_A_RESTORE: [&str; 16] = [
    "image",
    "vcpu",
    "memory",
    "append",
    "initrd",
    "smp",
    "rtc",
    "record",
    "record_all",
    "accel",
    "profile",
    "platform",
    "check",
    "no_multi_tce",
    "table_memory",
    "inject",
];

/// The text of `--record` for `--help`.
const RECORD_HELP: &str = "\
Write the machine, its TCE calls and what changes DMA windows to a file that `tcevm replay` plays.

Each call has its vCPU, its arguments, its list and its answer; the first lines have the memory, the windows, the CPUs, the \
tier, the platform and whose answers were given. While they are recorded, TCE and RTAS calls of several CPUs are made one \
after another, and the file has them in that order. - is stdout; the console then goes to stderr.";

/// The arguments of `tcevm run`.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("traces").multiple(true))]
pub struct RunArgs {
    /// An ELF64 executable for POWER (either endianness) or x86-64, which may be packed (gzip, xz, zstd, lzma) or in a
    /// zImage; without it the demonstration runs.
    pub image: Option<PathBuf>,
    /// The executor of the guest's instructions: software for POWER, KVM for x86-64.
    #[arg(long, value_name = "KIND", value_enum, default_value = "auto")]
    pub vcpu: VcpuKind,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub engine: EngineArgs,
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
    /// Go on from a snapshot, which `tcevm snapshot` wrote. It has the machine, the image and the initrd; give --net and
    /// --disk as when it was taken.
    #[arg(long, value_name = "FILE", conflicts_with_all = NOT_AT_A_RESTORE)]
    pub restore: Option<PathBuf>,
    /// Let a client steer the run by QMP: unix:PATH is a socket, stdio standard input and output (the console then goes
    /// to stderr).
    #[arg(long, value_name = "PLACE")]
    pub monitor: Option<Place>,
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
    #[arg(long, value_name = "FILE", long_help = RECORD_HELP)]
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
    /// At the end, write the names of translated guest code to /tmp/perf-PID.map, where `perf` of the host looks for them:
    /// functions of the image by its symbol table, other code as guest_ADDRESS.
    #[arg(long)]
    pub perf_map: bool,
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

/// Reads a number of CPUs up to the bound of any guest. The bound of POWER guests is checked once the image is known.
fn cpus(text: &str) -> Result<u32, String> {
    match text.parse() {
        Ok(count) if (1..=MOST_CPUS).contains(&count) => Ok(count),
        _ => Err(format!(
            "a POWER guest has 1 to {} CPUs, an x86-64 guest 1 to {MOST_CPUS}",
            MOST_POWER_CPUS
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_a_positive_number() {
        assert_eq!(seconds("2"), Ok(Duration::from_secs(2)));
        assert_eq!(seconds("0.5"), Ok(Duration::from_millis(500)));
        for text in ["0", "-1", "x", "", "NaN", "inf", "1e300", "1e-30", "1e10"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
