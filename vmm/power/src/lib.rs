// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A 64-bit POWER server CPU (POWER9, Power ISA 3.0B) in software.
//!
//! It knows instructions, registers, storage and interrupts. It does not know PAPR: `sc 1`
//! leaves [`Cpu::run`] with [`Exit::Hcall`] and somebody else answers.
//!
//! Read [`row`] (what an instruction row is), a file of [`mod@isa`] (rows), [`machine`] (the words
//! their meanings are written in), [`block`] (decoded code), `run.rs` (the loop),
//! `mem.rs` (storage), [`interrupt`], [`spr`] and `pmu/` (the performance monitor); for vectors [`vector`] (the words of elements) and
//! `facility.rs` (operands); for
//! floating point [`float`] (arithmetic), `fpscr.rs` (its facts) and `float_operands.rs`,
//! `float_elements.rs`, `float_quads.rs` (operands).

mod aes;
pub mod block;
mod cpu;
mod decimal;
pub mod facility;
pub mod float;
mod float_elements;
mod float_operands;
mod float_quads;
pub mod form;
mod fpscr;
mod gprs;
pub mod interrupt;
pub mod isa;
pub mod machine;
mod mem;
mod mmu;
pub mod msr;
mod pmu;
mod radix;
#[cfg(test)]
mod recorder;
mod reservation;
pub mod row;
mod run;
mod shootdown;
pub mod spr;
pub mod text;
mod time;
mod usage;
pub mod vector;
mod vector_mem;
mod watch;
pub mod word;

pub use cpu::Cpu;
pub use radix::ProcessTable;
pub use ram::GuestMemory;
pub use run::{Exit, Kicker};
pub use time::{CLOCK_HZ, DECREMENTER_BITS, TIMEBASE_HZ};
/// Guest RAM in public interfaces is of this version of vm-memory.
pub use vm_memory;
