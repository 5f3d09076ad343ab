// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Supervisor instructions and special-purpose registers (Power ISA 3.0B, Book III, chapters 3 to 5).

crate::isa![];
