// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A device's IRQ line.
//!
//! LoPAR 2.9 gives an interrupt two modes. *Disabled*: an enqueue is not signalled. *Enabled*: each enqueue
//! is signalled. Registering and deregistering a queue disables the interrupt (H_REG_CRQ, H_FREE_CRQ,
//! H_REGISTER_LOGICAL_LAN), so the mode does not survive them. LoPAR describes the result as an interrupt "on
//! an empty to non-empty transition of the queue", and is silent about entries that came while the mode was
//! Disabled. We signal those when the mode becomes Enabled: Linux' ibmvscsi sends its initialization to a new
//! queue first, enables the interrupt then, and waits for the answer. Such an interrupt does not violate
//! LoPAR's "must not present ... if the last interrupt mode set was Disabled", because the last mode is
//! Enabled by then. A client that has read its queue meanwhile finds nothing new, as after any other race.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering, fence};

use saved::{LoadError, Reader, Writer};

/// The interrupt controller, as devices use it.
pub trait IrqSink: Send + Sync {
    /// Signals an edge on a source. LoPAR 2.9, "CRQ Facility Interrupt Notification": a pulse, not a level.
    fn pulse(&self, source: u32);
    /// Sets the level of a source, for a line that is not an edge: INTx of a PCI function.
    fn set_level(&self, source: u32, high: bool);
}

/// Disabled, without an event since.
const QUIET: u8 = 0;
/// Disabled, with an event since.
const HELD: u8 = 1;
/// Enabled.
const OPEN: u8 = 2;

/// The mode of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Open: every event is signalled.
    Open,
    /// Closed, and no event was raised.
    Quiet,
    /// Closed, and an event was raised.
    Held,
}

impl Mode {
    fn of(mode: u8) -> Mode {
        match mode {
            OPEN => Mode::Open,
            HELD => Mode::Held,
            _ => Mode::Quiet,
        }
    }

    fn byte(self) -> u8 {
        match self {
            Mode::Open => OPEN,
            Mode::Held => HELD,
            Mode::Quiet => QUIET,
        }
    }

    /// Writes the mode.
    pub fn save(self, to: &mut Writer<'_>) {
        to.u8(self.byte());
    }

    /// Reads a mode.
    pub fn load(from: &mut Reader<'_>) -> Result<Mode, LoadError> {
        let byte = from.u8()?;
        let mode = Mode::of(byte);
        if mode.byte() == byte { Ok(mode) } else { Err(LoadError::Damaged) }
    }
}

/// A device's IRQ line, which H_VIO_SIGNAL opens and closes. A new line is closed.
pub struct IrqLine {
    source: u32,
    /// [`QUIET`], [`HELD`] or [`OPEN`]. Each change is one atomic operation. So an event that is raised while
    /// the line opens is either signalled by its raiser or seen by the thread that opens.
    mode: AtomicU8,
    pulses: AtomicU64,
    interrupts: Arc<dyn IrqSink>,
}

impl IrqLine {
    /// A closed line.
    pub fn new(source: u32, interrupts: Arc<dyn IrqSink>) -> IrqLine {
        IrqLine { source, mode: AtomicU8::new(QUIET), pulses: AtomicU64::new(0), interrupts }
    }

    /// The interrupt source number.
    pub fn source(&self) -> u32 {
        self.source
    }

    /// Opens or closes the line (H_VIO_SIGNAL). Events that were raised while it was closed are signalled
    /// once when it opens.
    pub fn signal(&self, enabled: bool) {
        if !enabled {
            self.close();
        } else if self.open() == Mode::Held {
            self.pulse();
        }
    }

    /// Opens the line without a signal, and returns its mode before. A device that knows whether its guest
    /// has unread entries signals accordingly.
    pub fn open(&self) -> Mode {
        Mode::of(self.mode.swap(OPEN, Ordering::SeqCst))
    }

    /// The mode of the line.
    pub fn mode(&self) -> Mode {
        Mode::of(self.mode.load(Ordering::SeqCst))
    }

    /// Sets the mode without a signal, when the state of a saved machine is loaded.
    pub fn set_mode(&self, mode: Mode) {
        self.mode.store(mode.byte(), Ordering::SeqCst);
    }

    /// Closes the line.
    pub fn close(&self) {
        let _closed_before =
            self.mode.compare_exchange(OPEN, QUIET, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Closes the line and drops the events that were raised: the queue of the line is a new one, or gone.
    pub fn reset(&self) {
        self.mode.store(QUIET, Ordering::SeqCst);
    }

    /// Signals an event now if the line is open, or else when it opens. Before the call the device has stored
    /// the data that the guest will read.
    pub fn raise(&self) {
        fence(Ordering::SeqCst);
        let held = self.mode.compare_exchange(QUIET, HELD, Ordering::SeqCst, Ordering::SeqCst);
        if held == Err(OPEN) {
            self.pulse();
        }
    }

    /// Signals unconditionally.
    pub(crate) fn pulse(&self) {
        self.pulses.fetch_add(1, Ordering::Relaxed);
        self.interrupts.pulse(self.source);
    }

    /// The number of signals so far.
    pub fn pulses(&self) -> u64 {
        self.pulses.load(Ordering::Relaxed)
    }
}

impl std::fmt::Debug for IrqLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IrqLine").field("source", &self.source).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nowhere;

    impl IrqSink for Nowhere {
        fn pulse(&self, _: u32) {}
        fn set_level(&self, _: u32, _: bool) {}
    }

    // LoPAR 2.9, "CRQ Facility Interrupt Notification": two modes; see also the head of this file.
    #[test]
    fn what_was_raised_while_closed_is_signalled_once_when_opened() {
        let line = IrqLine::new(0, Arc::new(Nowhere));
        line.signal(true);
        assert_eq!(line.pulses(), 0);
        line.raise();
        assert_eq!(line.pulses(), 1);
        line.signal(false);
        line.raise();
        line.raise();
        line.signal(false);
        assert_eq!(line.pulses(), 1);
        line.signal(true);
        line.signal(true);
        assert_eq!(line.pulses(), 2);
        line.signal(false);
        line.raise();
        line.reset();
        line.signal(true);
        assert_eq!(line.pulses(), 2);
    }

    #[test]
    fn what_is_raised_while_the_line_opens_is_not_lost() {
        for _ in 0..2000 {
            let line = IrqLine::new(0, Arc::new(Nowhere));
            std::thread::scope(|scope| {
                scope.spawn(|| line.raise());
                line.signal(true);
            });
            assert_eq!(line.pulses(), 1);
        }
    }
}
