// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Synchronization and cache control (Power ISA 3.0B, Book II, 4.3, 4.6.1, 4.6.3).

crate::isa![];
