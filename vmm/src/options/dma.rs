// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The options about the guest's DMA. Their doc comments are the text of `--help`.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use hcall::{Profile, Spec, Tier};
use iommu::bridge::KINDS;
use machine::DmaConfig;
use machine::memory;

use super::plugins::{PlatformValue, TierArgs, platform_value};

/// The options about DMA.
#[derive(Args, Clone, Debug)]
pub struct DmaArgs {
    /// The tier in which TCE hypercalls start. A call that is too hard for a tier goes to the next one outwards.
    #[arg(long, value_name = "TIER", default_value_t)]
    #[arg(value_parser = names(Tier::ALL.map(Tier::name)).try_map(|name| name.parse::<Tier>()))]
    pub accel: Tier,
    /// The profile of a guest's answers where LoPAR, KVM and QEMU differ.
    #[arg(long, value_name = "NAME", default_value = Profile::LOPAR.name)]
    #[arg(value_parser = names(Profile::ALL.map(|p| p.name)).try_map(profile))]
    pub profile: &'static Profile,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub tiers: TierArgs,
    /// The host bridge under the hardware tables of the PCI windows (without it ioda2); with it,
    /// virtual I/O devices are behind such a bridge, too. Else they use the guest's view.
    #[arg(long, value_name = "NAME|FILE", value_parser = platform_value, long_help = platform_help())]
    pub platform: Option<PlatformValue>,
    /// Watch for errors: `dma` finds devices that use translations which were replaced
    /// or cleared. Puts virtual I/O devices behind the bridge.
    #[arg(long, value_name = "WHAT", value_enum)]
    pub check: Vec<Check>,
    /// Do not offer H_PUT_TCE_INDIRECT and H_STUFF_TCE (hcall-multi-tce) to the guest, so that it
    /// uses H_PUT_TCE for everything.
    #[arg(long)]
    pub no_multi_tce: bool,
    /// The most memory that the tables of windows made by the guest may take: a number with K, M or
    /// G; without it 32M and a 64th of the guest's RAM.
    #[arg(long, value_name = "SIZE", value_parser = memory::parse_bytes)]
    pub table_memory: Option<u64>,
    /// Inject faults on purpose; may be given several times. --help lists them.
    #[arg(long, value_name = "SPEC", long_help = inject_help())]
    pub inject: Vec<Spec>,
}

/// The errors that can be watched for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Check {
    /// Stale translations and writes to released pages.
    Dma,
}

impl DmaArgs {
    /// The configuration of the machine's DMA that the options ask for.
    pub fn config(&self) -> DmaConfig {
        DmaConfig {
            tier: self.accel,
            profile: self.profile,
            platform: self.platform.as_ref().map(PlatformValue::kind),
            check: self.check.contains(&Check::Dma),
            multi_tce: !self.no_multi_tce,
            table_memory: self.table_memory,
            faults: self.inject.clone(),
            ..DmaConfig::default()
        }
    }
}

fn platform_help() -> String {
    let kinds = KINDS.map(|kind| format!("  {:<10} {}\n", kind.name, kind.about)).concat();
    format!(
        "The host bridge under the hardware tables of the PCI windows (without it ioda2); with it, virtual I/O devices are \
         behind such a bridge, too. Else they use the guest's view.\n\n{kinds}  FILE.so    a plug-in that makes the kills of an \
         ioda2; `tcevm header` prints its interface for C"
    )
}

fn names<const N: usize>(names: [&'static str; N]) -> PossibleValuesParser {
    PossibleValuesParser::new(names)
}

fn profile(name: String) -> Result<&'static Profile, String> {
    Profile::find(&name).ok_or_else(|| format!("there is no profile `{name}`"))
}

fn inject_help() -> String {
    format!(
        "Let things go wrong on purpose; may be given several times.\n\nSPEC is {}",
        hcall::inject::HELP
    )
}
