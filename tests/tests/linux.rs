// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Debian's ppc64el kernel, as its package has it, boots to user space. The guest is made by
//! `tests/scripts/debian-guest.sh`, which downloads the packages.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use tests::{skip, tcevm};

/// The directory of the guest; `None` when it cannot be made here.
fn guest(test: &str) -> Option<&'static Path> {
    static GUEST: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = GUEST.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let directory = root.join("../target/debian-guest");
        let script = root.join("scripts/debian-guest.sh");
        let output = Command::new(script).arg(&directory).stdin(Stdio::null()).output();
        let output = output.map_err(|error| error.to_string())?;
        match output.status.success() {
            true => Ok(directory),
            false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        }
    });
    made.as_deref().map_err(|why| skip(test, &format!("no Debian guest: {why}"))).ok()
}

/// The guest with these words on the kernel's command line.
fn command(guest: &Path, initrd: &str, words: &str) -> Command {
    let append = format!("console=hvc0 quiet cryptomgr.notests {words}");
    let mut command = tcevm();
    command.arg("run").arg(guest.join("vmlinux")).arg("--initrd").arg(guest.join(initrd));
    command.args(["--memory", "512M", "--timeout", "300", "--append", &append]);
    command.env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

fn run(guest: &Path, initrd: &str, words: &str, more: &[&str]) -> Output {
    command(guest, initrd, words).args(more).output().expect("tcevm starts")
}

/// What the guest's init said, from the marker on, without the kernel's own lines.
fn said(output: &Output) -> Vec<String> {
    let console = String::from_utf8_lossy(&output.stdout);
    let lines = console.lines().map(str::trim_end).skip_while(|line| !line.starts_with("MARKER:"));
    lines.filter(|line| !line.starts_with('[')).map(str::to_owned).collect()
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
    // It would go on for ever; it may have ended by itself, which is wrong and told below.
    let _ = tcevm.kill();
    tcevm.wait().expect("it ends");
    assert_eq!(boots, 2);
}
