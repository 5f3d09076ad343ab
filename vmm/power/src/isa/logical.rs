// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Logical operations, extensions, counts (Power ISA 3.0B, Book I, 3.3.13).

crate::isa![];
