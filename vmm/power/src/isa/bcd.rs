// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Binary-coded decimal assistance (Power ISA 3.0B, Book I, 3.3.15).

crate::isa![];
