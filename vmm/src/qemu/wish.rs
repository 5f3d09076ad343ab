// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The request of a command line of QEMU, and the run that it asks for.

use std::ffi::OsString;
use std::path::PathBuf;

use super::devices::Wanted;
use super::refusal::Refusal;
use crate::options::devices::DeviceArgs;

/// The request of a command line.
#[derive(Debug, PartialEq, Eq)]
pub enum Ask {
    /// `-h`
    Help,
    /// `-version`
    Version,
    /// `-machine ?`
    Machines,
    /// `-cpu ?`
    Cpus,
    /// A run.
    Run(Box<Wish>),
}

/// A run, as QEMU's options describe it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// The path of the kernel image.
    pub kernel: Option<PathBuf>,
    /// The options for `tcevm run`.
    pub(super) options: Vec<OsString>,
    /// Disks and networks.
    pub(super) devices: Wanted,
}

impl Wish {
    /// The equivalent command line of `tcevm`, without the devices.
    pub fn translated(&self) -> Vec<OsString> {
        // QEMU exits with 0 when the guest has powered off, whatever the guest's verdict.
        let mut args = ["tcevm", "run", "--ignore-verdict"].map(OsString::from).to_vec();
        args.extend(self.options.iter().cloned());
        args.push("--".into());
        args.extend(self.kernel.clone().map(OsString::from));
        args
    }

    /// The devices as options of `tcevm run`.
    pub fn devices(self) -> Result<DeviceArgs, Refusal> {
        self.devices.put_together()
    }

    pub(super) fn pass(&mut self, option: &str, value: impl Into<OsString>) {
        let mut arg = OsString::from(option);
        arg.push("=");
        arg.push(value.into());
        self.options.push(arg);
    }
}
