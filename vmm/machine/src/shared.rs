// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The part of a machine that its vCPUs share.

use std::ops::Range;
use std::sync::{Arc, PoisonError};

use hcall::Memory;

use crate::board::Board;
use crate::dma::Dma;
use crate::ending::Ending;

/// The part of a machine that its vCPUs share.
pub(crate) struct Shared {
    pub(crate) memory: Arc<Memory>,
    pub(crate) dma: Dma,
    pub(crate) board: Board,
    /// The place of RTAS in RAM.
    pub(crate) rtas: Range<u64>,
}

impl Shared {
    /// The ending after the guest powered off: that of the run if there is one, otherwise by the guest's verdict.
    pub(crate) fn powered_off(&self) -> Ending {
        let verdict = self.board.console.lock().unwrap_or_else(PoisonError::into_inner).verdict();
        match (self.board.control.ending(), verdict) {
            (Some(ending), _) if ending != Ending::Paused => ending,
            (_, None | Some(0)) => Ending::PoweredOff,
            (_, Some(code)) => Ending::GuestFailed(code),
        }
    }
}
