// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The committed guest images run on `tcevm`, in both endiannesses, and leave nothing mapped.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tests::tcevm;

fn run(image: &str) -> Output {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-images/images");
    let image = images.join(image);
    let mut command = tcevm();
    command.args(["run", "--timeout", "60", "--stats=json"]).arg(image);
    command.env_remove("RUST_LOG").stdin(std::process::Stdio::null());
    command.output().expect("tcevm starts")
}

fn stats(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(stderr.lines().last().unwrap_or_default()).expect("JSON")
}

#[test]
fn hello_says_so_in_both_endiannesses() {
    for (image, says) in [("hello-le.elf", "little-endian"), ("hello-be.elf", "big-endian")] {
        let output = run(image);
        assert_eq!(output.status.code(), Some(0), "{image}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(says), "{image}: {output:?}");
    }
}

#[test]
fn the_demonstration_replaces_entries_and_leaves_none() {
    for image in ["replace-le.elf", "replace-be.elf"] {
        let output = run(image);
        assert_eq!(output.status.code(), Some(0), "{image}: {output:?}");
        let stats = stats(&output);
        let window = &stats["windows"][0];
        assert!(window["replaced"].as_u64() > Some(0), "{image}: {stats}");
        assert_eq!(window["live"], 0, "{image}: the guest cleared its table: {stats}");
        assert_eq!(stats["pages"]["pinned"], stats["pages"]["released"], "{image}: {stats}");
        assert_eq!(stats["pages"]["leaked_pins"], 0, "{image}: {stats}");
    }
}
