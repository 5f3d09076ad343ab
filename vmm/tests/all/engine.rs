// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--engine` and `--perf-map`: equal runs on each engine, refusals, statistics, the names of translated code.

use std::fs;
use std::ops::Range;
use std::process::{Command, Output, Stdio};

use crate::support::{Files, arg, asm, code, elf, stderr, stdout, tcevm};
use serde_json::Value;

const IMAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-images/images");
const VARIABLE: &str = "TCEVM_ENGINE";
/// The engines of every host.
const EVERYWHERE: [&str; 2] = ["auto", "interpreter"];

/// The engines of this host.
fn engines() -> Vec<&'static str> {
    let translator = cfg!(target_arch = "x86_64").then_some("translator");
    EVERYWHERE.into_iter().chain(translator).collect()
}

/// The command without an engine from outside.
fn plain() -> Command {
    let mut command = tcevm();
    command.env_remove(VARIABLE);
    command
}

fn run(args: &[&str]) -> Output {
    plain().args(["run", "--timeout", "60"]).args(args).output().expect("tcevm starts")
}

fn refused(output: &Output, status: i32, why: &str) {
    assert_eq!((code(output), stdout(output).as_str()), (status, ""), "{}", stderr(output));
    assert!(stderr(output).contains(why), "{why}: {}", stderr(output));
}

fn image(name: &str) -> String {
    format!("{IMAGES}/{name}.elf")
}

fn statistics(engine: &str, more: &[&str]) -> Value {
    let image = image("replace-le");
    let output = run(&[&["--engine", engine, "--stats=json", &image], more].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    serde_json::from_str(stderr(&output).lines().last().expect("a line")).expect("JSON")
}

#[test]
fn a_guest_prints_the_same_on_each_engine() {
    for (name, more) in [
        ("hello-be", &[][..]),
        ("hello-le", &[]),
        ("replace-be", &[]),
        ("replace-le", &[]),
        ("window64-le", &[]),
        ("exerciser-be", &["--exerciser"]),
        ("exerciser-le", &["--exerciser"]),
        ("radix-be", &["--smp", "2"]),
        ("radix-le", &["--smp", "2"]),
        ("signals-be", &[]),
        ("signals-le", &[]),
        ("chaos-be", &["--append", "seed=4 calls=300"]),
    ] {
        let image = image(name);
        let prints = |engine: &str| {
            let output = run(&[&["--engine", engine, &image], more].concat());
            assert_eq!(code(&output), 0, "{name} {engine}: {}", stderr(&output));
            stdout(&output)
        };
        let expected = prints("interpreter");
        for engine in engines() {
            assert_eq!(prints(engine), expected, "{name} {engine}");
        }
    }
}

#[test]
fn an_engine_that_does_not_exist_is_refused() {
    let image = image("hello-le");
    refused(&run(&["--engine", "native", &image]), 2, "translator");
    for command in ["run", "comply", "replay"] {
        let output = plain().env(VARIABLE, "native").args([command, &image]).output();
        refused(&output.expect("tcevm starts"), 2, VARIABLE);
    }
    if !cfg!(target_arch = "x86_64") {
        refused(&run(&["--engine", "translator", &image]), 2, "leave --engine");
    }
}

#[test]
fn the_variable_is_for_commands_without_the_option() {
    let image = image("hello-le");
    let engine = |variable: &str, more: &[&str]| {
        let mut command = plain();
        command.env(VARIABLE, variable).args(["run", "--stats=json", &image]).args(more);
        let output = command.output().expect("tcevm starts");
        let last = stderr(&output).lines().last().expect("a line").to_owned();
        let stats: Value = serde_json::from_str(&last).expect("JSON");
        stats["engine"].as_str().expect("an engine").to_owned()
    };
    assert_eq!(engine("interpreter", &[]), "interpreter");
    assert_eq!(engine("interpreter", &["--engine", "auto"]), "auto");
}

// `--vcpu kvm` refuses the POWER image before its engine matters; an x86-64 image refuses the engine.
#[test]
fn an_engine_is_refused_where_guests_run_on_the_hosts_cpu() {
    let (x86, power) = (image("hello-x86"), image("hello-le"));
    refused(&run(&["--engine", "auto", &x86]), 3, "--engine");
    refused(&run(&["--perf-map", &x86]), 3, "--perf-map");
    refused(&run(&["--engine", "auto", "--vcpu", "kvm", &power]), 3, "KVM");
    let comply = |args: &[&str]| plain().arg("comply").args(args).output().expect("tcevm starts");
    for rig in ["direct", "kvm", "qemu-le"] {
        refused(&comply(&["--rig", rig, "--engine", "auto"]), 2, "--engine");
    }
    refused(&comply(&["--random", "9", "--rig", "direct", "--engine", "auto"]), 2, "--engine");
    refused(&comply(&["--list", "--engine", "auto"]), 2, "--engine");
    let files = Files::new();
    let script = files.write("script", "H_GET_TCE L 0 -> H_SUCCESS 0x0");
    let replay = |args: &[&str]| {
        plain().args(["replay", arg(&script)]).args(args).output().expect("tcevm starts")
    };
    for rig in ["direct", "kvm", "qemu-be"] {
        refused(&replay(&["--rig", rig, "--engine", "auto"]), 2, "--engine");
    }
    for engine in engines() {
        let output = replay(&["--rig", "power-be", "--engine", engine]);
        assert_eq!(code(&output), 0, "{engine}: {}", stderr(&output));
    }
}

#[test]
fn every_clause_passes_on_each_engine() {
    for engine in engines() {
        let comply = plain().args(["comply", "--rig", "power", "--engine", engine]).output();
        let output = comply.expect("tcevm starts");
        assert_eq!(code(&output), 0, "{engine}: {}{}", stdout(&output), stderr(&output));
    }
}

#[test]
fn statistics_have_the_engine_and_the_work_of_the_translator() {
    let interpreted = statistics("interpreter", &[]);
    assert_eq!(interpreted["engine"], "interpreter");
    for key in ["translated_percent", "translated_run", "regions", "regions_dropped", "code_bytes"]
    {
        assert_eq!(interpreted[key], Value::Null, "{key}");
    }
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    let translated = statistics("translator", &[]);
    assert_eq!(translated["engine"], "translator");
    let count = |key: &str| translated[key].as_u64().expect("a number");
    let percent = translated["translated_percent"].as_f64().expect("a number");
    let share = 100.0 * count("translated_run") as f64 / count("instructions") as f64;
    assert!((percent - share).abs() < 0.001 && (50.0..=100.0).contains(&percent), "{translated}");
    // A region has an instruction, and an instruction has code.
    assert!(0 < count("regions") && count("regions") <= count("instructions_translated"));
    assert!(count("instructions_translated") < count("code_bytes"));
    assert!(count("translation_ns") > 0 && count("regions_dropped") <= count("regions"));
    let output = run(&["--engine", "translator", "--stats", &image("replace-le")]);
    let text = stderr(&output);
    for line in ["engine: translator, ", "regions translated: ", "nanoseconds of translation: "] {
        assert!(text.contains(line), "{line}: {text}");
    }
}

#[test]
fn the_report_has_the_engine_and_the_work_of_the_translator() {
    let files = Files::new();
    let page = files.path("page.html");
    for engine in engines() {
        let output = run(&["--engine", engine, "--report", arg(&page), &image("replace-le")]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let page = fs::read_to_string(&page).expect("a page");
        assert!(page.contains(&format!("engine {engine}")));
        let translates = engine != "interpreter" && cfg!(target_arch = "x86_64");
        for fact in ["translated", "regions translated", "regions thrown away"] {
            assert_eq!(page.contains(&format!("data-fact=\"{fact}\"")), translates, "{fact}");
        }
    }
}

/// Both engines look at events after the same instructions, and a recording has no time: each replays on the other.
#[test]
fn a_recording_of_one_engine_replays_on_the_other() {
    let engines = engines();
    let files = Files::new();
    let record = files.path("record");
    for (name, more) in [
        ("clock-be", &[][..]),
        ("clock-le", &["--smp", "2"]),
        ("interrupts-be", &["--smp", "2"]),
        ("interrupts-le", &["--smp", "2"]),
        ("cpus-le", &["--smp", "2"]),
        ("chaos-be", &["--append", "seed=7 calls=300"]),
        ("chaos-le", &["--smp", "2", "--append", "seed=8 calls=200"]),
    ] {
        for recording in &engines {
            let image = image(name);
            let common = ["--engine", recording, "--record", arg(&record), &image];
            let output = run(&[&common, more].concat());
            assert_eq!(code(&output), 0, "{name} {recording}: {}", stderr(&output));
            for playing in &engines {
                let rig = ["--rig", if name.ends_with("be") { "power-be" } else { "power-le" }];
                let output = plain()
                    .args(["replay", arg(&record), "--engine", playing])
                    .args(rig)
                    .output()
                    .expect("tcevm starts");
                let said = format!("{name} {recording} {playing}: {}", stdout(&output));
                assert_eq!(code(&output), 0, "{said}{}", stderr(&output));
                assert!(stdout(&output).ends_with("every answer is the same\n"), "{said}");
            }
        }
    }
}

// A guest of one CPU whose calls do not depend on time makes the same calls in the same order.
#[test]
fn recordings_of_both_engines_are_equal() {
    let files = Files::new();
    for name in ["replace-le", "window64-be", "chaos-be"] {
        let recording = |engine: &str| {
            let record = files.path("record");
            let record = arg(&record);
            let image = image(name);
            let append = ["--append", "seed=7 calls=300"];
            let args = ["--engine", engine, "--record-all", "--record", record, &image];
            let output = run(&[&args[..], &append].concat());
            assert_eq!(code(&output), 0, "{name} {engine}: {}", stderr(&output));
            let recording = fs::read_to_string(record).expect("the recording");
            let fixed = recording.lines().filter(|line| !line.contains("H_RANDOM"));
            fixed.map(str::to_owned).collect::<Vec<_>>()
        };
        let expected = recording("interpreter");
        for engine in engines() {
            assert!(recording(engine) == expected, "{name} {engine}");
        }
    }
}

/// The lines of a map for perf, in the order of addresses.
fn lines(map: &str) -> Vec<(Range<u64>, String)> {
    let number = |text: &str| u64::from_str_radix(text, 16).expect("hexadecimal");
    let line = |line: &str| {
        let mut parts = line.splitn(3, ' ');
        let mut part = || parts.next().expect("three parts");
        let (start, size, name) = (number(part()), number(part()), part().to_owned());
        (start..start + size, name)
    };
    let mut lines: Vec<_> = map.lines().map(line).collect();
    lines.sort_by_key(|(range, _)| range.start);
    lines
}

/// The map that a run leaves, which is removed.
fn perf_map(args: &[&str]) -> String {
    let mut command = plain();
    command.args(["run", "--timeout", "60", "--perf-map"]).args(args);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let child = command.spawn().expect("tcevm starts");
    let path = format!("/tmp/perf-{}.map", child.id());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 0, "{args:?}: {}", stderr(&output));
    let map = fs::read_to_string(&path).expect("the map");
    fs::remove_file(&path).expect("our own file");
    map
}

#[test]
fn perf_finds_translated_code_by_the_images_symbols() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    // A loop of a million turns: bdnz to itself.
    const TURNS: u64 = 1_000_000;
    let start = [asm::load(9, TURNS), vec![asm::mtctr(9)]].concat();
    let at = asm::BASE + 4 * start.len() as u64;
    const BDNZ: u32 = 0x4200_0000;
    let words = [start, vec![asm::NOP, BDNZ | 0xfffc], asm::power_off()].concat();
    let size = 4 * words.len() as u64;
    let image = asm::guest(words).bytes();
    let files = Files::new();
    let functions = [("_start", asm::BASE, at - asm::BASE), ("hot loop", at, 8)];
    let named = files.write("named", elf::with_functions(image.clone(), &functions));
    for engine in ["auto", "translator"] {
        let map = lines(&perf_map(&["--engine", engine, arg(&named)]));
        // A name is one word, however the symbol is spelled. The translator takes the loop into the region of the code
        // before it.
        let hot = |name: &str| name == "hot?loop" || name.starts_with("hot?loop+");
        assert!(engine == "translator" || map.iter().any(|(_, name)| hot(name)), "{map:?}");
        let known =
            |name: &str| hot(name) || name.starts_with("_start") || name.starts_with("guest_");
        assert!(map.iter().all(|(_, name)| known(name)), "{engine}: {map:?}");
    }
    let plain = files.write("plain", image);
    let map = lines(&perf_map(&["--engine", "translator", arg(&plain)]));
    let address =
        |name: &str| u64::from_str_radix(name.strip_prefix("guest_").unwrap(), 16).unwrap();
    let code = asm::BASE..asm::BASE + size;
    assert!(!map.is_empty());
    assert!(map.iter().all(|(_, name)| code.contains(&address(name))), "{map:?}");
}

#[test]
fn ranges_of_a_map_for_perf_do_not_overlap() {
    if !cfg!(target_arch = "x86_64") {
        return;
    }
    for (name, more) in
        [("radix-le", &["--smp", "2"][..]), ("cpus-le", &["--smp", "4"]), ("flood-be", &[])]
    {
        let map = lines(&perf_map(&[&["--engine", "translator", &image(name)], more].concat()));
        assert!(!map.is_empty(), "{name}");
        assert!(map.iter().all(|(range, _)| !range.is_empty()), "{name}: {map:?}");
        for pair in map.windows(2) {
            assert!(pair[0].0.end <= pair[1].0.start, "{name}: {pair:?}");
        }
    }
}

#[test]
fn a_map_for_perf_of_interpreted_code_is_refused() {
    let image = image("hello-le");
    refused(&run(&["--perf-map", "--engine", "interpreter", &image]), 3, "--perf-map");
}
