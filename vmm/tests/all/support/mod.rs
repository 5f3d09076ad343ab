// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The shared parts of the command's tests: small guests, built here word by word so that they need no
//! compiler, and functions that run `tcevm`.

// Each test file uses its own part, and a module shared by files has no better visibility.
#![allow(dead_code, unreachable_pub)]

pub mod asm;
pub mod elf;
pub mod x86;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use vmm_sys_util::tempdir::TempDir;

/// The command under test, with no input and no log settings from outside.
pub fn tcevm() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tcevm"));
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// Runs `tcevm run` with these arguments; a guest that hangs is stopped.
pub fn run<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Output {
    tcevm().arg("run").args(["--timeout", "60"]).args(args).output().expect("tcevm starts")
}

/// Starts `tcevm run` with these arguments; the test has its input and its output.
pub fn spawn<S: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = S>) -> Child {
    tcevm()
        .arg("run")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("tcevm starts")
}

/// The exit code; a process that a signal killed has none, which is always wrong here.
pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap_or_else(|| panic!("killed: {output:?}"))
}

/// Asserts that a `--dirty-log` has the pages that the tests of it write at 0x30_0000, and nothing of the image.
pub fn assert_written_pages(log: &Path) {
    let text = std::fs::read_to_string(log).expect("a log");
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with("0x00000000003")).collect();
    assert_eq!(
        lines,
        [
            "0x0000000000300000 0x0000000000300fff 1 guest",
            "0x0000000000301000 0x0000000000301fff 1 guest+tce",
            "0x0000000000302000 0x0000000000302fff 1 tce",
        ],
        "{text}"
    );
    assert!(!text.contains("0x0000000000100000"), "the image is not the guest's doing: {text}");
}

/// The output on stdout.
pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The output on stderr.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A directory for the files of one test, removed at its end.
pub struct Files(TempDir);

impl Files {
    pub fn new() -> Files {
        Files(TempDir::new_with_prefix(std::env::temp_dir().join("tcevm-")).expect("a directory"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.as_path().join(name)
    }

    pub fn write(&self, name: &str, data: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, data).expect("a file");
        path
    }
}

/// A path as an argument.
pub fn arg(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}
