// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! trace
use hcall::Call;
pub fn write(_asked: &[u64; 10], _answered: &[u64; 10], _call: &Call) {}
