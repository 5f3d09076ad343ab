// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The embedded guest images.

/// The demonstration, which `tcevm run` runs when no image is named. It explains the exchange commit on its
/// console.
pub const REPLACE: &[u8] = include_bytes!("../images/replace-le.elf");
