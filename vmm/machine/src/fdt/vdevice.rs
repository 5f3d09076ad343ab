// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/vdevice`: the virtual I/O bus with the console and the devices.

use dtoolkit::model::DeviceTreeNode;

use super::node::{self, Build, PRESENT};
use super::pci::window_cells;

/// The unit address of the console.
pub const VTY_UNIT: u32 = 0x7100_0000;
/// The interrupt source of the console's input.
pub const VTY_SOURCE: u32 = 0x1100;
/// The trigger of virtual devices' interrupts: an edge.
const EDGE: u32 = 0;

/// The largest copy that devices do at once (LoPAR 2.9, "General VIO Requirements").
const MAX_VIRTUAL_DMA: u32 = 128 << 10;

pub(super) fn node(devices: &[vio::Node]) -> DeviceTreeNode {
    let bus = node::new("vdevice")
        .with("device_type", "vdevice")
        .with("compatible", "IBM,vdevice")
        .with("#address-cells", 1u32)
        .with("#size-cells", 0u32)
        .with("interrupt-controller", PRESENT)
        .with("#interrupt-cells", 2u32)
        .with("ibm,max-virtual-dma-size", MAX_VIRTUAL_DMA)
        .and(vty());
    devices.iter().fold(bus, |bus, of| bus.and(device(of)))
}

/// The node of a device, from the device's description.
fn device(of: &vio::Node) -> DeviceTreeNode {
    let device = node::new(&format!("{}@{:x}", of.name, of.unit))
        .with("device_type", of.device_type)
        .with("compatible", of.compatible)
        .with("reg", of.unit)
        .with("interrupts", [of.source, EDGE])
        .with("ibm,my-dma-window", window_cells(&of.window))
        .with("ibm,#dma-address-cells", 2u32)
        .with("ibm,#dma-size-cells", 2u32);
    of.others.iter().fold(device, |device, (name, value)| device.with(name, value.as_slice()))
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
