// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Fixed-point multiplication, division and modulo (Power ISA 3.0B, Book I, 3.3.9).

crate::isa![];
