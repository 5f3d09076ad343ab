// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The monitor: clients steer a run by QMP, QEMU's protocol of JSON, and users by words behind Ctrl-A c.
//!
//! A client's thread asks, and the run's thread answers between two runs of the vCPUs (`Desk`). So a command sees a machine at
//! rest, and no hypercall pays for the monitor. Read in this order: `desk`, `commands` (a command is a row),
//! `qmp` (the protocol, without sockets), `server` (the sockets).

mod commands;
pub(crate) mod desk;
mod qmp;
pub(crate) mod server;

use std::path::PathBuf;
use std::str::FromStr;

pub(crate) use commands::readable;
pub(crate) use desk::{Answer, Ask, Desk};
pub(crate) use server::Server;

/// The place where the monitor listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A UNIX socket at this path.
    Unix(PathBuf),
    /// Standard input and output.
    Stdio,
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Place, &'static str> {
        match text.strip_prefix("unix:") {
            Some(path) if !path.is_empty() => Ok(Place::Unix(path.into())),
            None if text == "stdio" => Ok(Place::Stdio),
            _ => Err("write unix:PATH or stdio"),
        }
    }
}
