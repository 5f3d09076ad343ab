// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Kinds of host bridges, a row for each: the platform over it, its cache and its kill register.

use super::chip::Chip;
use super::kill::Register;
use crate::table::MAX_FLAT;
use crate::table::platform::Platform;
use crate::table::swinv::Swinv;
use crate::words::window::Window;
use std::fmt;
use std::sync::Arc;

/// A kind of host bridge.
#[derive(Clone, Copy)]
pub struct BridgeKind {
    /// Its name, as a user writes it.
    pub name: &'static str,
    /// One line on it, for help texts.
    pub about: &'static str,
    /// The most levels of a table that it walks.
    pub max_levels: u32,
    /// Flags of its tables, as Linux sets them up.
    pub flags: Swinv,
    pub(crate) register: Register,
    /// Makes the platform of a table.
    pub(super) platform: fn(Site<'_>) -> Arc<dyn Platform>,
}

/// Where a table is that is about to be made.
pub(super) struct Site<'a> {
    pub(super) chip: Arc<Chip>,
    pub(super) flags: Swinv,
    pub(super) bus: Option<u8>,
    pub(super) window: &'a Window,
    /// Its address in host memory.
    pub(super) address: u64,
}

impl BridgeKind {
    /// The most entries of a table that it walks: those of a flat one, where it walks no second level.
    pub const fn most_entries(self) -> u64 {
        if self.max_levels > 1 { u64::MAX } else { MAX_FLAT }
    }

    /// The kind whose kill register wants a bus number beside the address.
    pub const fn with_bus(self, bus: u8) -> BridgeKind {
        BridgeKind { register: Register { bus: Some(bus), ..self.register }, ..self }
    }
}

impl PartialEq for BridgeKind {
    fn eq(&self, other: &BridgeKind) -> bool {
        (self.name, self.register.bus) == (other.name, other.register.bus)
    }
}

impl Eq for BridgeKind {}

impl fmt::Debug for BridgeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
