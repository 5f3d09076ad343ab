// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/chosen`: what the user chose, and the console.

use std::ops::Range;

use dtoolkit::model::DeviceTreeNode;

use super::node::{self, Build};
use super::vdevice;

/// What goes to `/chosen`.
#[derive(Debug, Default)]
pub struct Chosen<'a> {
    /// The command line of the guest.
    pub bootargs: &'a str,
    /// Where the initrd is in guest RAM.
    pub initrd: Option<Range<u64>>,
}

impl Chosen<'_> {
    pub(super) fn node(&self) -> DeviceTreeNode {
        let console = vdevice::console_path();
        let chosen = node::new("chosen")
            .with("bootargs", self.bootargs)
            .with("stdout-path", console.as_str())
            .with("linux,stdout-path", console.as_str());
        match &self.initrd {
            Some(range) => {
                chosen.with("linux,initrd-start", range.start).with("linux,initrd-end", range.end)
            }
            None => chosen,
        }
    }
}
