// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/rtas`: the tokens of the RTAS calls and the function sets of the hypercalls, both derived
//! from the rows of the crate hcall, and the place of the code that makes an RTAS call a hypercall.

use std::ops::Range;

use dtoolkit::model::DeviceTreeNode;
use hcall::Capability;
use hcall::rtas::rtas_tokens_for;

use super::node::{self, Build, PRESENT};

/// The capabilities that the device tree promises: those of a POWER machine, which has an interrupt
/// controller and a bridge.
pub const CAPABILITIES: &[Capability] = Capability::ALL;

/// The code at `linux,rtas-entry`. A guest calls it with the address of the argument block in r3, in
/// real mode, big-endian (LoPAR 2.9, "RTAS Call Mechanism"). It passes the block to H_RTAS.
pub const CODE: [u32; 5] = [
    0x7c64_1b78, // mr r4,r3
    0x3c60_0000, // lis r3,0
    0x6063_f000, // ori r3,r3,0xf000
    0x4400_0022, // sc 1
    0x4e80_0020, // blr
];

/// The offset in RTAS of the area of machine checks (LoPAR 2.9, FWNMI, R1-7: not in the
/// guest's vectors).
pub const ERROR_AREA: u64 = 0x800;

/// The offset in RTAS of the saved r3 of CPU 0 at a system reset; the next CPU's r3 is 8 bytes on.
pub const RESET_AREA: u64 = 0x400;

/// The room for an error log, in bytes.
const ERROR_LOG_MAX: u32 = 0x800;

/// The rate at which a guest polls for events. There are no events.
const EVENT_SCANS_A_MINUTE: u32 = 1;

/// The node `/rtas`. `code` is the place of [`CODE`], below 4 GiB.
pub(super) fn node(code: &Range<u64>, multi_tce: bool) -> DeviceTreeNode {
    let [_, start] = node::cells(code.start);
    let [_, size] = node::cells(code.end - code.start);
    let mut sets = hcall::function_sets(CAPABILITIES);
    sets.retain(|&set| multi_tce || set != "hcall-multi-tce");
    let rtas = node::new("rtas")
        .with("ibm,hypertas-functions", sets.as_slice())
        .with("linux,rtas-base", start)
        .with("linux,rtas-entry", start)
        .with("rtas-size", size)
        .with("rtas-error-log-max", ERROR_LOG_MAX)
        .with("rtas-event-scan-rate", EVENT_SCANS_A_MINUTE)
        // The property says that ibm,os-term does not power off by itself.
        .with("ibm,extended-os-term", PRESENT);
    rtas_tokens_for(CAPABILITIES).fold(rtas, |rtas, (name, token)| rtas.with(name, token))
}
