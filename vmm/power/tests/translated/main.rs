// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The tests of `tests/all` with an engine that translates all code before it runs.
#![cfg(target_arch = "x86_64")]

#[path = "../all/cases.rs"]
mod cases;
#[path = "../all/differential.rs"]
mod differential;
#[path = "../all/facilities.rs"]
mod facilities;
#[path = "../all/guest.rs"]
mod guest;
#[path = "../all/interrupts.rs"]
mod interrupts;
#[path = "../all/pmu.rs"]
mod pmu;
#[path = "../all/programs.rs"]
mod programs;
#[path = "../all/radix.rs"]
mod radix;
#[path = "../all/smc.rs"]
mod smc;
#[path = "../all/support/mod.rs"]
mod support;
#[path = "../all/system.rs"]
mod system;
#[path = "../all/tool.rs"]
mod tool;
#[path = "../all/words.rs"]
mod words;

/// The engine under test.
const ENGINE: power::Engine = power::Engine::Translator;
