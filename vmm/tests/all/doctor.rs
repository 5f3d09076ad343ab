// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm doctor` reports the tools that are present and those that are missing, with the remedy.

use crate::support::{code, stdout, tcevm};

fn doctor(path: Option<&str>) -> String {
    let mut command = tcevm();
    path.iter().for_each(|path| _ = command.env("PATH", path));
    let output = command.arg("doctor").output().expect("tcevm starts");
    assert_eq!(code(&output), 0, "a host that lacks something is no failure: {output:?}");
    stdout(&output)
}

#[test]
fn every_line_says_whether_it_is_there() {
    let text = doctor(None);
    let (checks, end) = text.split_once("\n\n").expect("a last line");
    for line in checks.lines() {
        assert!(line.starts_with("ok  ") || line.starts_with("missing  "), "{line}");
    }
    for name in
        ["POWER guests", "/dev/kvm", "cost of an exit", "locked memory", "passt", "QEMU for POWER"]
    {
        assert!(checks.contains(name), "{name}: {checks}");
    }
    let missing = checks.lines().filter(|line| line.starts_with("missing")).count();
    match missing {
        0 => assert!(end.starts_with("Everything"), "{end}"),
        count => assert!(end.contains(&format!(": {count}.")), "{end}"),
    }
}

#[test]
fn a_tool_that_is_missing_comes_with_the_package_that_has_it() {
    let text = doctor(Some("/nowhere"));
    for (tool, package) in [
        ("qemu-system-ppc64", "qemu-system-ppc"),
        ("powerpc64le-linux-gnu-gcc", "gcc-powerpc64le-linux-gnu"),
        ("dtc", "device-tree-compiler"),
        ("passt", "passt"),
    ] {
        let says = format!("{tool}; on Debian: apt-get install {package}");
        assert!(text.contains(&says), "{text}");
    }
}
