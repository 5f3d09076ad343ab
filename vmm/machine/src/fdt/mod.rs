// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The flattened device tree: the description of the machine for the guest.
//!
//! Each node below the root is one file with a function from facts to a node. This file puts the nodes
//! together, and the crate dtoolkit flattens them. The facts about pseries come from PAPR's Open
//! Firmware binding (LoPAR 2.9, appendix B) and QEMU's pseries machine.

mod chosen;
mod cpus;
mod memory;
mod node;
mod nvram;
mod pci;
mod rtas;
mod vdevice;
mod xics;

pub use chosen::Chosen;
pub use pci::{
    BUID as PHB_BUID, MEMORY_32 as MEMORY_32_RANGE, MEMORY_64 as MEMORY_64_RANGE, Range,
};
pub use rtas::{CAPABILITIES, CODE as RTAS_CODE, ERROR_AREA, RESET_AREA};
pub use vdevice::{VTY_SOURCE, VTY_UNIT};

use dtoolkit::memreserve::MemoryReservation;
use dtoolkit::model::DeviceTree;
use iommu::Window;

use self::node::Build;
use crate::devices::Nodes;
use crate::memory::RamSize;

/// The facts of which the device tree of one machine is made.
#[derive(Debug)]
pub struct TreeFacts<'a> {
    /// The size of guest RAM.
    pub ram: RamSize,
    /// The number of CPUs.
    pub cpus: u32,
    /// The place of [`RTAS_CODE`], below 4 GiB.
    pub rtas: &'a std::ops::Range<u64>,
    /// True when the tree offers H_PUT_TCE_INDIRECT and H_STUFF_TCE.
    pub multi_tce: bool,
    /// The contents of `/chosen`.
    pub chosen: Chosen<'a>,
    /// The default DMA window of the PCI host bridge.
    pub dma_window: &'a Window,
    /// The virtual I/O devices, and the PCI functions.
    pub devices: &'a Nodes,
}

/// The whole tree, flattened. Its header names CPU 0 as the boot CPU.
pub fn build(facts: &TreeFacts<'_>) -> Vec<u8> {
    let mut tree = DeviceTree::new();
    tree.root = node::new("")
        .with("#address-cells", 2u32)
        .with("#size-cells", 2u32)
        .with("device_type", "chrp")
        .with("model", "tcevm")
        // Linux reads only device_type; kvm-unit-tests looks for this name.
        .with("compatible", "qemu,pseries")
        .and(facts.chosen.node(!facts.devices.functions.is_empty()))
        .and(memory::node(facts.ram))
        .and(cpus::node(facts.cpus))
        .and(xics::node(facts.cpus))
        .and(rtas::node(facts.rtas, facts.multi_tce))
        .and(nvram::node())
        .and(vdevice::node(&facts.devices.virtual_io))
        .and(pci::node(facts.dma_window, &facts.devices.functions));
    let reserved = facts.rtas;
    tree.memory_reservations =
        vec![MemoryReservation::new(reserved.start, reserved.end - reserved.start)];
    tree.to_dtb()
}
