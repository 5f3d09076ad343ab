// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The command line of `tcevm comply`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use comply::Profile;

pub(crate) const EXAMPLES: &str = "\
Examples:
  tcevm comply                             every clause on every rig of this host
  tcevm comply put/ --rig power-le         the clauses of H_PUT_TCE on our little-endian POWER CPU
  tcevm comply --list
  tcevm comply --format html >report.html
  tcevm comply --against qemu              where QEMU differs, and why
  tcevm comply --random 100000 --seed 7    random calls on each of our tiers
  tcevm comply --emit-image comply.elf     an image that runs the clauses anywhere

Exit codes: 0 every clause that applies passed; 1 one did not; 2 the command line was wrong;
3 a rig could not be set up.
";

/// What `tcevm comply` takes.
#[derive(Args, Debug)]
pub struct ComplyArgs {
    /// Only clauses whose name contains this.
    #[arg(default_value = "", hide_default_value = true)]
    pub filter: String,
    /// Only rigs whose name begins so (may be given more than once); without it all that are here.
    #[arg(long, value_name = "NAME")]
    pub rig: Vec<String>,
    /// List the clauses instead of running them.
    #[arg(long)]
    pub list: bool,
    /// How the report is written to standard output.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
    /// Whose answers to expect; without it each rig's own.
    #[arg(long, value_name = "NAME")]
    #[arg(value_parser = PossibleValuesParser::new(Profile::ALL.map(Profile::name)).try_map(|name| name.parse::<Profile>()))]
    pub profile: Option<Profile>,
    /// Compare every answer with a peer's, and explain the differences.
    #[arg(long, value_name = "PEER", value_parser = ["qemu"])]
    pub against: Option<String>,
    /// Play a random sequence of so many calls on two machines: our tiers, or us and the peer.
    #[arg(long, value_name = "N", conflicts_with_all = ["list", "emit_image"])]
    pub random: Option<u64>,
    /// Chooses the sequence.
    #[arg(long, value_name = "S", default_value_t = 1, requires = "random")]
    pub seed: u64,
    /// Write one ELF file that runs the clauses and prints TAP, for any other machine.
    #[arg(long, value_name = "FILE")]
    pub emit_image: Option<PathBuf>,
    /// The kind of that image.
    #[arg(long, value_name = "KIND", default_value = "le", requires = "emit_image")]
    #[arg(value_parser = ["le", "be", "x86"])]
    pub image_kind: String,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Table,
    /// Test Anything Protocol, version 13.
    Tap,
    /// XML, as continuous integration reads it.
    Junit,
    /// One object.
    Json,
    /// One page for a browser, with what each clause did on each rig.
    Html,
}
