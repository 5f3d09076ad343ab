// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The parts of a machine around its vCPUs, as far as hypercalls reach them.

use std::sync::{Arc, Mutex};

use hcall::Areas;

use crate::console::Console;
use crate::control::{Control, Kick};
use crate::devices::Devices;
use crate::nvram::NvramStore;
use crate::vty::Vty;
use crate::wall_clock::WallClock;
use crate::xics::Xics;

/// The board of a machine, shared by all its vCPUs. Only console calls take the console's lock.
pub struct Board {
    /// The console, which only console calls lock.
    pub console: Mutex<Console>,
    /// The state by which an idle vCPU waits.
    pub control: Arc<Control>,
    /// The virtual I/O devices.
    pub devices: Devices,
    /// The interrupt controller, if the vCPUs have lines.
    pub xics: Option<Arc<Xics>>,
    /// The console's interrupt, if there is a controller.
    pub vty: Option<Arc<Vty>>,
    /// The virtual processor areas of each vCPU.
    pub areas: Vec<Areas>,
    /// The calls that make each vCPU take a system reset, if it can.
    pub resets: Vec<Option<Kick>>,
    /// The non-volatile memory.
    pub nvram: NvramStore,
    /// The wall clock.
    pub clock: WallClock,
}

impl Board {
    /// A board without vCPUs and devices.
    pub fn new(console: Console, control: Arc<Control>) -> Board {
        Board {
            console: Mutex::new(console),
            control,
            devices: Devices::default(),
            xics: None,
            vty: None,
            areas: Vec::new(),
            resets: Vec::new(),
            nvram: NvramStore::default(),
            clock: WallClock::default(),
        }
    }
}
