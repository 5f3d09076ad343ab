// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The rigs that `tcevm comply` knows, and the rigs that an option means.

use std::sync::Arc;

use comply::SuiteProfile;
use comply::direct::{Prototypes, Setup};
use comply::image;
use comply::rig::{Boot, DirectRig, GuestRig, Ran, Rig, Room, exec, qemu};

use super::boot;
use machine::memory::RamSize;
use power::Engine;

/// The guest that is compared by default.
const COMPARED: &str = "power-le";

/// The parts of our machines: the engine of the software CPU, and the prototypes that stand in for parts of the library.
#[derive(Clone, Debug, Default)]
pub(super) struct Ours {
    /// The engine.
    pub(super) engine: Engine,
    /// The prototypes.
    pub(super) prototypes: Arc<Prototypes>,
}

impl Ours {
    /// True when a prototype stands in for something.
    pub(super) fn has_prototypes(&self) -> bool {
        !self.prototypes.names.is_empty()
    }

    /// The rigs of direct calls.
    pub(super) fn direct(&self) -> Vec<DirectRig> {
        let mut rigs = DirectRig::all();
        rigs.iter_mut().for_each(|rig| rig.setup.prototypes = self.prototypes.clone());
        rigs
    }
}

/// Every rig, including those that are missing on this host. With prototypes they are ours alone.
pub(super) fn all(ours: &Ours) -> Vec<Box<dyn Rig>> {
    let mut rigs: Vec<Box<dyn Rig>> = Vec::new();
    rigs.extend(ours.direct().into_iter().map(|rig| Box::new(rig) as Box<dyn Rig>));
    let guests = if ours.has_prototypes() { our_guests(ours) } else { guests(ours) };
    rigs.extend(guests.into_iter().map(|rig| Box::new(rig) as Box<dyn Rig>));
    rigs
}

/// The rigs that the values of an option mean, those of commands last. Without a value all that have a name are meant.
pub(super) fn meant(values: &[String], ours: &Ours) -> Vec<Box<dyn Rig>> {
    let mut rigs = all(ours);
    rigs.retain(|rig| values.is_empty() || is_meant(rig.name(), values));
    rigs.extend(exec::rigs(values).into_iter().map(|rig| Box::new(rig) as Box<dyn Rig>));
    rigs
}

/// A value of `--against`.
pub(super) fn peer(value: &str) -> Result<String, String> {
    match value {
        "qemu" => Ok(value.into()),
        exec if exec::is_meant(exec) => exec::check(exec).map(|()| exec.into()),
        _ => Err("a peer is qemu, or 'exec:CMD {image}'".into()),
    }
}

/// The rigs that run a guest.
pub(super) fn guests(ours: &Ours) -> Vec<GuestRig> {
    our_guests(ours).into_iter().chain(qemu::KINDS.map(qemu::rig)).collect()
}

/// The rigs whose guests run on our software CPU, each with its kind of image and its description.
const POWER: [(&str, &str, &str); 2] = [
    ("power-le", "le", "our POWER9, little-endian guest"),
    ("power-be", "be", "our POWER9, big-endian guest"),
];

/// The rigs whose guests run on our vCPUs.
fn our_guests(ours: &Ours) -> Vec<GuestRig> {
    let with = |run: fn(&[u8], &Setup, Engine) -> Result<Ran, String>| -> Boot {
        let Ours { engine, prototypes } = ours.clone();
        Box::new(move |image, setup| {
            run(image, &Setup { prototypes: prototypes.clone(), ..setup.clone() }, engine)
        })
    };
    let power = POWER.map(|(name, kind, what)| rig(name, kind, what, with(boot::power), None));
    let x86 = rig("kvm", "x86", "x86-64 guest under /dev/kvm", with(boot::kvm), no_kvm());
    power.into_iter().chain([x86]).collect()
}

/// Refuses `--engine` where none of the rigs that are meant has the software CPU. Without a name all rigs are meant.
pub(super) fn with_engine(starts: &[String]) -> Result<(), String> {
    match starts.is_empty() || POWER.iter().any(|(name, ..)| is_meant(name, starts)) {
        true => Ok(()),
        false => Err(format!(
            "--engine is of the software CPU, which {} has not; leave it away",
            starts.join(", ")
        )),
    }
}

/// Refuses prototypes where a rig is meant that is not ours.
pub(super) fn with_prototypes(starts: &[String]) -> Result<(), String> {
    let ours = Ours::default();
    let direct = ours.direct().into_iter().map(|rig| rig.name);
    let names: Vec<_> = direct.chain(our_guests(&ours).into_iter().map(|rig| rig.name)).collect();
    let foreign = |start: &&String| !names.iter().any(|name| name.starts_with(start.as_str()));
    match starts.iter().find(foreign) {
        None => Ok(()),
        Some(start) => Err(format!(
            "prototypes stand in for parts of our machines, which {start} is not; leave --tier and --platform away"
        )),
    }
}

/// A value of `--rig`: the beginning of at least one name.
pub(super) fn named(start: &str) -> Result<String, String> {
    if exec::is_meant(start) {
        return exec::check(start).map(|()| start.to_owned());
    }
    let direct = DirectRig::all().into_iter().map(|rig| rig.name);
    let names: Vec<_> = direct.chain(guest_names()).collect();
    match names.iter().any(|name| name.starts_with(start)) {
        true => Ok(start.to_owned()),
        false => Err(format!("no rig begins so; there are {}", names.join(", "))),
    }
}

/// The names of the rigs that run a guest. Rigs that are missing on this host are not left out.
pub(super) fn guest_names() -> impl Iterator<Item = String> {
    our_guests(&Ours::default()).into_iter().map(|rig| rig.name).chain(qemu::KINDS.map(qemu::name))
}

/// True when the name begins with one of these.
pub(super) fn is_meant(name: &str, starts: &[String]) -> bool {
    starts.iter().any(|start| name.starts_with(start.as_str()))
}

/// Our guests that `--against` compares. Errors: a beginning that means none of them.
pub(super) fn compared(starts: &[String], ours: &Ours) -> Result<Vec<GuestRig>, String> {
    let mut ours = our_guests(ours);
    if starts.is_empty() {
        ours.retain(|rig| rig.name == COMPARED);
    } else {
        each_means_one(starts, ours.iter().map(|rig| rig.name.as_str()))?;
        ours.retain(|rig| is_meant(&rig.name, starts));
    }
    ours.extend(exec::rigs(starts));
    Ok(ours)
}

/// Our rigs that play a random sequence: those of direct calls, and guests. Errors: a beginning that means none of
/// them, or a guest that cannot give the answers of the profile.
pub(super) fn play(
    starts: &[String],
    profile: Option<SuiteProfile>,
    ours: &Ours,
) -> Result<(Vec<DirectRig>, Vec<GuestRig>), String> {
    let (mut direct, mut guests) = (ours.direct(), our_guests(ours));
    let names = direct.iter().map(|rig| &rig.name).chain(guests.iter().map(|rig| &rig.name));
    each_means_one(starts, names.map(String::as_str))?;
    direct.retain(|rig| is_meant(&rig.name, starts));
    guests.retain(|rig| is_meant(&rig.name, starts));
    if let (Some(guest), Some(profile)) = (guests.first(), profile)
        && profile != guest.profile
    {
        let GuestRig { name, profile, .. } = guest;
        return Err(format!(
            "{name} answers as {profile}; leave --profile away, or name direct rigs"
        ));
    }
    guests.extend(exec::rigs(starts));
    Ok((direct, guests))
}

fn each_means_one<'a>(
    starts: &[String],
    names: impl Iterator<Item = &'a str> + Clone,
) -> Result<(), String> {
    let means_none = |start: &&String| {
        !exec::is_meant(start) && !names.clone().any(|name| name.starts_with(start.as_str()))
    };
    let Some(start) = starts.iter().find(means_none) else { return Ok(()) };
    let names: Vec<_> = names.collect();
    Err(format!("--rig {start}: here it is one of ours: {}", names.join(", ")))
}

#[cfg(not(target_arch = "x86_64"))]
fn no_kvm() -> Option<String> {
    Some("x86-64 guests need an x86-64 host".into())
}

#[cfg(target_arch = "x86_64")]
fn no_kvm() -> Option<String> {
    machine::kvm::host::device().err().map(|error| error.to_string())
}

fn rig(name: &str, kind: &str, what: &str, boot: Boot, missing: Option<String>) -> GuestRig {
    GuestRig {
        name: name.into(),
        what: what.into(),
        profile: SuiteProfile::Lopar,
        runner: image::runner(kind).unwrap_or_default(),
        missing,
        room: Room {
            ram_unit: RamSize::UNIT,
            most_ram: RamSize::MAX,
            device: |_| true,
            chooses: true,
            // guest-images/X86-GATE.md: a guest has no other tokens.
            rtas: kind != "x86",
            steps_at: image::STEPS_AT,
        },
        boot,
    }
}
