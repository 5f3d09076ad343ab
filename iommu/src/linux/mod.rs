// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Linux' interfaces over a table: the host's own allocator, VFIO for processes, KVM for a VMM.

pub mod errno;
pub mod host;
pub mod kvm_table;
pub mod memlock;
pub mod vfio;
