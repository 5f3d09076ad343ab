// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--report` and `--trace-file` of guests without devices; `tests/tests/devices.rs` has those with.

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;
use support::asm::{self, b, hcall, print};
use support::events::Events;
use support::{Files, arg, browser, code, run, run_page, skip, stderr, stdout, tcevm};

fn stats(stderr: &str) -> Value {
    serde_json::from_str(stderr.lines().last().unwrap_or("")).expect("statistics")
}

#[test]
fn the_demonstration_as_a_trace_and_as_a_page() {
    let files = Files::new();
    let (trace, page) = (files.path("run.json"), files.path("run.html"));
    for options in [&[][..], &["--accel", "real"], &["--platform", "ioda1", "--check", "dma"]] {
        let both = ["--trace-file", arg(&trace), "--report", arg(&page), "--stats=json"];
        let output = run([&both, options].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let stats = stats(&stderr(&output));
        let events = Events::read(&fs::read_to_string(&trace).expect("a trace"));
        events.are_of(&stats);
        assert_eq!((events.dropped, events.reached), (0, (0, 0)));
        let html = fs::read_to_string(&page).expect("a page");
        assert!(!html.contains("src=") && !html.contains("http"), "all of it is in the page");
        run_page::agrees(&html, &stats);
        let data = run_page::data(&html);
        // The demonstration does not write one entry from two CPUs.
        let mut maps = data["windows"].as_array().expect("maps").iter();
        for window in stats["windows"].as_array().expect("windows") {
            let map = maps.find(|map| map["liobn"] == window["liobn"]).expect("a map");
            assert_eq!(
                (&map["replaced"], &map["cleared"]),
                (&window["replaced"], &window["cleared"])
            );
        }
    }
    let words = fs::read_to_string(&trace).expect("a trace");
    assert!(words.contains("\"liobn\":\"0x80000000\",\"ioba\":"), "arguments have names");
}

#[test]
fn devices_of_mad_drivers_with_their_faults() {
    let files = Files::new();
    let (trace, page) = (files.path("run.json"), files.path("run.html"));
    let disk = files.write("disk", vec![0; 8 << 20]);
    let hub = format!("hub={}", files.path("hub").display());
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-images/images/mad-le.elf");
    let guest = [image, "--smp", "2", "--log", "error", "--append", "seed=7 calls=500"];
    let devices = ["--disk", arg(&disk), "--net", &hub];
    let both = ["--trace-file", arg(&trace), "--report", arg(&page), "--stats=json"];
    for options in [&[][..], &["--check", "dma", "--platform", "ioda2"]] {
        let output = run([&guest[..], &devices, &both, options].concat());
        assert_eq!(code(&output), 0, "{}", stdout(&output));
        let stats = stats(&stderr(&output));
        let events = Events::read(&fs::read_to_string(&trace).expect("a trace"));
        events.are_of(&stats);
        assert!(events.faults > 0 && events.reached.0 > 0, "{events:?}");
        let html = fs::read_to_string(&page).expect("a page");
        run_page::agrees(&html, &stats);
        // mad.h: NOWHERE.
        assert!(html.contains("<td>0x71000003</td><td>0x150000</td>"), "a fault has its address");
        assert_eq!(html.contains("<section id=\"findings\">"), !options.is_empty());
    }
}

#[test]
fn an_x86_guest_under_kvm_as_a_trace_and_as_a_page() {
    let test = "an_x86_guest_under_kvm_as_a_trace_and_as_a_page";
    if fs::OpenOptions::new().write(true).open("/dev/kvm").is_err() {
        return skip::skip(test, "/dev/kvm cannot be opened");
    }
    let files = Files::new();
    let (trace, page) = (files.path("run.json"), files.path("run.html"));
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-images/images/replace-x86.elf");
    let both = ["--trace-file", arg(&trace), "--report", arg(&page), "--stats=json"];
    let output = run([&both[..], &[image]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let stats = stats(&stderr(&output));
    Events::read(&fs::read_to_string(&trace).expect("a trace")).are_of(&stats);
    run_page::agrees(&fs::read_to_string(&page).expect("a page"), &stats);
}

#[test]
fn a_browser_shows_the_page_of_a_run() {
    if !skip::tool("a_browser_shows_the_page_of_a_run", "chromium") {
        return;
    }
    let files = Files::new();
    let page = files.path("run.html");
    let output = run(["--report", arg(&page), "--stats=json"]);
    let stats = stats(&stderr(&output));
    let shown = browser::open(&page, &files.path("profile"));
    assert!(shown.console.is_empty(), "{:?}", shown.console);
    run_page::agrees(&shown.dom, &stats);
    for section in ["summary", "plots", "latency", "windows"] {
        assert_eq!(
            shown.dom.matches(&format!("<section id=\"{section}\">")).count(),
            1,
            "{section}"
        );
    }
    // The script has run and finds a place for each plot: a pointer over it is what a reader does.
    let moved = "<script>for (const p of document.querySelectorAll('.picture')) {\
        const b = p.getBoundingClientRect();\
        p.dispatchEvent(new PointerEvent('pointermove', { clientX: b.left + b.width / 2 }));\
        console.assert(!document.getElementById('tip').hidden);\
        p.append(document.getElementById('tip').cloneNode(true)); }</script>";
    let html =
        fs::read_to_string(&page).expect("a page").replace("</body>", &format!("{moved}</body>"));
    fs::write(&page, html).expect("a page");
    let shown = browser::open(&page, &files.path("profile"));
    assert!(shown.console.is_empty(), "{:?}", shown.console);
    let plots = run_page::data(&shown.dom)["plots"].as_object().expect("plots").len();
    assert_eq!(shown.dom.matches("<div id=\"tip\" style=").count(), plots + 1);
}

#[test]
fn a_trace_ends_at_its_limit_and_says_what_is_missing() {
    let files = Files::new();
    let trace = files.path("run.json");
    let limits = ["--trace-file", arg(&trace), "--trace-limit", "16K", "--stats=json"];
    let output = run(limits);
    let text = fs::read_to_string(&trace).expect("a trace");
    assert!(text.len() <= 16 << 10, "{}", text.len());
    let events = Events::read(&text);
    let stats = stats(&stderr(&output));
    let calls = stats["hypercalls"].as_array().expect("hypercalls").iter();
    let made: u64 = calls.filter_map(|call| call["count"].as_u64()).sum();
    assert_eq!(events.calls.values().sum::<u64>() + events.dropped, made);
    assert!(events.dropped > 0 && stderr(&output).contains("--trace-limit"), "{}", stderr(&output));
}

/// A guest that says something and then makes one call for ever.
fn endless(files: &Files) -> std::path::PathBuf {
    let call = hcall(0x1c, &[0x8000_0000, 0]); // H_GET_TCE
    let back = -(call.len() as i32);
    files.write("endless", asm::guest([print("here\n"), call, vec![b(back)]].concat()).bytes())
}

#[test]
fn both_are_whole_however_a_run_ends() {
    let files = Files::new();
    let (trace, page) = (files.path("run.json"), files.path("run.html"));
    let image = endless(&files);
    let options =
        ["-m", "16M", "--trace-limit", "4M", "--trace-file", arg(&trace), "--report", arg(&page)];
    let timed_out = run([&["--timeout", "0.5"][..], &options, &[arg(&image)]].concat());
    assert_eq!(code(&timed_out), 124, "{}", stderr(&timed_out));
    let whole = |verdict: &str| {
        let trace = fs::read_to_string(&trace).expect("a trace");
        assert!(Events::read(&trace).calls["H_GET_TCE"] > 0);
        let page = fs::read_to_string(&page).expect("a page");
        assert!(page.contains(verdict) && page.ends_with("</html>\n"), "{verdict}");
        let calls = &run_page::data(&page)["stats"]["hypercalls"];
        assert!(calls.as_array().expect("calls").iter().any(|call| call["name"] == "H_GET_TCE"));
    };
    whole("stopped after 0.5 s");

    let mut child = tcevm();
    child.arg("run").args(options).arg(&image).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = child.spawn().expect("tcevm starts");
    let mut said = BufReader::new(child.stdout.take().expect("its output")).lines();
    assert_eq!(said.next().expect("a line").expect("text"), "here");
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(sent.expect("kill").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    whole("stopped by signal 2");

    // Word 0 is no instruction, and there is no handler for that but the same word.
    let crash = [print("here\n"), hcall(0x1c, &[0x8000_0000, 0]), vec![0]].concat();
    let image = files.write("crash", asm::guest(crash).bytes());
    let crashed = run([&options[..], &[arg(&image)]].concat());
    assert_eq!(code(&crashed), 4, "{}", stderr(&crashed));
    whole("the guest crashed");
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_run() {
    for option in ["--report", "--trace-file", "--record", "--dirty-log"] {
        let output = run([option, "/nowhere/file"]);
        assert_eq!((code(&output), stdout(&output).as_str()), (3, ""), "{option}");
        assert!(stderr(&output).contains("/nowhere/file"), "{}", stderr(&output));
    }
}
