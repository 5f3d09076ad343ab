// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! QEMU's pseries machine.
//!
//! QEMU starts its CPU at 0x100 of the firmware. A firmware of 256 zero bytes and one branch to the address
//! of `-kernel` enters the guest as tcevm does.

use super::{GuestRig, Ran, Room, child};
use crate::direct::Setup;
use crate::image;
use crate::profile::SuiteProfile;
use iommu::{PageShift, Window};
use std::env;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;
use vmm_sys_util::tempdir::TempDir;

/// `ba 0x400000`.
const BRANCH: [u8; 4] = [0x48, 0x40, 0x00, 0x02];

/// The machine, with the capabilities that TCG cannot emulate turned off, so that QEMU does not warn.
const MACHINE: &str = "pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off";

/// The unit of its memory (QEMU: `SPAPR_MEMORY_BLOCK_SIZE`), and the most that we request.
const MEMORY_BLOCK: u64 = 256 << 20;
const MOST_RAM: u64 = 64 << 30;

/// The high half of the unit addresses of virtual I/O devices.
const UNITS: u32 = 0x7100;

/// Time limit of a run.
const LIMIT: Duration = Duration::from_secs(600);

/// The program: the environment variable `QEMU`, or the usual name.
fn program() -> String {
    env::var("QEMU").unwrap_or_else(|_| "qemu-system-ppc64".into())
}

/// The kinds of runners that it takes.
pub const KINDS: [&str; 2] = ["le", "be"];

/// The name of the rig with this kind of runner.
pub fn name(kind: &str) -> String {
    format!("qemu-{kind}")
}

/// The rig with this kind of runner.
pub fn rig(kind: &str) -> GuestRig {
    let version = version();
    GuestRig {
        name: name(kind),
        what: version.clone().unwrap_or_else(|why| why),
        profile: SuiteProfile::Qemu,
        runner: image::runner(kind).unwrap_or_default(),
        missing: version.err(),
        room: Room {
            ram_unit: MEMORY_BLOCK,
            most_ram: MOST_RAM,
            device,
            chooses: false,
            rtas: true,
            steps_at: image::STEPS_AT,
        },
        boot: Box::new(boot),
    }
}

/// True for the window of QEMU's adapters: 256 MiB of 4 KiB pages at bus address 0, whose LIOBN is the unit address
/// (QEMU: `spapr_vio_busdev_realize`).
fn device(window: &Window) -> bool {
    let geometry = (window.start().0, window.page_shift(), window.len());
    window.liobn().0 >> 16 == UNITS && geometry == (0, PageShift::K4, 256 << 20)
}

/// QEMU's name and version. Errors: how to install it.
fn version() -> Result<String, String> {
    let program = program();
    let out = Command::new(&program).arg("--version").stdin(Stdio::null()).output();
    let out = out.map_err(|error| {
        format!("{program}: {error}; on Debian: apt-get install qemu-system-ppc (or set QEMU)")
    })?;
    let text = String::from_utf8_lossy(&out.stdout);
    let version = text.lines().next().unwrap_or("").trim_start_matches("QEMU emulator ");
    Ok(format!("QEMU {version}, pseries machine, TCG"))
}

fn boot(image: &[u8], setup: &Setup) -> Result<Ran, String> {
    let files = Files::new().map_err(|error| format!("cannot write for QEMU: {error}"))?;
    files.write(image).map_err(|error| format!("cannot write for QEMU: {error}"))?;
    let mut qemu = Command::new(program());
    qemu.args(["-nodefaults", "-display", "none", "-serial", "stdio", "-machine", MACHINE])
        .args(["-cpu", "power9", "-m", &format!("{}M", setup.ram >> 20), "-bios"])
        .arg(files.path("boot-rom"))
        .arg("-kernel")
        .arg(files.path("image"));
    for window in &setup.devices {
        qemu.args(["-device", &format!("spapr-vscsi,reg={:#x}", window.liobn().0)]);
    }
    child::run(qemu, "QEMU", LIMIT)
}

/// The files of one run, in a temporary directory that is removed with them.
struct Files(TempDir);

impl Files {
    fn new() -> io::Result<Files> {
        let made = TempDir::new_with_prefix(env::temp_dir().join("tcevm-comply-"));
        made.map(Files).map_err(io::Error::from)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.as_path().join(name)
    }

    fn write(&self, image: &[u8]) -> io::Result<()> {
        fs::write(self.path("boot-rom"), [&[0; 256][..], &BRANCH].concat())?;
        fs::write(self.path("image"), image)
    }
}
