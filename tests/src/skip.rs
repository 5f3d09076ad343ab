// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Skipping a test for a reason that is printed. Where everything has to be there, with CI=true
//! in the environment, a test that would be skipped fails.

use std::env;
use std::io::{self, Write};
use std::process::{Command, Stdio};

/// Says that a test is skipped and why. Panics when the environment has CI=true.
pub fn skip(test: &str, why: &str) {
    // The line bypasses the capture of the test harness, so that the reader of a green run sees it.
    let _ = writeln!(io::stderr(), "SKIP {test}: {why}");
    assert!(env::var("CI").as_deref() != Ok("true"), "{test} is skipped under CI: {why}");
}

/// True when a program is installed; otherwise the test is skipped.
pub fn tool(test: &str, program: &str) -> bool {
    let probe = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    if probe.is_err() {
        skip(test, &format!("{program} is not installed"));
    }
    probe.is_ok()
}
