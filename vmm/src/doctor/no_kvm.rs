// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The checks of KVM on a host that is not x86-64.

use super::Finding;

pub(super) fn missing() -> Finding {
    Finding::Missing("x86-64 guests need an x86-64 host".into())
}

pub(super) use missing as device;
pub(super) use missing as module;
pub(super) use missing as capabilities;
pub(super) use missing as limits;
pub(super) use missing as exit;
pub(super) use missing as exit_with_registers;
