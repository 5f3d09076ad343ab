// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The command line of `tcevm comply`. Each combination of options is a [`Job`], or is refused.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand, ValueEnum};
use comply::clauses::Choice;
use comply::{Shard, SuiteProfile};

use super::rigs::{self, Ours};
use crate::options::engine::EngineArgs;
use crate::options::plugins::{PlatformValue, TierArgs, platform_value};

pub(crate) const EXAMPLES: &str = "\
Examples:
  tcevm comply                             every clause on every rig of this host
  tcevm comply put/ --rig power-le         the clauses of H_PUT_TCE on our little-endian POWER CPU
  tcevm comply put/ stuff/ --skip liobn    two sections without some of their clauses
  tcevm comply --rig 'exec:my-vmm --kernel {image}' --format html >report.html
  tcevm comply --shard 1/4 --format json   a quarter of the clauses, for: tcevm comply merge FILE...
  tcevm comply --list
  tcevm comply --format html >report.html
  tcevm comply --against qemu              where QEMU differs, and why
  tcevm comply --random 100000 --seed 7    random calls on each of our tiers
  tcevm comply --emit-image comply.elf     an image that runs the clauses anywhere

Exit codes: 0 every clause that applies passed; 1 one did not; 2 the command line was wrong;
3 a rig could not be set up, or a report not read.
";

/// The arguments of `tcevm comply`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ComplyArgs {
    /// Joins the reports of several machines.
    #[command(subcommand)]
    pub merge: Option<Merge>,
    /// Take only clauses with one of these in their name.
    pub filter: Vec<String>,
    /// Leave out the clauses with this in their name (may be given more than once).
    #[arg(long, value_name = "PATTERN")]
    pub skip: Vec<String>,
    /// Take share K of N: of the clauses, or of the calls of --random. --format json and `merge` join the reports.
    #[arg(long, value_name = "K/N")]
    pub shard: Option<Shard>,
    /// Take only rigs whose name begins so (may be given more than once); without it all that are here. A rig
    /// 'exec:CMD {image}' runs the image by a command of the shell: any hypervisor ('exec-be:' for a big-endian image).
    /// With --against: our guest to compare (power-le without it). With --random: our rigs that play.
    #[arg(long, value_name = "NAME", value_parser = rigs::named)]
    pub rig: Vec<String>,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub engine: EngineArgs,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub prototypes: PrototypeArgs,
    /// List the clauses instead of running them.
    #[arg(long, conflicts_with_all = ["rig", "engine", "tier", "platform", "profile", "against", "random", "emit_image"])]
    pub list: bool,
    /// The format of the report on standard output. --list can be table or json, --against any but html.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
    pub format: Format,
    /// The profile of the expected answers; without it each rig's own. With --random: that of the direct rigs' answers.
    #[arg(long, value_name = "NAME")]
    #[arg(value_parser = PossibleValuesParser::new(SuiteProfile::ALL.map(SuiteProfile::name)).try_map(|name| name.parse::<SuiteProfile>()))]
    pub profile: Option<SuiteProfile>,
    /// Compare every answer with a peer's (qemu, or 'exec:CMD {image}'), and explain the differences.
    #[arg(long, value_name = "PEER", value_parser = rigs::peer)]
    pub against: Option<String>,
    /// Play a random sequence of N calls on two machines: our tiers, or us and the peer.
    #[arg(long, value_name = "N", conflicts_with_all = ["filter", "skip", "format", "emit_image"])]
    pub random: Option<u64>,
    /// The seed of the sequence of --random; 1 without it.
    #[arg(long, value_name = "S")]
    pub seed: Option<u64>,
    /// Write one ELF file that runs the clauses and prints TAP, for any other machine.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rig", "engine", "tier", "platform", "format", "against"])]
    pub emit_image: Option<PathBuf>,
    /// The kind of the image of --emit-image; le without it.
    #[arg(long, value_name = "KIND", value_parser = ["le", "be", "x86"])]
    pub image_kind: Option<String>,
}

/// The options about prototypes in our machines.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct PrototypeArgs {
    #[command(flatten)]
    #[allow(missing_docs)]
    pub tiers: TierArgs,
    /// Run our machines with this platform under their tables: a shared object. `tcevm header` prints its interface for C.
    #[arg(long, value_name = "FILE", value_parser = plugin_file)]
    pub platform: Option<PlatformValue>,
}

/// The command under `tcevm comply`.
#[derive(Subcommand, Clone, Debug)]
pub enum Merge {
    /// Join the reports of several machines, as --format json wrote them. All shards of each rig must be there.
    Merge {
        /// The reports.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// The format of the joined report.
        #[arg(long, value_name = "FORMAT", value_enum, default_value = "table")]
        format: Format,
    },
}

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people.
    Table,
    /// Test Anything Protocol, version 13.
    Tap,
    /// XML for continuous integration.
    Junit,
    /// One JSON object.
    Json,
    /// One page for a browser, with the result of each clause on each rig.
    Html,
}

/// A part of the command's work. It holds the options that it honours, and no other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are the options
pub enum Job {
    /// Lists the clauses, as a table or as JSON.
    List { choice: Choice, format: Format },
    /// Joins reports.
    Merge { files: Vec<PathBuf>, format: Format },
    /// Runs the clauses on the rigs.
    Suite {
        choice: Choice,
        rigs: Vec<String>,
        format: Format,
        profile: Option<SuiteProfile>,
        engine: EngineArgs,
        prototypes: PrototypeArgs,
    },
    /// Writes an image that runs the clauses.
    Emit { choice: Choice, path: PathBuf, kind: String, profile: Option<SuiteProfile> },
    /// Compares guests of ours with a peer's.
    Against {
        choice: Choice,
        rigs: Vec<String>,
        format: Format,
        peer: String,
        engine: EngineArgs,
        prototypes: PrototypeArgs,
    },
    /// Plays random calls.
    Random(Random),
}

/// A random comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    /// The number of calls.
    pub calls: u64,
    /// The seed that chooses the calls.
    pub seed: u64,
    /// Our rigs that play; empty for all rigs that can give the answers of the profile.
    pub rigs: Vec<String>,
    /// The peer that plays, if there is one.
    pub peer: Option<String>,
    /// The profile of the direct rigs' answers.
    pub profile: Option<SuiteProfile>,
    /// The engine of our rigs.
    pub engine: EngineArgs,
    /// The prototypes in our rigs.
    pub prototypes: PrototypeArgs,
}

impl ComplyArgs {
    /// The job that the options ask for. Errors: the reason for which these options cannot be honoured together, beyond
    /// the combinations that clap has refused.
    pub fn job(&self) -> Result<Job, String> {
        let ComplyArgs { rig, format, profile, engine, prototypes, .. } = self.clone();
        if let Some(Merge::Merge { files, format }) = self.merge.clone() {
            return Ok(Job::Merge { files, format });
        }
        let choice =
            Choice { only: self.filter.clone(), skip: self.skip.clone(), shard: self.shard };
        // clap's `requires` reports nothing where the required option is one that another option refuses.
        if self.seed.is_some() && self.random.is_none() {
            return Err("--seed chooses the sequence of --random; give that as well".into());
        }
        if self.image_kind.is_some() && self.emit_image.is_none() {
            return Err("--image-kind is of --emit-image; give that as well".into());
        }
        if self.list {
            self.only(&[Format::Table, Format::Json], "--list")?;
            return Ok(Job::List { choice, format });
        }
        if let Some(path) = self.emit_image.clone() {
            let kind = self.image_kind.clone().unwrap_or_else(|| "le".into());
            return Ok(Job::Emit { choice, path, kind, profile });
        }
        if engine.engine.is_some() {
            rigs::with_engine(&rig)?;
        }
        if prototypes != PrototypeArgs::default() {
            rigs::with_prototypes(&rig)?;
        }
        let peer = self.against.clone();
        if let Some(calls) = self.random {
            rigs::play(&rig, profile, &Ours::default())?;
            let seed = self.seed.unwrap_or(1);
            let (calls, seed) = match self.shard {
                Some(shard) => (shard.share(calls), shard.seed(seed)),
                None => (calls, seed),
            };
            let rigs = rig;
            return Ok(Job::Random(Random {
                calls,
                seed,
                rigs,
                peer,
                profile,
                engine,
                prototypes,
            }));
        }
        let Some(peer) = peer else {
            return Ok(Job::Suite { choice, rigs: rig, format, profile, engine, prototypes });
        };
        if profile.is_some() {
            return Err("--against compares answers as they are; leave --profile away".into());
        }
        self.only(&[Format::Table, Format::Tap, Format::Junit, Format::Json], "--against")?;
        rigs::compared(&rig, &Ours::default())?;
        Ok(Job::Against { choice, rigs: rig, format, peer, engine, prototypes })
    }

    fn only(&self, formats: &[Format], option: &str) -> Result<(), String> {
        if formats.contains(&self.format) {
            return Ok(());
        }
        let name = |format: &Format| format.to_possible_value().map(|v| v.get_name().to_owned());
        let names: Vec<_> = formats.iter().filter_map(name).collect();
        Err(format!(
            "{option} is written as {}; choose one of them with --format",
            names.join(", ")
        ))
    }
}

/// A value of `--platform`: the rigs have all bridges of ours already.
fn plugin_file(text: &str) -> Result<PlatformValue, String> {
    match platform_value(text)? {
        PlatformValue::Kind(kind) => {
            Err(format!("{} has rigs already; give a plug-in such as ./mybridge.so", kind.name))
        }
        file => Ok(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::{CommandFactory, Parser};

    /// Each option: its name in clap, and the arguments that give it a value other than its default.
    const OPTIONS: &[(&str, &[&str])] = &[
        ("filter", &["put/"]),
        ("skip", &["--skip", "get/"]),
        ("shard", &["--shard", "1/2"]),
        ("rig", &["--rig", "power"]),
        ("engine", &["--engine", "interpreter"]),
        ("tier", &["--tier", "virtual=./my.so"]),
        ("platform", &["--platform", "./my.so"]),
        ("list", &["--list"]),
        ("format", &["--format", "json"]),
        ("profile", &["--profile", "lopar"]),
        ("against", &["--against", "qemu"]),
        ("random", &["--random", "50"]),
        ("seed", &["--seed", "7"]),
        ("emit_image", &["--emit-image", "comply.elf"]),
        ("image_kind", &["--image-kind", "be"]),
    ];

    fn job(args: &[&str]) -> Option<Job> {
        let cli = Cli::try_parse_from([&["tcevm", "comply"], args].concat()).ok()?;
        let Command::Comply(args) = cli.command else { panic!("not comply") };
        args.job().ok()
    }

    /// The job of the options whose bits are set.
    fn of(set: usize) -> Option<Job> {
        let chosen = OPTIONS.iter().enumerate().filter(|(n, _)| set >> n & 1 == 1);
        job(&chosen.flat_map(|(_, (_, args))| args.iter().copied()).collect::<Vec<_>>())
    }

    #[test]
    fn the_matrix_has_every_option() {
        let command = Cli::command();
        let comply = command.find_subcommand("comply").expect("a command");
        let ids: Vec<_> = comply.get_arguments().map(|arg| arg.get_id().as_str()).collect();
        let mut listed: Vec<_> = OPTIONS.iter().map(|(id, _)| *id).collect();
        listed.extend(ids.iter().filter(|id| ["help", "log"].contains(id)));
        assert_eq!(ids.len(), listed.len(), "{ids:?}");
        assert!(ids.iter().all(|id| listed.contains(id)), "{ids:?}");
    }

    // A job holds exactly the options that it honours, so an option that leaves the job unchanged was ignored.
    #[test]
    fn each_option_of_any_combination_is_refused_or_changes_the_job() {
        let all: Vec<_> = (0..1 << OPTIONS.len()).map(of).collect();
        let mut accepted = 0;
        for (set, job) in all.iter().enumerate() {
            let Some(job) = job else { continue };
            accepted += 1;
            for (n, (id, _)) in OPTIONS.iter().enumerate().filter(|(n, _)| set >> n & 1 == 1) {
                let without = all[set & !(1 << n)].as_ref();
                assert_ne!(Some(job), without, "{id} is ignored in {job:?}");
            }
        }
        assert!(accepted > 30, "{accepted} combinations are accepted");
    }

    #[test]
    fn what_cannot_be_honoured_for_its_value_is_refused() {
        for args in [
            &["--list", "--format", "html"][..],
            &["--against", "qemu", "--format", "html"],
            &["--against", "qemu", "--rig", "direct"],
            &["--against", "qemu", "--rig", "qemu-le"],
            &["--random", "9", "--rig", "qemu"],
            &["--random", "9", "--rig", "power-le", "--profile", "qemu"],
            &["--rig", "nowhere"],
            &["--rig", "direct", "--engine", "interpreter"],
            &["--engine", "native"],
            &["--rig", "exec:vmm without the image"],
            &["--against", "nobody"],
            &["--shard", "3/2"],
            &["merge"],
            &["merge", "a.json", "--rig", "direct"],
        ] {
            assert_eq!(job(args), None, "{args:?}");
        }
        for args in [
            &["--random", "9", "--rig", "power-le", "--profile", "lopar"][..],
            &["--random", "9", "--rig", "direct", "--profile", "qemu", "--against", "qemu"],
            &["--against", "qemu", "--rig", "power", "--format", "junit"],
            &["--against", "exec:vmm {image}"],
            &["--random", "9", "--rig", "exec:vmm {image}", "--rig", "exec-be:vmm {image}"],
            &["--rig", "exec:vmm {image}", "put/", "get/", "--skip", "liobn"],
            &["merge", "a.json", "b.json", "--format", "html"],
        ] {
            assert!(job(args).is_some(), "{args:?}");
        }
    }
}
