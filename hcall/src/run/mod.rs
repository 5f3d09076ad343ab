// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The run of a call: from a token to its row, through the tiers, with faults and counts.

pub mod accel;
pub mod dispatch;
pub mod inject;
pub mod meter;
