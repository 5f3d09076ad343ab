// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--against` and `--random`: our machines beside others.

use std::io::{self, IsTerminal, Write};

use comply::differential::{Parting, Player, part, shrink};
use comply::direct::Setup;
use comply::rig::{DirectRig, GuestRig, Rig};
use comply::{Check, Clause, Profile, compare, random};

use super::{FAILED, Failure, PASSED, print, rigs};

/// Compares every answer of ours with a peer's.
pub(super) fn against(peer: &str, chosen: &[&'static Clause]) -> Result<u8, Failure> {
    let (ours, theirs) = (guest("power-le")?, guest(&format!("{peer}-le"))?);
    let differences = compare::compare(&ours, &theirs, peer, chosen);
    let differences = differences.map_err(|why| failed(&theirs.name, why))?;
    let compared = chosen.iter().filter(|clause| matches!(clause.check, Check::Script(_))).count();
    print(&compare::tell(peer, compared, &differences));
    let explained = differences.iter().all(|difference| difference.note.is_some());
    Ok(if explained { PASSED } else { FAILED })
}

/// Plays a random sequence on pairs of machines.
pub(super) fn random(
    calls: u64,
    seed: u64,
    peer: Option<&str>,
    profile: Option<Profile>,
) -> Result<u8, Failure> {
    let lines = random::sequence(seed, calls);
    match peer {
        Some(peer) => {
            let theirs = guest(&format!("{peer}-le"))?;
            let profile = profile.unwrap_or(Profile::Qemu);
            let ours = Player::Direct("direct", Setup::default());
            pair([&ours, &Player::Guest(&theirs)], &lines, profile, (calls, seed))
        }
        None => {
            let profile = profile.unwrap_or(Profile::Lopar);
            let mut code = PASSED;
            let rigs = DirectRig::all();
            let player = |rig: &DirectRig| Player::Direct("direct", rig.setup.clone());
            for other in &rigs[1..] {
                let other = Player::Direct(&other.name, other.setup.clone());
                code = code.max(pair([&player(&rigs[0]), &other], &lines, profile, (calls, seed))?);
            }
            if profile == Profile::Lopar {
                let power = guest("power-be")?;
                let other = Player::Guest(&power);
                code = code.max(pair([&player(&rigs[0]), &other], &lines, profile, (calls, seed))?);
            }
            Ok(code)
        }
    }
}

/// Plays the sequence on two; prints the shortest that they answer differently.
fn pair(
    players: [&Player<'_>; 2],
    lines: &[String],
    profile: Profile,
    (calls, seed): (u64, u64),
) -> Result<u8, Failure> {
    let [left, right] = players.map(Player::name);
    let what = format!("{left} and {right}, profile {profile}, {calls} calls of seed {seed}");
    let parted = part(players, lines, profile).map_err(|why| failed(right, why))?;
    let Some(Parting { step, answers }) = parted else {
        print(&format!("{what}: every answer and every entry is the same\n"));
        return Ok(PASSED);
    };
    print(&format!(
        "# {what}: step {step} differs: {left} {}, {right} {}\n",
        answers[0], answers[1]
    ));
    let show = io::stderr().is_terminal();
    let mut progress = |left| {
        if show {
            // A terminal that is gone needs no progress.
            let _ = write!(io::stderr(), "\r{left} steps left\x1b[K");
        }
    };
    let short = shrink(players, lines, profile, &mut progress).map_err(|why| failed(right, why))?;
    if show {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    let n = short.len();
    print(&format!("# the shortest found has {n} steps; play it by: tcevm replay FILE\n"));
    short.iter().for_each(|line| print(&format!("{line}\n")));
    Ok(FAILED)
}

/// A rig that runs guests, which is there.
pub(super) fn guest(name: &str) -> Result<GuestRig, Failure> {
    let mut all = rigs::guests();
    let names = all.iter().map(|rig| rig.name.clone()).collect::<Vec<_>>().join(", ");
    let at = all.iter().position(|rig| rig.name == name);
    let rig = all.swap_remove(at.ok_or_else(|| Failure::NoRig(name.into(), names))?);
    match rig.missing() {
        Some(why) => Err(Failure::Missing { rig: name.into(), why }),
        None => Ok(rig),
    }
}

fn failed(rig: &str, why: String) -> Failure {
    Failure::Rig { rig: rig.into(), why }
}
