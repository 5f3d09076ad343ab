// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--trace`: the calls that it shows, the content of a line, and that it does not interrupt lines of the
//! console.

use std::fs::File;
use std::process::{Command, Output, Stdio};

use crate::support::asm::{self, hcall, power_off, print};
use crate::support::{Files, arg, code, run, stderr, stdout, tcevm};
use serde_json::Value;
use tests::skip;

const LIOBN: u64 = 0x8000_0000;
const LIST: u64 = 0x19_0000;

/// A line without its time: CPU, tier, and the call.
fn line(text: &str) -> Option<(u32, &str, &str)> {
    let mut words = text.splitn(4, ' ');
    let (time, cpu, tier) = (words.next()?, words.next()?, words.next()?);
    let (seconds, micros) = time.split_once('.')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_time = digits(seconds) && digits(micros) && micros.len() == 6;
    let cpu = cpu.strip_prefix("cpu")?.parse().ok()?;
    let tiers = ["real", "virtual", "user", "-"];
    (is_time && tiers.contains(&tier)).then_some((cpu, tier, words.next()?))
}

fn calls(text: &str) -> Vec<(u32, &str, &str)> {
    text.lines().map(|text| line(text).unwrap_or_else(|| panic!("no line: {text}"))).collect()
}

/// Runs a guest with a list of four entries.
fn with_list(words: Vec<u32>, options: &[&str]) -> Output {
    let files = Files::new();
    let mut elf = asm::guest([words, power_off()].concat()).and_zeros(LIST, 32);
    elf.segments[2].data = [0x2_0003u64, 0x3_0001, 0, 0].map(u64::to_be_bytes).concat();
    let image = files.write("guest", elf.bytes());
    run([&["-m", "16M"], options, &[arg(&image)]].concat())
}

#[test]
fn a_line_has_the_entries_of_a_list_and_what_was_displaced() {
    let guest = [
        hcall(0x20, &[LIOBN, 0x1000, 0x4_0003]),
        hcall(0x13c, &[LIOBN, 0, LIST, 4]),
        hcall(0x138, &[LIOBN, 0, 0x5_0002, 3]),
        hcall(0x13c, &[LIOBN, 1, LIST, 2]),
        hcall(0x13c, &[LIOBN, 0, 1 << 40, 2]),
    ];
    for tier in ["real", "virtual", "user"] {
        let output = with_list(guest.concat(), &["--trace=tce", "--accel", tier]);
        let text = stderr(&output);
        let calls = calls(&text);
        let texts: Vec<_> = calls.iter().map(|(_, _, call)| *call).collect();
        let indirect = "H_PUT_TCE_INDIRECT liobn=0x80000000 ioba=";
        assert_eq!(
            texts,
            [
                "H_PUT_TCE liobn=0x80000000 ioba=0x1000 tce=0x40003 -> H_SUCCESS displaced=[0x0]",
                &format!(
                    "{indirect}0x0 list=0x190000 count=0x4 entries=[0x20003 0x30001 0x0*2] -> \
                     H_SUCCESS displaced=[0x0 0x40003 0x0*2]"
                ),
                "H_STUFF_TCE liobn=0x80000000 ioba=0x0 tce=0x50002 count=0x3 -> H_SUCCESS \
                 displaced=[0x20003 0x30001 0x0]",
                &format!(
                    "{indirect}0x1 list=0x190000 count=0x2 entries=[0x20003 0x30001] -> H_PARAMETER"
                ),
                &format!("{indirect}0x0 list=0x10000000000 count=0x2 -> H_PARAMETER"),
            ],
            "{text}"
        );
        // The first call may need memory for its table, which the real tier cannot allocate.
        assert!(
            calls[1..].iter().all(|call| (call.0, call.1) == (0, tier)) || tier == "real",
            "{text}"
        );
    }
}

fn image(name: &str) -> String {
    format!("{}/../guest-images/images/{name}.elf", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn rtas_calls_have_their_names_arguments_and_outputs() {
    let output =
        run(["--trace=ibm,create-pe-dma-window,ibm,remove-pe-dma-window", &image("window64-be")]);
    let text = stderr(&output);
    let calls = calls(&text);
    let create = "H_RTAS ibm,create-pe-dma-window config_addr=0x0 buid_hi=0x8000000 \
                  buid_lo=0x20000000 page_shift=";
    // LoPAR 2.9, ibm,create-pe-dma-window: LIOBN and first bus address come back.
    let made = "-> 0 liobn=0x80000001 ioba_hi=0x8000000 ioba_lo=0x0";
    let is = |start: &str, end: &str| {
        calls.iter().any(|(_, _, call)| call.starts_with(start) && call.ends_with(end))
    };
    assert!(is(create, made), "{text}");
    assert!(is("H_RTAS ibm,remove-pe-dma-window liobn=0x80000001 ", "-> 0"), "{text}");
    assert!(calls.iter().all(|(_, _, call)| call.starts_with("H_RTAS ibm,")), "{text}");
}

#[test]
fn a_filter_shows_every_call_that_it_selects_and_no_other() {
    let output =
        run(["--trace=tce,!H_GET_TCE,!term", "--stats=json", "--smp", "2", &image("chaos-le")]);
    let text = stderr(&output);
    let (trace, last) = text.trim_end().rsplit_once('\n').expect("lines");
    let stats: Value = serde_json::from_str(last).expect("statistics");
    let traced = calls(trace);
    for call in stats["hypercalls"].as_array().expect("hypercalls") {
        let name = call["name"].as_str().expect("a name");
        let shown =
            traced.iter().filter(|(_, _, text)| text.split(' ').next() == Some(name)).count();
        let selected = ["H_PUT_TCE", "H_STUFF_TCE", "H_PUT_TCE_INDIRECT"].contains(&name);
        let count = if selected { call["count"].as_u64().expect("a count") } else { 0 };
        assert_eq!(shown as u64, count, "{name}");
    }
    assert!(traced.iter().any(|call| call.0 == 1), "the second CPU made calls, too");
}

#[test]
fn liobns_select_and_a_word_that_is_none_is_refused() {
    let guest = || [hcall(0x1c, &[LIOBN, 0]), hcall(0x1c, &[0x7f, 0]), hcall(0xe8, &[0])].concat();
    let shown = |filter: &str| stderr(&with_list(guest(), &[filter])).lines().count();
    assert_eq!(shown("--trace=liobn=0x80000000"), 1);
    assert_eq!(shown("--trace=!liobn=0x80000000"), 3);
    assert_eq!(shown("--trace=splpar,tce,liobn=127"), 2);
    assert_eq!(shown("--trace"), 4);
    for (filter, word) in [("tce,nonsense", "`nonsense`"), ("", "``"), ("tce,!ibm,x", "`ibm,x`")] {
        let output = run([format!("--trace={filter}")]);
        let text = stderr(&output);
        assert_eq!((code(&output), text.lines().count()), (2, 1), "{text}");
        for there in [word, "H_STUFF_TCE", " xics", "ibm,query-pe-dma-window", "liobn="] {
            assert!(text.contains(there), "{there}: {text}");
        }
    }
}

const LINES: usize = 60;

/// A console line that takes several hypercalls.
fn console_line(n: usize) -> String {
    format!("console line {n:02} which is longer than what one hypercall prints, by far")
}

/// A guest that makes TCE calls between the pieces of its lines.
fn chatty() -> Vec<u32> {
    let text: String = (0..LINES).map(|n| console_line(n) + "\n").collect();
    let pieces: Vec<char> = text.chars().collect();
    let piece = |piece: &[char]| {
        let put = hcall(0x20, &[LIOBN, 0x1000, 0x2_0003]);
        [print(&piece.iter().collect::<String>()), put].concat()
    };
    // The output ends with a prompt that is never completed.
    let last = [print("login: "), hcall(0x1c, &[LIOBN, 0])].concat();
    pieces.chunks(16).flat_map(piece).chain(last).collect()
}

/// The line about keys at the start on a terminal.
const KEYS: &str = "tcevm: Ctrl-A x ends the run, Ctrl-A h lists the other keys";

/// Checks that each line belongs to the trace or to the console, and that each console line appears whole.
/// The beginning of a console line may appear before it.
fn nothing_is_torn(text: &str, calls: usize) {
    let mut next = 0;
    let mut traced = 0;
    for text in text.lines().map(|text| text.trim_end_matches('\r')) {
        let want = if next < LINES { console_line(next) } else { "login: ".into() };
        if line(text).is_some() {
            traced += 1;
        } else if text == want {
            next += 1;
        } else {
            assert!(want.starts_with(text), "torn: {text:?}");
        }
    }
    assert_eq!((next, traced), (LINES + 1, calls));
}

#[test]
fn lines_of_trace_and_console_in_one_file_do_not_tear_each_other() {
    let files = Files::new();
    let image = files.write("guest", asm::guest([chatty(), power_off()].concat()).bytes());
    let pieces = (0..LINES).map(|n| console_line(n).len() + 1).sum::<usize>().div_ceil(16);
    for (filter, calls) in [("--trace", 2 * pieces + 3), ("--trace=tce", pieces + 1)] {
        let path = files.path("both");
        let both = File::create(&path).expect("a file");
        let mut command = tcevm();
        command.args(["run", "-m", "16M", "--timeout", "60", filter, arg(&image)]);
        command.stdout(both.try_clone().expect("it twice")).stderr(both);
        assert!(command.status().expect("tcevm starts").success());
        nothing_is_torn(&std::fs::read_to_string(&path).expect("text"), calls);

        if skip::tool("lines_of_trace_and_console_on_a_terminal", "script") {
            let command = format!(
                "{} run -m 16M --timeout 60 {filter} {}",
                env!("CARGO_BIN_EXE_tcevm"),
                image.display()
            );
            let mut script = Command::new("script");
            script.args(["-q", "-e", "-c", &command, "/dev/null"]).stdin(Stdio::null());
            let output = script.output().expect("script starts");
            let text = stdout(&output);
            let rest = text.strip_prefix(KEYS).unwrap_or_else(|| panic!("no keys: {text}"));
            nothing_is_torn(rest.trim_start(), calls);
        }
    }
}

#[test]
fn a_trace_goes_to_a_file_up_to_its_limit_or_to_stdout_alone() {
    let files = Files::new();
    let path = files.path("calls");
    let image = files.write("guest", asm::guest([chatty(), power_off()].concat()).bytes());
    let options = ["-m", "16M", "--trace", "--trace-to"];
    let output = run([&options[..], &[arg(&path), arg(&image)]].concat());
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
    let whole = std::fs::read_to_string(&path).expect("a trace");
    let console = stdout(&output);
    assert!(calls(&whole).len() > LINES && console.contains(&console_line(LINES - 1)));

    let limited = [&options[..], &[arg(&path), "--trace-limit", "4K", arg(&image)]].concat();
    let output = run(limited);
    let some = std::fs::read_to_string(&path).expect("a trace");
    let missing = calls(&whole).len() - calls(&some).len();
    assert!(some.len() <= 4096 && missing > 0);
    let text = stderr(&output);
    assert!(text.contains(&format!("{missing} lines")) && text.contains("--trace-limit"), "{text}");

    let output = run([&options[..], &["-", arg(&image)]].concat());
    assert_eq!(calls(&stdout(&output)).len(), calls(&whole).len());
    assert_eq!(stderr(&output), console, "the console makes room");

    let output = run([&options[..], &["/nowhere/file", arg(&image)]].concat());
    assert_eq!((code(&output), stdout(&output).as_str()), (3, ""), "{output:?}");
    assert_eq!(code(&run(["--trace-to", arg(&path)])), 2, "nothing is traced");
}

// `-` is stdout, as for --dump-dtb; only one file may use it.
#[test]
fn each_file_of_a_run_may_be_stdout() {
    let guest = || [print("here\n"), hcall(0x20, &[LIOBN, 0x1000, 0x2_0003])].concat();
    for (option, start) in [
        ("--report", "<!doctype html>"),
        ("--trace-file", "{\"displayTimeUnit\""),
        ("--dirty-log", ""),
    ] {
        let output = with_list(guest(), &[option, "-"]);
        assert_eq!(code(&output), 0, "{option}: {output:?}");
        let (out, errors) = (stdout(&output), stderr(&output));
        assert!(
            out.starts_with(start) && !out.is_empty() && !out.starts_with("here\n"),
            "{option}: {out}"
        );
        assert!(errors.starts_with("here\n"), "{option}: {errors}");
        let both = with_list(guest(), &[option, "-", "--trace", "--trace-to", "-"]);
        assert_eq!((code(&both), stdout(&both).as_str()), (3, ""), "{option}");
        assert!(stderr(&both).contains("standard output"), "{}", stderr(&both));
    }
    assert!(!std::path::Path::new("-").exists(), "no file has this name");
}
