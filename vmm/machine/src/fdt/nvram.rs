// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/nvram`: memory behind the RTAS calls nvram-fetch and nvram-store (LoPAR 2.9, "Non-Volatile Memory").
//! Linux finds it by its type (`pSeries_nvram_init`), powerpc-utils by its path.

use dtoolkit::model::DeviceTreeNode;

use super::node::{self, Build};
use crate::nvram::BYTES;

pub(super) fn node() -> DeviceTreeNode {
    node::new("nvram").with("device_type", "nvram").with("#bytes", BYTES as u32)
}
