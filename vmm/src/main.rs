// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The `tcevm` command.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    vmm::cli::main()
}
