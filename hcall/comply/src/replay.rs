// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Scripts from files: those that `tcevm run --record` wrote, or those that a random comparison printed.
//!
//! Before a script is played, a [`Plan`] lists the differences between the recorded machine and the rig's. A
//! rig that cannot provide an essential part plays nothing.

use crate::blob::{self, Tell};
use crate::direct::{Direct, Setup};
use crate::rig::{GuestRig, Room};
use crate::run::{self, Outcome, Verdict};
use crate::script::{Action, How, Script, Step};
use crate::value::{LEAST_RAM, Symbol, Value};
use hcall::tokens::{H_PUT_TCE, H_PUT_TCE_INDIRECT, H_RTAS, H_STUFF_TCE};
use iommu::{BridgeKind, LIST_ENTRIES, Window};

/// The page that lists are moved to in a guest: the guest's own code may be at the recorded address.
const LIST: u64 = 0x40e_0000;
const PAGE: u64 = 1 << 12;
/// The RTAS call that resets the windows: the part of its name in which LoPAR and QEMU agree.
const RESET: &str = "ibm,reset-pe-dma-window";
/// The RTAS call that creates a window, and the indices of its inputs for page and window size.
const CREATE: &str = "ibm,create-pe-dma-window";
const SHIFTS: [usize; 2] = [3, 4];

/// A script that a rig can play.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The steps to play.
    pub script: Script,
    /// The machine to play them on.
    pub setup: Setup,
    /// The differences from the recorded machine.
    pub remarks: Vec<String>,
}

/// The result of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Played {
    /// Pass, or the first difference.
    pub verdict: Verdict,
    /// The number of steps played; if one failed, it is the last.
    pub steps: usize,
}

/// The plan for direct calls. Errors: the parts of this machine that the library cannot provide.
pub fn for_direct(script: &Script, setup: Setup) -> Result<Plan, Vec<String>> {
    let problems = [faults(script), small_table(script, setup.platform)];
    let problems: Vec<String> = problems.into_iter().flatten().collect();
    let (script, remarks) = (script.clone(), Vec::new());
    if problems.is_empty() { Ok(Plan { script, setup, remarks }) } else { Err(problems) }
}

/// The plan for a guest's calls. Errors: the parts of this machine that the rig cannot provide.
pub fn for_guest(script: &Script, setup: Setup, rig: &GuestRig) -> Result<Plan, Vec<String>> {
    let room = &rig.room;
    let mut problems: Vec<String> = faults(script).into_iter().collect();
    let mut remarks = Vec::new();
    problems.extend(room.problems(&setup, script));
    let ram = room.ram(&setup, script, &mut remarks);
    problems.extend(ram.as_ref().err().cloned());
    if setup.cpus > 1 {
        remarks.push(format!("one CPU makes the calls of {} in their order", setup.cpus));
    }
    let (script, left_out) = without_what_guests_cannot(script, &setup, room.rtas);
    if left_out > 0 {
        let why = "made in problem state, or no TCE calls";
        remarks.push(format!("{left_out} calls are left out: {why}"));
    }
    let (size, free) = (blob::size(&script, setup.profile), LIST - room.steps_at);
    if size > free {
        problems.push(format!("its steps take {size} bytes, and {free} are free for them"));
    }
    match ram {
        Ok(ram) if problems.is_empty() => {
            Ok(Plan { script, setup: Setup { ram, ..setup }, remarks })
        }
        _ => Err(problems),
    }
}

impl Room {
    /// The memory of this rig that comes closest to the recorded size. Errors: the rig cannot have that much,
    /// or the additional memory would change an answer.
    fn ram(
        &self,
        setup: &Setup,
        script: &Script,
        remarks: &mut Vec<String>,
    ) -> Result<u64, String> {
        let recorded = setup.ram;
        let ram = recorded.max(LEAST_RAM).checked_next_multiple_of(self.ram_unit);
        let ram = ram.filter(|ram| *ram <= self.most_ram);
        let ram = ram.ok_or_else(|| format!("it has no {recorded:#x} bytes of memory"))?;
        if ram > recorded && depends_on_ram(script, recorded, ram) {
            return Err(format!(
                "it has {ram:#x} bytes of memory or more, and a call names an address behind the \
                 {recorded:#x} that were recorded"
            ));
        }
        if ram > recorded {
            remarks.push(format!("{ram:#x} bytes of memory, {recorded:#x} were recorded"));
        }
        Ok(ram)
    }

    fn problems(&self, setup: &Setup, script: &Script) -> Vec<String> {
        let default = Setup::default();
        let mut problems = Vec::new();
        if setup.window != default.window {
            problems.push(format!("the default window is another: {:?}", setup.window));
        }
        if self.chooses {
            problems.extend(small_table(script, setup.platform));
        }
        let calls = script.rtas().count();
        if calls > 0 && !self.rtas {
            problems.push(format!("it has no RTAS calls for windows, and {calls} were recorded"));
        }
        let other = setup.devices.iter().filter(|window| !(self.device)(window));
        problems.extend(other.map(|window| {
            let (liobn, entries) = (window.liobn(), window.size());
            format!("it has no device with a window of {entries:#x} entries at LIOBN {liobn}")
        }));
        problems
    }
}

fn faults(script: &Script) -> Option<String> {
    let faults = script.machine.as_ref().is_some_and(|machine| machine.faults);
    faults.then(|| "it was recorded with injected faults, which no machine repeats".into())
}

/// A sentence if the script created a window that the bridge of a platform cannot walk.
fn small_table(script: &Script, platform: BridgeKind) -> Option<String> {
    let most = platform.most_entries();
    let entries = |step: &Step| {
        let Action::Rtas { name, inputs, answers } = &step.action else { return None };
        let made = name == CREATE && answers.of(crate::SuiteProfile::Lopar).allows(0);
        let [page, window] = SHIFTS.map(|at| inputs.get(at).map_or(0, |value| value.add));
        let entries = 1u64.checked_shl(u32::try_from(window.checked_sub(page)?).ok()?)?;
        made.then_some(entries)
    };
    let largest =
        script.steps.iter().filter_map(entries).max().filter(|&entries| entries > most)?;
    let name = platform.name;
    Some(format!("a window of {largest:#x} entries was made, {name} has at most {most:#x}"))
}

/// True if a refused call names memory from `ram` on and below `more`: there the call may succeed. A page
/// that begins before `ram` and may end behind it counts, too.
fn depends_on_ram(script: &Script, ram: u64, more: u64) -> bool {
    let page = largest_page(script);
    let near = |address: u64| address.saturating_add(page) > ram && address < more;
    let maps = |tce: &u64| tce & 3 != 0 && near(tce & !3);
    let mut list: Vec<u64> = Vec::new();
    script.steps.iter().any(|step| match &step.action {
        Action::Poke { values, .. } => {
            list.extend(values.iter().map(|value| value.add));
            false
        }
        Action::Call { token, args, answers, .. } => {
            let list = std::mem::take(&mut list);
            let refused = !answers.of(crate::SuiteProfile::Lopar).allows(0);
            let arg = |n: usize| args.get(n).map_or(0, |value| value.add);
            refused
                && match *token {
                    H_PUT_TCE | H_STUFF_TCE => maps(&arg(2)),
                    H_PUT_TCE_INDIRECT => {
                        list.iter().any(maps) || (list.is_empty() && near(arg(2)))
                    }
                    _ => false,
                }
        }
        _ => false,
    })
}

/// Size in bytes of the largest page of a window that existed or was requested.
fn largest_page(script: &Script) -> u64 {
    let machine = script.machine.as_ref().map(|machine| &machine.setup);
    let windows = machine.into_iter().flat_map(|it| [&it.window].into_iter().chain(&it.devices));
    let made = script.steps.iter().filter_map(|step| match &step.action {
        Action::Rtas { name, inputs, .. } if name == CREATE => Some(inputs.get(SHIFTS[0])?.add),
        _ => None,
    });
    let shifts = windows.map(|window| window.page_shift().get().into()).chain(made);
    let largest = shifts.filter(|shift| *shift < u64::BITS.into()).max().unwrap_or(0);
    PAGE.max(1 << largest)
}

/// Plays a plan by direct calls, up to the first answer that differs.
pub fn direct(plan: &Plan) -> Result<Played, String> {
    let mut machine = Direct::new(&plan.setup)?.unwatched();
    let Outcome { verdict, done, .. } = run::run(&mut machine, &plan.script, plan.setup.profile);
    Ok(Played { verdict, steps: done.last().map_or(0, |last| last.step + 1) })
}

/// Plays a plan in a guest.
pub fn guest(plan: &Plan, rig: &GuestRig) -> Result<Played, String> {
    let mut script = plan.script.clone();
    // A guest prints only the text of a failed step.
    for (n, step) in (1..).zip(&mut script.steps) {
        step.text = format!("step {n}: {:.60}", step.text);
    }
    let scripts = [("replay", &script)];
    let (report, why) =
        rig.run_scripts_on(&plan.setup, &scripts, plan.setup.profile, Tell::Verdicts)?;
    let died = || Verdict::Fail(format!("the machine did not survive it: {why}"));
    let verdict = report.outcomes.into_iter().next().map_or_else(died, |outcome| outcome.verdict);
    let steps = match &verdict {
        Verdict::Fail(why) => failed_step(why),
        _ => None,
    };
    Ok(Played { verdict, steps: steps.unwrap_or(plan.script.steps.len()) })
}

/// The number of the failed step in the output of a guest.
fn failed_step(why: &str) -> Option<usize> {
    let (_, rest) = why.split_once("step: \"step ")?;
    rest.split(':').next()?.parse().ok()
}

/// A script's TCE and RTAS calls, with their lists where a guest has room for one, and the number of steps
/// that are left out. A reset becomes calls with the same effect.
fn without_what_guests_cannot(script: &Script, setup: &Setup, rtas: bool) -> (Script, usize) {
    let tce: Vec<u64> = crate::coverage::tce_calls().map(|row| row.token).collect();
    let recording = script.machine.is_some();
    let (mut steps, mut left_out) = (Vec::new(), 0);
    for step in &script.steps {
        match &step.action {
            Action::Reset => steps.extend(reset(setup, rtas)),
            Action::Host { .. } => {}
            Action::Call { how: How::User, .. } => left_out += 1,
            Action::Call { token, .. } if !tce.contains(token) || *token == H_RTAS => left_out += 1,
            _ => steps.push(step.clone()),
        }
    }
    let mut poked = false;
    for step in &mut steps {
        match &mut step.action {
            Action::Poke { at, .. } | Action::Fill { at, .. } => {
                move_list(at, recording);
                poked = true;
            }
            Action::Rtas { name, .. } if name.starts_with(RESET) => *name = RESET.into(),
            // A list that was outside memory in the recording stays outside memory.
            Action::Call { token: H_PUT_TCE_INDIRECT, args, .. } if poked || !recording => {
                args.get_mut(2).into_iter().for_each(|at| move_list(at, recording));
                poked = false;
            }
            _ => poked = false,
        }
    }
    (Script { steps, machine: script.machine.clone() }, left_out)
}

/// Moves a list away from the addresses that the guest itself may use.
fn move_list(at: &mut Value, always: bool) {
    if at.symbol == Symbol::Zero && (always || at.add < LIST) {
        at.add = LIST | (at.add & (PAGE - 1));
    }
}

/// The calls that restore the windows of the start. Without RTAS the default window cannot have been
/// replaced.
fn reset(setup: &Setup, rtas: bool) -> Vec<Step> {
    let clear = |window: &Window| {
        let (liobn, start) = (window.liobn().0, window.start().0);
        let most = LIST_ENTRIES as u64;
        let stride = most << window.page_shift().get();
        let (whole, rest) = (window.size() / most, window.size() % most);
        let last = start + whole * stride;
        [
            format!(
                "repeat {whole} H_STUFF_TCE {liobn:#x} {start:#x}+I*{stride:#x} 0 {most} -> H_SUCCESS"
            ),
            format!("H_STUFF_TCE {liobn:#x} {last:#x} 0 {rest} -> _"),
        ]
    };
    let first = match rtas {
        true => vec![format!("rtas {RESET} 0 BUID.hi BUID.lo -> 0")],
        false => clear(&setup.window).to_vec(),
    };
    let lines: Vec<String> =
        first.into_iter().chain(setup.devices.iter().flat_map(clear)).collect();
    // These lines always parse, unless a window needs more repetitions than a line may have; no device has
    // such a window.
    Script::parse(&lines.join("\n")).map_or(Vec::new(), |script| script.steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Recorded;
    use iommu::{Liobn, PageShift};

    const RAM: u64 = 16 << 20;

    fn script(calls: &str) -> Script {
        Script::parse(calls).expect("parses")
    }

    #[test]
    fn only_a_refused_call_that_names_memory_behind_depends_on_it() {
        for (calls, depends) in [
            ("H_PUT_TCE 1 0 0x1000003 -> H_PARAMETER", true),
            ("H_STUFF_TCE 1 0 0x1000001 1 -> H_PARAMETER", true),
            ("poke 0x0 0x3 0x1fff002\nH_PUT_TCE_INDIRECT 1 0 0 2 -> H_PARAMETER", true),
            ("H_PUT_TCE_INDIRECT 1 0 0x1000000 2 -> H_PARAMETER", true),
            ("H_PUT_TCE 1 0 0x1000000 -> H_PARAMETER", false), // no permission: this is a clear
            ("H_PUT_TCE 1 0 0x3 -> H_SUCCESS", false),
            ("H_PUT_TCE 1 0 0x2000003 -> H_PARAMETER", false), // behind both memories
            ("H_GET_TCE 1 0x1000003 -> H_PARAMETER", false),
        ] {
            assert_eq!(depends_on_ram(&script(calls), RAM, 2 * RAM), depends, "{calls}");
        }
    }

    #[test]
    fn a_reset_becomes_calls_that_clear_the_windows_of_devices() {
        let device = Window::new(Liobn(0x7100_0002), PageShift::K64, 4, 1030).expect("a window");
        let setup = Setup { devices: vec![device], ..Setup::default() };
        let steps = reset(&setup, true);
        let text: Vec<_> = steps.iter().map(|step| step.text.as_str()).collect();
        assert_eq!(
            text,
            [
                "rtas ibm,reset-pe-dma-window 0 BUID.hi BUID.lo -> 0",
                "repeat 2 H_STUFF_TCE 0x71000002 0x40000+I*0x2000000 0 512 -> H_SUCCESS",
                "H_STUFF_TCE 0x71000002 0x4040000 0 6 -> _",
            ]
        );
        let without = reset(&setup, false);
        let first = "repeat 512 H_STUFF_TCE 0x80000000 0x0+I*0x200000 0 512 -> H_SUCCESS";
        assert_eq!((without.len(), without[0].text.as_str()), (4, first));
    }

    // 16 entries of a device's window and 8 of the default one are live; a reset leaves none.
    #[test]
    fn a_reset_clears_on_the_library_what_it_clears_in_a_guest() {
        let device = Window::new(Liobn(0x7100_0002), PageShift::K4, 0, 16).expect("a window");
        let setup = Setup { devices: vec![device], cpus: 2, ..Setup::default() };
        let calls = "H_STUFF_TCE 0x71000002 0 0x3 16 -> H_SUCCESS
            cpu 1 H_STUFF_TCE L 0 0x3 8 -> H_SUCCESS
            host live 0x71000002 = 16
            host taken = 24
            reset
            host live 0x71000002 = 0
            host live L = 0
            host released = 24";
        let plan = for_direct(&script(calls), setup.clone()).expect("it has that");
        assert_eq!(direct(&plan).expect("it plays").verdict, Verdict::Pass);
        let (script, left_out) = without_what_guests_cannot(&plan.script, &setup, true);
        let mut by_calls = plan.clone();
        by_calls.script = script;
        let ends = "host live 0x71000002 = 0\nhost live L = 0\nhost released = 24";
        by_calls.script.steps.extend(Script::parse(ends).expect("parses").steps);
        assert_eq!((direct(&by_calls).expect("it plays").verdict, left_out), (Verdict::Pass, 0));
    }

    #[test]
    fn lists_of_a_recording_are_moved_and_those_of_a_script_only_from_where_the_guest_is() {
        let machine = Recorded::new(Setup::default(), false).to_string();
        let calls = "poke 0x8001000 0x3\nH_PUT_TCE_INDIRECT L 0 0x8001000 1 -> H_SUCCESS
            H_PUT_TCE_INDIRECT L 0 0x5000 1 -> H_PARAMETER";
        let lists = |text: &str| {
            let (script, _) = without_what_guests_cannot(&script(text), &Setup::default(), true);
            let list = |step: &Step| match &step.action {
                Action::Poke { at, .. } => at.add,
                Action::Call { args, .. } => args[2].add,
                _ => 0,
            };
            script.steps.iter().map(list).collect::<Vec<_>>()
        };
        // The last list was outside memory when it was recorded.
        assert_eq!(lists(&(machine + calls)), [LIST, LIST, 0x5000]);
        assert_eq!(lists(calls), [0x800_1000, 0x800_1000, LIST]);
    }
}
