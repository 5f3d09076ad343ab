// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The parts of the differential test, in reading order: `record` (the state of a trial), `program` (the
//! program that both machines run), `machines`, `trials` (the instructions and their states), `valid` and
//! `defined` (results that the book leaves undefined), `vector`, `float` and `float_errata` (operands of
//! those facilities, and differences of QEMU). `generator` makes the functions of `programs.rs`.

pub(crate) mod asm;
pub(crate) mod defined;
pub(crate) mod float;
pub(crate) mod float_errata;
pub(crate) mod generator;
pub(crate) mod machines;
pub(crate) mod program;
pub(crate) mod record;
pub(crate) mod trials;
pub(crate) mod valid;
pub(crate) mod vector;
