// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! README: "The files are written at every end of a run." This includes a reader of our output that stalls, a
//! limit of the shell (`ulimit`), a full disk, and a closed output. Each other file is whole then, and a
//! message names the file that could not be written.

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::support::asm::{self, b, hcall, power_off, print};
use crate::support::{Files, arg, code, stderr, tcevm};
use tests::events::Events;

/// The files that a run writes.
struct Outputs {
    files: Files,
    report: PathBuf,
    trace: PathBuf,
    record: PathBuf,
    dirty: PathBuf,
}

impl Outputs {
    fn new() -> Outputs {
        let files = Files::new();
        let [report, trace, record, dirty] =
            ["run.html", "run.json", "calls.txt", "dirty.txt"].map(|name| files.path(name));
        Outputs { files, report, trace, record, dirty }
    }

    fn args(&self) -> [&str; 8] {
        let Outputs { report, trace, record, dirty, .. } = self;
        let [report, trace, record, dirty] = [report, trace, record, dirty].map(|path| arg(path));
        ["--report", report, "--trace-file", trace, "--record", record, "--dirty-log", dirty]
    }

    fn report_is_whole(&self) {
        let page = fs::read_to_string(&self.report).expect("a report");
        assert!(page.trim_end().ends_with("</html>"), "{} bytes of a report", page.len());
    }

    fn trace_is_whole(&self) {
        let calls = Events::read(&fs::read_to_string(&self.trace).expect("a trace")).calls;
        assert!(calls.values().sum::<u64>() > 0, "{calls:?}");
    }

    fn record_is_whole(&self) {
        let calls = fs::read_to_string(&self.record).expect("a record");
        assert!(calls.contains("H_PUT_TCE ") && calls.ends_with('\n'), "{calls}");
    }

    fn dirty_log_is_whole(&self) {
        let dirty = fs::read_to_string(&self.dirty).expect("a dirty log");
        assert!(dirty.ends_with(" tce\n"), "the displaced page: {dirty:?}");
    }

    fn are_whole(&self) {
        self.report_is_whole();
        self.trace_is_whole();
        self.record_is_whole();
        self.dirty_log_is_whole();
    }
}

/// A guest that maps a page and replaces it, so that no file is empty, prints that it is ready, and continues
/// with these words.
fn guest(then: Vec<u32>) -> Vec<u8> {
    let put = |tce| hcall(0x20, &[0x8000_0000, 0x1000, tce]);
    asm::guest([put(0x30_1003), put(0x30_2003), print("ready\n"), then].concat()).bytes()
}

/// Repeats these words without end.
fn for_ever(mut words: Vec<u32>) -> Vec<u32> {
    words.push(b(-(words.len() as i32)));
    words
}

fn chatter() -> Vec<u32> {
    for_ever(print("0123456789abcdef"))
}

/// The run of a guest with all output files.
fn command(outputs: &Outputs, image: Vec<u8>, more: &[&str]) -> Command {
    let image = outputs.files.write("guest", image);
    let mut command = tcevm();
    command.args(["run", "-m", "16M"]).args(outputs.args()).args(more).arg(image);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Reads the rest of a pipe until its other end is closed.
fn rest(pipe: Option<impl Read>) -> String {
    let mut bytes = Vec::new();
    pipe.expect("a pipe").read_to_end(&mut bytes).expect("it can be read");
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for the first line of the guest and reads no further.
fn wait_until_ready(child: &mut Child) {
    let mut line = [0; 6];
    child.stdout.as_mut().expect("a pipe").read_exact(&mut line).expect("output");
    assert_eq!(&line, b"ready\n");
}

/// Waits until a pipe is full (pipe(7): 16 pages, and a whole write goes into one page).
fn wait_until_full(pipe: Option<impl AsFd>) {
    let pipe = pipe.expect("a pipe");
    // The longest line that may not have fitted into its page is shorter than this.
    let full = 16 * (4096 - 200);
    while rustix::io::ioctl_fionread(&pipe).expect("a pipe") < full {
        sleep(Duration::from_millis(1));
    }
    sleep(Duration::from_millis(50));
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()));
}

#[test]
fn a_reader_of_the_console_that_stalls_keeps_no_run_from_its_end() {
    for (signal, exit) in [(None, 124), (Some("-TERM"), 143), (Some("-INT"), 130)] {
        let outputs = Outputs::new();
        let timeout = if signal.is_some() { "60" } else { "0.5" };
        let mut command = command(&outputs, guest(chatter()), &["--timeout", timeout]);
        let mut child = command.spawn().expect("tcevm starts");
        wait_until_ready(&mut child);
        if let Some(signal) = signal {
            wait_until_full(child.stdout.as_ref());
            send(signal, &child);
        }
        let said = rest(child.stderr.take());
        assert_eq!(child.wait().unwrap().code(), Some(exit), "{said}");
        assert!(said.contains("bytes of the guest's console could not be written"), "{said}");
        outputs.are_whole();
    }
}

// A socket has no name by which it can be opened a second time, so the descriptor is shared with the test.
#[test]
fn a_socket_that_nobody_reads_keeps_no_run_from_its_end() {
    let outputs = Outputs::new();
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().expect("sockets");
    let mut command = command(&outputs, guest(chatter()), &["--timeout", "0.5"]);
    command.stdout(Stdio::from(std::os::fd::OwnedFd::from(theirs)));
    let output = command.output().expect("tcevm starts");
    drop(ours);
    assert_eq!(code(&output), 124, "{output:?}");
    outputs.are_whole();
}

#[test]
fn a_reader_of_messages_that_stalls_keeps_no_run_from_its_end() {
    // With --stats the output after the guest's end is larger than the pipe, too.
    for more in [&["--trace"][..], &["--trace", "--stats"]] {
        let outputs = Outputs::new();
        let calls = for_ever(hcall(0x1c, &[0x8000_0000, 0x1000]));
        let mut child = command(&outputs, guest(calls), more).spawn().expect("tcevm starts");
        wait_until_full(child.stderr.as_ref());
        send("-TERM", &child);
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(143));
        outputs.are_whole();
    }
}

/// Makes a named pipe.
fn pipe(files: &Files) -> PathBuf {
    let path = files.path("pipe");
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.is_ok_and(|status| status.success()));
    path
}

#[test]
fn a_reader_of_one_file_that_stalls_keeps_no_other_from_being_whole() {
    let mut outputs = Outputs::new();
    outputs.trace = pipe(&outputs.files);
    let calls = for_ever(hcall(0x1c, &[0x8000_0000, 0x1000]));
    let child = command(&outputs, guest(calls), &["--timeout", "0.5"]).spawn();
    let reader = File::open(&outputs.trace).expect("the pipe"); // it is not read
    let output = child.expect("tcevm starts").wait_with_output().unwrap();
    drop(reader);
    assert_eq!(code(&output), 3, "{output:?}");
    let said = stderr(&output);
    assert!(said.contains("cannot write the trace ") && said.contains("stalled"), "{said}");
    outputs.report_is_whole();
    outputs.record_is_whole();
    outputs.dirty_log_is_whole();
}

// fifo(7): opening one to write waits for a process that opens it to read.
#[test]
fn a_pipe_without_a_reader_keeps_no_run_from_its_end() {
    for signal in [None, Some("-TERM")] {
        let mut outputs = Outputs::new();
        outputs.record = pipe(&outputs.files);
        let timeout = if signal.is_some() { "60" } else { "0.5" };
        let mut command = command(&outputs, guest(chatter()), &["--timeout", timeout]);
        let child = command.spawn().expect("tcevm starts");
        if let Some(signal) = signal {
            // The report is written before the record.
            while !outputs.report.exists() {
                sleep(Duration::from_millis(1));
            }
            send(signal, &child);
        }
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        assert_eq!(code(&output), 3, "{said}");
        assert!(said.contains("cannot write the record ") && said.contains("reader"), "{said}");
    }
}

#[test]
fn a_file_that_the_guest_reads_as_its_console_is_no_output() {
    let outputs = Outputs::new();
    fs::write(&outputs.record, "input").unwrap();
    let mut command = command(&outputs, guest(power_off()), &[]);
    let output = command.stdin(File::open(&outputs.record).unwrap()).output().unwrap();
    assert_eq!(code(&output), 3, "{output:?}");
    assert!(stderr(&output).contains("it is also standard input"), "{output:?}");
    assert_eq!(fs::read_to_string(&outputs.record).unwrap(), "input");
}

#[test]
fn a_slow_reader_gets_everything() {
    let outputs = Outputs::new();
    let text = "0123456789abcdef";
    // The text takes three times the size of a pipe: mtctr, the text, bdnz (Power ISA 3.0B, Book I, Branch
    // Conditional).
    let mut words = print(text);
    let back = -4 * i32::try_from(words.len()).unwrap();
    words.push(16 << 26 | 16 << 21 | (back.cast_unsigned() & 0xfffc));
    let count = [asm::load(20, 12_288), vec![asm::mtctr(20)]].concat();
    let guest = guest([count, words, power_off()].concat());
    let mut child = command(&outputs, guest, &["--timeout", "60"]).spawn().expect("tcevm starts");
    wait_until_ready(&mut child);
    wait_until_full(child.stdout.as_ref());
    let printed = rest(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(printed == text.repeat(12_288), "{} bytes", printed.len());
    outputs.are_whole();
}

/// Runs a command under a limit of the shell.
fn limited(limit: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit {limit} && exec \"$@\""), "sh"]);
    shell.arg(command.get_program()).args(command.get_args());
    shell.env_remove("RUST_LOG").stdin(Stdio::null());
    shell.stdout(Stdio::piped()).stderr(Stdio::piped());
    shell
}

/// The exit code. A process that a signal ended has none, which fails the test.
fn ended(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| panic!("{status}"))
}

// setrlimit(2), RLIMIT_FSIZE: SIGXFSZ, or EFBIG for a process that catches it. A unit of `ulimit -f` is 512 bytes.
#[test]
fn a_limit_on_file_sizes_is_an_error_of_the_files_that_reach_it() {
    let outputs = Outputs::new();
    // The page is longer than 4096 bytes, the record and the dirty log are not.
    let command = command(&outputs, guest(power_off()), &["--timeout", "60"]);
    let output = limited("-f 8", &command).output().expect("a shell");
    let said = stderr(&output);
    assert_eq!(ended(output.status), 3, "{said}");
    assert!(said.contains("cannot write the report ") && said.contains("File too large"), "{said}");
    outputs.record_is_whole();
    outputs.dirty_log_is_whole();
    outputs.trace_is_whole();
}

#[test]
fn a_limit_on_the_file_that_has_the_console_ends_the_run() {
    let outputs = Outputs::new();
    let mut command = limited("-f 200", &command(&outputs, guest(chatter()), &["--timeout", "60"]));
    let console = File::create(outputs.files.path("console")).unwrap();
    let output = command.stdout(console).output().expect("a shell");
    let said = stderr(&output);
    assert_eq!(ended(output.status), 3, "{said}");
    assert!(said.contains("console to standard output: File too large"), "{said}");
    assert_eq!(fs::metadata(outputs.files.path("console")).unwrap().len(), 200 * 512);
    outputs.dirty_log_is_whole();
}

// setrlimit(2), RLIMIT_CPU: SIGXCPU, once each second of CPU time.
#[test]
fn a_limit_on_cpu_time_ends_a_run_with_its_files() {
    let outputs = Outputs::new();
    let command = command(&outputs, guest(for_ever(Vec::new())), &["--timeout", "300"]);
    let output = limited("-S -t 1", &command).output().expect("a shell");
    let said = stderr(&output);
    assert_eq!(ended(output.status), 128 + 24, "{said}");
    assert!(said.contains("stopped by signal 24"), "{said}");
    outputs.are_whole();
}

#[test]
fn a_closed_output_ends_a_run_with_its_files() {
    let outputs = Outputs::new();
    let mut command = command(&outputs, guest(chatter()), &["--timeout", "60"]);
    let mut child = command.spawn().expect("tcevm starts");
    wait_until_ready(&mut child);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 141, "{output:?}");
    outputs.are_whole();
}

#[test]
fn a_full_disk_is_an_error_of_the_files_that_are_on_it() {
    for full in ["report", "trace", "record", "dirty log"] {
        let mut outputs = Outputs::new();
        let dev_full = || PathBuf::from("/dev/full");
        match full {
            "report" => outputs.report = dev_full(),
            "trace" => outputs.trace = dev_full(),
            "record" => outputs.record = dev_full(),
            _ => outputs.dirty = dev_full(),
        }
        let mut command = command(&outputs, guest(power_off()), &["--timeout", "60"]);
        let output = command.output().expect("tcevm starts");
        assert_eq!(code(&output), 3, "{output:?}");
        let says = format!("cannot write the {full} /dev/full: No space left");
        assert!(stderr(&output).contains(&says), "{says}: {}", stderr(&output));
        let whole = [
            ("report", Outputs::report_is_whole as fn(&Outputs)),
            ("trace", Outputs::trace_is_whole),
            ("record", Outputs::record_is_whole),
            ("dirty log", Outputs::dirty_log_is_whole),
        ];
        whole.iter().filter(|(name, _)| *name != full).for_each(|(_, is_whole)| is_whole(&outputs));
    }
    // Each file that cannot be written is named.
    let mut outputs = Outputs::new();
    (outputs.report, outputs.dirty) = ("/dev/full".into(), "/dev/full".into());
    let output = command(&outputs, guest(power_off()), &[]).output().expect("tcevm starts");
    for name in ["report", "dirty log"] {
        assert!(stderr(&output).contains(&format!("cannot write the {name} ")), "{output:?}");
    }
}

#[test]
fn a_full_disk_under_the_messages_is_no_error() {
    let outputs = Outputs::new();
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = command(&outputs, guest(power_off()), &["--trace", "--stats"]);
    let output = command.stderr(full).output().expect("tcevm starts");
    assert_eq!((code(&output), output.stdout.as_slice()), (0, &b"ready\n"[..]));
    outputs.are_whole();
}

// Commands that only print are not runs, but their output is not cut silently either.
#[test]
fn what_cannot_be_printed_is_an_error_of_every_command() {
    let full = || OpenOptions::new().write(true).open("/dev/full").unwrap();
    let comply = &["comply", "put/liobn-unknown", "--rig", "direct-real", "--format", "html"][..];
    let list = &["comply", "--list"][..];
    for args in [&["run", "--dump-dtb", "-"][..], &["doctor"], &["qemu", "-h"], comply, list] {
        let output = tcevm().args(args).stdout(full()).output().expect("tcevm starts");
        assert_eq!(code(&output), 3, "{args:?}: {output:?}");
        assert!(stderr(&output).contains("No space left"), "{args:?}: {output:?}");
    }
}
