// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Config space of a function: the 256 bytes of a type 0 header with its capabilities (PCI 3.0, 6.1 and 6.7).
//!
//! Config space is its bytes, and for each byte the bits that a guest may write. So a BAR needs no code to be sized: the bits
//! below its size are read-only. There is no extended config space; reads beyond the 256 bytes are all ones, as on a bus where
//! no function answers.

use std::ops::Range;

use saved::{LoadError, Reader, Writer};

use crate::description::{Bar, Description, Width};
use crate::msix::MOST_VECTORS;

/// Bytes of config space.
pub const BYTES: usize = 256;

const COMMAND: usize = 0x04;
const STATUS: usize = 0x06;
const BAR_0: usize = 0x10;
const CAPABILITIES: usize = 0x34;
const FIRST_CAPABILITY: usize = 0x40;

/// Bits of the command register: memory space, bus master, INTx disable; parity and SERR have no effect.
const MEMORY: u8 = 1 << 1;
const MASTER: u8 = 1 << 2;
const COMMAND_WRITABLE: [u8; 2] = [MEMORY | MASTER | 1 << 6, 1 | 1 << 2];
const INTX_DISABLE: u8 = 1 << 2; // in the upper byte
/// Bits of the status register: an interrupt is pending, there is a list of capabilities.
const INTX_STATUS: u8 = 1 << 3;
const HAS_CAPABILITIES: u8 = 1 << 4;

/// The capability of MSI-X, and the bits in the upper byte of its control word.
const MSIX: u8 = 0x11;
const MSIX_ENABLE: u8 = 1 << 7;
const MSIX_MASK: u8 = 1 << 6;

/// The reason for which a description makes no config space.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum ConfigError {
    #[error("BAR {0} has a wrong number or size, or overlaps another")]
    Bar(u8),
    #[error("its capabilities do not fit into 256 bytes")]
    Capabilities,
    #[error("its MSI-X table or pending bits are in no BAR, overlap, or are too many")]
    Vectors,
}

/// Config space.
#[derive(Debug)]
pub struct Config {
    bytes: [u8; BYTES],
    writable: [u8; BYTES],
    at_reset: [u8; BYTES],
    bars: Vec<Bar>,
    /// The place of each capability's body.
    bodies: Vec<Range<usize>>,
    msix: Option<usize>,
}

impl Config {
    /// The config space of a function, as after a reset.
    pub fn new(of: &Description) -> Result<Config, ConfigError> {
        let mut config = Config {
            bytes: [0; BYTES],
            writable: [0; BYTES],
            at_reset: [0; BYTES],
            bars: of.bars.clone(),
            bodies: Vec::new(),
            msix: None,
        };
        config.header(of);
        config.place_bars(&of.bars)?;
        check_vectors(of)?;
        config.place_capabilities(of)?;
        config.at_reset = config.bytes;
        Ok(config)
    }

    fn header(&mut self, of: &Description) {
        let id = of.identity;
        let [class_low, class_middle, class_high, _] = id.class.to_le_bytes();
        self.put(0x00, &id.vendor.to_le_bytes());
        self.put(0x02, &id.device.to_le_bytes());
        self.put(0x08, &[id.revision, class_low, class_middle, class_high]);
        self.put(0x2c, &id.subsystem_vendor.to_le_bytes());
        self.put(0x2e, &id.subsystem.to_le_bytes());
        self.bytes[0x3d] = of.intx.into(); // INTA#
        self.writable[COMMAND..COMMAND + 2].copy_from_slice(&COMMAND_WRITABLE);
        self.writable[0x0c..0x0e].fill(0xff); // cache line size, latency timer
        self.writable[0x3c] = 0xff; // interrupt line
    }

    fn place_bars(&mut self, bars: &[Bar]) -> Result<(), ConfigError> {
        let mut taken = [false; 6];
        for bar in bars {
            let wide = bar.width == Width::Bits64;
            let most = if wide { 1 << 40 } else { 1 << 31 };
            let fits = bar.size.is_power_of_two() && (16..=most).contains(&bar.size);
            let number = usize::from(bar.number);
            let slots = number..number + 1 + usize::from(wide);
            let free = taken.get(slots.clone()).is_some_and(|slots| !slots.contains(&true));
            if !fits || !free {
                return Err(ConfigError::Bar(bar.number));
            }
            taken[slots].fill(true);
            let (at, len) = (BAR_0 + 4 * number, if wide { 8 } else { 4 });
            let bits = !(bar.size - 1);
            self.writable[at..at + len].copy_from_slice(&bits.to_le_bytes()[..len]);
            self.bytes[at] = u8::from(wide) << 2 | u8::from(bar.prefetchable) << 3;
        }
        Ok(())
    }

    fn place_capabilities(&mut self, of: &Description) -> Result<(), ConfigError> {
        let (mut at, mut link) = (FIRST_CAPABILITY, CAPABILITIES);
        for capability in &of.capabilities {
            let body = self.place(&mut at, &mut link, capability.id, &capability.body)?;
            for (bits, &written) in self.writable[body.clone()].iter_mut().zip(&capability.writable)
            {
                *bits = written;
            }
            self.bodies.push(body);
        }
        if let Some(vectors) = of.vectors {
            let place = |offset: u32| (offset | u32::from(vectors.bar)).to_le_bytes();
            let mut body = (vectors.count - 1).to_le_bytes().to_vec();
            body.extend(place(vectors.table));
            body.extend(place(vectors.pending));
            let body = self.place(&mut at, &mut link, MSIX, &body)?;
            self.writable[body.start + 1] = MSIX_ENABLE | MSIX_MASK;
            self.msix = Some(body.start);
        }
        if link != CAPABILITIES {
            self.bytes[STATUS] = HAS_CAPABILITIES;
        }
        Ok(())
    }

    /// Adds a capability to the list. `link` is the place of the pointer to it.
    fn place(
        &mut self,
        at: &mut usize,
        link: &mut usize,
        id: u8,
        body: &[u8],
    ) -> Result<Range<usize>, ConfigError> {
        let (start, end) = (*at + 2, *at + 2 + body.len());
        let here = u8::try_from(*at).map_err(|_| ConfigError::Capabilities)?;
        let room = self.bytes.get_mut(start..end).ok_or(ConfigError::Capabilities)?;
        room.copy_from_slice(body);
        self.bytes[*at] = id;
        self.bytes[*link] = here;
        (*link, *at) = (*at + 1, end.next_multiple_of(4));
        Ok(start..end)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }

    /// Back to the state at the start.
    pub fn reset(&mut self) {
        self.bytes = self.at_reset;
    }

    /// Reads bytes. Beyond the end they are all ones. `pin_raised` is the one bit that is not stored: the status that the
    /// function wants its pin raised.
    pub fn read(&self, offset: usize, to: &mut [u8], pin_raised: bool) {
        for (n, byte) in to.iter_mut().enumerate() {
            let at = offset.checked_add(n);
            *byte = at.and_then(|at| self.bytes.get(at)).copied().unwrap_or(0xff);
            if at == Some(STATUS) && pin_raised {
                *byte |= INTX_STATUS;
            }
        }
    }

    /// Writes the bits that are writable.
    pub fn write(&mut self, offset: usize, from: &[u8]) {
        for (n, &byte) in from.iter().enumerate() {
            let Some(at) = offset.checked_add(n).filter(|&at| at < BYTES) else { break };
            let bits = self.writable[at];
            self.bytes[at] = self.bytes[at] & !bits | byte & bits;
        }
    }

    /// The BARs with their bus addresses. A BAR that was never assigned is at 0.
    pub fn bars(&self) -> impl Iterator<Item = (Bar, u64)> + '_ {
        self.bars.iter().map(|bar| (*bar, self.address(bar)))
    }

    fn address(&self, bar: &Bar) -> u64 {
        let at = BAR_0 + 4 * usize::from(bar.number);
        let len = if bar.width == Width::Bits64 { 8 } else { 4 };
        let mut bytes = [0; 8];
        bytes[..len].copy_from_slice(&self.bytes[at..at + len]);
        u64::from_le_bytes(bytes) & !(bar.size - 1)
    }

    /// True when the function answers accesses to its BARs.
    pub fn has_memory(&self) -> bool {
        self.bytes[COMMAND] & MEMORY != 0
    }

    /// True when the function may make DMA and send messages.
    pub fn is_master(&self) -> bool {
        self.bytes[COMMAND] & MASTER != 0
    }

    /// True when the function may not raise its pin.
    pub fn disables_intx(&self) -> bool {
        self.bytes[COMMAND + 1] & INTX_DISABLE != 0
    }

    /// Enable and function mask of MSI-X.
    pub fn msix_control(&self) -> (bool, bool) {
        let upper = self.msix.map_or(0, |at| self.bytes[at + 1]);
        (upper & MSIX_ENABLE != 0, upper & MSIX_MASK != 0)
    }

    /// Enables or disables MSI-X, as firmware does.
    pub fn enable_msix(&mut self, enable: bool) {
        if let Some(at) = self.msix {
            let upper = &mut self.bytes[at + 1];
            *upper = *upper & !MSIX_ENABLE | u8::from(enable) << 7;
        }
    }

    /// The capabilities that an access touches: each with the offset of the first byte in its body, and the access's bytes
    /// there. Capabilities count as in the description.
    pub fn touched(&self, offset: usize, len: usize) -> impl Iterator<Item = Touched> + '_ {
        let end = offset.saturating_add(len);
        self.bodies.iter().enumerate().filter_map(move |(capability, body)| {
            let (from, to) = (offset.max(body.start), end.min(body.end));
            let bytes = from.checked_sub(offset)?..to.checked_sub(offset)?;
            (from < to).then(|| Touched { capability, offset: from - body.start, bytes })
        })
    }

    /// The stored bytes of a capability's body.
    pub fn capability(&self, capability: usize) -> &[u8] {
        self.bodies.get(capability).map_or(&[], |body| &self.bytes[body.clone()])
    }

    pub(crate) fn save(&self, to: &mut Writer<'_>) {
        to.raw(&self.bytes);
    }

    /// Loads bytes that differ from those of a reset only where a guest may write.
    pub(crate) fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let bytes: [u8; BYTES] = from.array()?;
        let all = bytes.iter().zip(&self.at_reset).zip(&self.writable);
        let same = all.clone().all(|((new, old), bits)| (new ^ old) & !bits == 0);
        LoadError::unless(same)?;
        self.bytes = bytes;
        Ok(())
    }
}

/// The part of an access that is in the body of a capability.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The capability.
    pub capability: usize,
    /// The offset in its body.
    pub offset: usize,
    /// The bytes of the access.
    pub bytes: Range<usize>,
}

/// Checks that table and pending bits are apart and inside their BAR.
fn check_vectors(of: &Description) -> Result<(), ConfigError> {
    let Some(vectors) = of.vectors else { return Ok(()) };
    let bar = of.bars.iter().find(|bar| bar.number == vectors.bar).ok_or(ConfigError::Vectors)?;
    let table = u64::from(vectors.table)..u64::from(vectors.table) + 16 * u64::from(vectors.count);
    let pending = u64::from(vectors.pending)..u64::from(vectors.pending) + 8;
    let good = (1..=MOST_VECTORS).contains(&vectors.count)
        && (table.start | pending.start).is_multiple_of(8)
        && table.end.max(pending.end) <= bar.size
        && (table.end <= pending.start || pending.end <= table.start);
    if good { Ok(()) } else { Err(ConfigError::Vectors) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::description::{Capability, Identity, Vectors};

    fn description() -> Description {
        Description {
            name: "test",
            identity: Identity {
                vendor: 0x1af4,
                device: 0x1042,
                class: 0x01_0000,
                revision: 1,
                subsystem_vendor: 0x1af4,
                subsystem: 0x1100,
            },
            bars: vec![
                Bar { number: 1, size: 0x1000, width: Width::Bits32, prefetchable: false },
                Bar { number: 4, size: 0x4000, width: Width::Bits64, prefetchable: true },
            ],
            vectors: Some(Vectors { count: 3, bar: 1, table: 0, pending: 0x800 }),
            intx: true,
            capabilities: vec![Capability {
                id: 9,
                body: vec![6, 1, 2, 3],
                writable: vec![0, 0xf0],
            }],
        }
    }

    fn word(config: &Config, at: usize) -> u32 {
        let mut bytes = [0; 4];
        config.read(at, &mut bytes, false);
        u32::from_le_bytes(bytes)
    }

    // PCI 3.0, 6.2.5.1: all ones are written, and the bits that stay 0 say the size.
    #[test]
    fn a_bar_is_sized_by_writing_all_ones() {
        let mut config = Config::new(&description()).unwrap();
        for at in [0x10, 0x14, 0x18, 0x20, 0x24] {
            config.write(at, &[0xff; 4]);
        }
        assert_eq!(word(&config, 0x10), 0);
        assert_eq!(word(&config, 0x14), 0xffff_f000);
        assert_eq!(word(&config, 0x18), 0);
        assert_eq!(word(&config, 0x20), 0xffff_c00c);
        assert_eq!(word(&config, 0x24), 0xffff_ffff);
        config.write(0x20, &0x2100_0000_4000u64.to_le_bytes());
        let bars: Vec<_> = config.bars().map(|(bar, address)| (bar.number, address)).collect();
        assert_eq!(bars, [(1, 0xffff_f000), (4, 0x2100_0000_4000)]);
    }

    // PCI 3.0, 6.7: the list leads from 0x34 through each capability to 0.
    #[test]
    fn the_list_of_capabilities_ends_with_msix() {
        let config = Config::new(&description()).unwrap();
        assert_eq!(word(&config, 0x04) >> 16, 0x10);
        let first = word(&config, 0x34) & 0xff;
        assert_eq!(word(&config, first as usize), 0x0106_0000 | 9 | 0x48 << 8);
        assert_eq!(word(&config, 0x48), 0x11 | 2 << 16);
        assert_eq!([word(&config, 0x4c), word(&config, 0x50)], [1, 0x801]);
    }

    #[test]
    fn only_writable_bits_change_and_beyond_the_end_all_is_ones() {
        let mut config = Config::new(&description()).unwrap();
        (0..BYTES).for_each(|at| config.write(at, &[0xff]));
        config.write(usize::MAX, &[0xff; 4]);
        config.write(254, &[0xff; 8]);
        assert_eq!(word(&config, 0x00), 0x1042_1af4);
        assert_eq!(word(&config, 0x04), 0x0010_0546);
        assert_eq!(word(&config, 0x40), 0xf106_4809);
        assert_eq!(word(&config, 0x48), 0xc002_0011);
        assert_eq!(word(&config, 256), u32::MAX);
        assert_eq!(word(&config, 254), 0xffff_0000);
        assert_eq!(word(&config, usize::MAX), u32::MAX);
        assert_eq!(config.msix_control(), (true, true));
        config.reset();
        assert_eq!(word(&config, 0x04), 0x0010_0000);
    }

    #[test]
    fn an_access_finds_the_capabilities_that_it_touches() {
        let config = Config::new(&description()).unwrap();
        let found: Vec<_> = config.touched(0x44, 4).collect();
        assert_eq!(found, [Touched { capability: 0, offset: 2, bytes: 0..2 }]);
        assert_eq!(config.touched(0x40, 2).count(), 0);
        assert_eq!(config.touched(usize::MAX, 4).count(), 0);
        assert_eq!(config.capability(0), [6, 1, 2, 3]);
        assert!(config.capability(1).is_empty());
    }

    #[test]
    fn descriptions_that_cannot_be_are_refused() {
        let refused = |change: &dyn Fn(&mut Description)| {
            let mut of = description();
            change(&mut of);
            Config::new(&of).err()
        };
        assert_eq!(refused(&|of| of.bars[0].size = 3), Some(ConfigError::Bar(1)));
        assert_eq!(refused(&|of| of.bars[1].number = 5), Some(ConfigError::Bar(5)));
        assert_eq!(refused(&|of| of.bars[1].number = 0), Some(ConfigError::Bar(0)));
        let vectors = |change: &dyn Fn(&mut Vectors)| {
            refused(&|of| change(of.vectors.as_mut().expect("vectors")))
        };
        assert_eq!(vectors(&|v| v.count = 0), Some(ConfigError::Vectors));
        assert_eq!(vectors(&|v| v.pending = 0x28), Some(ConfigError::Vectors));
        assert_eq!(vectors(&|v| v.table = 0xff8), Some(ConfigError::Vectors));
        assert_eq!(vectors(&|v| v.bar = 0), Some(ConfigError::Vectors));
        let long = |of: &mut Description| of.capabilities[0].body = vec![0; 250];
        assert_eq!(refused(&long), Some(ConfigError::Capabilities));
    }
}
