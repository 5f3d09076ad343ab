// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The saved state of the adapter: its queue, the state of the connection, and the interrupt's mode.
//!
//! There is no more. Management datagrams and SCSI commands keep nothing between two requests: mode pages are constant
//! and there are no unit attentions. The adapter rests once every request is complete, so none is saved. The contents
//! of disks are those of their image files, and are not saved; a state belongs to disks of the same number and sizes. A
//! disk or a worker that has failed is one of the process, so a loaded adapter has those of its own.

use std::io;
use std::sync::PoisonError;
use std::time::Instant;

use saved::{LoadError, Reader, Writer};

use super::{Connection, State, Vscsi};
use crate::line::Mode;
use crate::vscsi::crq::Queue;

impl Connection {
    fn byte(self) -> u8 {
        match self {
            Connection::Waiting => 0,
            Connection::Open => 1,
            Connection::LoggedIn => 2,
        }
    }

    fn load(from: &mut Reader<'_>) -> Result<Connection, LoadError> {
        let byte = from.u8()?;
        let all = [Connection::Waiting, Connection::Open, Connection::LoggedIn];
        all.into_iter().find(|connection| connection.byte() == byte).ok_or(LoadError::Damaged)
    }
}

impl State {
    fn is_busy(&self) -> bool {
        self.serving || !self.waiting.is_empty()
    }
}

impl Vscsi {
    /// Waits until the worker has answered every request. A request whose epoch is over counts, because it may still
    /// write to a disk.
    pub(super) fn wait_for_worker(&self, until: Instant) -> io::Result<()> {
        let mut state = self.state();
        state.awaited = true;
        let patience = until.saturating_duration_since(Instant::now());
        let waited = self.changed.wait_timeout_while(state, patience, |state| state.is_busy());
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.awaited = false;
        if state.is_busy() {
            let error = format!("v-scsi@{:x} has requests under way", self.slot.unit);
            return Err(io::Error::new(io::ErrorKind::TimedOut, error));
        }
        Ok(())
    }

    pub(super) fn save_state(&self, to: &mut Writer<'_>) {
        let state = self.state();
        to.u8(self.disks.len() as u8); // at most `MOST_DISKS`
        self.disks.iter().for_each(|&bytes| to.u64(bytes));
        self.slot.line.mode().save(to);
        to.option(state.queue.as_ref(), |to, queue| queue.save(to));
        to.u8(state.connection.byte());
    }

    pub(super) fn load_state(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let same = |same| if same { Ok(()) } else { Err(LoadError::Other("its disks")) };
        same(usize::from(from.u8()?) == self.disks.len())?;
        for &bytes in &self.disks {
            same(from.u64()? == bytes)?;
        }
        let mode = Mode::load(from)?;
        let queue = from.option(|from| Queue::load(from, &self.slot))?;
        let connection = Connection::load(from)?;
        LoadError::unless(queue.is_some() || connection == Connection::Waiting)?;
        let mut state = self.state();
        state.new_epoch();
        (state.queue, state.connection) = (queue, connection);
        self.slot.line.set_mode(mode);
        Ok(())
    }
}
