// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Combinations of options: each option is honoured or refused. `vmm/src/comply/args.rs` tests every
//! combination of `tcevm comply`.

use std::process::Output;

use crate::support::{Files, arg, code, run, stderr, stdout, tcevm};
use clap::CommandFactory;
use serde_json::Value;
use tests::skip;
use vmm::cli::Cli;

fn comply(args: &[&str]) -> Output {
    tcevm().arg("comply").args(args).output().expect("tcevm starts")
}

fn refused(output: &Output, why: &str) {
    assert_eq!((code(output), stdout(output).as_str()), (2, ""), "{}", stderr(output));
    assert!(stderr(output).contains(why), "{why}: {}", stderr(output));
}

/// Options of `tcevm run` that change nothing in a tree and are accepted beside `--dump-dtb`: a limit that is
/// not reached, and a requirement that the image meets.
const HELD: [&str; 2] = ["timeout", "vcpu"];

#[test]
fn with_dump_dtb_an_option_is_in_the_tree_or_refused() {
    let files = Files::new();
    let file = files.write("file", "something");
    let disk = files.write("disk", vec![0; 1 << 20]);
    let to = files.path("new");
    let hub = format!("hub={}", files.path("hub").display());
    let big = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-images/images/hello-be.elf");
    let value = |id: &str| match id {
        "image" => big,
        "memory" => "64M",
        "smp" => "2",
        "append" => "words",
        "initrd" => arg(&file),
        "disk" => arg(&disk),
        "net" => &hub,
        "vcpu" => "power",
        "restore" => arg(&file),
        "monitor" => "stdio",
        "engine" => "interpreter",
        "timeout" => "60",
        "rtc" => "2006-06-17",
        "trace_limit" | "table_memory" => "4M",
        "nvram" | "dirty_log" | "record" | "trace_file" | "trace_to" | "report" => arg(&to),
        "accel" => "real",
        "tier" => "virtual=./none.so",
        "profile" => "kvm",
        "platform" => "ioda1",
        "check" => "dma",
        "inject" => "nomem:nth=1",
        other => panic!("{other} has no value here"),
    };
    let dump = |args: &[&str]| {
        tcevm().args(["run", "--dump-dtb", "-"]).args(args).output().expect("tcevm starts")
    };
    let base = dump(&[]);
    let command = Cli::command();
    let options = command.find_subcommand("run").expect("a command").get_arguments();
    for option in
        options.filter(|option| !["help", "log", "dump_dtb"].contains(&option.get_id().as_str()))
    {
        let id = option.get_id().as_str();
        let long = option.get_long().map(|long| format!("--{long}"));
        let takes = option.get_action().takes_values() && !["stats", "trace"].contains(&id);
        let mut args: Vec<&str> = long.as_deref().into_iter().collect();
        args.extend(takes.then(|| value(id)));
        let output = dump(&args);
        match code(&output) {
            2 => assert_eq!(stdout(&output), "", "{args:?}"),
            // The demonstration is another image. The tree does not contain the image; only its validity is
            // checked.
            0 if HELD.contains(&id) || id == "image" => {}
            0 => assert!(output.stdout != base.stdout, "{args:?} is ignored"),
            _ => panic!("{args:?}: {}", stderr(&output)),
        }
    }
    assert!(!to.exists());
}

#[test]
fn an_option_of_something_that_is_not_asked_for_is_refused() {
    refused(&run(["--trace-limit", "4M"]), "--trace-file");
    refused(&comply(&["--seed", "3"]), "--random");
    refused(&comply(&["--image-kind", "be"]), "--emit-image");
    let files = Files::new();
    let record = files.write("record", "");
    let replay =
        |args: &[&str]| tcevm().args(["replay", arg(&record)]).args(args).output().expect("starts");
    for option in [["--tier", "real"], ["--platform", "ioda1"]] {
        refused(&replay(&[&["--rig", "qemu-le"], &option[..]].concat()), option[0]);
    }
    refused(&replay(&["--rig", "direct", "--list"]), "--list");
    // QEMU stores a value behind the memory (clause put/outside-ram), and so do our machines under its rules.
    files.write("record", "H_PUT_TCE L 0 RAM|RW -> H_PARAMETER");
    for rig in ["direct", "power-le"] {
        assert_eq!(code(&replay(&["--rig", rig])), 0, "{rig}");
        assert_eq!(code(&replay(&["--rig", rig, "--profile", "qemu"])), 1, "{rig}");
    }
    refused(&comply(&["--rig", "nowhere"]), "power-le");
    let replay =
        tcevm().args(["replay", arg(&record), "--rig", "nowhere"]).output().expect("starts");
    refused(&replay, "power-le");
}

// The boot block has no list of function sets (guest-images/X86-GATE.md), and no device tree.
#[test]
fn an_x86_guest_is_not_given_what_it_cannot_see() {
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-images/images/replace-x86.elf");
    for (option, value) in [("--no-multi-tce", None), ("--dump-dtb", Some("-"))] {
        let output = run([image, option].into_iter().chain(value));
        assert_eq!((code(&output), stdout(&output).as_str()), (3, ""), "{option}");
        assert!(stderr(&output).contains(option), "{}", stderr(&output));
    }
}

#[test]
fn the_list_is_written_in_the_format_that_is_wanted() {
    let list = stdout(&comply(&["put/", "--list", "--format", "json"]));
    let list: Value = serde_json::from_str(&list).expect("JSON");
    let clauses = list["clauses"].as_array().expect("clauses");
    let table = stdout(&comply(&["put/", "--list"]));
    assert_eq!(clauses.len(), table.lines().count());
    for (clause, line) in clauses.iter().zip(table.lines()) {
        assert!(line.starts_with(clause["id"].as_str().expect("a name")), "{line}");
        assert!(clause["spec"].is_string() && clause["says"].is_string(), "{clause}");
    }
    refused(&comply(&["--list", "--format", "html"]), "--format");
    refused(&comply(&["--list", "--rig", "direct"]), "--rig");
}

#[test]
fn random_calls_are_played_by_the_rigs_that_are_named() {
    let output = comply(&["--random", "60", "--rig", "power-le", "--rig", "direct-real"]);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}{}", stderr(&output));
    let pairs: Vec<_> = text.lines().filter_map(|line| line.split(", profile").next()).collect();
    assert_eq!(pairs, ["direct and direct-real", "direct and power-le"], "{text}");
    refused(&comply(&["--random", "60", "--rig", "power-le", "--profile", "qemu"]), "--profile");
    refused(&comply(&["--random", "60", "--format", "json"]), "--format");
    refused(&comply(&["--emit-image", "x", "--rig", "power-le"]), "--rig");
    assert!(!std::path::Path::new("x").exists());
}

#[test]
fn a_comparison_with_qemu_is_of_the_rigs_and_in_the_format_that_are_wanted() {
    let test = "a_comparison_with_qemu_is_of_the_rigs_and_in_the_format_that_are_wanted";
    refused(&comply(&["--against", "qemu", "--profile", "kvm"]), "--profile");
    refused(&comply(&["--against", "qemu", "--format", "html"]), "--format");
    refused(&comply(&["--against", "qemu", "--rig", "direct"]), "power-be");
    if !skip::tool(test, "qemu-system-ppc64") {
        return;
    }
    let against = |args: &[&str]| comply(&[&["put/", "--against", "qemu"], args].concat());
    let output = against(&["--rig", "power", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let json: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!((&json["peer"], &json["explained"]), (&"qemu".into(), &true.into()));
    let compared = json["comparisons"].as_array().expect("comparisons");
    let rigs: Vec<_> = compared.iter().map(|one| (&one["ours"], &one["theirs"])).collect();
    let (le, be) =
        ((&"power-le".into(), &"qemu-le".into()), (&"power-be".into(), &"qemu-be".into()));
    assert_eq!(rigs, [le, be]);
    // put/outside-ram: note 1.
    let differences = compared[0]["differences"].as_array().expect("differences");
    let known =
        differences.iter().find(|one| one["id"] == "put/outside-ram").expect("a difference");
    assert_eq!(known["note"]["number"], 1, "{known}");

    let tap = stdout(&against(&["--format", "tap"]));
    let clauses = stdout(&comply(&["put/", "--list"])).lines().count();
    assert!(tap.contains(&format!("1..{clauses}\n")), "{tap}");
    let skips = tap.lines().filter(|line| line.contains("# SKIP") && line.contains("note")).count();
    assert_eq!(skips, differences.len(), "{tap}");
    assert!(
        stdout(&against(&["--format", "junit"])).contains("<testsuite name=\"power-le/qemu-le\"")
    );

    let output = comply(&["--random", "60", "--rig", "power-le", "--against", "qemu"]);
    assert!(stdout(&output).contains("power-le and qemu-le, profile lopar"), "{}", stdout(&output));
}
