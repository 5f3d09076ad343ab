// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Arithmetic that is too long for the vocabulary: floating point, vectors, decimals, AES.
//!
//! Read `vector.rs` (elements), `lanes.rs` (operations on them, as data) and `float/` (values), then `float_operands.rs`, `float_elements.rs`,
//! `float_quads.rs` (the registers that an instruction reads and writes) and `float_arith.rs` (an instruction that
//! adds, multiplies and the like, as a constant).

pub(crate) mod aes;
pub(crate) mod decimal;
pub mod float;
pub(crate) mod float_arith;
pub(crate) mod float_elements;
pub(crate) mod float_operands;
pub(crate) mod float_order;
pub(crate) mod float_quads;
pub(crate) mod lanes;
pub(crate) mod polynomial;
pub(crate) mod sigma;
pub(crate) mod single;
pub mod vector;
