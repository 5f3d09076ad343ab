// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Where TCE hypercalls start, whose answers they give, on which bridge and with what going wrong:
//! `--accel`, `--profile`, `--platform` and `--inject`, with the committed guest images.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tests::tcevm;

fn run(image: &str, args: &[&str]) -> Output {
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-images/images");
    let mut command = tcevm();
    command.args(["run", "--timeout", "60", "--stats=json"]).args(args).arg(images.join(image));
    command.env_remove("RUST_LOG").stdin(std::process::Stdio::null());
    command.output().expect("tcevm starts")
}

fn stats(output: &Output) -> Value {
    let stderr = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(stderr.lines().last().unwrap_or_default()).expect("JSON")
}

/// Runs to success with nothing leaked; returns standard output and the statistics.
fn good(image: &str, args: &[&str]) -> (String, Value) {
    let output = run(image, args);
    assert_eq!(output.status.code(), Some(0), "{image} {args:?}: {output:?}");
    let stats = stats(&output);
    assert_eq!(stats["pages"]["leaked_pins"], 0, "{image} {args:?}: {stats}");
    (String::from_utf8_lossy(&output.stdout).into_owned(), stats)
}

/// Tries and too hard ones of a tier.
fn tier(stats: &Value, name: &str) -> (u64, u64) {
    let tiers = stats["tiers"].as_array().expect("tiers");
    let tier = tiers.iter().find(|tier| tier["name"] == name).expect(name);
    (tier["calls"].as_u64().expect("calls"), tier["too_hard"].as_u64().expect("too_hard"))
}

#[test]
fn a_guest_cannot_tell_where_its_calls_start() {
    let (expected, plain) = good("replace-le.elf", &[]);
    let (all, _) = tier(&plain, "virtual");
    assert_eq!((tier(&plain, "real"), tier(&plain, "user")), ((0, 0), (0, 0)));
    let (said, real) = good("replace-le.elf", &["--accel", "real"]);
    assert_eq!(said, expected);
    // The first entry of the window needs a chunk of the view, the others lie in it.
    assert_eq!((tier(&real, "real"), tier(&real, "virtual")), ((all, 1), (1, 0)));
    let (said, user) = good("replace-le.elf", &["--accel", "user"]);
    assert_eq!(said, expected);
    assert_eq!((tier(&user, "virtual"), tier(&user, "user")), ((0, 0), (all, 0)));
}

#[test]
fn every_platform_runs_the_demonstration_and_a_64_bit_window() {
    for platform in ["p5ioc2", "ioda1", "ioda2"] {
        for image in ["replace-be.elf", "window64-le.elf", "window64-be.elf"] {
            let (said, _) = good(image, &["--platform", platform]);
            assert!(said.contains("PASS"), "{image} on {platform}: {said}");
        }
    }
}

// A PCI function of the machine sees each exchange, through the view and behind every bridge, and its faults stop its PE.
#[test]
fn the_exerciser_works_behind_every_bridge_and_in_every_tier() {
    let platforms =
        [&[][..], &["--platform", "p5ioc2"], &["--platform", "ioda1"], &["--platform", "ioda2"]];
    for (platform, image) in platforms.into_iter().zip(["be", "le", "be", "le"]) {
        for tier in ["real", "virtual"] {
            let args = [platform, &["--exerciser", "--check", "dma", "--accel", tier]].concat();
            let (said, stats) = good(&format!("exerciser-{image}.elf"), &args);
            assert!(said.contains("PASS") && !said.contains("WRONG"), "{args:?}: {said}");
            assert_eq!(stats["findings"]["count"], 0, "{args:?}: {stats}");
        }
    }
    let (said, _) = good("exerciser-le.elf", &["--exerciser"]);
    assert!(said.contains("PASS"), "{said}");
}

#[test]
fn a_64_bit_window_is_the_same_from_every_tier() {
    for tier in ["real", "virtual", "user"] {
        good("window64-le.elf", &["--accel", tier]);
    }
}

// The demonstration holds tcevm to LoPAR; under another profile it gets what others answer.
#[test]
fn a_profile_changes_the_answers_that_differ() {
    for (profile, code) in [("lopar", 0), ("kvm", 1), ("qemu", 1)] {
        let output = run("replace-le.elf", &["--profile", profile]);
        assert_eq!(output.status.code(), Some(code), "{profile}: {output:?}");
        assert_eq!(stats(&output)["pages"]["leaked_pins"], 0, "{profile}: {output:?}");
    }
}

#[test]
fn faults_that_tiers_mend_are_not_seen_by_the_guest() {
    let (expected, _) = good("replace-le.elf", &[]);
    for faults in [
        &["--inject", "toohard"][..],
        &["--inject", "unregistered"],
        &["--inject", "toohard:prob=0.5,seed=3", "--inject", "unregistered:every=3"],
        &["--inject", "nomem:nth=1"],
        &["--inject", "delayed-kill:every=5,us=10"],
    ] {
        for start in ["real", "virtual"] {
            let (said, stats) = good("replace-le.elf", &[faults, &["--accel", start]].concat());
            assert_eq!(said, expected, "{faults:?} from {start}");
            assert!(stats["faults"].as_u64() > Some(0), "none happened: {stats}");
        }
    }
}

#[test]
fn random_calls_and_faults_leak_nothing() {
    for start in ["real", "virtual", "user"] {
        let faults = ["hardware:prob=0.05", "busy:prob=0.05", "nomem:prob=0.3", "toohard:prob=0.3"];
        let mut args = vec!["--accel", start, "--append", "seed=5 calls=3000"];
        faults.iter().for_each(|fault| args.extend(["--inject", fault]));
        let output = run("chaos-le.elf", &args);
        assert_eq!(stats(&output)["pages"]["leaked_pins"], 0, "from {start}: {output:?}");
    }
}

#[test]
fn wrong_values_are_told_in_one_line_what_to_write() {
    for (args, part) in [
        (["--inject", "oom"], "toohard"),
        (["--inject", "toohard:tier=user"], "tier=virtual"),
        (["--inject", "busy:call=H_CEDE"], "H_PUT_TCE"),
        (["--accel", "kernel"], "virtual"),
        (["--profile", "phyp"], "lopar"),
        (["--platform", "ioda3"], "ioda2"),
    ] {
        let output = run("hello-le.elf", &args);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {output:?}");
        assert!(stderr.contains(part) && stderr.lines().count() == 1, "{args:?}: {stderr}");
    }
}

#[test]
fn help_tells_the_grammar_of_faults() {
    let output = tcevm().args(["run", "--help"]).output().expect("tcevm starts");
    let help = String::from_utf8_lossy(&output.stdout);
    for part in ["--accel", "--profile", "--platform", "delayed-kill", "nth=N", "prob=P"] {
        assert!(help.contains(part), "{part}: {help}");
    }
}
