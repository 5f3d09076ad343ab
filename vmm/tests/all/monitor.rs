// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--monitor`: clients that steer a run by QMP, and clients that misbehave.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Files, arg, asm, spawn, stderr, stdout, tcevm};

const READY: &[u8] = b"ready\n";

/// A guest that prints "ready" and then runs without end.
pub(crate) fn endless() -> Vec<u8> {
    let mut code = asm::print("ready\n");
    code.push(asm::b(0));
    asm::guest(code).bytes()
}

/// A machine with a monitor whose guest has said these words.
pub(crate) fn start(image: &Path, socket: &Path, more: &[&str], says: &[u8]) -> Child {
    let place = format!("unix:{}", arg(socket));
    let common = [arg(image), "-m", "16M", "--timeout", "60", "--monitor", &place];
    let mut child = spawn(common.iter().chain(more));
    let mut said = vec![0; says.len()];
    child.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
    assert_eq!(said, says);
    child
}

/// A client.
pub(crate) struct Client(BufReader<UnixStream>);

impl Client {
    pub(crate) fn connect(socket: &Path) -> Client {
        let stream = UnixStream::connect(socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut client = Client(BufReader::new(stream));
        let greeting = client.line();
        assert!(greeting["QMP"]["version"]["qemu"].is_object(), "{greeting}");
        assert_eq!(client.ask("qmp_capabilities", json!({})), json!({}));
        client
    }

    pub(crate) fn line(&mut self) -> Value {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line:?}: {error}"))
    }

    fn send(&mut self, command: &str, arguments: Value) {
        let command = json!({"execute": command, "arguments": arguments});
        self.0.get_ref().write_all(command.to_string().as_bytes()).unwrap();
    }

    /// The answer to a command, behind any events.
    pub(crate) fn answer(&mut self, command: &str, arguments: Value) -> Value {
        self.send(command, arguments);
        loop {
            let line = self.line();
            if line.get("event").is_none() {
                return line;
            }
        }
    }

    pub(crate) fn ask(&mut self, command: &str, arguments: Value) -> Value {
        let answer = self.answer(command, arguments);
        answer.get("return").unwrap_or_else(|| panic!("{command}: {answer}")).clone()
    }

    pub(crate) fn event(&mut self) -> String {
        let line = self.line();
        line["event"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned()
    }
}

#[test]
fn a_client_holds_releases_resets_and_ends_a_machine() {
    let files = Files::new();
    let (image, socket) = (files.write("guest.elf", endless()), files.path("monitor"));
    let mut machine = start(&image, &socket, &["--smp", "2"], READY);
    let mut client = Client::connect(&socket);
    let status = |client: &mut Client| client.ask("query-status", json!({}))["status"].clone();
    assert_eq!(status(&mut client), "running");
    client.send("stop", json!({}));
    assert_eq!(client.line(), json!({"return": {}}));
    assert_eq!(client.event(), "STOP");
    assert_eq!(status(&mut client), "paused");
    assert_eq!(client.ask("query-cpus-fast", json!({})).as_array().unwrap().len(), 2);
    let words = json!({"command-line": "info registers"});
    let registers = client.ask("human-monitor-command", words);
    assert!(registers.as_str().unwrap().contains("nip"), "{registers}");
    client.ask("cont", json!({}));
    assert_eq!(client.event(), "RESUME");
    client.ask("system_reset", json!({}));
    assert_eq!(client.event(), "RESET");
    let mut said = [0; READY.len()];
    machine.stdout.as_mut().unwrap().read_exact(&mut said).unwrap();
    assert_eq!(said, READY, "the guest starts once more");
    let names = client.ask("query-commands", json!({}));
    let has = |name: &str| names.as_array().unwrap().contains(&json!({ "name": name }));
    assert!(["stop", "cont", "quit", "snapshot", "qmp_capabilities"].into_iter().all(has));
    let refused = client.answer("system_powerdown", json!({}));
    assert!(refused["error"]["desc"].as_str().unwrap().contains("EPOW"), "{refused}");
    client.ask("quit", json!({}));
    assert_eq!(client.event(), "SHUTDOWN");
    assert_eq!(machine.wait().unwrap().code(), Some(0));
    assert!(!socket.exists(), "the socket goes with the machine");
}

#[test]
fn a_second_client_gets_a_sentence_and_the_first_stays() {
    let files = Files::new();
    let (image, socket) = (files.write("guest.elf", endless()), files.path("monitor"));
    let mut machine = start(&image, &socket, &[], READY);
    let mut client = Client::connect(&socket);
    let mut second = String::new();
    UnixStream::connect(&socket).unwrap().read_to_string(&mut second).unwrap();
    assert!(second.contains("another client is connected"), "{second}");
    let taken = tcevm().args(["snapshot", arg(&socket), arg(&files.path("snap"))]).output();
    let taken = taken.unwrap();
    assert_eq!(taken.status.code(), Some(3));
    assert!(stderr(&taken).contains("another client is connected"), "{}", stderr(&taken));
    client.ask("query-status", json!({}));
    drop(client);
    Client::connect(&socket).ask("quit", json!({}));
    machine.wait().unwrap();
}

// No client but one that asks for it stops the machine, and each leaves the monitor to the next.
#[test]
fn clients_that_flood_stall_or_send_garbage_harm_nothing() {
    let files = Files::new();
    let (image, socket) = (files.write("guest.elf", endless()), files.path("monitor"));
    let mut machine = start(&image, &socket, &[], READY);
    let connect = || {
        let stream = UnixStream::connect(&socket).unwrap();
        stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
        stream
    };
    let agree = br#"{"execute":"qmp_capabilities"}"#;
    let status = br#"{"execute":"query-commands"}"#;
    // A flood of garbage, and one command without an end.
    for garbage in [vec![b']'; 4 << 20], vec![0xff; 4 << 20], vec![b'"'; 4 << 20]] {
        let _ = connect().write_all(&garbage);
    }
    // A flood of commands from a client that reads nothing: it has to wait, and gets no more than it reads.
    let mut slow = connect();
    slow.write_all(agree).unwrap();
    let flood = status.repeat(100_000);
    assert!(
        slow.write_all(&flood).is_err(),
        "the monitor took 2.8 MB from a client that reads nothing"
    );
    drop(slow);
    // Half-open peers: one that only sends, one that only reads, one that goes in the middle of a command.
    let mut half = connect();
    half.write_all(agree).unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let mut answers = String::new();
    half.read_to_string(&mut answers).unwrap();
    assert!(answers.contains("return"), "{answers}");
    drop(half);
    let mut gone = connect();
    gone.write_all(&status[..9]).unwrap();
    drop(gone);
    let silent = connect();
    silent.shutdown(Shutdown::Read).unwrap();
    drop(silent);
    thread::sleep(Duration::from_millis(50));
    let mut client = Client::connect(&socket);
    assert_eq!(client.ask("query-status", json!({}))["status"], "running");
    client.ask("quit", json!({}));
    assert_eq!(machine.wait().unwrap().code(), Some(0));
}

#[test]
fn standard_input_and_output_are_a_place_too() {
    let files = Files::new();
    let image = files.write("guest.elf", endless());
    let mut machine = spawn([arg(&image), "-m", "16M", "--timeout", "60", "--monitor", "stdio"]);
    let commands = br#"{"execute":"qmp_capabilities"}{"execute":"quit"}"#;
    let mut stdin = machine.stdin.take().unwrap(); // open until the end
    stdin.write_all(commands).unwrap();
    let output = machine.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    let lines = stdout(&output);
    assert!(lines.starts_with("{\"QMP\"") && lines.contains("SHUTDOWN"), "{lines}");
}

#[test]
fn a_place_that_cannot_be_is_refused() {
    let files = Files::new();
    let image = files.write("guest.elf", endless());
    let there = files.write("there", "precious");
    for (place, code, why) in [
        ("tcp:1", 2, "write unix:PATH or stdio"),
        (&*format!("unix:{}", arg(&there)), 3, "it is a file and no socket"),
    ] {
        let output = tcevm().args(["run", arg(&image), "--monitor", place]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{place}");
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    }
    assert_eq!(std::fs::read(&there).unwrap(), b"precious");
    let both = ["run", arg(&image), "--monitor", "stdio", "--record", "-"];
    assert!(stderr(&tcevm().args(both).output().unwrap()).contains("standard output"));
}
