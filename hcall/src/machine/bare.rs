// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A machine with nothing in it but DMA windows, for tests and prototypes.

use super::Capabilities;

/// No capability at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct Bare;

impl Capabilities for Bare {}
