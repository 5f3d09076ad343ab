// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/nvram`: memory behind the RTAS calls nvram-fetch and nvram-store (LoPAR 2.9, "NVRAM").

use dtoolkit::model::DeviceTreeNode;

use super::node::{self, Build};
use crate::machine::NVRAM_BYTES;

pub(super) fn node() -> DeviceTreeNode {
    node::new("nvram").with("device_type", "nvram").with("#bytes", NVRAM_BYTES as u32)
}
