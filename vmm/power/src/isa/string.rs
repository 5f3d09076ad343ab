// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Load and store multiple and string (Power ISA 3.0B, Book I, 3.3.6, 3.3.7).

crate::isa![];
