// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The options about devices. Their doc comments are the text of `--help`.

use clap::Args;
use pci::virtio::{Blk, Net, Rng};
use pci::{Exerciser, FunctionConfig};
use vio::DeviceConfig;
use vio::llan::NetSpec;
use vio::llan::backend::NET_HELP;
use vio::vscsi::backend::DISK_HELP;
use vio::vscsi::{Adapter, DiskSpec};

use super::bus::{Bus, OnBus};

/// The options about devices.
#[derive(Args, Clone, Debug, Default)]
pub struct DeviceArgs {
    /// A network adapter (l-lan, or virtio-net with ,bus=virtio); may be given several times.
    #[arg(long, value_name = "BACKEND", long_help = net_help())]
    pub net: Vec<OnBus<NetSpec>>,
    /// A disk on the SCSI adapter (v-scsi): FILE, then ,readonly ,format=raw or =qcow2, ,backing=allow or =PATH, or a
    /// virtio-blk with ,bus=virtio; may be given several times.
    #[arg(long, value_name = "FILE", long_help = disk_help())]
    pub disk: Vec<OnBus<DiskSpec>>,
    /// A source of random numbers (virtio-rng).
    #[arg(long)]
    pub rng: bool,
    /// A PCI function that makes DMA on command and by its own clock, for guests that test DMA: the documentation of the
    /// crate tcevm-pci has its registers.
    #[arg(long, conflicts_with = "record")]
    pub exerciser: bool,
}

/// The number of queues of a virtio disk, unless an option says another.
const QUEUES: u16 = 1;

impl DeviceArgs {
    /// True when the options ask for no device.
    pub fn is_empty(&self) -> bool {
        self.configs().is_empty() && self.functions().is_empty()
    }

    /// The back ends of the adapters on the virtual I/O bus.
    pub fn llans(&self) -> impl Iterator<Item = &NetSpec> {
        self.net.iter().filter(|net| net.bus == Bus::Vio).map(|net| &net.spec)
    }

    /// The devices of the virtual I/O bus, in the order of their slots. Each kind of device is one line.
    pub fn configs(&self) -> Vec<Box<dyn DeviceConfig>> {
        let disks = self.disk.iter().filter(|disk| disk.bus == Bus::Vio);
        let disks: Vec<_> = disks.map(|disk| disk.spec.clone()).collect();
        let mut configs: Vec<Box<dyn DeviceConfig>> = Vec::new();
        configs.extend(self.llans().map(|net| Box::new(net.clone()) as _));
        configs.extend((!disks.is_empty()).then(|| Box::new(Adapter(disks)) as _));
        configs
    }

    /// The functions of the PCI bus, in the order of their device numbers. Each kind of device is one line.
    pub fn functions(&self) -> Vec<Box<dyn FunctionConfig>> {
        let nets = self.net.iter().filter(|net| net.bus == Bus::Virtio);
        let disks = self.disk.iter().filter(|disk| disk.bus == Bus::Virtio).enumerate();
        let mut functions: Vec<Box<dyn FunctionConfig>> = Vec::new();
        functions.extend(nets.map(|net| Box::new(Net(net.spec.clone())) as _));
        functions.extend(disks.map(|(n, disk)| Box::new(blk(n, disk)) as _));
        functions.extend(self.rng.then(|| Box::new(Rng) as _));
        functions.extend(self.exerciser.then(|| Box::new(Exerciser) as _));
        functions
    }
}

fn blk(number: usize, disk: &OnBus<DiskSpec>) -> Blk {
    Blk { spec: disk.spec.clone(), number, queues: disk.queues.unwrap_or(QUEUES) }
}

fn net_help() -> String {
    format!(
        "A network adapter (l-lan); may be given several times.\n\nBACKEND is {NET_HELP}, and ,bus=virtio if wanted.\n\
         tap=NAME      a TAP device of the host\n\
         socket=PATH   a UNIX socket of passt, or of QEMU's stream back end\n\
         hub=PATH      the same socket for several machines: the first listens, the others connect;\n\
         \x20             a file, a link or a directory that is there stays, and is an error\n\
         bus=virtio    virtio-net on the PCI bus instead of l-lan (bus=vio)"
    )
}

fn disk_help() -> String {
    format!(
        "A disk on the SCSI adapter (v-scsi); may be given several times.\n\nIt is {DISK_HELP}; and ,bus=virtio if wanted.\n\
         readonly        the guest cannot write; several machines may read one file\n\
         format=FORMAT   raw or qcow2; without it, a name that ends in .qcow2 is qcow2 and every other is raw\n\
         backing=allow   opens the files that a qcow2 image is based on, read-only\n\
         backing=PATH    opens this one of them; may be repeated. Without backing= none is opened\n\
         bus=virtio      virtio-blk on the PCI bus instead of a disk of v-scsi (bus=vio)\n\
         queues=N        the number of its queues, 1 to 8; without it 1"
    )
}
