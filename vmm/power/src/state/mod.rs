// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The state of a CPU: its registers, clocks, interrupts and performance monitor.
//!
//! Read `cpu.rs` first, then [`spr`] (special-purpose registers as rows), [`registers`] (every register by name) and
//! `saved.rs` (a whole state).

pub(crate) mod cpu;
pub(crate) mod deferred;
pub mod facility;
pub mod fpscr;
mod gprs;
pub(crate) mod illegal;
pub mod interrupt;
pub mod msr;
pub(crate) mod pmu;
pub mod registers;
pub(crate) mod saved;
pub mod spr;
pub(crate) mod time;
pub(crate) mod usage;
