// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Words of the interface: numbers and names that everything else is written in. They know nothing of calls.

pub mod calendar;
pub mod number;
pub mod profile;
pub mod rtas_error;
pub mod status;
pub mod tier;
pub mod tokens;
