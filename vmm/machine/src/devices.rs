// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The virtual I/O devices that the user asked for, and the wires from them to the interrupt controller.

use std::sync::{Arc, OnceLock, Weak};

use clap::Args;
use hcall::Memory;
use vio::llan::NetSpec;
use vio::llan::backend::NET_HELP;
use vio::vscsi::DiskSpec;
use vio::vscsi::backend::DISK_HELP;
use vio::{Bus, BusError, Host, Interrupts};

use crate::dma::Dma;
use crate::observe::{Eyes, Observe};
use crate::vty::Vty;
use crate::xics::Xics;

/// The options.
#[derive(Args, Clone, Debug, Default)]
pub struct DeviceArgs {
    /// A network adapter (l-lan); may be given several times.
    #[arg(long, value_name = "BACKEND", long_help = net_help())]
    pub net: Vec<NetSpec>,
    /// A disk on the SCSI adapter (v-scsi): FILE, then ,readonly ,format=raw or =qcow2, ,backing=allow or =PATH;
    /// may be given several times.
    #[arg(long, value_name = "FILE", long_help = disk_help())]
    pub disk: Vec<DiskSpec>,
}

/// The devices with their wires.
#[derive(Debug, Default)]
pub struct Devices {
    /// The bus.
    pub bus: Bus,
    wires: Arc<Wires>,
}

impl DeviceArgs {
    /// True when no device is wanted.
    pub fn is_empty(&self) -> bool {
        self.net.is_empty() && self.disk.is_empty()
    }

    /// Makes them.
    pub fn set_up(&self, dma: &Dma, memory: &Arc<Memory>) -> Result<Devices, BusError> {
        let wires = Arc::new(Wires::default());
        let interrupts: Arc<dyn Interrupts> = wires.clone();
        let host = Host {
            container: &dma.container,
            memory,
            bridge: dma.device_bridge.as_ref(),
            interrupts: &interrupts,
        };
        Ok(Devices { bus: Bus::new(&host, &self.net, &self.disk)?, wires })
    }
}

impl Devices {
    /// Connects the wires. Once only.
    pub(crate) fn connect(&self, xics: &Arc<Xics>) {
        let _only_once = self.wires.xics.set(Arc::downgrade(xics));
    }

    /// The console's interrupt on the same wires.
    pub(crate) fn vty(&self) -> Vty {
        Vty::new(self.wires.clone())
    }

    /// Opens the eyes on the devices, if somebody wants to know. Once only.
    pub(crate) fn observe(&self, observe: &Observe) {
        if let Some(eyes) = Eyes::new(observe, &self.bus.nodes()) {
            self.bus.observe(&(eyes.clone() as Arc<dyn vio::Observer>));
            let _only_once = self.wires.eyes.set(eyes);
        }
    }
}

/// Where interrupts go. The devices are there before the controller is: the device tree names them.
#[derive(Default)]
struct Wires {
    xics: OnceLock<Weak<Xics>>,
    eyes: OnceLock<Arc<Eyes>>,
}

impl Interrupts for Wires {
    fn pulse(&self, source: u32) {
        if let Some(eyes) = self.eyes.get() {
            eyes.interrupt(source);
        }
        if let Some(xics) = self.xics.get().and_then(Weak::upgrade) {
            xics.pulse(source);
        }
    }
}

impl std::fmt::Debug for Wires {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wires").finish_non_exhaustive()
    }
}

fn net_help() -> String {
    format!(
        "A network adapter (l-lan); may be given several times.\n\nBACKEND is {NET_HELP}.\n\
         tap=NAME      a TAP device of the host\n\
         socket=PATH   a UNIX socket of passt, or of QEMU's stream back end\n\
         hub=PATH      the same socket for several machines: the first listens, the others connect;\n\
         \x20             a file, a link or a directory that is there stays, and is an error"
    )
}

fn disk_help() -> String {
    format!(
        "A disk on the SCSI adapter (v-scsi); may be given several times.\n\nIt is {DISK_HELP}.\n\
         readonly        the guest cannot write; several machines may read one file\n\
         format=FORMAT   raw or qcow2; without it, a name that ends in .qcow2 is qcow2 and every other is raw\n\
         backing=allow   opens the files that a qcow2 image is based on, read-only\n\
         backing=PATH    opens this one of them; may be repeated. Without backing= none is opened"
    )
}
