// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The words of the crate: addresses, directions, TCEs, windows, refusals. They know no table.

pub mod addr;
pub mod direction;
pub mod error;
pub mod tce;
pub mod window;
pub(crate) mod zeroed;
