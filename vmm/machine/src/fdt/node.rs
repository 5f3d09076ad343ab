// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Nodes and properties as expressions: `new(name).with(..).and(..)`.

use dtoolkit::ToPropertyValue;
use dtoolkit::model::{DeviceTreeNode, DeviceTreeProperty};

/// The value of a property that has meaning by its presence alone.
pub(super) const PRESENT: [u8; 0] = [];

/// A node without properties. Names are our own and no input, so they are not checked at run time.
pub(super) fn new(name: &str) -> DeviceTreeNode {
    DeviceTreeNode::new_unchecked(name)
}

/// Additions to a node, as expressions.
pub(super) trait Build {
    /// The node with one more property.
    fn with(self, name: &str, value: impl ToPropertyValue) -> Self;
    /// The node with one more child.
    fn and(self, child: DeviceTreeNode) -> Self;
}

impl Build for DeviceTreeNode {
    fn with(mut self, name: &str, value: impl ToPropertyValue) -> Self {
        self.add_property(DeviceTreeProperty::new_unchecked(name, value));
        self
    }

    fn and(mut self, child: DeviceTreeNode) -> Self {
        self.add_child(child);
        self
    }
}

/// A 64-bit number as two cells.
pub(super) fn cells(value: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
    [u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])]
}
