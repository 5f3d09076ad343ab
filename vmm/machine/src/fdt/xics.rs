// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/interrupt-controller`: the presentation side of the interrupt controller, which has no
//! registers (LoPAR 2.9, "PowerPC External Interrupt Presentation Controller").

use dtoolkit::model::DeviceTreeNode;

use super::node::{self, Build, PRESENT};

/// The number by which other nodes refer to this one.
pub(super) const PHANDLE: u32 = 1;

/// The presentation of servers 0 to `cpus` - 1.
pub(super) fn node(cpus: u32) -> DeviceTreeNode {
    node::new("interrupt-controller")
        .with("device_type", "PowerPC-External-Interrupt-Presentation")
        .with("compatible", "IBM,ppc-xicp")
        .with("interrupt-controller", PRESENT)
        .with("#address-cells", 0u32)
        .with("#interrupt-cells", 2u32)
        .with("phandle", PHANDLE)
        .with("ibm,interrupt-server-ranges", [0u32, cpus])
}
