// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--against` and `--random`: our machines beside others.

use std::io::{self, IsTerminal, Write};

use comply::compare::{self, Comparison};
use comply::differential::{Parting, Player, part, shrink};
use comply::direct::Setup;
use comply::format;
use comply::rig::{DirectRig, GuestRig, Rig, exec};
use comply::{Clause, SuiteProfile, random};

use super::args::{Format, Random};
use super::rigs::Ours;
use super::{FAILED, Failure, PASSED, print, rigs};

/// Compares every answer of our guests with that of a peer's guest of equal endianness.
pub(super) fn against(
    peer: &str,
    chosen: &[&'static Clause],
    named: &[String],
    format: Format,
    ours: &Ours,
) -> Result<u8, Failure> {
    let called = if exec::is_meant(peer) { "exec" } else { peer };
    let mut all = Vec::new();
    for ours in rigs::compared(named, ours).map_err(Failure::Together)? {
        let ours = present(ours)?;
        let theirs = its_peer(peer, &ours.name)?;
        let compared = compare::compare(&ours, &theirs, called, chosen);
        all.push(compared.map_err(|why| failed(&theirs.name, why))?);
    }
    print(&match format {
        Format::Table => all.iter().map(|compared| compare::tell(called, compared)).collect(),
        Format::Json => format::differences(called, &all),
        format => super::written(&compare::report(called, chosen, &all), format),
    });
    Ok(if all.iter().all(Comparison::is_explained) { PASSED } else { FAILED })
}

/// The peer's rig that is compared with one of ours. A command has the kind of image that the user gives it.
fn its_peer(peer: &str, ours: &str) -> Result<GuestRig, Failure> {
    if let Some(rig) = exec::rigs([&peer.to_owned()]).pop() {
        return Ok(rig);
    }
    let kind = if ours.ends_with("-be") { "be" } else { "le" };
    guest(&format!("{peer}-{kind}"), &Ours::default())
}

/// Plays a random sequence on pairs of machines.
pub(super) fn random(asked: &Random, ours: &Ours) -> Result<u8, Failure> {
    let lines = random::sequence(asked.seed, asked.calls);
    let (direct, guests) =
        rigs::play(&asked.rigs, asked.profile, ours).map_err(Failure::Together)?;
    let guests = guests.into_iter().map(present).collect::<Result<Vec<_>, _>>()?;
    let mut code = PASSED;
    let mut play = |players: [&Player<'_>; 2], profile| {
        code = code.max(pair(players, &lines, profile, (asked.calls, asked.seed))?);
        Ok(())
    };
    match &asked.peer {
        Some(peer) => with_peer(peer, asked, (&direct, &guests), &mut play)?,
        None => among_ours(asked, (&direct, &guests), ours, &mut play)?,
    }
    Ok(code)
}

type Play<'a> = &'a mut dyn FnMut([&Player<'_>; 2], SuiteProfile) -> Result<(), Failure>;

/// Plays each of our rigs against the peer. Direct calls answer as the peer unless the user chooses another profile.
fn with_peer(
    peer: &str,
    asked: &Random,
    (direct, guests): (&[DirectRig], &[GuestRig]),
    play: Play<'_>,
) -> Result<(), Failure> {
    let theirs = if exec::is_meant(peer) { SuiteProfile::Lopar } else { SuiteProfile::Qemu };
    let profile = asked.profile.unwrap_or(theirs);
    let only = DirectRig { name: "direct".into(), setup: Setup::default() };
    let direct = if asked.rigs.is_empty() { &[only][..] } else { direct };
    for ours in direct {
        let theirs = its_peer(peer, &ours.name)?;
        play([&calls(ours), &Player::Guest(&theirs)], profile)?;
    }
    for ours in guests {
        let theirs = its_peer(peer, &ours.name)?;
        play([&Player::Guest(ours), &Player::Guest(&theirs)], ours.profile)?;
    }
    Ok(())
}

/// Plays the first rig of direct calls against each of the others.
fn among_ours(
    asked: &Random,
    (direct, guests): (&[DirectRig], &[GuestRig]),
    ours: &Ours,
    play: Play<'_>,
) -> Result<(), Failure> {
    let profile = asked.profile.unwrap_or(SuiteProfile::Lopar);
    let library = DirectRig::all();
    let Some(first) = library.first() else { return Ok(()) };
    let first = calls(first);
    let all = ours.direct();
    // The first rig is the library itself, which plays against its own prototypes, too.
    let others = &all[usize::from(!ours.has_prototypes())..];
    let mut guests: Vec<&GuestRig> = guests.iter().collect();
    let big = guest("power-be", ours)?;
    if asked.rigs.is_empty() && profile == big.profile {
        guests.push(&big);
    }
    let wanted = |rig: &&DirectRig| {
        asked.rigs.is_empty() || direct.iter().any(|wanted| wanted.name == rig.name)
    };
    for other in others.iter().filter(wanted) {
        play([&first, &calls(other)], profile)?;
    }
    for other in guests {
        play([&first, &Player::Guest(other)], profile)?;
    }
    Ok(())
}

fn calls(rig: &DirectRig) -> Player<'_> {
    Player::Direct(&rig.name, rig.setup.clone())
}

/// Plays the sequence on two machines. Prints the shortest sequence found on which their answers differ.
fn pair(
    players: [&Player<'_>; 2],
    lines: &[String],
    profile: SuiteProfile,
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
            // Progress is lost on a terminal that is gone.
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

/// The rig of this name that runs guests; the software CPU has this engine. Errors: no rig has the name, or it is missing
/// on this host.
pub(super) fn guest(name: &str, ours: &Ours) -> Result<GuestRig, Failure> {
    let mut all = rigs::guests(ours);
    let names = all.iter().map(|rig| rig.name.clone()).collect::<Vec<_>>().join(", ");
    let at = all.iter().position(|rig| rig.name == name);
    present(all.swap_remove(at.ok_or_else(|| Failure::NoRig(name.into(), names))?))
}

fn present(rig: GuestRig) -> Result<GuestRig, Failure> {
    match rig.missing() {
        Some(why) => Err(Failure::Missing { rig: rig.name, why }),
        None => Ok(rig),
    }
}

fn failed(rig: &str, why: String) -> Failure {
    Failure::Rig { rig: rig.into(), why }
}
