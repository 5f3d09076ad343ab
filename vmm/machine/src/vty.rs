// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The console as a virtual I/O device: its interrupt.
//!
//! LoPAR 2.9, "General VIO Requirements" 9, requires H_VIO_SIGNAL for all virtual devices. Only CRQs and logical LANs
//! have to be disabled at the start, and Linux' console driver (`hvc_vio`) never calls H_VIO_SIGNAL. This line is
//! therefore open until a guest closes it. Input that came meanwhile is announced when it opens.

use std::sync::Arc;

use hcall::VioDevice;
use vio::line::Mode;
use vio::{IrqLine, IrqSink};

use crate::fdt::VTY_SOURCE;
use crate::section::{LoadError, Reader, Saved, Writer};

/// The console's interrupt.
#[derive(Debug)]
pub struct Vty {
    line: IrqLine,
}

impl Vty {
    /// The console's interrupt with its line open.
    pub(crate) fn new(interrupts: Arc<dyn IrqSink>) -> Vty {
        let vty = Vty { line: IrqLine::new(VTY_SOURCE, interrupts) };
        vty.reset();
        vty
    }

    /// Resets the line to its state at the start.
    pub(crate) fn reset(&self) {
        self.line.reset();
        self.line.open();
    }

    /// Announces input.
    pub(crate) fn input(&self) {
        self.line.raise();
    }
}

impl VioDevice for Vty {
    fn signal(&self, enabled: bool) {
        self.line.signal(enabled);
    }
}

/// The state of its IRQ line.
impl Saved for &Vty {
    const NAME: &'static str = "vty";

    fn save(&mut self, to: &mut Writer<'_>) {
        self.line.mode().save(to);
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        self.line.set_mode(Mode::load(from)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Edges(Mutex<Vec<u32>>);

    impl IrqSink for Edges {
        fn pulse(&self, source: u32) {
            self.0.lock().unwrap().push(source);
        }

        fn set_level(&self, _: u32, _: bool) {
            unreachable!("the console's interrupt is an edge");
        }
    }

    #[test]
    fn input_interrupts_unless_the_guest_disabled_that_and_is_announced_afterwards() {
        let edges = Arc::new(Edges::default());
        let vty = Vty::new(edges.clone());
        let count = || edges.0.lock().unwrap().len();
        vty.input();
        assert_eq!(*edges.0.lock().unwrap(), [VTY_SOURCE]);
        vty.signal(false);
        vty.input();
        vty.input();
        assert_eq!(count(), 1);
        vty.signal(true);
        assert_eq!(count(), 2);
        vty.signal(false);
        vty.reset();
        vty.input();
        assert_eq!(count(), 3);
    }
}
