// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! All kinds of host bridges: one line for each.

use super::kind::BridgeKind;
use super::{ioda1, ioda2, p5ioc2};
use std::str::FromStr;

/// The bridges of real machines. A new kind is one more row here, and its file.
pub const KINDS: [BridgeKind; 3] = [p5ioc2::KIND, ioda1::KIND, ioda2::KIND];

impl BridgeKind {
    /// P5IOC2: has no kill register.
    pub const P5IOC2: BridgeKind = p5ioc2::KIND;
    /// P5IOC2 with a cache that does not follow the table: hardware for which its platform, which only
    /// swaps, is wrong. Here so that tests find it out.
    pub const P5IOC2_DEAF: BridgeKind = p5ioc2::DEAF;
    /// P7IOC, killed by pairs of entries.
    pub const IODA1: BridgeKind = ioda1::KIND;
    /// PHB3.
    pub const IODA2: BridgeKind = ioda2::KIND;
}

/// Reads the name of one of [`KINDS`]. The error is a sentence for the user.
impl FromStr for BridgeKind {
    type Err = String;

    fn from_str(name: &str) -> Result<BridgeKind, String> {
        let known = KINDS.into_iter().find(|kind| kind.name == name);
        known.ok_or_else(|| {
            let names = KINDS.map(|kind| kind.name).join(", ");
            format!("{name} is no platform; write one of {names}")
        })
    }
}
