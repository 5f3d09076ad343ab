// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The fault of a device's access.

use std::fmt;

use iommu::bridge::DmaFault;
use iommu::{Ioba, Liobn};

/// An access that the TCEs do not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The LIOBN of the window.
    pub liobn: Liobn,
    /// The bus address; it is that of the page where the page is known.
    pub ioba: Ioba,
    /// True when the device wrote.
    pub write: bool,
    /// The reason for the fault.
    pub why: DmaFault,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let access = if self.write { "write" } else { "read" };
        write!(f, "{access} at IOBA {} of LIOBN {}: {}", self.ioba, self.liobn, self.why)
    }
}
