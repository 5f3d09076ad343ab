// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The commands of the monitor: a row for each one of QMP, and one for each in words.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Ask, Desk};

/// An error of QMP: its class, and a sentence.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) &'static str, pub(super) String);

impl From<String> for Refusal {
    fn from(why: String) -> Refusal {
        Refusal("GenericError", why)
    }
}

/// The arguments of a command.
pub(super) type Arguments = Map<String, Value>;

/// A command of QMP.
pub(super) struct Command {
    pub(super) name: &'static str,
    /// The names of its arguments.
    takes: &'static [&'static str],
    run: fn(&Desk, &Arguments) -> Result<Value, Refusal>,
}

/// The commands of QMP, but for `qmp_capabilities`, which belongs to the protocol. Their names and answers are QEMU's
/// (QEMU: `docs/interop/qmp-spec`, `qapi/`); `snapshot` is ours.
pub(super) const COMMANDS: &[Command] = &[
    Command { name: "query-status", takes: &[], run: |desk, _| Ok(status(desk)) },
    Command { name: "query-version", takes: &[], run: |_, _| Ok(version()) },
    Command { name: "query-commands", takes: &[], run: |_, _| Ok(names()) },
    Command { name: "query-cpus-fast", takes: &[], run: |desk, _| Ok(cpus(desk)) },
    Command {
        name: "query-name",
        takes: &[],
        run: |_, _| Ok(json!({})), // the machine has none
    },
    Command { name: "stop", takes: &[], run: |desk, _| done(desk, Ask::Hold) },
    Command { name: "cont", takes: &[], run: |desk, _| done(desk, Ask::Release) },
    Command { name: "system_reset", takes: &[], run: |desk, _| done(desk, Ask::Reset) },
    Command {
        name: "system_powerdown",
        takes: &[],
        run: |_, _| Err(NO_POWERDOWN.to_owned().into()),
    },
    Command { name: "inject-nmi", takes: &[], run: |desk, _| done(desk, Ask::Nmi) },
    Command {
        name: "quit",
        takes: &[],
        run: |desk, _| {
            desk.dismiss();
            Ok(json!({}))
        },
    },
    Command {
        name: "snapshot",
        takes: &["file"],
        run: |desk, arguments| {
            desk.snapshot(text(arguments, "file")?.into())?;
            Ok(json!({}))
        },
    },
    Command {
        name: "human-monitor-command",
        takes: &["command-line", "cpu-index"],
        run: |desk, arguments| Ok(readable(desk, text(arguments, "command-line")?).into()),
    },
];

const NO_POWERDOWN: &str =
    "the machine has no EPOW event by which firmware asks a guest to power off; use quit";

/// Runs a command of QMP.
pub(super) fn run(desk: &Desk, name: &str, arguments: &Arguments) -> Result<Value, Refusal> {
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return Err(Refusal("CommandNotFound", format!("The command {name} has not been found")));
    };
    if let Some(unknown) = arguments.keys().find(|key| !command.takes.contains(&key.as_str())) {
        return Err(format!("Parameter '{unknown}' is unexpected").into());
    }
    (command.run)(desk, arguments)
}

fn text<'a>(arguments: &'a Arguments, name: &str) -> Result<&'a str, Refusal> {
    match arguments.get(name) {
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(format!("Invalid parameter type for '{name}', expected: string").into()),
        None => Err(format!("Parameter '{name}' is missing").into()),
    }
}

fn done(desk: &Desk, ask: Ask) -> Result<Value, Refusal> {
    desk.ask(ask)?;
    Ok(json!({}))
}

fn status(desk: &Desk) -> Value {
    let held = desk.is_held();
    json!({"status": if held { "paused" } else { "running" }, "running": !held, "singlestep": false})
}

/// The version of this program, in the place where QMP has QEMU's.
pub(super) fn version() -> Value {
    let number = |text: &str| text.parse::<u64>().unwrap_or_default();
    json!({
        "qemu": {
            "major": number(env!("CARGO_PKG_VERSION_MAJOR")),
            "minor": number(env!("CARGO_PKG_VERSION_MINOR")),
            "micro": number(env!("CARGO_PKG_VERSION_PATCH")),
        },
        "package": concat!("tcevm ", env!("CARGO_PKG_VERSION")),
    })
}

fn names() -> Value {
    let names = COMMANDS.iter().map(|command| command.name).chain(["qmp_capabilities"]);
    names.map(|name| json!({"name": name})).collect()
}

fn cpus(desk: &Desk) -> Value {
    let cpu = |n: u32| {
        let path = format!("/machine/cpu[{n}]");
        json!({"cpu-index": n, "qom-path": path, "thread-id": thread_of(n), "target": desk.target()})
    };
    (0..desk.cpus()).map(cpu).collect()
}

/// The host's number of a vCPU's thread. The first vCPU runs on the first thread of the process; the others have names, and no
/// thread while the machine is held.
fn thread_of(cpu: u32) -> u32 {
    let process = std::process::id();
    let is_it = |task: &Path| {
        let name = fs::read_to_string(task.join("comm"));
        name.is_ok_and(|name| name.trim_end() == format!("vcpu{cpu}"))
    };
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let found = tasks.map(|task| task.path()).find(|task| cpu > 0 && is_it(task));
    let number = found.and_then(|task| task.file_name()?.to_str()?.parse().ok());
    number.unwrap_or(process)
}

/// A command in words.
struct Words {
    words: &'static str,
    /// The name of what follows, if something does.
    takes: &'static str,
    about: &'static str,
    run: fn(&Desk, &str) -> Result<String, String>,
}

/// The commands in words.
const WORDS: &[Words] = &[
    Words { words: "help", takes: "", about: "lists the commands", run: |_, _| Ok(help()) },
    Words {
        words: "info status",
        takes: "",
        about: "shows whether the machine runs",
        run: |desk, _| {
            Ok(format!("VM status: {}\n", if desk.is_held() { "paused" } else { "running" }))
        },
    },
    Words {
        words: "info version",
        takes: "",
        about: "shows the version of tcevm",
        run: |_, _| Ok(concat!("tcevm ", env!("CARGO_PKG_VERSION"), "\n").into()),
    },
    Words {
        words: "info registers",
        takes: "",
        about: "shows the registers of all CPUs",
        run: |desk, _| desk.ask(Ask::Registers),
    },
    Words {
        words: "info windows",
        takes: "",
        about: "shows the DMA windows",
        run: |desk, _| desk.ask(Ask::Windows),
    },
    Words {
        words: "stop",
        takes: "",
        about: "holds the machine",
        run: |desk, _| desk.ask(Ask::Hold),
    },
    Words {
        words: "cont",
        takes: "",
        about: "lets it continue",
        run: |desk, _| desk.ask(Ask::Release),
    },
    Words {
        words: "system_reset",
        takes: "",
        about: "resets it",
        run: |desk, _| desk.ask(Ask::Reset),
    },
    Words {
        words: "system_powerdown",
        takes: "",
        about: "asks the guest to power off",
        run: |_, _| Err(NO_POWERDOWN.into()),
    },
    Words {
        words: "nmi",
        takes: "",
        about: "makes every CPU take a system reset interrupt",
        run: |desk, _| desk.ask(Ask::Nmi),
    },
    Words {
        words: "snapshot",
        takes: "FILE",
        about: "writes the machine to a file for run --restore",
        run: |desk, file| {
            let file = std::path::absolute(file).map_err(|error| error.to_string())?;
            desk.snapshot(file)
        },
    },
    Words {
        words: "quit",
        takes: "",
        about: "ends the run",
        run: |desk, _| {
            desk.dismiss();
            Ok(String::new())
        },
    },
];

/// Runs a command in words. The text ends with a line break, or is empty.
pub(crate) fn readable(desk: &Desk, line: &str) -> String {
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() {
        return String::new();
    }
    let rest = |row: &&Words| match line.strip_prefix(row.words)? {
        "" => Some(""),
        rest => rest.strip_prefix(' '),
    };
    let answer = match WORDS.iter().find_map(|row| Some((row, rest(&row)?))) {
        None => Err(format!("there is no command {line:?}; help lists them")),
        Some((row, "")) if !row.takes.is_empty() => {
            Err(format!("{} needs a {}", row.words, row.takes))
        }
        Some((row, rest)) if row.takes.is_empty() && !rest.is_empty() => {
            Err(format!("{} takes nothing", row.words))
        }
        Some((row, rest)) => (row.run)(desk, rest),
    };
    answer.unwrap_or_else(|why| format!("Error: {why}\n"))
}

fn help() -> String {
    let line =
        |row: &Words| format!("{:<18} {}\n", format!("{} {}", row.words, row.takes), row.about);
    WORDS.iter().map(line).collect()
}
