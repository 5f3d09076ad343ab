// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A 64-bit POWER server CPU (POWER9, Power ISA 3.0B) in software.
//!
//! It has instructions, registers, storage and interrupts, and no PAPR: `sc 1`
//! leaves [`Cpu::run`] with [`Exit::Hcall`], and the caller answers; or the closure of [`Cpu::run_with`] does.
//!
//! Read [`row`] (what an instruction row is), a file of [`mod@isa`] (rows) and [`vocabulary`] (the vocabulary of
//! their meanings); then `state/` (registers), `storage/` (RAM and translation), `arith/` (floating point and vectors)
//! and `engine/` (the interpreter). Each folder's `mod.rs` has the order of its files.

mod arith;
mod engine;
pub mod form;
pub mod isa;
pub mod row;
pub mod size;
mod state;
mod storage;
#[doc(hidden)]
pub mod testing;
pub mod text;
pub mod vocabulary;
pub mod word;

pub use arith::{float, vector};
pub use engine::{
    exit::Exit,
    signals::Kicker,
    translate::{Counts as Translation, Engine, HostCode},
};
pub use ram::GuestMemory;
pub use state::cpu::Cpu;
pub use state::saved::{CpuValues, CpuValuesError};
pub use state::time::{CLOCK_HZ, DECREMENTER_BITS, TIMEBASE_HZ};
pub use state::{facility, fpscr, interrupt, msr, registers, spr};
pub use storage::{bus::Io, radix::ProcessTable};
/// Guest RAM in public interfaces is of this version of vm-memory.
pub use vm_memory;
