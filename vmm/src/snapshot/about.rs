// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The configuration of the machine in a snapshot: the values of the options that a restore does not have to repeat.

use machine::devices::Nodes;
use machine::section::{LoadError, Reader, Saved, Writer};

use crate::options::dma::Check;
use crate::options::plugins::PlatformValue;
use crate::options::run::RunArgs;

/// The longest name, and the longest command line of a guest, which its device tree has to hold.
const MOST_NAME: usize = 64;
const MOST_APPEND: usize = 2 << 20;
/// The most devices of a machine.
const MOST_DEVICES: u32 = 256;

/// The configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct About {
    /// The version of the program that wrote the file.
    program: String,
    cpus: u32,
    append: String,
    tier: String,
    profile: String,
    platform: Option<String>,
    check: bool,
    no_multi_tce: bool,
    table_memory: Option<u64>,
    /// CRC-32 of the image and of the initrd.
    pub(super) image: u32,
    pub(super) initrd: Option<u32>,
    /// The devices, as the device tree names them.
    pub(super) devices: Vec<String>,
}

/// The names of devices in their order.
pub(super) fn device_names(devices: &Nodes) -> Vec<String> {
    let virtual_io = devices.virtual_io.iter();
    let virtual_io = virtual_io.map(|node| format!("{}@{:x}", node.name, node.unit));
    let functions = devices.functions.iter();
    let functions = functions.map(|of| format!("{}@{:x}", of.description.name, of.number));
    virtual_io.chain(functions).collect()
}

impl About {
    /// The configuration that the options describe, with these devices.
    pub(super) fn of(args: &RunArgs, devices: &Nodes) -> About {
        let dma = &args.dma;
        About {
            program: env!("CARGO_PKG_VERSION").into(),
            cpus: args.smp,
            append: args.append.clone(),
            tier: dma.accel.name().into(),
            profile: dma.profile.name.into(),
            platform: dma.platform.as_ref().map(|platform| platform.kind().name.into()),
            check: dma.check.contains(&Check::Dma),
            no_multi_tce: dma.no_multi_tce,
            table_memory: dma.table_memory,
            image: 0,
            initrd: None,
            devices: device_names(devices),
        }
    }

    /// The options of a run with this configuration. Errors: the name that this program does not know.
    pub(super) fn apply(&self, args: &mut RunArgs) -> Result<(), String> {
        args.smp = self.cpus;
        args.append.clone_from(&self.append);
        let dma = &mut args.dma;
        dma.accel = self.tier.parse().map_err(|_| self.tier.clone())?;
        dma.profile = hcall::Profile::find(&self.profile).ok_or_else(|| self.profile.clone())?;
        let platform = self.platform.as_ref();
        let kind = |name: &String| name.parse().map(PlatformValue::Kind).map_err(|_| name.clone());
        dma.platform = platform.map(kind).transpose()?;
        dma.check = if self.check { vec![Check::Dma] } else { Vec::new() };
        dma.no_multi_tce = self.no_multi_tce;
        dma.table_memory = self.table_memory;
        Ok(())
    }
}

impl Saved for About {
    const NAME: &'static str = "tcevm snapshot";

    fn save(&mut self, to: &mut Writer<'_>) {
        let text = |to: &mut Writer<'_>, text: &String| to.bytes(text.as_bytes());
        text(to, &self.program);
        to.u32(self.cpus);
        text(to, &self.append);
        text(to, &self.tier);
        text(to, &self.profile);
        to.option(self.platform.as_ref(), text);
        to.bool(self.check);
        to.bool(self.no_multi_tce);
        to.option(self.table_memory, Writer::u64);
        to.u32(self.image);
        to.option(self.initrd, Writer::u32);
        to.u32(self.devices.len() as u32);
        self.devices.iter().for_each(|device| text(to, device));
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let text = |from: &mut Reader<'_>, most| {
            String::from_utf8(from.bytes(most)?).map_err(|_| LoadError::Damaged)
        };
        let name = |from: &mut Reader<'_>| text(from, MOST_NAME);
        *self = About {
            program: name(from)?,
            cpus: from.u32()?,
            append: text(from, MOST_APPEND)?,
            tier: name(from)?,
            profile: name(from)?,
            platform: from.option(name)?,
            check: from.bool()?,
            no_multi_tce: from.bool()?,
            table_memory: from.option(Reader::u64)?,
            image: from.u32()?,
            initrd: from.option(Reader::u32)?,
            devices: Vec::new(),
        };
        let devices = from.u32()?;
        LoadError::unless(devices <= MOST_DEVICES)?;
        self.devices = (0..devices).map(|_| name(from)).collect::<Result<_, _>>()?;
        LoadError::unless((1..=crate::options::run::MOST_POWER_CPUS).contains(&self.cpus))
    }
}
