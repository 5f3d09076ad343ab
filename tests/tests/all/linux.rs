// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Debian's ppc64el kernel, as its package has it, boots to user space. The guest is made by
//! `tests/scripts/debian-guest.sh`, which downloads the packages.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tests::debian::{command, guest, said};
use tests::{skip, tool};
use vmm_sys_util::tempdir::TempDir;

fn run(guest: &Path, initrd: &str, words: &str, more: &[&str]) -> Output {
    command(guest, initrd, words).args(more).output().expect("tcevm starts")
}

/// `seq 1 20000 | sha256sum`, as GNU coreutils has it.
const DIGEST: &str = "f6351f5ead9a700e34275480b3856ea738122a7c57bdeb744a631251c069587a";

fn expected(cpus: u32) -> Vec<String> {
    vec![
        "MARKER: userspace is up".into(),
        "kernel: Linux ppc64le".into(),
        format!("cpus: {cpus}"),
        "mmu: Radix".into(),
        format!("digest: {DIGEST}  -"),
    ]
}

#[test]
fn linux_boots_to_user_space_and_powers_off() {
    let Some(guest) = guest("linux_boots_to_user_space_and_powers_off") else { return };
    let output = run(guest, "initrd.cpio.gz", "", &[]);
    assert_eq!(said(&output), expected(1), "{output:?}");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn linux_brings_up_both_cpus_and_they_work_side_by_side() {
    let Some(guest) = guest("linux_brings_up_both_cpus_and_they_work_side_by_side") else { return };
    let output = run(guest, "initrd.cpio", "work=2", &["--smp", "2"]);
    let said = said(&output);
    let (work, rest): (Vec<_>, Vec<_>) =
        said.into_iter().partition(|line| line.starts_with("work: "));
    assert_eq!(rest, expected(2), "{output:?}");
    assert_eq!(work.len(), 1, "{output:?}");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn a_panic_ends_the_run_with_4_and_the_console_intact() {
    let Some(guest) = guest("a_panic_ends_the_run_with_4_and_the_console_intact") else { return };
    let output = run(guest, "initrd.cpio", "panic", &[]);
    let console = String::from_utf8_lossy(&output.stdout);
    assert!(console.contains("MARKER: userspace is up"), "{output:?}");
    assert!(console.contains("Kernel panic - not syncing"), "{output:?}");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
}

#[test]
fn a_reboot_starts_the_machine_anew() {
    let Some(guest) = guest("a_reboot_starts_the_machine_anew") else { return };
    let mut command = command(guest, "initrd.cpio", "reboot");
    let mut tcevm = command.stdout(Stdio::piped()).spawn().expect("tcevm starts");
    let console = BufReader::new(tcevm.stdout.take().expect("it is piped"));
    let lines = console.lines().map_while(Result::ok);
    let boots = lines.filter(|line| line.starts_with("MARKER: userspace is up")).take(2).count();
    // It would go on without end; an end of its own is wrong and fails below.
    let _ = tcevm.kill();
    tcevm.wait().expect("it ends");
    assert_eq!(boots, 2);
}

/// The lines of `tests/scripts/perf.c`: 100,000 more rounds of a loop of four instructions, of which one is a load, one
/// a store and one a branch that is taken. No branch is predicted, and so none wrongly.
const PERF: &str = "perf: instructions 400000, cycles go on, branches 100000, loads 100000, stores 100000, \
     run instructions 400000, taken 100000, dispatched 400000, misses 0, instructions are sampled, \
     branches are sampled, cycles are sampled";

/// The lines of the guest's init about its NVRAM.
fn nvram(output: &Output) -> Vec<String> {
    let about = ["log:", "partition", "variables:", "it has"];
    let mut said = said(output);
    said.retain(|line| about.iter().any(|start| line.starts_with(start)));
    said
}

// The last words of a panic are in Linux' own partition at the next boot (Linux: `nvram_init_oops_partition`).
#[test]
fn linux_makes_its_partitions_in_the_nvram_and_finds_what_it_left_there() {
    let test = "linux_makes_its_partitions_in_the_nvram_and_finds_what_it_left_there";
    let Some(guest) = guest(test) else { return };
    let directory = TempDir::new_with_prefix(std::env::temp_dir().join("tcevm-")).unwrap();
    let file = directory.as_path().join("nvram");
    let file = ["--nvram", file.to_str().expect("UTF-8")];
    let expected = |variables: &'static str, oops: &[&'static str]| {
        let before = ["log: PPC64 nvram contains 65536 bytes", "partition: 70 common"];
        let variables = [variables, "partition: a0 ibm,rtas-log", "partition: a0 lnx,oops-log"];
        let after = ["partition: 7f wwwwwwwwwwww", "partitions end at 65536"];
        [&before[..], &variables, oops, &after].concat()
    };
    let output = run(guest, "initrd.cpio", "nvram panic", &file);
    assert_eq!(nvram(&output), expected("variables:", &[]), "{output:?}");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    let output = run(guest, "initrd.cpio", "nvram", &file);
    let kept = "variables: tcevm,note=kept";
    assert_eq!(nvram(&output), expected(kept, &["it has a report"]), "{output:?}");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

/// The numbers of a line of the guest's init.
fn numbers(lines: &[String], start: &str) -> Vec<u64> {
    let line = lines.iter().find_map(|line| line.strip_prefix(start));
    let line = line.unwrap_or_else(|| panic!("no {start:?} in {lines:?}"));
    line.split_whitespace().map(|number| number.parse().expect("a number")).collect()
}

/// One of the host's processors that this process may use.
fn processor() -> String {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    list.expect("Linux has it").trim().split(['-', ',']).next().expect("one").to_owned()
}

// Linux: `pseries_paravirt_steal_clock` reads it from the VPA, and /proc/stat has the sum.
#[test]
fn two_cpus_that_share_one_of_the_host_report_stolen_time_and_no_lockup() {
    let test = "two_cpus_that_share_one_of_the_host_report_stolen_time_and_no_lockup";
    if !tool(test, "taskset") {
        return;
    }
    let Some(guest) = guest(test) else { return };
    let mut command = command(guest, "initrd.cpio", "spin=2");
    command.args(["--smp", "2"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut tcevm = command.spawn().expect("tcevm starts");
    let mut types = tcevm.stdin.take().expect("it is piped");
    let console = BufReader::new(tcevm.stdout.take().expect("it is piped"));
    let mut lines = Vec::new();
    for line in console.lines() {
        let line = line.expect("text").trim_end().to_owned();
        if line == "spin: ready" {
            let pid = tcevm.id().to_string();
            let pinned = Command::new("taskset").args(["-acp", &processor(), &pid]).output();
            assert!(pinned.expect("taskset starts").status.success());
            types.write_all(b"go\n").expect("tcevm reads");
        }
        lines.push(line);
    }
    assert_eq!(tcevm.wait().expect("it ends").code(), Some(0), "{lines:?}");
    assert!(lines.iter().any(|line| line == "spin: end"), "{lines:?}");
    let barked: Vec<_> = lines.iter().filter(|line| line.starts_with("barked: ")).collect();
    assert!(barked.is_empty(), "{barked:?}");
    let (from, to) = (numbers(&lines, "spin: from "), numbers(&lines, "spin: to "));
    let [work, idle, stolen] = [0, 1, 2].map(|n| to[n] - from[n]);
    // One processor for two: half is stolen, and more if the host has other work.
    assert!(stolen * 10 >= (work + idle + stolen) * 4, "{work} {idle} {stolen}");
}

/// The lines of `tests/scripts/programs.sh`: known answers. FIPS 180-2, appendices A.1, B.1 and C.1;
/// RFC 1321, A.5; FIPS 197, appendices C.1 to C.3. The arithmetic is IEEE 754's, as any host prints it.
const ANSWERS: [&str; 13] = [
    "sha256: ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "sha512: ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
     2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    "sha1: a9993e364706816aba3e25717850c26c9cd0d89d",
    "md5: d41d8cd98f00b204e9800998ecf8427e",
    "aes128: 69c4e0d86a7b0430d8cdb78070b4c55a",
    "aes192: dda97ca4864cdfe06eaf70a0ec0d7191",
    "aes256: 8ea2b7ca516745bfeafc49904b496089",
    "perl: 1.4142135623731 3.14159265358979 4503599627370497 Ba,Dc",
    "python: 664323 0.30000000000000004 5.0 2.7182818285 CBA",
    "bzip2: same",
    "xz: same",
    "strings: 149760 checks, 0 wrong",
    PERF,
];

/// Programs of one name take one another's place, memory is mapped again, a debugger and the kernel patch code: nothing old
/// runs. POWER9's instruction cache is coherent, and Linux relies on it.
#[test]
fn code_that_takes_the_place_of_other_code_runs() {
    let test = "code_that_takes_the_place_of_other_code_runs";
    let Some(guest) = guest(test) else { return };
    if !guest.join("recycle/recycle/patched").exists() {
        return skip(test, "no cross compiler with a C library (package libc6-dev-ppc64el-cross)");
    }
    for cpus in [1, 2] {
        let output = run(guest, "recycle.cpio", "recycle=20", &["--smp", &cpus.to_string()]);
        let answers = [
            "mappings: 0 of 1000 wrong",
            "breakpoint: hit, removed",
            "filters: 0 of 1000 wrong",
            "recycle: 20 rounds of 12 programs, 0 wrong",
        ];
        let answers = answers.map(str::to_owned).to_vec();
        assert_eq!(said(&output), [expected(cpus), answers].concat(), "{output:?}");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
}

#[test]
fn debians_programs_give_the_answers_that_are_known() {
    let test = "debians_programs_give_the_answers_that_are_known";
    let Some(guest) = guest(test) else { return };
    if ["strings", "perf"].iter().any(|name| !guest.join("programs").join(name).exists()) {
        return skip(test, "no cross compiler with a C library (package libc6-dev-ppc64el-cross)");
    }
    let output = run(guest, "programs.cpio", "programs", &["--memory", "1G"]);
    let answers = ANSWERS.map(str::to_owned).to_vec();
    assert_eq!(said(&output), [expected(1), answers].concat(), "{output:?}");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
