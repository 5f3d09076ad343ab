// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Programs that guests do not need to run. Each function checks for one program, and names Debian's package.

use std::process::{Command, Stdio};

use super::Finding::{self, Missing, There};

pub(super) fn qemu_system() -> Finding {
    program("qemu-system-ppc64", "qemu-system-ppc")
}

pub(super) fn qemu_user() -> Finding {
    program("qemu-ppc64le", "qemu-user")
}

pub(super) fn gcc_le() -> Finding {
    program("powerpc64le-linux-gnu-gcc", "gcc-powerpc64le-linux-gnu")
}

pub(super) fn gcc_be() -> Finding {
    program("powerpc64-linux-gnu-gcc", "gcc-powerpc64-linux-gnu")
}

pub(super) fn gcc_x86() -> Finding {
    program("x86_64-linux-gnu-gcc", "gcc (on x86-64, else gcc-x86-64-linux-gnu)")
}

pub(super) fn objdump() -> Finding {
    program("powerpc64le-linux-gnu-objdump", "binutils-powerpc64le-linux-gnu")
}

pub(super) fn dtc() -> Finding {
    program("dtc", "device-tree-compiler")
}

pub(super) fn passt() -> Finding {
    program("passt", "passt")
}

/// The first line of the program's `--version`, or the way to get the program.
fn program(name: &str, package: &str) -> Finding {
    match Command::new(name).arg("--version").stdin(Stdio::null()).output() {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout);
            There(text.lines().next().unwrap_or(name).to_owned())
        }
        Err(_) => Missing(format!("{name}; on Debian: apt-get install {package}")),
    }
}
