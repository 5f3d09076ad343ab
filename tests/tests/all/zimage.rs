// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Debian's kernel in a `zImage`, with its initrd inside, as Linux' build puts it together
//! (`arch/powerpc/boot/wrapper`): both are packed, and `addsec` puts them into the wrapper.

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use tests::{debian, tcevm, tool};
use vmm_sys_util::tempdir::TempDir;

const OBJCOPY: &str = "powerpc64le-linux-gnu-objcopy";

#[test]
fn a_zimage_of_debians_kernel_boots_with_its_initrd() {
    let test = "a_zimage_of_debians_kernel_boots_with_its_initrd";
    let (Some(guest), true) = (debian::guest(test), tool(test, OBJCOPY)) else { return };
    let directory = TempDir::new_with_prefix(env::temp_dir().join("zimage-")).expect("a directory");
    let file = |name: &str| directory.as_path().join(name);
    let packed = Command::new("gzip").args(["-n", "-1", "-c"]).arg(guest.join("vmlinux")).output();
    fs::write(file("vmlinux.gz"), packed.expect("gzip").stdout).expect("a kernel");
    let wrapper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-images/images/hello-le.elf");
    let mut objcopy = Command::new(OBJCOPY);
    for (name, from) in [
        (".kernel:vmlinux.strip", file("vmlinux.gz")),
        (".kernel:initrd", guest.join("initrd.cpio.gz")),
    ] {
        objcopy.arg(format!("--add-section={name}={}", from.display()));
        objcopy.arg(format!("--set-section-flags={name}=contents,alloc,load,readonly,data"));
    }
    let made = objcopy.arg(wrapper).arg(file("zImage")).status();
    assert!(made.is_ok_and(|status| status.success()));
    let mut command = tcevm();
    command.arg("run").arg(file("zImage")).args(["--memory", "512M", "--timeout", "300"]);
    command.args(["--append", "console=hvc0 quiet cryptomgr.notests"]);
    let output = command.env_remove("RUST_LOG").stdin(Stdio::null()).output().expect("it starts");
    let said = debian::said(&output);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(said.iter().any(|line| line == "kernel: Linux ppc64le"), "{said:?}");
}
