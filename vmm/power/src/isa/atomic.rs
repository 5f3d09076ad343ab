// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Load and reserve, store conditional (Power ISA 3.0B, Book II, 4.6.2).

crate::isa![];
