// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The sums of a device, for statistics.

use crate::fault::Fault;

/// The sums of one device.
#[derive(Clone, Debug)]
pub struct DeviceReport {
    /// Its name in the device tree, `l-lan@71000002`.
    pub name: String,
    /// Its counters by name.
    pub counters: Vec<(&'static str, u64)>,
    /// The first kinds of faults, and the number of times that each happened.
    pub faults: Vec<(Fault, u64)>,
    /// The number of all faults, including those of later kinds.
    pub all_faults: u64,
}
