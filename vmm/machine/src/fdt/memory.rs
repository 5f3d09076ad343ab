// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/memory@0`: guest RAM, one region from address 0.

use dtoolkit::model::DeviceTreeNode;

use super::node::{self, Build};
use crate::memory::RamSize;

pub(super) fn node(ram: RamSize) -> DeviceTreeNode {
    let [high, low] = node::cells(ram.bytes());
    node::new("memory@0").with("device_type", "memory").with("reg", [0, 0, high, low])
}
