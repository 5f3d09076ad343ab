// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Fixed-point compares, setb and isel (Power ISA 3.0B, Book I, 3.3.10, 3.3.12).

crate::isa![];
