// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The command as its users see it: the output of a run, and its exit code.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

use crate::support::asm::{self, b, cede, echo, hcall, hello, power_off, print};
use crate::support::elf::{self, Elf};
use crate::support::{Files, arg, code, run, spawn, stderr, stdout, tcevm};
use serde_json::Value;
use tests::skip;

/// Runs a guest of these instructions.
fn run_guest(words: Vec<u32>, args: &[&str]) -> std::process::Output {
    let files = Files::new();
    let image = files.write("guest", asm::guest(words).bytes());
    run([&["-m", "16M"], args, &[arg(&image)]].concat())
}

#[test]
fn a_guest_prints_and_powers_off() {
    let output = run_guest([print("hello from a guest\n"), power_off()].concat(), &[]);
    assert_eq!(stdout(&output), "hello from a guest\n");
    assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
}

#[test]
fn an_image_may_be_of_either_kind_and_endianness() {
    // The kinds differ in their address: the position-independent one is linked to 0.
    let words = [print("here\n"), hcall(0xf000, &[0x40_0000 + 0x1000])].concat();
    let fixed = asm::guest([print("here\n"), power_off()].concat());
    let mut relocatable = asm::guest(words);
    relocatable.kind = elf::ET_DYN;
    relocatable.entry = 0;
    (relocatable.segments[0].addr, relocatable.segments[1].addr) = (0, 0x1000);
    let files = Files::new();
    for big in [true, false] {
        for elf in [&fixed, &relocatable] {
            let image = files.write("guest", Elf { big, ..elf.clone() }.bytes());
            let output = run([arg(&image), "-m", "16M"]);
            assert_eq!((code(&output), stdout(&output).as_str()), (0, "here\n"), "{output:?}");
        }
    }
}

#[test]
fn a_fixed_image_linked_to_a_kernel_address_is_loaded_in_real_mode() {
    let mut elf = asm::guest([print("real\n"), power_off()].concat());
    elf.entry |= 0xc << 60;
    elf.segments.iter_mut().for_each(|segment| segment.addr |= 0xc << 60);
    let files = Files::new();
    let output = run([arg(&files.write("guest", elf.bytes())), "-m", "16M"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "real\n"), "{output:?}");
}

#[test]
fn the_verdict_of_the_guest_becomes_the_exit_code() {
    // kvm-unit-tests: STATUS = (code << 1) | 1.
    let ends_with = |verdict: &str| run_guest([print(verdict), power_off()].concat(), &[]);
    assert_eq!(code(&ends_with("EXIT: STATUS=1\n")), 0);
    let failed = ends_with("EXIT: STATUS=5\n");
    assert_eq!(code(&failed), 1);
    assert!(stderr(&failed).contains("reported failure 2"), "{}", stderr(&failed));
}

#[test]
fn a_crash_is_told_with_the_registers() {
    // The vectors are empty, so a jump out of RAM ends in a loop of interrupts.
    let jump = vec![asm::lis(5, 0x7000), asm::mtctr(5), asm::BCTR];
    let output = run_guest([print("going\n"), jump].concat(), &[]);
    let message = stderr(&output);
    assert_eq!((code(&output), stdout(&output).as_str()), (4, "going\n"), "{message}");
    assert!(message.starts_with("tcevm: the guest crashed: "), "{message}");
    for text in ["nip ", "msr ", "srr0 ", "r5    0000000070000000", "r31 "] {
        assert!(message.contains(text), "{text:?} is not in {message}");
    }
}

#[test]
fn a_guest_that_does_not_end_is_stopped_by_the_timeout() {
    for guest in [vec![b(0)], cede(), [print("x\n"), vec![b(0)]].concat()] {
        let output = run_guest(guest, &["--timeout", "0.2"]);
        assert_eq!(code(&output), 124);
        assert!(stderr(&output).contains("--timeout"), "{}", stderr(&output));
    }
}

/// Starts a guest and waits until it has printed a line.
fn start(guest: Vec<u32>) -> (Child, Files) {
    let files = Files::new();
    let image = files.write("guest", asm::guest([print("ready\n"), guest].concat()).bytes());
    let mut child = spawn(["-m", "16M", "--timeout", "60", arg(&image)]);
    expect(&mut child, "ready\n");
    (child, files)
}

/// Reads from the child's stdout and expects exactly this text.
fn expect(child: &mut Child, text: &str) {
    let mut read = vec![0; text.len()];
    child.stdout.as_mut().unwrap().read_exact(&mut read).expect("output");
    assert_eq!(String::from_utf8_lossy(&read), text);
}

fn kill(signal: &str, pid: u32) {
    let sent = Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

#[test]
fn a_signal_ends_a_run_with_its_number() {
    for (signal, exit) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        for guest in [vec![b(0)], cede(), echo()] {
            let (child, _files) = start(guest);
            kill(signal, child.id());
            let output = child.wait_with_output().unwrap();
            assert_eq!(code(&output), exit, "{signal}: {output:?}");
            assert!(stderr(&output).contains("stopped by signal"), "{output:?}");
        }
    }
}

// papr-tce 7.97: however a run ends, with 3 entries of 2 pages live, every page is released.
#[test]
fn a_run_that_ends_with_live_mappings_has_released_every_page() {
    let put = |entry: u64, tce| hcall(0x20, &[0x8000_0000, entry << 12, tce]);
    let live = [put(0, 0x30_1003), put(1, 0x30_1001), put(0x3_ffff, 0x30_2002)].concat();
    let crash = vec![asm::lis(5, 0x7000), asm::mtctr(5), asm::BCTR];
    let forever = || vec![b(0)];
    for (signal, end, exit) in [
        (Some("-TERM"), forever(), 143),
        (Some("-INT"), cede(), 130),
        (None, forever(), 124), // by --timeout
        (None, crash, 4),
        (None, power_off(), 0),
    ] {
        let files = Files::new();
        let words = [live.clone(), print("ready\n"), end].concat();
        let image = files.write("guest", asm::guest(words).bytes());
        let timeout = if exit == 124 { "0.2" } else { "60" };
        let mut child = spawn(["-m", "16M", "--stats=json", "--timeout", timeout, arg(&image)]);
        expect(&mut child, "ready\n");
        if let Some(signal) = signal {
            kill(signal, child.id());
        }
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), exit, "{output:?}");
        let stats: Value =
            serde_json::from_str(stderr(&output).lines().last().unwrap_or_default()).unwrap();
        assert_eq!(stats["windows"][0]["live"], 3, "what the guest left: {stats}");
        assert_eq!(
            (&stats["pages"]["pinned"], &stats["pages"]["released"]),
            (&3.into(), &0.into())
        );
        // Two of the three entries let a device write.
        let end = serde_json::json!({ "released": 3, "dirtied": 2, "pins_left": 0 });
        assert_eq!(stats["tear_down"], end, "exit {exit}");
        assert_eq!(stats["pages"]["leaked_pins"], 0, "exit {exit}");
    }
}

#[test]
fn a_closed_output_ends_a_run_quietly() {
    let mut words = print("on and on\n");
    words.push(b(-(words.len() as i32)));
    let (mut child, _files) = start(words);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), stderr(&output).as_str()), (141, ""));
}

#[test]
fn an_output_that_takes_no_more_is_told() {
    let files = Files::new();
    let image = files.write("guest", hello("hello\n"));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = tcevm().args(["run", arg(&image)]).stdout(full).output().unwrap();
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("No space left"), "{}", stderr(&output));
}

#[test]
fn a_run_whose_output_nobody_reads_is_stopped_all_the_same() {
    let mut words = print("0123456789abcdef");
    words.push(b(-(words.len() as i32)));
    let (mut child, _files) = start(words);
    kill("-TERM", child.id()); // the pipe is full, or will be soon
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn a_guest_reads_what_is_piped_to_it() {
    let (mut child, _files) = start(echo());
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"one\x01x\n").unwrap(); // not an escape key, because this is not a terminal
    expect(&mut child, "one\x01x\n");
    let long = "0123456789".repeat(1000);
    stdin.write_all(long.as_bytes()).unwrap();
    drop(stdin); // the end of input does not end the guest
    expect(&mut child, &long);
    kill("-TERM", child.id());
    assert_eq!(child.wait().unwrap().code(), Some(143));
}

#[test]
fn input_wakes_a_guest_that_cedes() {
    // The guest reads once so that input is wanted, then cedes. Only the input can end the wait, because the
    // decrementer is far from its end at reset.
    let wait = [hcall(0x54, &[0]), print("asked\n"), hcall(0xe0, &[]), print("awake\n")].concat();
    let (mut child, _files) = start([wait, power_off()].concat());
    expect(&mut child, "asked\n");
    child.stdin.take().unwrap().write_all(b"x").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((code(&output), stdout(&output).as_str()), (0, "awake\n"), "{output:?}");
}

/// Runs a guest on a terminal of its own, acts when it is ready, and compares the terminal's modes before and
/// after. Needs script(1).
fn on_a_terminal(test: &str, guest: Vec<u32>, act: impl FnOnce(&mut Child)) -> Option<i32> {
    if !skip::tool(test, "script") {
        return None;
    }
    let files = Files::new();
    let image = files.write("guest", asm::guest([print("ready\n"), guest].concat()).bytes());
    let (before, after) = (files.path("before"), files.path("after"));
    let command = format!(
        "stty -a >{}; {} run --timeout 60 {}; code=$?; stty -a >{}; exit $code",
        before.display(),
        env!("CARGO_BIN_EXE_tcevm"),
        image.display(),
        after.display(),
    );
    let mut child = Command::new("script")
        .args(["-q", "-e", "-c", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script starts");
    let mut seen = Vec::new();
    while !seen.ends_with(b"ready\r\n") {
        let mut byte = [0];
        child.stdout.as_mut().unwrap().read_exact(&mut byte).expect("output");
        seen.extend(byte);
    }
    act(&mut child);
    let status = child.wait().unwrap();
    let modes = [before, after].map(|path| std::fs::read_to_string(path).unwrap());
    assert_eq!(modes[0], modes[1], "the terminal is as it was");
    status.code()
}

fn type_keys(child: &mut Child, keys: &[u8]) {
    child.stdin.as_mut().unwrap().write_all(keys).unwrap();
}

#[test]
fn ctrl_a_x_quits_and_the_terminal_is_restored() {
    let quit = |child: &mut Child| type_keys(child, b"\x03\x01x"); // Ctrl-C goes to the guest
    for guest in [vec![b(0)], cede(), echo()] {
        let exit = on_a_terminal("ctrl_a_x", guest, quit);
        assert!(exit.is_none_or(|code| code == 130), "{exit:?}");
    }
}

#[test]
fn keys_go_to_the_guest_one_by_one() {
    let exit = on_a_terminal("keys", echo(), |child| {
        type_keys(child, b"k"); // no newline: the terminal does not wait for one
        expect(child, "k");
        type_keys(child, b"\x01x");
    });
    assert!(exit.is_none_or(|code| code == 130), "{exit:?}");
}

#[test]
fn the_terminal_is_restored_after_a_crash() {
    let exit = on_a_terminal("crash", vec![0], |_| ());
    assert!(exit.is_none_or(|code| code == 4), "{exit:?}");
}

#[test]
fn a_trace_names_the_call_its_arguments_and_its_status() {
    let (liobn, ioba) = (0x8000_0000, 0x1000);
    let guest = [
        hcall(0x20, &[liobn, ioba, 0x2_0003]),
        hcall(0x1c, &[liobn, ioba]),
        hcall(0x20, &[liobn, ioba + 1, 0x2_0003]),
        hcall(0x4, &[1, 2, 3]), // H_REMOVE: PAPR has it, we do not
        hcall(0x1_0004, &[]),
        power_off(),
    ];
    let output = run_guest(guest.concat(), &["--trace"]);
    let trace = stderr(&output);
    // Time, CPU and tier are before the call; vmm/tests/all/trace.rs has the details.
    let call = |line: &str| line.splitn(4, ' ').skip(1).map(str::to_owned).collect::<Vec<_>>();
    let lines: Vec<_> = trace.lines().map(call).collect();
    let put = "H_PUT_TCE liobn=0x80000000 ioba=0x1000 tce=0x20003 -> H_SUCCESS displaced=[0x0]";
    assert_eq!(lines[0], ["cpu0", "virtual", put]);
    let get = "H_GET_TCE liobn=0x80000000 ioba=0x1000 -> H_SUCCESS tce=0x20003";
    assert_eq!(lines[1], ["cpu0", "virtual", get]);
    let refused = "H_PUT_TCE liobn=0x80000000 ioba=0x1001 tce=0x20003 -> H_PARAMETER";
    assert_eq!(lines[2], ["cpu0", "virtual", refused]);
    assert!(lines[3][2].starts_with("H_REMOVE "), "{trace}");
    assert!(lines[3][2].ends_with(" -> H_FUNCTION"), "{trace}");
    assert!(lines[4][2].starts_with("0x10004 "), "{trace}");
    assert_eq!(lines.len(), 6, "{trace}");
}

/// Puts A, puts B over it, reads, clears, and is refused once.
fn exchange() -> Vec<u32> {
    let put = |ioba, tce| hcall(0x20, &[0x8000_0000, ioba, tce]);
    [
        put(0x1000, 0x2_0003),
        put(0x1000, 0x3_0001),
        put(0x2000, 0x4_0002),
        put(0x1000, 0),
        put(0x1001, 0),
    ]
    .concat()
}

#[test]
fn statistics_tell_what_was_done() {
    let output = run_guest([exchange(), power_off()].concat(), &["--stats=json"]);
    assert_eq!(code(&output), 0);
    let last = stderr(&output).lines().last().unwrap().to_owned();
    let stats: Value = serde_json::from_str(&last).expect("JSON");
    assert_eq!(stats["version"], 1);
    let put = &stats["hypercalls"][0];
    assert_eq!((&put["name"], &put["count"]), (&"H_PUT_TCE".into(), &5.into()));
    assert_eq!(put["errors"], serde_json::json!({ "H_PARAMETER": 1 }));
    assert!(put["min_ns"].as_u64() <= put["mean_ns"].as_u64());
    assert!(put["mean_ns"].as_u64() <= put["max_ns"].as_u64());
    let window = &stats["windows"][0];
    assert_eq!(window["liobn"], 0x8000_0000u32);
    // Three live entries were written and one cleared; one of the three replaced another.
    for (name, value) in
        [("puts", 4), ("replaced", 1), ("cleared", 1), ("live", 1), ("max_live", 2)]
    {
        assert_eq!(window[name], value, "{name}: {last}");
    }
    // Page 0x20000 was writable and is dirty; page 0x30000 was not; page 0x40000 is still mapped.
    let pages = serde_json::json!({ "pinned": 3, "released": 2, "dirtied": 1, "leaked_pins": 0 });
    assert_eq!(stats["pages"], pages);
    // 4 calls of 21 instructions each, and the rest; the guest has no branches.
    let words = [exchange(), power_off()].concat().len();
    assert_eq!(stats["instructions"], words);
}

#[test]
fn statistics_for_people_go_to_stderr() {
    let output = run_guest([exchange(), print("out\n"), power_off()].concat(), &["--stats"]);
    assert_eq!(stdout(&output), "out\n");
    for text in ["MIPS", "H_PUT_TCE", "1 H_PARAMETER", "0x80000000", "leaked pins: 0"] {
        assert!(stderr(&output).contains(text), "{text:?} is not in {}", stderr(&output));
    }
}

#[test]
fn an_argument_of_every_kind_is_counted_under_few_names() {
    let calls = (0..50).flat_map(|n| hcall(0x10_0004 + 8 * n, &[n]));
    let output = run_guest(calls.chain(power_off()).collect(), &["--stats=json"]);
    let stats: Value = serde_json::from_str(stderr(&output).trim()).expect("JSON");
    assert_eq!(stats["hypercalls"].as_array().unwrap().len(), 2, "{stats}");
    assert_eq!(stats["hypercalls"][0]["count"], 50);
}

/// A guest that runs a word of zeros three times and a prefix of the next architecture twice. Its handler of
/// program interrupts continues behind the word.
fn meets_illegal_words() -> Vec<u8> {
    let [zeros, prefix] = [0, 0x0600_0000];
    let words = [vec![zeros, prefix, zeros, prefix, zeros], power_off()].concat();
    // mfsrr0 r10; addi r10,r10,4; mtsrr0 r10; rfid
    let handler: [u32; 4] = [0x7d5a_02a6, 0x394a_0004, 0x7d5a_03a6, 0x4c00_0024];
    let mut elf = asm::guest(words).and_zeros(0x700, 16);
    let bytes = handler.into_iter().flat_map(u32::to_be_bytes).collect();
    elf.segments.last_mut().expect("the handler").data = bytes;
    elf.bytes()
}

// Power ISA 3.0B, Book III, 6.5.9: neither is an instruction of this CPU.
#[test]
fn illegal_instructions_are_counted_and_named_for_people_and_for_programs() {
    let files = Files::new();
    let image = files.write("guest", meets_illegal_words());
    let text = run([arg(&image), "-m", "16M", "--stats"]);
    assert_eq!(code(&text), 0, "{text:?}");
    let lines: Vec<_> =
        stderr(&text).lines().filter(|line| line.contains("illegal")).map(str::to_owned).collect();
    let expected =
        ["illegal instruction 0x00000000: 3 times", "illegal instruction 0x06000000: 2 times"];
    assert_eq!(lines, expected);
    let json = run([arg(&image), "-m", "16M", "--stats=json"]);
    let stats: Value = serde_json::from_str(stderr(&json).trim()).expect("JSON");
    assert_eq!(stats["illegal"], serde_json::json!({ "0x00000000": 3, "0x06000000": 2 }));
}

#[test]
fn the_demonstration_runs_without_an_image() {
    let output = run(["--stats=json"]);
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(stdout(&output).lines().count() > 5, "it tells its story: {output:?}");
    let stats: Value = serde_json::from_str(stderr(&output).trim()).expect("JSON");
    assert!(stats["windows"][0]["replaced"].as_u64() > Some(0), "it replaces entries: {stats}");
    assert_eq!(stats["pages"]["leaked_pins"], 0);
}

#[test]
fn help_has_what_a_new_user_needs() {
    let output = tcevm().args(["run", "--help"]).output().unwrap();
    let help = stdout(&output);
    assert_eq!(code(&output), 0);
    for text in ["Examples:", "Exit codes:", "124", "130", "Ctrl-A x", "--memory", "512M"] {
        assert!(help.contains(text), "{text:?} is not in {help}");
    }
    for row in vmm::exit::ROWS {
        assert!(help.contains(row.1), "{:?} is not in {help}", row.1);
    }
    let nothing = tcevm().output().unwrap();
    assert_eq!(code(&nothing), 2);
    assert!(stderr(&nothing).contains("tcevm run"), "{nothing:?}");
    let no_command = tcevm().arg("guest.elf").output().unwrap();
    assert_eq!(code(&no_command), 2);
    assert!(stderr(&no_command).contains("tcevm run IMAGE"), "{no_command:?}");
}

#[test]
fn the_log_level_is_chosen_by_option_or_environment() {
    let files = Files::new();
    let image = files.write("guest", hello("hello\n"));
    let log = |args: &[&str], variable: &str| {
        let mut command = tcevm();
        command.args([&["run", arg(&image)], args].concat()).env("RUST_LOG", variable);
        stderr(&command.output().unwrap())
    };
    assert_eq!(log(&[], "off"), "");
    assert!(log(&["--log", "debug"], "off").contains("entry"));
    assert!(log(&[], "debug").contains("entry"));
}
