// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What the differential test is made of, in reading order: `record` (the state of a trial),
//! `program` (what both machines run), `machines`, `trials` (which instructions with which
//! states), `valid` and `defined` (what the book leaves undefined), `vector`, `float`
//! and `float_errata` (operands of those facilities, and where QEMU differs). `generator` makes the functions of
//! `programs.rs`.
#![allow(dead_code)] // each test file uses its part

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
