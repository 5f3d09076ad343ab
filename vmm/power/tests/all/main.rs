// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The tests of the CPU from outside, one binary: it links once. A file is a module; `guest` and `support` are their settings.
//! Here code is interpreted; `tests/translated` has the modules again, and translates it.

mod cases;
mod differential;
mod disassembler;
mod facilities;
mod guest;
mod interrupts;
mod kept;
mod pmu;
mod programs;
mod radix;
mod smc;
mod support;
mod system;
mod tool;
mod words;

/// The engine under test.
const ENGINE: power::Engine = power::Engine::Interpreter;
