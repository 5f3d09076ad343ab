// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/chosen`: the user's choices, and the console.

use std::ops::Range;

use dtoolkit::model::DeviceTreeNode;

use super::node::{self, Build};
use super::vdevice;

/// The contents of `/chosen`.
#[derive(Debug, Default)]
pub struct Chosen<'a> {
    /// The command line of the guest.
    pub bootargs: &'a str,
    /// The place of the initrd in guest RAM.
    pub initrd: Option<Range<u64>>,
}

/// The options that the platform and the guest have agreed on (LoPAR 2.9, "ibm,architecture-vec-5"). Byte 0 is
/// the length less 1, then there is a byte for each number. Bytes not named here are 0.
const ARCHITECTURE: [u8; 27] = {
    let mut vector = [0; 27];
    vector[0] = 26 - 1;
    vector[2] = 0b0010_0000; // the reset of dynamic reconfiguration memory
    vector[5] = 0b1000_0000; // affinity in form 1
    vector[23] = 0; // interrupts by the legacy controller
    vector[24] = 0x40; // radix trees
    vector[26] = 0x40; // which the guest invalidates by instructions
    vector
};

impl Chosen<'_> {
    /// The node. With PCI functions the guest is asked to assign their BARs, which firmware has not done.
    pub(super) fn node(&self, has_functions: bool) -> DeviceTreeNode {
        let console = vdevice::console_path();
        let chosen = node::new("chosen")
            .with("bootargs", self.bootargs)
            .with("ibm,architecture-vec-5", ARCHITECTURE)
            .with("stdout-path", console.as_str())
            .with("linux,stdout-path", console.as_str());
        let chosen = match has_functions {
            true => chosen.with("linux,pci-probe-only", 0u32),
            false => chosen,
        };
        match &self.initrd {
            Some(range) => {
                chosen.with("linux,initrd-start", range.start).with("linux,initrd-end", range.end)
            }
            None => chosen,
        }
    }
}
