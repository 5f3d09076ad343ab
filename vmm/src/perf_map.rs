// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--perf-map`: names of translated guest code, as `perf` of the host reads them (Linux,
//! tools/perf/Documentation/jit-interface.txt): a line for each region of code, with its start and its size in hexadecimal
//! and its name.
//!
//! The file is written at the end of a run, with the code that is in memory then. Addresses of code that was thrown away,
//! or that ran before a reboot, may have been used again, so they have no lines.

use std::fmt::Write;
use std::path::PathBuf;

use machine::image::symbols::Symbols;
use power::HostCode;

/// The place where `perf` looks for the names of this process' code.
pub(crate) fn path() -> PathBuf {
    format!("/tmp/perf-{}.map", std::process::id()).into()
}

/// The lines of the file.
pub(crate) fn lines(code: &[HostCode], symbols: &Symbols) -> String {
    let mut lines = String::new();
    for code in code {
        // A write to memory does not fail.
        let _ = writeln!(lines, "{:x} {:x} {}", code.host, code.bytes, name(code, symbols));
    }
    lines
}

fn name(code: &HostCode, symbols: &Symbols) -> String {
    match symbols.find(code.ea, code.ra) {
        Some((name, 0)) => name.to_owned(),
        Some((name, offset)) => format!("{name}+{offset:#x}"),
        None => format!("guest_{:x}", code.ea),
    }
}
