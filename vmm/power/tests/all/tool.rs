// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The CPU under test, programs of others with which a test compares our results, and random numbers.

use power::{Cpu, Engine, GuestMemory};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// A CPU with the engine of this test program.
pub(crate) fn cpu(ram: Arc<GuestMemory>) -> Cpu {
    let mut cpu = Cpu::new(ram);
    cpu.set_engine(crate::ENGINE);
    cpu
}

/// True if this test program runs all code translated.
pub(crate) const TRANSLATED: bool = matches!(crate::ENGINE, Engine::Translator);

/// The first of these programs that exists.
pub(crate) fn find(names: &[&'static str]) -> Option<&'static str> {
    let starts = |name: &&&str| {
        let mut command = Command::new(name);
        command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    names.iter().find(starts).copied()
}

/// A number from the environment, in decimal.
pub(crate) fn from_env(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name}={text} is not a number")),
        Err(_) => default,
    }
}

/// Random numbers: splitmix64, which any seed suits.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
}
