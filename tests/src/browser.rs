// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A page as a browser without a screen sees it.

use std::path::Path;
use std::process::{Command, Stdio};

/// What the browser made of a page.
#[derive(Debug)]
pub struct Shown {
    /// The document after its scripts have run.
    pub dom: String,
    /// What was said on its console.
    pub console: Vec<String>,
}

/// Opens a page; the browser's own files go into `profile`.
pub fn open(page: &Path, profile: &Path) -> Shown {
    let mut browser = Command::new("chromium");
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000"]);
    browser.args(["--enable-logging=stderr", "--v=0"]);
    let profile = format!("--user-data-dir={}", profile.display());
    browser.arg(profile).arg("--dump-dom").arg(format!("file://{}", page.display()));
    let output = browser.stdin(Stdio::null()).output().expect("chromium starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    let console = errors.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned);
    Shown { dom: String::from_utf8_lossy(&output.stdout).into_owned(), console: console.collect() }
}
