// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A page as a browser without a screen sees it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// A page as the browser rendered it.
#[derive(Debug)]
pub struct Shown {
    /// The document after its scripts have run.
    pub dom: String,
    /// The messages on its console.
    pub console: Vec<String>,
}

/// Opens a page in a frame of this width, on which its rules for narrow screens go by, does what `script` says
/// (a function's body, with `page` as its document and `view` as its window), and returns what that returns.
/// A browser's own window has at least 500 pixels.
pub fn ask(page: &Path, profile: &Path, width: u32, script: &str) -> Value {
    let html = fs::read_to_string(page).expect("a page");
    let html = html.replace('&', "&amp;").replace('"', "&quot;");
    let outer = page.with_extension("frame.html");
    let document = format!(
        "<!doctype html><meta charset=utf-8><iframe width={width} height=844 srcdoc=\"{html}\"></iframe>\
         <p id=answer></p><script>\nconst frame = document.querySelector('iframe');\n\
         frame.onload = () => {{ const view = frame.contentWindow, page = view.document;\n\
         const answer = (() => {{ {script} }})();\n\
         document.getElementById('answer').textContent = JSON.stringify(answer); }};</script>"
    );
    fs::write(&outer, document).expect("a page");
    let shown = open(&outer, profile);
    assert!(shown.console.is_empty(), "{:?}", shown.console);
    let (_, answer) = shown.dom.split_once("<p id=\"answer\">").expect("an answer");
    let answer = answer.split("</p>").next().unwrap_or_default();
    let answer = answer.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", "\u{a0}");
    serde_json::from_str(&answer.replace("&amp;", "&")).expect("JSON")
}

/// Opens a page; the browser's own files go into `profile`.
pub fn open(page: &Path, profile: &Path) -> Shown {
    let mut browser = Command::new("chromium");
    browser.args(["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=2000"]);
    browser.args(["--disable-quic", "--no-first-run", "--disable-background-networking"]);
    browser.args(["--disable-component-update", "--disable-sync"]);
    browser.args(["--enable-logging=stderr", "--v=0"]);
    let profile = format!("--user-data-dir={}", profile.display());
    browser.arg(profile).arg("--dump-dom").arg(format!("file://{}", page.display()));
    let output = browser.stdin(Stdio::null()).output().expect("chromium starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    let console = errors.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned);
    Shown { dom: String::from_utf8_lossy(&output.stdout).into_owned(), console: console.collect() }
}
