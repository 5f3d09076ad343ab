// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Arithmetic that is too long for the vocabulary: floating point, vectors, decimals, AES.
//!
//! Read `vector.rs` (elements) and `float/` (values), then `float_operands.rs`, `float_elements.rs` and
//! `float_quads.rs` (the registers that an instruction reads and writes).

pub(crate) mod aes;
pub(crate) mod decimal;
pub mod float;
pub(crate) mod float_elements;
pub(crate) mod float_operands;
pub(crate) mod float_quads;
pub mod vector;
