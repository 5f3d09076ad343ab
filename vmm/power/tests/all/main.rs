// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The tests of the CPU from outside, one binary: it links once. A file is a module; `guest` and `support` are their settings.
//! Code is interpreted; `tool::all_other_tests_pass_translated` runs all of them once more, translated.

mod cases;
mod differential;
mod disassembler;
mod facilities;
mod guest;
mod interrupts;
mod io;
mod kept;
mod pmu;
mod programs;
mod radix;
mod smc;
mod support;
mod system;
mod tool;
mod words;
