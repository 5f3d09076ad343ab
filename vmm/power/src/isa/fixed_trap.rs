// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Traps (Power ISA 3.0B, Book I, 3.3.11).

crate::isa![];
