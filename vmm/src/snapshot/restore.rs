// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm run --restore FILE`: a run that goes on from a snapshot.

use std::path::{Path, PathBuf};

use comply::direct::Prototypes;
use machine::Machine;
use machine::image::symbols::Symbols;
use machine::image::{Image, elf::Arch};
use machine::state::{RestoreError, Unsaved};
use machine::vcpu::{self, Vcpu};

use super::{Check, Snapshot, SnapshotError};
use crate::failure::Failure;
use crate::options::plugins;
use crate::options::run::RunArgs;
use crate::run::{check_vcpu, config, name, run_guest};
use crate::steer::Source;

/// Goes on from a snapshot.
pub(crate) fn restore(args: &RunArgs, path: &Path) -> Result<u8, Failure> {
    let failed = |source| Failure::Snapshot { path: path.into(), source: Box::new(source) };
    let snapshot = Snapshot::open(path).map_err(failed)?;
    let args = &snapshot.options(args).map_err(failed)?;
    let memory = snapshot.memory().map_err(failed)?;
    let symbols = match args.perf_map {
        true => Symbols::of(&snapshot.image().map_err(failed)?.kernel),
        false => Symbols::default(),
    };
    check_vcpu(args, Arch::Power)?;
    // The state has everything that is loaded from an image at a start.
    let no_image = Image { kernel: Vec::new(), initrd: snapshot.has_initrd().then(Vec::new) };
    let prototypes = plugins::load(&args.dma.tiers, None)?;
    let ready = config(args, &no_image, &prototypes)?.restored(memory);
    let ready = ready.map_err(|source| Failure::Boot { image: name(args), source })?;
    let cpus = vcpu::power_cpus(&ready, args.smp);
    let source = Source::Snapshot(Box::new(snapshot));
    run_guest(args, &source, ready, cpus, &prototypes, &symbols, || Ok(None))
}

/// Loads the state of a snapshot into a new machine.
pub(crate) fn load_state<V: Vcpu + Send>(
    args: &RunArgs,
    snapshot: &Snapshot,
    prototypes: &Prototypes,
    machine: &mut Machine<V>,
) -> Result<Option<Check>, Failure> {
    let no_image = Image { kernel: Vec::new(), initrd: snapshot.has_initrd().then(Vec::new) };
    let config = config(args, &no_image, prototypes)?;
    let failed =
        |source| Failure::Snapshot { path: snapshot.path().into(), source: Box::new(source) };
    match snapshot.load(machine, &config) {
        // The run has to end, since a moment ago.
        Err(SnapshotError::Restore(RestoreError::Unsaved(Unsaved::HasRun))) => Ok(None),
        loaded => loaded.map(Some).map_err(failed),
    }
}

/// The failure of a run whose snapshot is damaged.
pub(crate) fn damaged(source: &Source) -> impl FnOnce(SnapshotError) -> Failure {
    move |error| {
        let path = match source {
            Source::Files => PathBuf::new(),
            Source::Snapshot(snapshot) => snapshot.path().into(),
        };
        Failure::Snapshot { path, source: Box::new(error) }
    }
}
