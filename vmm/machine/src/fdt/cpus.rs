// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/cpus`: POWER9 threads, one a core.

use dtoolkit::model::DeviceTreeNode;

use super::node::{self, Build, PRESENT};

/// PVR of the architected POWER9 (ISA 3.0) mode.
const CPU_VERSION: u32 = 0x0f00_0005;
const DECREMENTER_BITS: u32 = 56;
const CACHE_BLOCK: u32 = 128;
const CACHE_SIZE: u32 = 0x8000;
/// VMX and VSX (LoPAR 2.9, "ibm,vmx").
const VECTORS: u32 = 2;

/// Page sizes of radix trees: log2 of the size, and in the upper three bits its encoding in `tlbie`
/// (LoPAR 2.9, "ibm,processor-radix-AP-encodings"): 4K, 64K, 2M and 1G.
const RADIX_PAGES: [u32; 4] = [0x0000_000c, 0xa000_0010, 0x2000_0015, 0x4000_001e];

/// The features of the processor: byte, and the bits in it (LoPAR 2.9, "ibm,pa-features", type 0; byte 40
/// from Linux: `ibm_pa_features`). Absent are the SLB, DABR, transactions and coprocessors.
const PA_FEATURES: &[(usize, u8)] = &[
    (0, 0b1101_0010),  // MMU, FPU, the run latch, no-execute
    (1, 0b0011_0101),  // cache-inhibited large pages, frin and its kin, SPRG3 for users, PP 110
    (2, 0b0001_0100),  // DAR at alignment interrupts, PPR
    (5, 0b1101_0000),  // little-endian, CFAR, quadword loads and stores
    (16, 0b1000_0000), // VMX
    (18, 0b1000_0000), // VSX
    (20, 0b1000_0000), // vector crypto
    (40, 0b1000_0000), // radix
];

/// The value of the property: the length of the list, its type, the list.
fn pa_features() -> Vec<u8> {
    let length = PA_FEATURES.iter().map(|(byte, _)| byte + 1).max().unwrap_or(0);
    let mut list = vec![0; length];
    PA_FEATURES.iter().for_each(|&(byte, bits)| list[byte] = bits);
    [&[u8::try_from(length).unwrap_or(u8::MAX), 0], list.as_slice()].concat()
}

pub(super) fn node(count: u32) -> DeviceTreeNode {
    let cpus = node::new("cpus").with("#address-cells", 1u32).with("#size-cells", 0u32);
    (0..count).map(cpu).fold(cpus, Build::and)
}

fn cpu(server: u32) -> DeviceTreeNode {
    node::new(&format!("PowerPC,POWER9@{server:x}"))
        .with("device_type", "cpu")
        .with("reg", server)
        .with("status", "okay")
        .with("ibm,ppc-interrupt-server#s", server)
        .with("cpu-version", CPU_VERSION)
        .with("timebase-frequency", power::TIMEBASE_HZ as u32)
        .with("clock-frequency", power::CLOCK_HZ as u32)
        .with("ibm,dec-bits", DECREMENTER_BITS)
        .with("d-cache-line-size", CACHE_BLOCK)
        .with("i-cache-line-size", CACHE_BLOCK)
        .with("d-cache-block-size", CACHE_BLOCK)
        .with("i-cache-block-size", CACHE_BLOCK)
        .with("d-cache-size", CACHE_SIZE)
        .with("i-cache-size", CACHE_SIZE)
        .with("ibm,vmx", VECTORS)
        .with("ibm,pa-features", pa_features().as_slice())
        .with("ibm,processor-radix-AP-encodings", RADIX_PAGES)
        .with("64-bit", PRESENT)
        .with("ibm,purr", 1u32)
        .with("ibm,spurr", 1u32)
}
