// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/vdevice`: the virtual I/O bus with the console.

use dtoolkit::model::DeviceTreeNode;

use super::node::{self, Build, PRESENT};

/// The unit address of the console.
pub const VTY_UNIT: u32 = 0x7100_0000;
/// The interrupt of the console, which tells that somebody typed.
pub const VTY_SOURCE: u32 = 0x1100;
/// The interrupt sources of all devices.
pub const INTERRUPT_SOURCES: &[u32] = &[VTY_SOURCE];
/// Interrupts of virtual devices are edge-triggered.
const EDGE: u32 = 0;

pub(super) fn node() -> DeviceTreeNode {
    node::new("vdevice")
        .with("device_type", "vdevice")
        .with("compatible", "IBM,vdevice")
        .with("#address-cells", 1u32)
        .with("#size-cells", 0u32)
        .with("interrupt-controller", PRESENT)
        .with("#interrupt-cells", 2u32)
        .and(vty())
}

/// A terminal of the protocol "hvterm1": H_PUT_TERM_CHAR and H_GET_TERM_CHAR.
fn vty() -> DeviceTreeNode {
    node::new(&vty_name())
        .with("device_type", "serial")
        .with("compatible", "hvterm1")
        .with("reg", VTY_UNIT)
        .with("interrupts", [VTY_SOURCE, EDGE])
}

fn vty_name() -> String {
    format!("vty@{VTY_UNIT:x}")
}

/// The path of the console.
pub(super) fn console_path() -> String {
    format!("/vdevice/{}", vty_name())
}
