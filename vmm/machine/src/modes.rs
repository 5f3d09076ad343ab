// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The modes that hypercalls set for all vCPUs of a machine at a time.

use hcall::{NmiHandlers, ProcessTableRange};

use crate::section::{LoadError, Reader, Writer};

/// The modes. A vCPU takes them when it starts, and when it is kicked after a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// True when interrupts are taken in little-endian mode.
    pub little_endian: bool,
    /// True when interrupts are taken with relocation on, where that is possible.
    pub relocated: bool,
    /// The process table of translation, if one is registered.
    pub process_table: Option<ProcessTableRange>,
    /// The routines for non-maskable interrupts, if the guest has registered them.
    pub nmi: Option<NmiHandlers>,
}

impl Modes {
    pub(crate) fn save(&self, to: &mut Writer<'_>) {
        to.bool(self.little_endian);
        to.bool(self.relocated);
        to.option(self.process_table, |to, ProcessTableRange { base, bytes }| {
            to.u64(base);
            to.u64(bytes);
        });
        to.option(self.nmi, |to, NmiHandlers { system_reset, machine_check }| {
            to.u64(system_reset);
            to.u64(machine_check);
        });
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Result<Modes, LoadError> {
        Ok(Modes {
            little_endian: from.bool()?,
            relocated: from.bool()?,
            process_table: from
                .option(|from| Ok(ProcessTableRange { base: from.u64()?, bytes: from.u64()? }))?,
            nmi: from.option(|from| {
                Ok(NmiHandlers { system_reset: from.u64()?, machine_check: from.u64()? })
            })?,
        })
    }
}
