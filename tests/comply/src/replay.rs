// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Scripts from files: what `tcevm run --record` wrote, or what a random comparison printed.

use crate::blob::Tell;
use crate::direct::{Direct, Setup};
use crate::profile::Profile;
use crate::rig::GuestRig;
use crate::run::{self, Outcome};
use crate::script::{Action, Script};
use crate::value::{LEAST_RAM, Symbol, Value};
use hcall::tokens::{H_PUT_TCE_INDIRECT, H_RTAS};

/// The page that lists are put on in a guest, whose own code is where a recorded guest had its.
const LIST: u64 = 0x40e_0000;

/// What the first line of a record tells of the machine: its memory.
pub fn ram(text: &str) -> Option<u64> {
    let (_, rest) = text.lines().next()?.split_once("ram ")?;
    crate::value::number(rest.split([',', ' ']).next()?).filter(|&ram| ram >= LEAST_RAM)
}

/// Plays a script by direct calls, up to the first answer that differs.
pub fn direct(script: &Script, setup: &Setup) -> Result<Outcome, String> {
    Ok(run::run(&mut Direct::new(setup)?, script, setup.profile))
}

/// Plays it in a guest: its TCE and RTAS calls, and lists.
pub fn guest(script: &Script, rig: &GuestRig, profile: Profile) -> Result<Outcome, String> {
    let script = for_guest(script);
    let scripts = [("replay", &script)];
    let outcomes = rig.run_all(&scripts, profile, Tell::AnswersFrom(0))?;
    outcomes.into_iter().next().ok_or_else(|| "the guest did not come to it".into())
}

fn for_guest(script: &Script) -> Script {
    let tce: Vec<u64> = crate::coverage::tce_calls().map(|row| row.token).collect();
    let mut script = script.clone();
    script.steps.retain(|step| match &step.action {
        Action::Call { token, .. } => tce.contains(token) && *token != H_RTAS,
        _ => true,
    });
    for step in &mut script.steps {
        match &mut step.action {
            Action::Poke { at, .. } | Action::Fill { at, .. } => move_list(at),
            Action::Call { token: H_PUT_TCE_INDIRECT, args, .. } => {
                args.get_mut(2).into_iter().for_each(move_list);
            }
            _ => {}
        }
    }
    script
}

/// Moves a list from where the guest itself may be.
fn move_list(at: &mut Value) {
    if at.symbol == Symbol::Zero && at.add < LIST {
        at.add = LIST | (at.add & 0xfff);
    }
}
