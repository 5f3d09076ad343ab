// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! QEMU's options as rows, and their translation to `tcevm run`.

use std::ffi::OsString;
use std::path::Path;

use super::devices;
use super::machine;
use super::parts::Parts;
use super::refusal::{Refusal, Why, text};
use super::wish::{Ask, Wish};
use crate::inlet;
use crate::outlet;

/// The effect of an option.
enum Does {
    /// The option asks for something other than a run.
    Ask(fn() -> Ask),
    /// None: tcevm always is as the option asks.
    Is,
    /// The option is passed to `tcevm run`, which has it, too.
    Passes(&'static str),
    /// The option has a value, which the function takes.
    With(&'static str, fn(&mut Wish, OsString) -> Result<Option<Ask>, Why>),
}

use Does::{Is, Passes, With};

/// An option: its names, its line of help, and its effect.
struct Row {
    names: &'static [&'static str],
    help: &'static str,
    does: Does,
}

const fn row(names: &'static [&'static str], help: &'static str, does: Does) -> Row {
    Row { names, help, does }
}

/// Every option that is accepted.
const ROWS: &[Row] = &[
    row(&["h", "help"], "this help", Does::Ask(|| Ask::Help)),
    row(&["version"], "the version", Does::Ask(|| Ask::Version)),
    row(
        &["machine", "M"],
        "pseries; properties with the values that they have by themselves",
        With("NAME[,P=V]", |_, v| machine::read(text(&v)?)),
    ),
    row(&["accel"], "tcg; its threads always run in parallel", With("tcg[,thread=T]", accel)),
    row(&["cpu"], "power9", With("NAME", cpu)),
    row(&["m"], "guest RAM, in MiB without a suffix", With("[size=]SIZE", memory)),
    row(&["smp"], "how many CPUs", With("[cpus=]N[,threads=T]", smp)),
    row(&["kernel"], "the guest image", With("FILE", kernel)),
    row(&["initrd"], "a file to load behind it", With("FILE", |w, v| pass(w, "--initrd", v))),
    row(&["append"], "the guest's command line", With("STRING", |w, v| pass(w, "--append", v))),
    row(&["bios"], "a boot ROM that only branches to the kernel", With("FILE", bios)),
    row(&["icount"], "taken, with a warning: time is always the host's", With("shift=N", icount)),
    row(&["rtc"], "what the wall clock shows at the start", With("base=DATE|utc", rtc)),
    row(
        &["drive"],
        "a disk on the SCSI controller",
        With("file=F[,if=none,id=ID]", |w, v| set(devices::drive(&mut w.devices, &v))),
    ),
    row(
        &["hda"],
        "the first disk",
        With("FILE", |w, v| set(devices::hard_disk(&mut w.devices, 0, &v))),
    ),
    row(
        &["hdb"],
        "the second",
        With("FILE", |w, v| set(devices::hard_disk(&mut w.devices, 1, &v))),
    ),
    row(&["hdc"], "the third", With("FILE", |w, v| set(devices::hard_disk(&mut w.devices, 2, &v)))),
    row(
        &["hdd"],
        "the fourth",
        With("FILE", |w, v| set(devices::hard_disk(&mut w.devices, 3, &v))),
    ),
    row(
        &["netdev"],
        "stream (a UNIX socket) or tap",
        With("KIND,id=ID[,P=V]", |w, v| set(devices::netdev(&mut w.devices, &v))),
    ),
    row(
        &["nic"],
        "the same with its adapter, or none",
        With("KIND[,P=V]", |w, v| set(devices::nic(&mut w.devices, &v))),
    ),
    row(&["net"], "none", With("none", none)),
    row(
        &["device"],
        "scsi-hd, spapr-vscsi or spapr-vlan",
        With("NAME[,P=V]", |w, v| set(devices::device(&mut w.devices, &v))),
    ),
    row(&["blockdev"], "refused; -drive has the same", With("...", |_, _| Err(BLOCKDEV.into()))),
    row(&["no-reboot"], "a reboot of the guest ends the run", Passes("--no-reboot")),
    row(&["serial"], "stdio: where the console always is", With("stdio", serial)),
    row(&["display"], "none", With("none", none)),
    row(&["vga"], "none", With("none", none)),
    row(&["monitor"], "none", With("none", none)),
    row(&["nodefaults"], "there are no default devices", Is),
    row(&["no-user-config"], "there is no configuration file", Is),
    row(&["nographic"], "there are no graphics", Is),
];

const BLOCKDEV: &str = "give -drive file=FILE,format=raw,if=none,id=ID instead";

/// The result of an option that belongs to a run.
fn set(done: Result<(), Why>) -> Result<Option<Ask>, Why> {
    done.map(|()| None)
}

/// Reads a command line without the name of the program.
pub fn read(args: &[OsString]) -> Result<Ask, Refusal> {
    let mut wish = Box::<Wish>::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let written = arg.to_string_lossy();
        let name = written.strip_prefix('-').map(|rest| rest.strip_prefix('-').unwrap_or(rest));
        let found = name.and_then(|name| ROWS.iter().find(|row| row.names.contains(&name)));
        let row = found.ok_or_else(|| Refusal::Unknown(written.clone().into_owned()))?;
        match &row.does {
            Does::Ask(ask) => return Ok(ask()),
            Is => {}
            Passes(option) => wish.options.push(option.into()),
            With(_, take) => {
                let value = args.next().ok_or_else(|| Refusal::NoValue(written.into_owned()))?;
                let refused = |why| {
                    let value = value.to_string_lossy().into_owned();
                    Refusal::Value { option: row.names[0], value, why }
                };
                if let Some(ask) = take(&mut wish, value.clone()).map_err(refused)? {
                    return Ok(ask);
                }
            }
        }
    }
    Ok(Ask::Run(wish))
}

/// The help: a line for each option.
pub(super) fn help() -> String {
    let line = |row: &Row| {
        let names: Vec<_> = row.names.iter().map(|name| format!("-{name}")).collect();
        let value = if let With(value, _) = row.does { value } else { "" };
        format!("  {:<40}{}\n", format!("{} {value}", names.join(", ")), row.help)
    };
    ROWS.iter().map(line).collect()
}

fn pass(wish: &mut Wish, option: &str, value: OsString) -> Result<Option<Ask>, Why> {
    wish.pass(option, value);
    Ok(None)
}

fn accel(_: &mut Wish, value: OsString) -> Result<Option<Ask>, Why> {
    match text(&value)?.split(',').next() {
        Some("tcg") => Ok(None),
        _ => Err("invalid accelerator; POWER guests run in software: tcg".into()),
    }
}

fn cpu(_: &mut Wish, value: OsString) -> Result<Option<Ask>, Why> {
    match text(&value)?.to_ascii_lowercase().as_str() {
        "?" | "help" => Ok(Some(Ask::Cpus)),
        "power9" | "power9_v2.2" => Ok(None),
        _ => Err("unable to find CPU model; it is power9".into()),
    }
}

fn memory(wish: &mut Wish, value: OsString) -> Result<Option<Ask>, Why> {
    for (name, size) in Parts::read(text(&value)?, "size").all() {
        match name {
            "size" => wish.pass("--memory", size),
            _ => return Err("memory cannot be added later; give a size alone".into()),
        }
    }
    Ok(None)
}

/// Reads the number of CPUs. Their grouping into cores makes no difference to them.
fn smp(wish: &mut Wish, value: OsString) -> Result<Option<Ask>, Why> {
    for (name, number) in Parts::read(text(&value)?, "cpus").all() {
        match name {
            "cpus" => wish.pass("--smp", number),
            "sockets" | "dies" | "clusters" | "cores" | "threads" => {}
            _ => return Err("CPUs cannot be added later; give their number alone".into()),
        }
    }
    Ok(None)
}

fn kernel(wish: &mut Wish, value: OsString) -> Result<Option<Ask>, Why> {
    wish.kernel = Some(value.into());
    Ok(None)
}

/// The offset at which QEMU's CPU starts, and branches from there to the image. Firmware that begins with such a branch
/// only starts the image, as tcevm does by itself.
const RESET: usize = 0x100;
const BRANCHES: [u32; 2] = [0x4800_0000 | 0x3f_ff00, 0x4800_0002 | 0x40_0000];

/// The most bytes of firmware (QEMU: `FW_MAX_SIZE` of spapr.c).
const MOST_FIRMWARE: u64 = 4 << 20;

fn bios(_: &mut Wish, value: OsString) -> Result<Option<Ask>, Why> {
    let rom = inlet::bytes(Path::new(&value), MOST_FIRMWARE)
        .map_err(|why| format!("could not load firmware: cannot read the file: {why}"))?;
    let word = rom.get(RESET..RESET + 4).and_then(|word| word.try_into().ok());
    match word.map(u32::from_be_bytes) {
        Some(word) if BRANCHES.contains(&word) => Ok(None),
        _ => {
            Err("guests start without firmware; only a branch to the kernel can be left out".into())
        }
    }
}

/// Accepts `-icount` with a warning. The guest's time comes from the host's clock instead of counted instructions, so
/// it differs from run to run.
fn icount(_: &mut Wish, _: OsString) -> Result<Option<Ask>, Why> {
    outlet::say("warning: -icount: instructions are not counted; the guest's time is the host's");
    Ok(None)
}

fn rtc(wish: &mut Wish, value: OsString) -> Result<Option<Ask>, Why> {
    for part in Parts::read(text(&value)?, "base").all() {
        match part {
            ("base", "utc") | ("clock", "host") => {}
            ("base", "localtime") => {
                return Err("the clock shows UTC; give its time as a date".into());
            }
            ("base", date) => wish.pass("--rtc", date),
            _ => return Err("the clock follows the host's; only its base can be set".into()),
        }
    }
    Ok(None)
}

fn serial(_: &mut Wish, value: OsString) -> Result<Option<Ask>, Why> {
    match text(&value)? {
        "stdio" | "mon:stdio" => Ok(None),
        _ => Err("the console is on standard input and output: stdio".into()),
    }
}

fn none(_: &mut Wish, value: OsString) -> Result<Option<Ask>, Why> {
    if value == "none" { Ok(None) } else { Err("there is none: none".into()) }
}
