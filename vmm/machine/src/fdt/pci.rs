// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/pci@800000020000000`: the PCI host bridge with its default DMA window, and the functions behind it.
//!
//! LoPAR 2.9, appendix B (PCI host bridge nodes); the PCI bus binding to IEEE 1275. The numbers are those of QEMU's first bridge.
//! Each function is a PE of its own, so it has properties of windows of its own; Linux looks for them from the function
//! upwards.

use dtoolkit::model::DeviceTreeNode;
use hcall::ConfigAddress;
use hcall::rtas::ddw;
use iommu::Window;
use pci::{Bar, Node, Width};

use super::node::{self, Build, cells};
use super::xics;

/// The unit address of the bridge (its BUID).
pub const BUID: u64 = 0x0800_0000_2000_0000;

/// PCI address space codes and flags (phys.hi, PCI bus binding to IEEE 1275, 2.2.1.1).
const IO: u32 = 0x0100_0000;
const SPACE_32: u32 = 0x0200_0000;
const SPACE_64: u32 = 0x0300_0000;
const PREFETCHABLE: u32 = 0x4000_0000;

/// A range of the bridge: bus addresses, and the real addresses of CPUs for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The PCI address space code.
    pub space: u32,
    /// The first bus address.
    pub bus: u64,
    /// The first real address.
    pub cpu: u64,
    /// Bytes.
    pub size: u64,
}

/// The range of 32-bit memory.
pub const MEMORY_32: Range =
    Range { space: SPACE_32, bus: 0x8000_0000, cpu: 0x2000_8000_0000, size: 0x8000_0000 };
/// The range of 64-bit memory.
pub const MEMORY_64: Range =
    Range { space: SPACE_64, bus: 0x2100_0000_0000, cpu: 0x2100_0000_0000, size: 0x100_0000_0000 };
/// The range of I/O. No function has a BAR of it, so nothing answers there.
const PORTS: Range = Range { space: IO, bus: 0, cpu: 0x2000_0000_0000, size: 0x1_0000 };

/// The trigger of a pin: a level.
const LEVEL: u32 = 1;

pub(super) fn node(dma_window: &Window, functions: &[Node]) -> DeviceTreeNode {
    let [high, low] = cells(BUID);
    let bridge = node::new(&format!("pci@{BUID:x}"))
        .with("device_type", "pci")
        .with("compatible", "IBM,Logical_PHB")
        .with("#address-cells", 3u32)
        .with("#size-cells", 2u32)
        .with("reg", [high, low, 0, 0])
        .with("bus-range", [0u32, 0xff])
        .with("ranges", ranges())
        .with("ibm,pci-config-space-type", 1u32);
    let bridge = windows(bridge, dma_window);
    if functions.is_empty() {
        return bridge;
    }
    let vectors: u32 = functions.iter().map(|of| u32::from(of.description.vector_count())).sum();
    let bridge = bridge
        .with("#interrupt-cells", 1u32)
        .with("ibm,pe-total-#msi", vectors)
        .with("interrupt-map-mask", [0xf800u32, 0, 0, 7])
        .with("interrupt-map", interrupt_map(functions));
    functions.iter().fold(bridge, |bridge, of| bridge.and(function(of)))
}

/// The properties of a PE's windows.
fn windows(of: DeviceTreeNode, window: &Window) -> DeviceTreeNode {
    of.with("ibm,dma-window", window_cells(window))
        .with("ibm,ddw-applicable", ddw::applicable())
        .with("ibm,ddw-extensions", ddw::extensions())
        .with("ibm,#dma-address-cells", 2u32)
        .with("ibm,#dma-size-cells", 2u32)
}

fn function(of: &Node) -> DeviceTreeNode {
    let (description, id) = (&of.description, &of.description.identity);
    let function = node::new(&format!("{}@{:x}", description.name, of.number))
        .with("reg", registers(of))
        .with("vendor-id", u32::from(id.vendor))
        .with("device-id", u32::from(id.device))
        .with("class-code", id.class)
        .with("revision-id", u32::from(id.revision))
        .with("subsystem-vendor-id", u32::from(id.subsystem_vendor))
        .with("subsystem-id", u32::from(id.subsystem))
        .with("ibm,loc-code", format!("tcevm-pci-{}", of.number).as_str());
    let function = match description.vector_count() {
        0 => function,
        count => function.with("ibm,req#msi-x", u32::from(count)),
    };
    let function = if description.intx { function.with("interrupts", 1u32) } else { function };
    windows(function, &of.window)
}

/// The config address, then each BAR with address 0 and its size: the guest assigns them.
fn registers(of: &Node) -> Vec<u32> {
    let config = ConfigAddress::of_device(of.number);
    let bar = |bar: &Bar| {
        let space = if bar.width == Width::Bits64 { SPACE_64 } else { SPACE_32 };
        let flags = if bar.prefetchable { PREFETCHABLE } else { 0 };
        let [high, low] = cells(bar.size);
        [space | flags | config | (0x10 + 4 * u32::from(bar.number)), 0, 0, high, low]
    };
    let bars = of.description.bars.iter().flat_map(bar);
    [config, 0, 0, 0, 0].into_iter().chain(bars).collect()
}

/// For the pin of each function that has one: its config address and pin, and its source.
fn interrupt_map(functions: &[Node]) -> Vec<u32> {
    let pins = functions.iter().filter(|of| of.description.intx);
    let row = |of: &Node| {
        [ConfigAddress::of_device(of.number), 0, 0, 1, xics::PHANDLE, of.sources.pin, LEVEL]
    };
    pins.flat_map(row).collect()
}

fn ranges() -> Vec<u32> {
    let row = |range: Range| {
        let (bus, cpu, size) = (cells(range.bus), cells(range.cpu), cells(range.size));
        [[range.space].as_slice(), &bus, &cpu, &size].concat()
    };
    [PORTS, MEMORY_32, MEMORY_64].into_iter().flat_map(row).collect()
}

/// LIOBN, bus address and size of the window.
pub(super) fn window_cells(window: &Window) -> Vec<u32> {
    [[window.liobn().0].as_slice(), &cells(window.start().0), &cells(window.len())].concat()
}
