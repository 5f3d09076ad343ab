// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The options about prototypes: tiers and platforms that stand in for ours.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use clap::Args;
use comply::direct::Prototypes;
use hcall::call::Attempt;
use hcall::{Answer, Caller, Prototype, Regs, Tier};
use iommu::BridgeKind;
use iommu::bridge::KINDS;
use plugin::LoadError;

use crate::terminal;

/// A tier of a program that starts the command with its own code: a name for `--tier`, and functions for calls.
#[derive(Clone)]
pub struct OwnTier {
    /// The name.
    pub name: &'static str,
    /// Tokens of calls, with the functions that answer them.
    pub calls: Vec<(u64, Arc<Attempt>)>,
}

impl OwnTier {
    /// A tier that answers one call.
    pub fn new(
        name: &'static str,
        token: u64,
        call: impl Fn(&mut Caller<'_>, &mut Regs) -> Answer + Send + Sync + 'static,
    ) -> OwnTier {
        OwnTier { name, calls: vec![(token, Arc::new(call))] }
    }

    /// The tier with one more call.
    pub fn with(
        mut self,
        token: u64,
        call: impl Fn(&mut Caller<'_>, &mut Regs) -> Answer + Send + Sync + 'static,
    ) -> OwnTier {
        self.calls.push((token, Arc::new(call)));
        self
    }
}

impl fmt::Debug for OwnTier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnTier").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The tiers of the program.
static OWN: OnceLock<Vec<OwnTier>> = OnceLock::new();

/// Keeps the tiers of the program, before the command line is read. A second set is ignored.
pub(crate) fn set_own(tiers: Vec<OwnTier>) {
    let _ = OWN.set(tiers);
}

/// A value of `--tier`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierValue {
    /// The tier.
    pub tier: Tier,
    /// The code that stands in for it.
    pub source: TierSource,
}

/// The code that stands in for a tier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TierSource {
    /// A shared object.
    File(PathBuf),
    /// An [`OwnTier`], by its name.
    Own(&'static str),
}

/// Reads `TIER=FILE`.
fn tier_value(text: &str) -> Result<TierValue, String> {
    let (tier, what) =
        text.split_once('=').ok_or("write a tier and a file: virtual=./mytier.so")?;
    let tier = tier.parse()?;
    if what.is_empty() {
        return Err("write the file of the plug-in behind the =".into());
    }
    let own = OWN.get().into_iter().flatten().map(|own| own.name).find(|name| *name == what);
    let source = own.map_or_else(|| TierSource::File(what.into()), TierSource::Own);
    Ok(TierValue { tier, source })
}

/// A value of `--platform`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlatformValue {
    /// A bridge of ours.
    Kind(BridgeKind),
    /// A shared object, in front of an IODA2 bridge.
    File(PathBuf),
}

impl PlatformValue {
    /// The bridge.
    pub fn kind(&self) -> BridgeKind {
        match self {
            PlatformValue::Kind(kind) => *kind,
            PlatformValue::File(_) => BridgeKind::IODA2,
        }
    }
}

impl fmt::Display for PlatformValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlatformValue::Kind(kind) => f.write_str(kind.name),
            PlatformValue::File(file) => write!(f, "{}", file.display()),
        }
    }
}

/// Reads the name of a bridge, or a file: a name with a slash or the ending `.so`.
pub(crate) fn platform_value(text: &str) -> Result<PlatformValue, String> {
    if text.contains('/') || text.ends_with(".so") {
        return Ok(PlatformValue::File(text.into()));
    }
    let names = KINDS.map(|kind| kind.name).join(", ");
    text.parse().map(PlatformValue::Kind).map_err(|_| {
        format!(
            "there is no platform {text:?}; there are {names}, or a plug-in such as ./mybridge.so"
        )
    })
}

/// The option about tiers.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct TierArgs {
    /// Let a shared object answer TCE calls in a tier: real, virtual or user, then = and the file. `tcevm header` prints
    /// its interface for C. May be given several times.
    #[arg(long, value_name = "TIER=FILE", value_parser = tier_value)]
    pub tier: Vec<TierValue>,
}

/// Loads what `--tier` and `--platform` name.
pub fn load(tiers: &TierArgs, platform: Option<&PlatformValue>) -> Result<Prototypes, LoadError> {
    let mut loaded = Prototypes::default();
    for TierValue { tier, source } in &tiers.tier {
        match source {
            TierSource::File(file) => {
                plugin::report_crashes(terminal::restore);
                loaded.tiers.extend(plugin::load_tier(*tier, file)?);
                loaded.names.push(format!("tier {tier} of {}", file.display()));
            }
            TierSource::Own(name) => {
                loaded.tiers.extend(own(*tier, name));
                loaded.names.push(format!("tier {tier} {name}"));
            }
        }
    }
    if let Some(PlatformValue::File(file)) = platform {
        loaded.platform = Some(load_platform(file)?);
        loaded.names.push(format!("platform {}", file.display()));
    }
    Ok(loaded)
}

fn load_platform(file: &Path) -> Result<iommu::PlatformOf, LoadError> {
    plugin::report_crashes(terminal::restore);
    plugin::load_platform(file)
}

/// The prototypes of a tier of the program.
fn own(tier: Tier, name: &str) -> Vec<Prototype> {
    let found = OWN.get().into_iter().flatten().filter(|own| own.name == name);
    let calls = found.flat_map(|own| own.calls.iter());
    calls.map(|(token, run)| Prototype { token: *token, tier, run: run.clone() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tier_has_a_name_and_a_file() {
        let file = TierSource::File("./my.so".into());
        assert_eq!(tier_value("real=./my.so"), Ok(TierValue { tier: Tier::Real, source: file }));
        for text in ["", "real", "real=", "kernel=./my.so", "=./my.so", "./my.so"] {
            assert!(tier_value(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_platform_is_a_name_or_a_file() {
        assert_eq!(platform_value("ioda1"), Ok(PlatformValue::Kind(BridgeKind::IODA1)));
        for file in ["./my", "my.so", "/tmp/my.so"] {
            assert_eq!(platform_value(file), Ok(PlatformValue::File(file.into())));
        }
        assert!(platform_value("ioda9").unwrap_err().contains("ioda1"));
    }
}
