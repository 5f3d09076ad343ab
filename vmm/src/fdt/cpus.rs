// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/cpus`: one POWER9 thread.
//!
//! `ibm,vmx`, `ibm,pa-features` and the radix encodings are absent: the CPU has neither vector
//! registers nor an MMU to advertise.

use dtoolkit::model::DeviceTreeNode;

use super::node::{self, Build, PRESENT};

/// PVR of the architected POWER9 (ISA 3.0) mode.
const CPU_VERSION: u32 = 0x0f00_0005;
const CLOCK_HZ: u32 = 1_000_000_000;
const DECREMENTER_BITS: u32 = 56;
const CACHE_BLOCK: u32 = 128;
const CACHE_SIZE: u32 = 0x8000;

pub(super) fn node() -> DeviceTreeNode {
    node::new("cpus").with("#address-cells", 1u32).with("#size-cells", 0u32).and(cpu(0))
}

fn cpu(server: u32) -> DeviceTreeNode {
    node::new(&format!("PowerPC,POWER9@{server:x}"))
        .with("device_type", "cpu")
        .with("reg", server)
        .with("status", "okay")
        .with("ibm,ppc-interrupt-server#s", server)
        .with("cpu-version", CPU_VERSION)
        .with("timebase-frequency", power::TIMEBASE_HZ as u32)
        .with("clock-frequency", CLOCK_HZ)
        .with("ibm,dec-bits", DECREMENTER_BITS)
        .with("d-cache-line-size", CACHE_BLOCK)
        .with("i-cache-line-size", CACHE_BLOCK)
        .with("d-cache-block-size", CACHE_BLOCK)
        .with("i-cache-block-size", CACHE_BLOCK)
        .with("d-cache-size", CACHE_SIZE)
        .with("i-cache-size", CACHE_SIZE)
        .with("64-bit", PRESENT)
}
