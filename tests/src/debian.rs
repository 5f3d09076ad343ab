// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The Debian guest that `tests/scripts/debian-guest.sh` makes.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use crate::{skip, tcevm};

/// The directory of the guest; `None` when it cannot be made here, which is reported as a skip of `test`.
pub fn guest(test: &str) -> Option<&'static Path> {
    static GUEST: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = GUEST.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let directory = root.join("../target/debian-guest");
        let script = root.join("scripts/debian-guest.sh");
        let output = Command::new(script).arg(&directory).stdin(Stdio::null()).output();
        let output = output.map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(directory),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    });
    made.as_deref().map_err(|why| skip(test, &format!("no Debian guest: {why}"))).ok()
}

/// The guest with these words on the kernel's command line.
pub fn command(guest: &Path, initrd: &str, words: &str) -> Command {
    let append = format!("console=hvc0 quiet cryptomgr.notests {words}");
    let mut command = tcevm();
    command.arg("run").arg(guest.join("vmlinux")).arg("--initrd").arg(guest.join(initrd));
    command.args(["--memory", "512M", "--timeout", "300", "--append", &append]);
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// The lines of the guest's init from the marker on, without the kernel's own.
pub fn said(output: &Output) -> Vec<String> {
    let console = String::from_utf8_lossy(&output.stdout);
    let lines = console.lines().map(str::trim_end).skip_while(|line| !line.starts_with("MARKER:"));
    lines.filter(|line| !line.starts_with('[')).map(str::to_owned).collect()
}
