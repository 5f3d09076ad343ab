// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Condition register logic and moves (Power ISA 3.0B, Book I, 2.5, 3.3.17).

crate::isa![];
