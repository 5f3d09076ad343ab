// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A machine that a command runs: any hypervisor, under its own VMM.
//!
//! The rig is named `exec:COMMAND`, or `exec-be:COMMAND` for a big-endian image. The command is one of `/bin/sh`, and
//! `{image}` in it is the path of the image. Standard output is the console of the guest.

use super::{GuestRig, Ran, Room, child};
use crate::direct::Setup;
use crate::image;
use crate::profile::SuiteProfile;
use std::env;
use std::fs;
use std::io;
use std::process::Command;
use std::time::Duration;
use vmm_sys_util::tempdir::TempDir;

/// The beginnings of the names of such rigs, each with its kind of image.
const STARTS: [(&str, &str); 3] = [("exec:", "le"), ("exec-le:", "le"), ("exec-be:", "be")];

/// The place of the image's path in a command.
const IMAGE: &str = "{image}";

/// Time limit of a run.
const LIMIT: Duration = Duration::from_secs(600);

/// The kind of image and the command, if the value of an option is such a rig.
fn parts(value: &str) -> Option<(&'static str, &str)> {
    STARTS.into_iter().find_map(|(start, kind)| Some((kind, value.strip_prefix(start)?)))
}

/// True for the value of an option that means such a rig.
pub fn is_meant(value: &str) -> bool {
    parts(value).is_some()
}

/// Checks the value of an option that means such a rig. Errors: the command has no place for the image.
pub fn check(value: &str) -> Result<(), String> {
    match parts(value) {
        Some((_, command)) if command.contains(IMAGE) => Ok(()),
        _ => Err(format!("write {IMAGE} where the command takes the image: 'exec:CMD {IMAGE}'")),
    }
}

/// The rigs among the values of an option: `exec` or `exec-be`, and from the second on with a number.
pub fn rigs<'a>(values: impl IntoIterator<Item = &'a String>) -> Vec<GuestRig> {
    let meant = values.into_iter().filter_map(|value| parts(value));
    meant.enumerate().map(|(n, (kind, command))| rig(n, kind, command)).collect()
}

fn rig(n: usize, kind: &str, command: &str) -> GuestRig {
    let number = if n == 0 { String::new() } else { (n + 1).to_string() };
    let ending = if kind == "be" { "-be" } else { "" };
    let line = command.to_owned();
    GuestRig {
        name: format!("exec{number}{ending}"),
        what: command.into(),
        profile: SuiteProfile::Allowed,
        runner: image::runner(kind).unwrap_or_default(),
        missing: None,
        room: Room {
            ram_unit: 1 << 20,
            most_ram: Setup::default().ram,
            device: |_| false,
            chooses: false,
            rtas: true,
            steps_at: image::STEPS_AT,
        },
        boot: Box::new(move |image, _| boot(&line, image, LIMIT)),
    }
}

/// Runs the command on an image in a temporary directory.
fn boot(command: &str, image: &[u8], limit: Duration) -> Result<Ran, String> {
    let no = |error: io::Error| format!("cannot write the image: {error}");
    let folder = TempDir::new_with_prefix(env::temp_dir().join("tcevm-comply-"));
    let folder = folder.map_err(|error| no(error.into()))?;
    let path = folder.as_path().join("comply.elf");
    fs::write(&path, image).map_err(no)?;
    let path = path.to_str().ok_or("the path of the temporary directory is no UTF-8")?;
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command.replace(IMAGE, &quoted(path)));
    child::run(shell, "the command", limit)
}

/// A path as a shell reads it.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.chars().all(plain) { path.into() } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(command: &str) -> Ran {
        boot(command, b"an image", Duration::from_secs(2)).expect("it starts")
    }

    #[test]
    fn a_command_gets_the_image_and_its_output_is_taken() {
        let ran = ran("cat {image}; echo; echo noise >&2");
        assert_eq!((ran.printed.as_str(), ran.died), ("an image\n", None));
        assert_eq!(ran.times.len(), 1);
    }

    #[test]
    fn a_command_that_fails_says_why() {
        let ran = ran("echo half; printf more; echo no such thing >&2; exit 3 # {image}");
        let died = ran.died.expect("it failed");
        assert!(died.contains("exit status: 3") && died.contains("no such thing"), "{died}");
        assert_eq!(ran.printed, "half\nmore");
    }

    #[test]
    fn a_command_without_end_is_ended_and_so_are_its_children() {
        let died = ran("sleep 1000 & yes >/dev/null # {image}").died.expect("it is ended");
        assert!(died.contains("did not power off"), "{died}");
        // The bound on its output ends it, however long a slow host takes to read that.
        let endless = boot("yes # {image}", b"an image", LIMIT).expect("it starts");
        let died = endless.died.expect("it is ended");
        assert!(died.contains("printed more"), "{died}");
        assert_eq!(ran("sleep 1000 & echo done # {image}").printed, "done\n");
    }

    #[test]
    fn a_machine_that_does_not_power_off_is_ended_after_the_image() {
        let ran = boot("echo EXIT: STATUS=1; sleep 1000 # {image}", b"", LIMIT).expect("starts");
        assert_eq!(ran.died, None);
    }

    #[test]
    fn a_rig_has_a_name_and_a_command_with_the_image() {
        let values = ["exec:a {image}", "power", "exec-be:b {image}"].map(String::from);
        let names: Vec<_> = rigs(&values).into_iter().map(|rig| (rig.name, rig.what)).collect();
        let expected = [("exec", "a {image}"), ("exec2-be", "b {image}")];
        assert_eq!(names, expected.map(|(name, what)| (name.to_owned(), what.to_owned())));
        assert!(check("exec:a {image}").is_ok() && check("exec:a").is_err());
        assert_eq!(quoted("/tmp/it's"), r"'/tmp/it'\''s'");
    }
}
