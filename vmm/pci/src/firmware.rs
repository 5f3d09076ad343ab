// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The bus as RTAS reaches it: config space, messages, and errors of PEs.

use hcall::ConfigAddress;
use hcall::machine::pe_errors::{PeState, Side};
use hcall::machine::{PciBus, PeErrors};

use crate::bus::Bus;
use crate::function::Function;

impl Bus {
    /// The function at a config address. There are functions on bus 0 only, and each is function 0 of its device.
    fn at(&self, at: ConfigAddress) -> Option<&dyn Function> {
        if (at.bus, at.function) == (0, 0) { self.find(at.device) } else { None }
    }
}

impl PciBus for Bus {
    fn buid(&self) -> u64 {
        Bus::buid(self)
    }

    fn read_config(&self, at: ConfigAddress, to: &mut [u8]) -> Option<()> {
        let function = self.at(at)?;
        Bus::read_config(self, function, at.register.into(), to);
        Some(())
    }

    fn write_config(&self, at: ConfigAddress, from: &[u8]) -> Option<()> {
        let function = self.at(at)?;
        Bus::write_config(self, function, at.register.into(), from);
        Some(())
    }

    fn set_messages(&self, at: ConfigAddress, count: u32) -> Option<u32> {
        Some(self.at(at)?.slot().set_messages(count))
    }

    fn source(&self, at: ConfigAddress, vector: u32) -> Option<u32> {
        self.at(at)?.slot().source(vector)
    }
}

impl PeErrors for Bus {
    fn state(&self, at: ConfigAddress) -> Option<PeState> {
        Some(self.at(at)?.slot().control().state())
    }

    fn enable(&self, at: ConfigAddress, enabled: bool) -> Option<()> {
        self.at(at)?.slot().control().enable(enabled);
        Some(())
    }

    fn release(&self, at: ConfigAddress, side: Side) -> Option<()> {
        self.at(at)?.slot().control().release(side);
        Some(())
    }

    /// While the reset is asserted nothing reaches the function, and it is reset meanwhile.
    fn set_reset(&self, at: ConfigAddress, asserted: bool) -> Option<()> {
        let function = self.at(at)?;
        function.slot().control().set_reset(asserted);
        if asserted {
            self.reset_function(function);
        }
        Some(())
    }

    fn take_error(&self, at: ConfigAddress) -> Option<bool> {
        Some(self.at(at)?.slot().control().take_error())
    }
}
