// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The CPU under test, programs of others with which a test compares our results, and random numbers.

use power::{Cpu, Engine, GuestMemory};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock};

/// The variable that chooses the engine under test.
const VARIABLE: &str = "TCEVM_ENGINE";

/// A CPU with the engine under test.
pub(crate) fn cpu(ram: Arc<GuestMemory>) -> Cpu {
    let mut cpu = Cpu::new(ram);
    cpu.set_engine(if is_translated() { Engine::Translator } else { Engine::Interpreter });
    cpu
}

/// True if all code is translated in this process.
pub(crate) fn is_translated() -> bool {
    static TRANSLATED: LazyLock<bool> =
        LazyLock::new(|| std::env::var_os(VARIABLE).is_some_and(|engine| engine == "translator"));
    *TRANSLATED
}

/// The other tests of this program once more, in a process that translates all code.
#[test]
fn all_other_tests_pass_translated() {
    if !Engine::Translator.is_available() || is_translated() {
        return; // this host has one engine, or this is that process
    }
    let program = std::env::current_exe().expect("the test program");
    let tests = Command::new(program).env(VARIABLE, "translator").output().expect("it starts");
    assert!(tests.status.success(), "{}", String::from_utf8_lossy(&tests.stdout));
}

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
