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
        // Bug 61 of papr-tce 6.3: QEMU aborts when a window is too large. That clause is the last of an image.
        let text = stdout(&qemu);
        let died = !text.contains("- ddw/create-too-large") && points(&text) + 1 == plan(&text);
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

/// A rig that runs the image by this tcevm, under a command of the shell.
fn exec(options: &str, filter: &str) -> String {
    format!("exec:{} run {options} {{image}} {filter}", env!("CARGO_BIN_EXE_tcevm"))
}

#[test]
fn a_command_is_a_rig_with_every_format() {
    let rig = exec("", "");
    let run =
        |format| comply(&["put/", "ddw/", "--skip", "liobn", "--rig", &rig, "--format", format]);
    let table = run("table");
    assert_eq!(code(&table), 0, "{}{}", stdout(&table), stderr(&table));
    assert!(stdout(&table).contains("exec: ") && stdout(&table).contains("profile allowed"));
    assert!(!stdout(&table).contains("put/liobn") && !stdout(&table).contains("get/outside"));
    let json: Value = serde_json::from_str(&stdout(&run("json"))).expect("JSON");
    assert_eq!(json["rigs"][0]["failed"], 0);
    let seconds = |clause: &Value| clause["outcomes"][0]["seconds"].as_f64().expect("a number");
    let clauses = json["clauses"].as_array().expect("clauses");
    assert!(clauses.iter().map(seconds).sum::<f64>() > 0.0, "its lines have times");
    let junit = stdout(&run("junit"));
    assert!(junit.contains("<testsuite name=\"exec\"") && junit.contains(" time=\""), "{junit}");
    assert!(stdout(&run("html")).starts_with("<!doctype html>"));
    assert!(stdout(&run("tap")).contains("ok 1 - put/map [exec]"));
}

#[test]
fn a_command_that_dies_goes_on_behind_the_clause() {
    let rig = exec("", r"| sed '/ - put\/clear$/,$d'");
    let output = comply(&["put/", "--rig", &rig, "--format", "json"]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let json: Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    for clause in json["clauses"].as_array().expect("clauses") {
        let (id, outcome) = (&clause["id"], &clause["outcomes"][0]);
        // Some of these clauses are about the host alone.
        let expected = if *id == "put/clear" { &["FAIL"][..] } else { &["PASS", "SKIP"] };
        let verdict = outcome["verdict"].as_str().expect("a verdict");
        assert!(expected.contains(&verdict), "{id}: {outcome}");
    }
    assert!(stdout(&output).contains("did not survive"), "{}", stdout(&output));
}

#[test]
fn a_command_that_runs_no_image_is_a_rig_that_could_not_be_set_up() {
    for command in ["exec:true {image}", "exec:no-such-vmm {image}", "exec:cat {image}"] {
        let output = comply(&["put/map", "--rig", command]);
        assert_eq!(code(&output), 3, "{command}: {}", stdout(&output));
        assert!(stderr(&output).contains("does not run"), "{command}: {}", stderr(&output));
    }
}

// Our machine with the answers of QEMU, as if it were a hypervisor with bugs.
#[test]
fn a_command_that_answers_otherwise_is_told_with_the_expected_answer_and_shrunk() {
    let rig = exec("-m 256M --profile qemu", "");
    let failed = comply(&["stuff/count-zero", "--rig", &rig, "--profile", "lopar"]);
    let text = stdout(&failed);
    assert_eq!(code(&failed), 1, "{text}");
    for part in
        ["A count of 0 succeeds", "LoPAR 2.9, H_STUFF_TCE", "want H_SUCCESS", "(profile lopar)"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let random = comply(&["--random", "300", "--seed", "3", "--rig", &rig]);
    let text = stdout(&random);
    assert_eq!(code(&random), 1, "{text}{}", stderr(&random));
    let steps = text.lines().filter(|line| !line.starts_with('#')).count();
    assert!((1..=8).contains(&steps), "{text}");
    let equal = comply(&["--random", "300", "--rig", &exec("-m 256M", "")]);
    assert_eq!(code(&equal), 0, "{}{}", stdout(&equal), stderr(&equal));
    let against = comply(&["stuff/count-zero", "stuff/poison", "--against", &rig]);
    let text = stdout(&against);
    assert_eq!(code(&against), 1, "{text}{}", stderr(&against));
    assert!(text.contains("stuff/count-zero [UNEXPLAINED]") && text.contains("1 differ"), "{text}");
}

#[test]
fn an_image_says_the_sentence_its_source_and_the_expected_answer() {
    let files = Files::new();
    let image = files.path("comply.elf");
    let emitted = comply(&["stuff/count-zero", "--profile", "lopar", "--emit-image", arg(&image)]);
    assert_eq!(code(&emitted), 0, "{}", stderr(&emitted));
    let run = tcevm().args(["run", "--profile", "qemu", arg(&image)]).output().expect("starts");
    let text = stdout(&run);
    for line in [
        "not ok 1 - stuff/count-zero",
        "  says: \"A count of 0 succeeds and changes nothing.\"",
        "  spec: \"LoPAR 2.9, H_STUFF_TCE",
        "  want: \"H_SUCCESS",
        "  got: \"H_PARAMETER",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

// The clauses of two processes at once, and their reports joined, are those of one process.
#[test]
fn shards_on_two_processes_join_to_the_whole() {
    let files = Files::new();
    let run = |more: &[&str]| {
        let mut command = tcevm();
        command.args([
            "comply",
            "put/",
            "get/",
            "ddw/",
            "--rig",
            "direct-user",
            "--rig",
            "power-be",
        ]);
        command.args(["--format", "json"]).args(more);
        command.stdout(Stdio::piped()).spawn().expect("tcevm starts")
    };
    let shards = [run(&["--shard", "1/2"]), run(&["--shard", "2/2"])];
    let paths: Vec<_> = (1..)
        .zip(shards)
        .map(|(n, child)| {
            let output = child.wait_with_output().expect("it ends");
            assert_eq!(code(&output), 0, "{}", stdout(&output));
            files.write(&format!("{n}.json"), stdout(&output))
        })
        .collect();
    let merge =
        |files: &[&str], format| comply(&[&["merge"], files, &["--format", format]].concat());
    let both = [arg(&paths[0]), arg(&paths[1])];
    let joined: Value = serde_json::from_str(&stdout(&merge(&both, "json"))).expect("JSON");
    let whole = run(&[]).wait_with_output().expect("it ends");
    let whole: Value = serde_json::from_str(&stdout(&whole)).expect("JSON");
    let verdicts = |report: &Value| {
        let cell = |cell: &Value| cell["verdict"].as_str().map(str::to_owned);
        let row = |row: &Value| {
            let cells = row["outcomes"].as_array().expect("outcomes").iter();
            (row["id"].clone(), cells.map(cell).collect::<Vec<_>>())
        };
        report["clauses"].as_array().expect("clauses").iter().map(row).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&joined), verdicts(&whole));
    assert!(verdicts(&joined).len() > 50);
    let page = merge(&both, "html");
    assert_eq!(code(&page), 0, "{}", stderr(&page));
    assert!(stdout(&page).contains("direct-user") && stdout(&page).contains("power-be"));
    let half = merge(&both[..1], "table");
    assert_eq!(code(&half), 3, "{}", stdout(&half));
    assert!(stderr(&half).contains("shard 2/2 is missing"), "{}", stderr(&half));
}

#[test]
fn the_shards_of_a_random_run_are_runs_of_their_own() {
    for (shard, calls, seed) in [("1/2", 151, 3u64), ("2/2", 150, 3 | 1 << 32)] {
        let output =
            comply(&["--random", "301", "--seed", "3", "--rig", "direct-real", "--shard", shard]);
        let text = stdout(&output);
        assert_eq!(code(&output), 0, "{text}");
        assert!(text.contains(&format!("{calls} calls of seed {seed}")), "{text}");
    }
}
