// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What integration tests share: running the `tcevm` binary, and skipping a test whose tool is
//! not there.
#![forbid(unsafe_code)]

pub mod debian;
pub mod skip;
pub mod tcevm;

pub use skip::{skip, tool};
pub use tcevm::tcevm;
