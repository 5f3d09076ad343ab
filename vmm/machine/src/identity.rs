// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The identity of a machine: its configuration as far as a saved state depends on it, and the sections of its parts.
//!
//! It is the first section of a saved state, and a load compares it before anything else. The tier in which calls start,
//! injected faults, a detector and the files behind devices are not a part of it: the guest cannot see them. Nor
//! is the content of an initrd's file, which is read again at each reboot.

use crc32fast::Hasher;

use crate::boot::Config;
use crate::devices::Nodes;
use crate::section::{LoadError, Reader, Saved, Writer};

/// The most bytes of a name in the section.
const LONGEST_NAME: usize = 64;

/// A point in which two machines may differ: its name, and a CRC-32 of its value. A value that this machine does not know
/// is not compared.
type Fact = (&'static str, Option<u32>);

/// The identity of a machine.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) facts: Vec<Fact>,
    /// The names of the sections that follow.
    pub(crate) sections: Vec<&'static str>,
}

impl Identity {
    /// The identity of a machine of this configuration with its vCPUs and devices.
    pub(crate) fn new(
        config: &Config<'_>,
        cpus: usize,
        devices: &Nodes,
        sections: Vec<&'static str>,
    ) -> Identity {
        let dma = &config.dma;
        let bridge = dma.platform.unwrap_or(iommu::BridgeKind::IODA2);
        let image = (!config.image.is_empty()).then(|| crc([config.image]));
        let facts = vec![
            ("the size of its RAM", Some(crc([&config.ram.bytes().to_le_bytes()]))),
            ("its number of CPUs", Some(crc([&cpus.to_le_bytes()]))),
            ("its image", image),
            ("its command line", Some(crc([config.append.as_bytes()]))),
            ("its initrd", Some(crc([&[u8::from(config.initrd.is_some())]]))),
            ("its devices", Some(devices_crc(devices))),
            ("its host bridge", Some(crc([bridge.name.as_bytes()]))),
            (
                "the memory for its DMA windows",
                Some(crc([&dma.table_memory(config.ram).to_le_bytes()])),
            ),
            ("its profile", Some(crc([dma.profile.name.as_bytes()]))),
            ("its multi-TCE calls", Some(crc([&[u8::from(dma.multi_tce)]]))),
        ];
        Identity { facts, sections }
    }
}

fn crc<const N: usize>(parts: [&[u8]; N]) -> u32 {
    let mut crc = Hasher::new();
    parts.iter().for_each(|part| crc.update(part));
    crc.finalize()
}

/// The devices as the device tree shows them.
fn devices_crc(devices: &Nodes) -> u32 {
    let mut all = Hasher::new();
    for of in &devices.functions {
        all.update(&[of.number]);
        all.update(format!("{:?}", of.description).as_bytes());
    }
    for node in &devices.virtual_io {
        all.update(&node.unit.to_le_bytes());
        all.update(node.compatible.as_bytes());
        for (name, value) in &node.others {
            all.update(name.as_bytes());
            all.update(&crc([value]).to_le_bytes());
        }
    }
    all.finalize()
}

impl Saved for Identity {
    const NAME: &'static str = "tcevm machine";

    fn save(&mut self, to: &mut Writer<'_>) {
        to.u32(self.facts.len() as u32); // ten
        for (name, crc) in &self.facts {
            to.bytes(name.as_bytes());
            to.u32(crc.unwrap_or_default()); // a save has an image
        }
        to.u32(self.sections.len() as u32); // at most one for each part
        self.sections.iter().for_each(|name| to.bytes(name.as_bytes()));
    }

    /// Compares. Errors: the first difference.
    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        LoadError::unless(from.u32()? as usize == self.facts.len())?;
        for &(name, crc) in &self.facts {
            LoadError::unless(name_of(from)? == name)?;
            let found = from.u32()?;
            if crc.is_some_and(|crc| crc != found) {
                return Err(LoadError::Other(name));
            }
        }
        let sections = from.u32()? as usize;
        for &want in &self.sections[..sections.min(self.sections.len())] {
            let found = name_of(from)?;
            if found != want {
                return Err(LoadError::Name { want, found });
            }
        }
        if sections != self.sections.len() {
            return Err(LoadError::Other("the number of its parts"));
        }
        Ok(())
    }
}

fn name_of(from: &mut Reader<'_>) -> Result<String, LoadError> {
    String::from_utf8(from.bytes(LONGEST_NAME)?).map_err(|_| LoadError::Damaged)
}
