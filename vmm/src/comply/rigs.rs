// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The rigs that `tcevm comply` knows.

use comply::Profile;
use comply::image;
use comply::rig::{Boot, DirectRig, GuestRig, Rig, qemu};

use super::boot;
use crate::kvm::host;

/// Every rig, those that are missing here too.
pub(super) fn all() -> Vec<Box<dyn Rig>> {
    let mut rigs: Vec<Box<dyn Rig>> = Vec::new();
    rigs.extend(DirectRig::all().into_iter().map(|rig| Box::new(rig) as Box<dyn Rig>));
    rigs.extend(guests().into_iter().map(|rig| Box::new(rig) as Box<dyn Rig>));
    rigs
}

/// The rigs that run a guest.
pub(super) fn guests() -> Vec<GuestRig> {
    vec![
        ours("power-le", "le", "our POWER9, little-endian guest", Box::new(boot::power), None),
        ours("power-be", "be", "our POWER9, big-endian guest", Box::new(boot::power), None),
        ours("kvm", "x86", "x86-64 guest under /dev/kvm", Box::new(boot::kvm), no_kvm()),
        qemu::rig("le"),
        qemu::rig("be"),
    ]
}

fn no_kvm() -> Option<String> {
    host::device().err().map(|error| error.to_string())
}

fn ours(name: &str, kind: &str, what: &str, boot: Boot, missing: Option<String>) -> GuestRig {
    GuestRig {
        name: name.into(),
        what: what.into(),
        profile: Profile::Lopar,
        runner: image::runner(kind).unwrap_or_default(),
        missing,
        boot,
    }
}
