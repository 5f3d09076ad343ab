// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What hypercalls set for all vCPUs of a machine at once.

use hcall::{NmiHandlers, ProcessTableRange};

/// The modes. A vCPU takes them when it starts, and when it is kicked after they changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// Interrupts are taken in little-endian mode.
    pub little_endian: bool,
    /// Interrupts are taken with relocation on, where they can.
    pub relocated: bool,
    /// The process table of translation, if one is registered.
    pub process_table: Option<ProcessTableRange>,
    /// Where non-maskable interrupts are told, if the guest has registered routines.
    pub nmi: Option<NmiHandlers>,
}
