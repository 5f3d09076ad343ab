// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/pci@800000020000000`: a PCI host bridge, here for its default DMA window.
//!
//! LoPAR 2.9, appendix B (PCI host bridge nodes). The numbers are those of QEMU's first bridge.
//! No function is behind the bridge yet, so nothing answers in its address ranges.

use dtoolkit::model::DeviceTreeNode;
use hcall::rtas::ddw;
use iommu::Window;

use super::node::{self, Build, cells};

/// The unit address of the bridge (its BUID).
pub const BUID: u64 = 0x0800_0000_2000_0000;

/// PCI address space codes (phys.hi, PCI bus binding to IEEE 1275, 2.2.1.1).
const IO: u32 = 0x0100_0000;
const MEMORY_32: u32 = 0x0200_0000;
const MEMORY_64: u32 = 0x0300_0000;

/// One address range: space, bus address, guest physical address, size.
const RANGES: [(u32, u64, u64, u64); 3] = [
    (IO, 0, 0x2000_0000_0000, 0x1_0000),
    (MEMORY_32, 0x8000_0000, 0x2000_8000_0000, 0x8000_0000),
    (MEMORY_64, 0x2100_0000_0000, 0x2100_0000_0000, 0x100_0000_0000),
];

pub(super) fn node(dma_window: &Window) -> DeviceTreeNode {
    let [high, low] = cells(BUID);
    node::new(&format!("pci@{BUID:x}"))
        .with("device_type", "pci")
        .with("compatible", "IBM,Logical_PHB")
        .with("#address-cells", 3u32)
        .with("#size-cells", 2u32)
        .with("reg", [high, low, 0, 0])
        .with("bus-range", [0u32, 0xff])
        .with("ranges", ranges())
        .with("ibm,pci-config-space-type", 1u32)
        .with("ibm,dma-window", window_cells(dma_window))
        .with("ibm,ddw-applicable", ddw::applicable())
        .with("ibm,ddw-extensions", ddw::extensions())
        .with("ibm,#dma-address-cells", 2u32)
        .with("ibm,#dma-size-cells", 2u32)
}

fn ranges() -> Vec<u32> {
    let row = |(space, bus, cpu, size)| {
        [[space].as_slice(), &cells(bus), &cells(cpu), &cells(size)].concat()
    };
    RANGES.into_iter().flat_map(row).collect()
}

/// LIOBN, bus address and size of the window.
pub(super) fn window_cells(window: &Window) -> Vec<u32> {
    [[window.liobn().0].as_slice(), &cells(window.start().0), &cells(window.len())].concat()
}
