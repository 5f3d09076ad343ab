// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The machine of a recording: the lines with which the recording begins.
//!
//! ```text
//! machine ram=0x20000000 cpus=2 profile=lopar tier=virtual platform=ioda2 tables=0x2800000
//! window 0x80000000 start=0x0 shift=12 entries=0x40000
//! window 0x71000002 start=0x0 shift=12 entries=0x10000
//! ```
//!
//! `tables` is the memory for the tables of the guest's windows (`--table-memory`). The first window is the
//! default one of the PCI host bridge, the others are those of virtual I/O devices. `faults` at the end of
//! the first line records that calls failed on purpose.

use crate::direct::Setup;
use hcall::number;
use iommu::{Liobn, PageShift, Window};
use std::fmt;
use std::str::FromStr;

/// The most vCPUs, as for `tcevm run --smp`.
const MOST_CPUS: u32 = 256;
/// The least memory of a machine, and the size of a page.
const LEAST_RAM: u64 = 1 << 20;
const PAGE: u64 = 1 << 12;
/// The most windows of devices, and the most entries of a window (LoPAR's hypervisors have no larger ones).
const MOST_WINDOWS: usize = 64;
const MOST_ENTRIES: u64 = 1 << 31;

/// The machine of a recording.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Its parts, without the faults.
    pub setup: Setup,
    /// True if calls failed on purpose; no other machine repeats those failures.
    pub faults: bool,
    /// True once the first window was read.
    has_window: bool,
}

impl Recorded {
    /// A machine to be recorded.
    pub fn new(setup: Setup, faults: bool) -> Recorded {
        Recorded { setup, faults, has_window: true }
    }

    /// Parses the text after `machine`.
    pub(super) fn parse(text: &str) -> Result<Recorded, String> {
        let mut words = Words(text.split_whitespace());
        let ram = words.number("ram")?;
        let cpus = words.of::<u32>("cpus")?;
        if ram < LEAST_RAM || !ram.is_multiple_of(PAGE) || !(1..=MOST_CPUS).contains(&cpus) {
            return Err(format!("there is memory of whole pages, and 1 to {MOST_CPUS} CPUs"));
        }
        let (profile, tier, platform) =
            (words.of("profile")?, words.of("tier")?, words.of("platform")?);
        let (mut table_memory, mut faults) = (None, false);
        for word in words.0 {
            match word.strip_prefix("tables=").map(number) {
                Some(Some(bytes)) => table_memory = Some(bytes),
                None if word == "faults" => faults = true,
                _ => return Err(format!("{word} is not expected here")),
            }
        }
        let setup = Setup { ram, cpus, profile, tier, platform, table_memory, ..Setup::default() };
        Ok(Recorded { setup, faults, has_window: false })
    }

    /// Parses the text after `window`.
    pub(super) fn add_window(&mut self, text: &str) -> Result<(), String> {
        let mut words = Words(text.split_whitespace());
        let liobn = words.0.next().and_then(number).and_then(|n| u32::try_from(n).ok());
        let liobn = Liobn(liobn.ok_or("a LIOBN is missing")?);
        let (start, shift) = (words.number("start")?, words.of::<u32>("shift")?);
        let entries = words.number("entries")?;
        words.end()?;
        let no = |error: iommu::Error| error.to_string();
        let page = PageShift::new(shift).map_err(no)?;
        if start & page.low_bits() != 0 || entries > MOST_ENTRIES {
            return Err("a window starts at a page and has at most 2^31 entries".into());
        }
        if self.setup.devices.len() == MOST_WINDOWS {
            return Err(format!("there are at most {MOST_WINDOWS} windows of devices"));
        }
        let window = Window::new(liobn, page, start >> shift, entries).map_err(no)?;
        match std::mem::replace(&mut self.has_window, true) {
            false => self.setup.window = window,
            true => self.setup.devices.push(window),
        }
        Ok(())
    }
}

impl fmt::Display for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Setup { ram, cpus, window, devices, profile, tier, platform, .. } = &self.setup;
        let platform = platform.name;
        write!(
            f,
            "machine ram={ram:#x} cpus={cpus} profile={profile} tier={tier} platform={platform}"
        )?;
        self.setup.table_memory.iter().try_for_each(|bytes| write!(f, " tables={bytes:#x}"))?;
        writeln!(f, "{}", if self.faults { " faults" } else { "" })?;
        [window].into_iter().chain(devices).try_for_each(|window| {
            let (liobn, start) = (window.liobn().0, window.start().0);
            let (shift, entries) = (window.page_shift(), window.size());
            writeln!(f, "window {liobn:#x} start={start:#x} shift={shift} entries={entries:#x}")
        })
    }
}

/// Words of the form `name=value`, in their order.
struct Words<'a>(std::str::SplitWhitespace<'a>);

impl Words<'_> {
    fn word(&mut self, name: &str) -> Result<&str, String> {
        let word = self.0.next().and_then(|word| word.strip_prefix(name)?.strip_prefix('='));
        word.ok_or_else(|| format!("{name}= is missing"))
    }

    fn number(&mut self, name: &str) -> Result<u64, String> {
        number(self.word(name)?).ok_or_else(|| format!("{name} is no number"))
    }

    fn of<T: FromStr>(&mut self, name: &str) -> Result<T, String> {
        let word = self.word(name)?;
        word.parse().map_err(|_| format!("there is no {name} {word}"))
    }

    fn end(&mut self) -> Result<(), String> {
        self.0.next().map_or(Ok(()), |more| Err(format!("{more} is not expected here")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::SuiteProfile;
    use crate::script::Script;
    use hcall::Tier;
    use iommu::BridgeKind;

    #[test]
    fn a_machine_reads_back_as_it_is_written() {
        let window =
            |liobn, entries| Window::new(Liobn(liobn), PageShift::K4, 0, entries).expect("one");
        let setup = Setup {
            ram: 8 << 20,
            cpus: 4,
            profile: SuiteProfile::Kvm,
            tier: Tier::Real,
            platform: BridgeKind::P5IOC2,
            window: window(0x8000_0000, 1 << 18),
            devices: vec![window(0x7100_0002, 1 << 16), window(0x7100_0003, 1 << 16)],
            table_memory: Some(3 << 20),
            ..Setup::default()
        };
        for faults in [false, true] {
            let machine = Recorded::new(setup.clone(), faults);
            let script =
                Script::parse(&format!("# a comment\n{machine}cpu 3 reset\n")).expect("parses");
            assert_eq!(script.machine, Some(machine));
            assert_eq!((script.steps.len(), script.steps[0].cpu), (1, 3));
        }
    }

    #[test]
    fn what_no_machine_has_is_refused() {
        let machine = "machine ram=0x1000000 cpus=1 profile=lopar tier=virtual platform=ioda2\n";
        for text in [
            machine.replace("0x1000000", "0xffffffffffffffff"),
            machine.replace("cpus=1", "cpus=0"),
            machine.replace("cpus=1", "cpus=4000000000"),
            machine.replace("lopar", "nobody"),
            machine.replace("platform=ioda2", ""),
            machine.repeat(2),
            format!("{machine}window 0x80000000 start=0x0 shift=64 entries=0x1"),
            format!("{machine}window 0x80000000 start=0x1 shift=12 entries=0x1"),
            format!("{machine}window 0x80000000 start=0x0 shift=12 entries=0x0"),
            format!("{machine}window 0x180000000 start=0x0 shift=12 entries=0x1"),
        ] {
            assert!(Script::parse(&text).is_err(), "{text}");
        }
    }
}
