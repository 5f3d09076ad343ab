// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The state of a whole machine: saved, and loaded into another machine of its configuration.
//!
//! A state is the `Identity` of its machine and then the section of each part, in the order of `Machine::parts`. A part
//! without a section has no state that the guest can see. Neither are these saved: the sums of a run other than those of DMA, the
//! findings of a detector, frames in a network back end, and the contents of disks.
//!
//! The pages of RAM are in the state ([`Machine::save`]), or beside it in a file that can be mapped
//! ([`Machine::save_beside`], [`RamFile`]).
//!
//! A load reads its input twice. It first compares the identity and reads every section to its end, so a state that is cut,
//! damaged or of another machine is refused, and the machine is unchanged. Then it loads the parts. An error there (the host
//! lacks memory, the state was made by hand) leaves a machine of two states; it ends with [`Ending::Crashed`] and will not run.

use std::io::{self, Read, Seek, SeekFrom, Write};

use hcall::Memory;
use thiserror::Error;

use crate::boot::Config;
use crate::ending::Ending;
use crate::identity::Identity;
use crate::machine::Machine;
use crate::parts::Part;
use crate::ram_file::{RamFile, RamOutside};
use crate::section::{self, LoadError, Saved};
use crate::vcpu::Vcpu;

/// The reason for which no state of a machine can be saved or loaded.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum Unsaved {
    #[error("the state of vCPUs of KVM cannot be saved or loaded; use software CPUs")]
    Kvm,
    #[error(
        "the state of injected faults cannot be saved or loaded; make the machine without them"
    )]
    Faults,
    #[error("a CPU has a machine check to report; try again")]
    MachineCheck,
    #[error(
        "the run has ended ({0:?}); only a machine that has not run, or was stopped with Ending::Quit or Ending::Paused, has a state to save"
    )]
    Ended(Ending),
    #[error("the machine has run; load the state into a new one")]
    HasRun,
}

/// The reason for which a machine was not saved.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum SaveError {
    #[error(transparent)]
    Unsaved(#[from] Unsaved),
    #[error("cannot write the state of {part}: {source}")]
    Write { part: &'static str, source: io::Error },
}

/// The reason for which a state was not loaded.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum RestoreError {
    #[error(transparent)]
    Unsaved(#[from] Unsaved),
    #[error("{0}; the machine is unchanged")]
    Refused(#[from] LoadError),
    #[error("{part}: {source}; the machine is loaded in part and will not run: make a new one")]
    Partly { part: &'static str, source: LoadError },
}

/// Parts with their names.
type Parts<'a> = Vec<(&'static str, Box<dyn Part + 'a>)>;

impl<V: Vcpu + Send> Machine<V> {
    /// Saves the state of the machine, whose configuration is `config`. The guest has not run, or its run was stopped
    /// with [`Ending::Quit`] or [`Ending::Paused`]; then it continues after [`Control::resume`](crate::Control::resume). Devices complete
    /// their requests first, and rest until the next [`run`](Machine::run).
    pub fn save(&mut self, config: &Config<'_>, to: &mut dyn Write) -> Result<(), SaveError> {
        self.save_with(config, None, to)
    }

    /// Saves as [`save`](Self::save) does, with the pages of RAM in a file of their own.
    pub fn save_beside(
        &mut self,
        config: &Config<'_>,
        ram: &mut RamFile,
        to: &mut dyn Write,
    ) -> Result<(), SaveError> {
        self.save_with(config, Some(ram), to)
    }

    fn save_with(
        &mut self,
        config: &Config<'_>,
        ram: Option<&mut RamFile>,
        to: &mut dyn Write,
    ) -> Result<(), SaveError> {
        self.can_be_saved()?;
        match self.ending_so_far() {
            None | Some(Ending::Quit | Ending::Paused) => {}
            Some(ending) => return Err(Unsaved::Ended(ending).into()),
        }
        let memory = self.shared_memory();
        let mut identity = self.identity(config, ram.is_some());
        let failed = |part| move |source| SaveError::Write { part, source };
        section::save(&mut identity, to).map_err(failed("the machine"))?;
        for (name, mut part) in beside(self.parts(), &memory, ram) {
            if let Some(section) = part.saved() {
                log::debug!("save: {name}");
                section.write_to(to).map_err(failed(name))?;
            }
        }
        Ok(())
    }

    /// Replaces the state of a new machine, whose configuration is `config`, by a saved one. The state is read from the
    /// input's position to its end.
    ///
    /// Errors: after [`RestoreError::Partly`] the machine is of no use. After any other the machine is unchanged.
    pub fn load(
        &mut self,
        config: &Config<'_>,
        from: &mut (impl Read + Seek),
    ) -> Result<(), RestoreError> {
        self.load_with(config, None, from)
    }

    /// Loads as [`load`](Self::load) does a state of [`save_beside`](Self::save_beside). RAM is a mapping of the file, whose
    /// pages are not read: [`RamFile::check`] does that.
    pub fn load_beside(
        &mut self,
        config: &Config<'_>,
        ram: &mut RamFile,
        from: &mut (impl Read + Seek),
    ) -> Result<(), RestoreError> {
        self.load_with(config, Some(ram), from)
    }

    fn load_with(
        &mut self,
        config: &Config<'_>,
        mut ram: Option<&mut RamFile>,
        from: &mut (impl Read + Seek),
    ) -> Result<(), RestoreError> {
        self.can_be_saved()?;
        if self.ending_so_far().is_some() {
            return Err(Unsaved::HasRun.into());
        }
        let memory = self.shared_memory();
        let mut identity = self.identity(config, ram.is_some());
        let start = from.stream_position().map_err(LoadError::Read)?;
        section::load(&mut identity, from)?;
        check(beside(self.parts(), &memory, ram.as_deref_mut()), from)?;
        from.seek(SeekFrom::Start(start)).map_err(LoadError::Read)?;
        section::load(&mut identity, from)?;
        let loaded = load(beside(self.parts(), &memory, ram), from);
        // Every vCPU takes the loaded modes, or sees the end.
        match &loaded {
            Ok(()) => self.control().kick(),
            Err(error) => self.control().stop(Ending::Crashed(error.to_string())),
        }
        loaded
    }

    fn identity(&mut self, config: &Config<'_>, ram_is_beside: bool) -> Identity {
        let (cpus, devices) = (self.cpus(), self.devices());
        let name = |(name, mut part): (_, Box<dyn Part + '_>)| match name {
            "ram" if ram_is_beside => Some(RamOutside::NAME),
            _ => Some(part.saved()?.name()),
        };
        let sections = self.parts().into_iter().filter_map(name).collect();
        Identity::new(config, cpus, &devices, sections)
    }

    /// Errors: a part of this machine has state that no section holds.
    fn can_be_saved(&mut self) -> Result<(), Unsaved> {
        match (self.has_state(), self.has_faults()) {
            (false, _) => Err(Unsaved::Kvm),
            (true, true) => Err(Unsaved::Faults),
            (true, false) if self.has_waiting_check() => Err(Unsaved::MachineCheck),
            (true, false) => Ok(()),
        }
    }

    fn ending_so_far(&self) -> Option<Ending> {
        self.control().ending()
    }
}

/// The parts of a machine, with RAM in a file if there is one.
fn beside<'a>(mut parts: Parts<'a>, memory: &'a Memory, ram: Option<&'a mut RamFile>) -> Parts<'a> {
    if let Some(file) = ram
        && let Some((_, part)) = parts.iter_mut().find(|(name, _)| *name == "ram")
    {
        *part = Box::new(RamOutside { memory, file });
    }
    parts
}

/// Reads the sections of all parts and the end of the input.
fn check(parts: Parts<'_>, from: &mut dyn Read) -> Result<(), LoadError> {
    for (_, mut part) in parts {
        part.saved().map_or(Ok(()), |section| section.check(from))?;
    }
    let mut behind = [0];
    match from.read(&mut behind) {
        Ok(0) => Ok(()),
        Ok(_) => Err(LoadError::Damaged),
        Err(error) => Err(error.into()),
    }
}

fn load(parts: Parts<'_>, from: &mut dyn Read) -> Result<(), RestoreError> {
    for (name, mut part) in parts {
        if let Some(section) = part.saved() {
            log::debug!("load: {name}");
            let failed = |source| RestoreError::Partly { part: name, source };
            section.load_from(from).map_err(failed)?;
        }
    }
    Ok(())
}
