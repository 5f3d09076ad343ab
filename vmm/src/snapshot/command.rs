// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm snapshot SOCKET FILE`: asks a running machine for a snapshot, through its monitor.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{self, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use crate::failure::Failure;

/// The longest line of an answer.
const LONGEST: u64 = 1 << 20;

/// The arguments of `tcevm snapshot`.
#[derive(Args, Debug)]
pub struct SnapshotArgs {
    /// The socket of the machine's monitor, as `tcevm run --monitor unix:PATH` made it.
    pub socket: PathBuf,
    /// The file to write. It appears whole or not at all; only a snapshot is written over.
    pub file: PathBuf,
}

/// Runs the command; returns the exit code.
pub fn run(args: &SnapshotArgs) -> Result<u8, Failure> {
    let failed = |source| Failure::Monitor { path: args.socket.clone(), source };
    // The machine may have another current directory.
    let file = path::absolute(&args.file).map_err(failed)?;
    let text = file.to_str().ok_or_else(|| failed(io::ErrorKind::InvalidFilename.into()))?;
    let snapshot = json!({"execute": "snapshot", "arguments": {"file": text}});
    let stream = UnixStream::connect(&args.socket).map_err(failed)?;
    let mut answers = BufReader::new(&stream);
    let greeting = answer(&mut answers).map_err(failed)?;
    if let Some(why) = refusal(&greeting) {
        return Err(Failure::Refused(why));
    }
    for command in [json!({"execute": "qmp_capabilities"}), snapshot] {
        writeln!(&stream, "{command}").map_err(failed)?;
        if let Some(why) = refusal(&answer(&mut answers).map_err(failed)?) {
            return Err(Failure::Refused(why));
        }
    }
    Ok(0)
}

/// The next answer, behind any events.
fn answer(from: &mut impl BufRead) -> io::Result<Value> {
    loop {
        let mut line = String::new();
        if io::Read::take(&mut *from, LONGEST).read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let value: Value = serde_json::from_str(&line).map_err(io::Error::other)?;
        if value.get("event").is_none() {
            return Ok(value);
        }
    }
}

/// The sentence of an answer that is an error.
fn refusal(answer: &Value) -> Option<String> {
    let why = answer.get("error")?.get("desc").and_then(Value::as_str);
    Some(why.unwrap_or("no reason is given").to_owned())
}
