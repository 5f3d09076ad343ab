// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--report` and `--trace-file` of guests without devices; `tests/tests/all/devices.rs` tests guests with
//! devices.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::support::asm::{self, b, hcall, print};
use crate::support::{Files, arg, code, run, stderr, stdout, tcevm};
use serde_json::Value;
use tests::events::Events;
use tests::{browser, run_page, skip};

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
    // A pointer moves over each plot, as a reader's does, to check that the script has run and found the
    // plot.
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

/// A guest that maps `most` entries of the default window, one by one, and then clears them all at once.
fn maps_and_clears(files: &Files, most: u64) -> std::path::PathBuf {
    let put = |n: u64| hcall(0x20, &[0x8000_0000, n << 12, 0x30_0003]); // H_PUT_TCE
    let clear = hcall(0x138, &[0x8000_0000, 0, 0, most]); // H_STUFF_TCE
    let words = [(0..most).flat_map(put).collect(), clear, asm::power_off()].concat();
    files.write("maps", asm::guest(words).bytes())
}

#[test]
fn the_most_that_were_live_are_on_the_page_however_short_they_were() {
    let files = Files::new();
    let (page, image) = (files.path("run.html"), maps_and_clears(&files, 123));
    let output = run(["-m", "16M", "--report", arg(&page), "--stats=json", arg(&image)]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let (stats, html) = (stats(&stderr(&output)), fs::read_to_string(&page).expect("a page"));
    run_page::agrees(&html, &stats);
    let window = &stats["windows"][0];
    assert_eq!((&window["live"], &window["max_live"]), (&0.into(), &123.into()));
    let line = &run_page::data(&html)["plots"]["live"]["lines"][0]["values"];
    let values = line.as_array().expect("values").iter();
    assert_eq!(values.map(|value| value.as_f64().expect("a number")).fold(0.0, f64::max), 123.0);
}

/// A CPU of the host that this process may use.
fn allowed_cpu() -> String {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.expect("a list").trim().chars().take_while(char::is_ascii_digit).collect()
}

// Time that the host took from a vCPU is neither guest code nor a hypercall. Here the vCPU shares one CPU of
// the host with three other processes, so it waits most of the time.
#[test]
fn time_that_the_host_took_is_shown_as_such() {
    let files = Files::new();
    let page = files.path("run.html");
    let image = files.write("busy", asm::guest([print("here\n"), vec![b(0)]].concat()).bytes());
    let (cpu, work) = (allowed_cpu(), "i=0; while [ $i -lt 5000000 ]; do i=$((i+1)); done");
    let mut others: Vec<_> = (0..3)
        .map(|_| Command::new("taskset").args(["-c", &cpu, "sh", "-c", work]).spawn())
        .collect();
    let mut run = Command::new("taskset");
    run.args(["-c", &cpu, env!("CARGO_BIN_EXE_tcevm"), "run", "-m", "16M", "--timeout", "0.5"]);
    let output = run.args(["--stats=json", "--report", arg(&page), arg(&image)]).output();
    for other in &mut others {
        let other = other.as_mut().expect("taskset is part of the base system");
        other.kill().expect("it runs");
        other.wait().expect("it ends");
    }
    let output = output.expect("taskset starts");
    assert_eq!(code(&output), 124, "{}", stderr(&output));
    let (stats, html) = (stats(&stderr(&output)), fs::read_to_string(&page).expect("a page"));
    run_page::agrees(&html, &stats);
    let [clock, cpu] = ["seconds", "cpu_seconds"].map(|key| stats[key].as_f64().expect(key));
    assert!(cpu < clock, "{cpu} s of {clock} s");
    let data = run_page::data(&html);
    let parts = &data["plots"]["time"];
    let part = |name: &str| {
        let lines = parts["lines"].as_array().expect("lines").iter();
        let line =
            lines.filter(|line| line["name"] == name).map(|l| run_page::seconds(l, parts, &data));
        line.sum::<f64>() / 100.0
    };
    // The guest makes almost no calls, so all of its CPU time is guest code.
    let (guest, waited) = (part("guest code"), part("waiting for the host"));
    assert!((guest - cpu).abs() <= clock / 50.0, "{guest} s of guest code, {cpu} s of CPU time");
    assert!((guest + waited - clock).abs() <= clock / 50.0, "{guest} and {waited} of {clock} s");
}

/// The effects of the script: lines that are hidden and shown, and a part of the time.
#[test]
fn a_reader_sees_a_part_of_the_time_and_hides_lines() {
    if !skip::tool("a_reader_sees_a_part_of_the_time_and_hides_lines", "chromium") {
        return;
    }
    let files = Files::new();
    let page = files.path("run.html");
    let output = run(["--report", arg(&page), "--stats=json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let script = "
        const bar = page.getElementById('zoom'), plot = page.querySelector('.chart[data-plot=calls]');
        const ends = () => [...page.querySelectorAll('.chart .xs')].map((xs) => [xs.firstChild.textContent, xs.lastChild.textContent]);
        const paths = () => [...plot.querySelectorAll('path')].map((path) => path.getAttribute('d'));
        const button = (n) => bar.querySelectorAll('button')[n].click();
        const all = { ends: ends(), paths: paths() };
        const names = plot.parentElement.querySelectorAll('.legend button');
        names[0].click();
        const hidden = { pressed: names[0].getAttribute('aria-pressed'), paths: paths() };
        names[0].click();
        const back = paths();
        const picture = plot.querySelector('.picture'), edge = picture.getBoundingClientRect();
        const at = (type, part) => picture.dispatchEvent(new view.PointerEvent(type,
          { clientX: edge.left + part * edge.width, clientY: edge.top + 5, pointerId: 1, bubbles: true }));
        at('pointerdown', 0.5); at('pointermove', 0.8); at('pointerup', 1);
        const dragged = { from: +bar.dataset.from, to: +bar.dataset.to, ends: ends(), paths: paths() };
        button(1);
        const closer = { from: +bar.dataset.from, to: +bar.dataset.to };
        button(4);
        return { narrow: view.innerWidth, bar: bar.offsetHeight > 0, all, hidden, back, dragged, closer, again: paths(), endsAgain: ends() };";
    for width in [390, 1280] {
        let seen = browser::ask(&page, &files.path("profile"), width, script);
        let number = |value: &Value| value.as_f64().expect("a number");
        assert_eq!((&seen["narrow"], &seen["bar"]), (&width.into(), &true.into()));
        let data = run_page::data(&fs::read_to_string(&page).expect("a page"));
        let end = number(&data["end_ns"]);
        // The path of a hidden line disappears, and the lines above it move down.
        assert_eq!(seen["hidden"]["pressed"], "false");
        assert_eq!(seen["hidden"]["paths"][1], "");
        assert_ne!(seen["hidden"]["paths"][2], seen["all"]["paths"][2]);
        assert_eq!(seen["again"], seen["back"], "the whole run is as it was");
        let (from, to) = (number(&seen["dragged"]["from"]), number(&seen["dragged"]["to"]));
        assert!(
            (from - end / 2.0).abs() < end / 50.0 && (to - end).abs() < end / 1e3,
            "{from} {to} of {end}"
        );
        assert_ne!(seen["dragged"]["paths"], seen["back"]);
        let (closer_from, closer_to) =
            (number(&seen["closer"]["from"]), number(&seen["closer"]["to"]));
        assert!(closer_from > from && closer_to < to, "{closer_from} {closer_to}");
        for ends in [&seen["all"]["ends"], &seen["dragged"]["ends"], &seen["endsAgain"]] {
            let ends = ends.as_array().expect("axes");
            assert!(
                ends.iter().all(|end| *end == ends[0]),
                "all plots show the same time: {ends:?}"
            );
            assert!(ends[0][0].is_string() && ends[0][0] != ends[0][1], "{ends:?}");
        }
        assert_ne!(seen["dragged"]["ends"], seen["endsAgain"]);
    }
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

/// A guest that prints a line and then repeats one call without end.
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

    // Word 0 is not an instruction, and the handler for that is word 0, too.
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
