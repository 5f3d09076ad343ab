// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The interpreter: each meaning is compiled for [`Cpu`](crate::Cpu), whose values are numbers.
//!
//! Read `numbers.rs` (the vocabulary with numbers), `function.rs` (how a meaning becomes a function), `often.rs`
//! and `pairs.rs` (words and pairs with functions of their own), `block.rs`, `arena.rs`, `decode.rs` and `cache.rs`
//! (decoded code), and `run.rs` (the loop).

mod arena;
pub(crate) mod block;
pub(crate) mod cache;
mod decode;
mod function;
mod numbers;
pub(crate) mod often;
pub(crate) mod pairs;
mod run;
