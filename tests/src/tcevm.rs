// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The `tcevm` binary, from a test of another package than its own.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

/// A command that runs `tcevm` as it is now: cargo builds it once per process, with the profile
/// of the test that asks. That costs nothing after `cargo test --workspace`, which has built it.
pub fn tcevm() -> Command {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    Command::new(BINARY.get_or_init(build))
}

fn build() -> PathBuf {
    // The test itself is TARGET/PROFILE/deps/NAME.
    let test = env::current_exe().expect("a test knows its own path");
    let directory = test.ancestors().nth(2).expect("a test is built by cargo").to_owned();
    let mut cargo = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    // Of the whole workspace and beside a test: a dependency has the features that `cargo test --workspace` gives it, and is not
    // compiled a second time. `imago` is the smallest test.
    cargo.args(["build", "--quiet", "--workspace", "--bin", "tcevm", "--test", "imago"]);
    if directory.ends_with("release") {
        cargo.arg("--release");
    }
    let target = directory.parent().expect("a profile is in a target directory");
    let built = cargo.env("CARGO_TARGET_DIR", target).status();
    assert!(built.is_ok_and(|status| status.success()), "cargo could not build tcevm");
    directory.join("tcevm")
}
