// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Rotates and shifts (Power ISA 3.0B, Book I, 3.3.14).

crate::isa![];
