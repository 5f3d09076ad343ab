// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm comply`, `tcevm run --record` and `tcevm replay` as a user gives them.

use std::env;
use std::process::{Command, Output, Stdio};

use crate::support::{Files, arg, code, stderr, stdout, tcevm};
use serde_json::Value;
use tests::{browser, skip};

fn comply(args: &[&str]) -> Output {
    tcevm().arg("comply").args(args).output().expect("tcevm starts")
}

fn have(test: &str, program: &str) -> bool {
    skip::tool(test, program)
}

#[test]
fn the_list_has_every_clause_and_filters() {
    let all = stdout(&comply(&["--list"]));
    assert!(all.lines().count() >= 120);
    let puts = stdout(&comply(&["put/", "--list"]));
    assert!(puts.lines().count() > 0 && puts.lines().all(|line| line.contains("put/")), "{puts}");
    let none = comply(&["no-such-clause"]);
    assert!(code(&none) != 0 && stderr(&none).contains("--list"), "{}", stderr(&none));
}

#[test]
fn every_clause_passes_on_our_own_vcpu_of_both_endiannesses() {
    let output = comply(&["--rig", "power"]);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}");
    assert!(text.contains("power-le:") && text.contains("power-be:") && text.contains(" 0 failed"));
    assert!(!text.contains('\x1b'), "colours belong on a terminal");
}

#[test]
fn a_rig_that_answers_otherwise_fails_with_exit_code_1() {
    let output = comply(&["put/", "--rig", "power-le", "--profile", "qemu"]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("FAIL put/"));
}

#[test]
fn formats_are_what_their_readers_expect() {
    let run = |format| stdout(&comply(&["get/", "--rig", "power-le", "--format", format]));
    let tap = run("tap");
    let points = tap.lines().filter(|line| line.starts_with("ok ")).count();
    assert!(tap.contains(&format!("1..{points}\n")), "{tap}");
    let json: Value = serde_json::from_str(&run("json")).expect("JSON");
    assert!(json.is_object());
    let junit = run("junit");
    assert!(junit.starts_with("<?xml") && junit.contains("<testcase"), "{junit}");
    assert!(run("html").starts_with("<!doctype html>"));
}

#[test]
fn differences_to_qemu_are_explained() {
    if !have("differences_to_qemu_are_explained", "qemu-system-ppc64") {
        return;
    }
    let output = comply(&["--against", "qemu"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let all = comply(&["--rig", "qemu"]);
    assert_eq!(code(&all), 0, "{}", stdout(&all));
}

#[test]
fn a_random_sequence_that_differs_is_shrunk_to_a_script_that_replays() {
    if !have("a_random_sequence_that_differs", "qemu-system-ppc64") {
        return;
    }
    let output =
        comply(&["--random", "400", "--seed", "3", "--against", "qemu", "--profile", "lopar"]);
    let script = stdout(&output);
    assert_eq!(code(&output), 1, "{script}{}", stderr(&output));
    let steps = script.lines().filter(|line| !line.starts_with('#')).count();
    assert!((1..=8).contains(&steps), "{script}");
    let files = Files::new();
    let file = files.write("short.script", &script);
    let replay = |args: &[&str]| {
        tcevm().arg("replay").arg(arg(&file)).args(args).output().expect("tcevm starts")
    };
    let ours = replay(&["--profile", "lopar"]);
    assert!(code(&ours) <= 1, "{}{}", stdout(&ours), stderr(&ours));
    assert!(stdout(&ours).contains("step"), "{}{}", stdout(&ours), stderr(&ours));
}

#[test]
fn a_record_replays_on_every_tier_and_platform_and_ends_at_the_first_difference() {
    let files = Files::new();
    let record = files.path("record");
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-images/images/replace-le.elf");
    let run = tcevm().args(["run", image, "--record", arg(&record)]).output().expect("starts");
    assert_eq!(code(&run), 0, "{}", stderr(&run));
    let replay = |args: &[&str]| {
        tcevm().arg("replay").arg(arg(&record)).args(args).output().expect("tcevm starts")
    };
    for tier in ["real", "virtual", "user"] {
        for platform in ["p5ioc2", "ioda1", "ioda2"] {
            let output = replay(&["--tier", tier, "--platform", platform]);
            assert_eq!(code(&output), 0, "{tier} {platform}: {}", stdout(&output));
        }
    }
    let text = std::fs::read_to_string(&record).expect("the record");
    let put = text.find("H_PUT_TCE ").expect("a put");
    let (before, after) = text.split_at(put);
    let changed = format!("{before}{}", after.replacen("H_SUCCESS", "H_PARAMETER", 1));
    std::fs::write(&record, changed).expect("a file");
    let output = replay(&[]);
    assert_eq!(code(&output), 1, "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).starts_with("FAIL at step"), "{}", stdout(&output));
}

#[test]
fn the_image_runs_on_our_machine_and_on_qemu() {
    let files = Files::new();
    for kind in ["le", "be"] {
        let image = files.path("comply.elf");
        let emit = comply(&["--emit-image", arg(&image), "--image-kind", kind]);
        assert_eq!(code(&emit), 0, "{}", stderr(&emit));
        let ours = tcevm().arg("run").arg(&image).output().expect("tcevm starts");
        assert_eq!(points(&stdout(&ours)), plan(&stdout(&ours)), "{}", stdout(&ours));
        if !have("the_image_runs_on_qemu", "qemu-system-ppc64") {
            continue;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/scripts/run-on-qemu.sh");
        let qemu = Command::new(script).arg(&image).stdin(Stdio::null()).output().expect("starts");
        // Bug 61 of papr-tce 6.3: QEMU 7.2 aborts when a window is too large.
        let text = stdout(&qemu);
        let died = !text.contains("- ddw/create-too-large") && points(&text) + 7 == plan(&text);
        assert!(died || points(&text) == plan(&text), "{text}");
    }
}

/// The number of test points in the plan.
fn plan(text: &str) -> usize {
    let plan = text.lines().find_map(|line| line.strip_prefix("1.."));
    let plan = plan.and_then(|plan| plan.trim().parse().ok());
    plan.filter(|&points| points >= 80).unwrap_or_else(|| panic!("no plan: {text}"))
}

/// The number of test points in the output.
fn points(text: &str) -> usize {
    let is_point = |line: &&str| line.starts_with("ok ") || line.starts_with("not ok ");
    text.lines().filter(is_point).count()
}

/// The page in a browser: the table is present without JavaScript, the filters with it.
#[test]
fn a_browser_shows_the_report() {
    if !have("a_browser_shows_the_report", "chromium") {
        return;
    }
    let files = Files::new();
    let page = stdout(&comply(&["--rig", "power", "--rig", "direct", "--format", "html"]));
    assert!(!page.contains("src=") && !page.contains("http://") && !page.contains("https://"));
    let path = files.write("report.html", &page);
    let dump = || {
        let shown = browser::open(&path, &files.path("profile"));
        assert!(shown.console.is_empty(), "{:?}", shown.console);
        shown.dom
    };
    let clauses = page.matches("<tbody class=\"clause\"").count();
    assert!(clauses >= 120);
    let live = dump();
    assert_eq!(live.matches("<tbody class=\"clause\"").count(), clauses);
    assert_eq!(live.matches("<select").count(), 2, "filters");
    assert!(live.contains(&format!("{clauses} of {clauses}</output>")), "what they show");
    let (before, script) = page.split_once("<script>").expect("a script");
    let (_, after) = script.split_once("</script>").expect("its end");
    std::fs::write(&path, format!("{before}{after}")).expect("a file");
    let still = dump();
    assert_eq!(still.matches("<tbody class=\"clause\"").count(), clauses);
    assert!(!still.contains("<select"));
}

#[test]
fn the_filters_hide_clauses_on_a_narrow_screen_and_a_wide_one() {
    if !have("the_filters_hide_clauses_on_a_narrow_screen_and_a_wide_one", "chromium") {
        return;
    }
    let files = Files::new();
    let page = stdout(&comply(&["get/", "--rig", "direct", "--format", "html"]));
    let path = files.write("report.html", &page);
    let clauses = page.matches("<tbody class=\"clause\"").count() as u64;
    let script = "
        const seen = (selector) => [...page.querySelectorAll(selector)].filter((e) => e.offsetHeight > 0).length;
        const counts = () => [seen('tbody.clause'), seen('tbody.section')];
        const before = counts(), text = page.querySelector('input');
        const type = (words) => { text.value = words; text.dispatchEvent(new view.Event('input')); return counts(); };
        return { width: view.innerWidth, before, one: type('get/liobn-unknown'), none: type('no such words'), all: type('') };";
    for width in [390, 1280] {
        let answer = browser::ask(&path, &files.path("profile"), width, script);
        assert_eq!(answer["width"], width);
        assert_eq!((&answer["before"][0], &answer["all"][0]), (&clauses.into(), &clauses.into()));
        assert_eq!(answer["one"], serde_json::json!([1, 1]), "{width} px");
        assert_eq!(answer["none"], serde_json::json!([0, 0]), "{width} px");
    }
}
