// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The options about devices. Their doc comments are the text of `--help`.

use clap::Args;
use pci::{Exerciser, FunctionConfig};
use vio::DeviceConfig;
use vio::llan::NetSpec;
use vio::llan::backend::NET_HELP;
use vio::vscsi::backend::DISK_HELP;
use vio::vscsi::{Adapter, DiskSpec};

/// The options about devices.
#[derive(Args, Clone, Debug, Default)]
pub struct DeviceArgs {
    /// A network adapter (l-lan); may be given several times.
    #[arg(long, value_name = "BACKEND", long_help = net_help())]
    pub net: Vec<NetSpec>,
    /// A disk on the SCSI adapter (v-scsi): FILE, then ,readonly ,format=raw or =qcow2, ,backing=allow or =PATH;
    /// may be given several times.
    #[arg(long, value_name = "FILE", long_help = disk_help())]
    pub disk: Vec<DiskSpec>,
    /// A PCI function that makes DMA on command and by its own clock, for guests that test DMA: the documentation of the
    /// crate tcevm-pci has its registers.
    #[arg(long, conflicts_with = "record")]
    pub exerciser: bool,
}

impl DeviceArgs {
    /// True when the options ask for no device.
    pub fn is_empty(&self) -> bool {
        self.configs().is_empty() && self.functions().is_empty()
    }

    /// The devices of the machine, in the order of their slots. Each kind of device is one line.
    pub fn configs(&self) -> Vec<Box<dyn DeviceConfig>> {
        let mut configs: Vec<Box<dyn DeviceConfig>> = Vec::new();
        configs.extend(self.net.iter().map(|net| Box::new(net.clone()) as _));
        configs.extend((!self.disk.is_empty()).then(|| Box::new(Adapter(self.disk.clone())) as _));
        configs
    }

    /// The PCI functions of the machine, in the order of their device numbers. Each kind is one line.
    pub fn functions(&self) -> Vec<Box<dyn FunctionConfig>> {
        let mut functions: Vec<Box<dyn FunctionConfig>> = Vec::new();
        functions.extend(self.exerciser.then(|| Box::new(Exerciser) as _));
        functions
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
