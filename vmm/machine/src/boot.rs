// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The way from a configuration to a machine that is ready to start: RAM with the image, the initrd
//! and (for POWER) the device tree in it, the DMA window, and the entry state.

use std::ops::Range;
use std::sync::Arc;

use hcall::Memory;
use iommu::Window;
use pci::FunctionConfig;
use thiserror::Error;
use vio::{BusError, DeviceConfig};
use vm_memory::{Bytes, GuestAddress, GuestMemoryError};

use crate::devices::{Devices, Nodes};
use crate::dma::{Dma, DmaConfig};
use crate::fdt::{self, Chosen, TreeFacts};
use crate::image::calls;
use crate::image::elf::{Arch, Elf, ElfError};
use crate::image::initrd::{self, Initrd, InitrdError};
use crate::image::place::{self, PlaceError, Placed};
use crate::map::Map;
use crate::memory::{self, MapError, RamSize};

/// The address to which Linux for POWER is linked (Linux: `KERNELBASE`).
const LINUX_ENTRY: u64 = 0xc000_0000_0000_0000;
/// The bytes of Linux' process table (Linux: `radix_init_pgtable`).
const LINUX_PROCESS_TABLE: u64 = 16 << 20;
/// The longest command line that Linux reads (Linux: `COMMAND_LINE_SIZE`, less the null).
const LINUX_COMMAND_LINE: usize = 2047;

/// The configuration of a machine.
#[derive(Debug)]
pub struct Config<'a> {
    /// The bytes of the image file; none for a machine whose state is loaded, which then needs no image.
    pub image: &'a [u8],
    /// The size of guest RAM.
    pub ram: RamSize,
    /// The number of the guest's CPUs.
    pub cpus: u32,
    /// The command line of the guest.
    pub append: &'a str,
    /// The initrd, which is loaded behind the image.
    pub initrd: Option<Initrd<'a>>,
    /// The engine of software CPUs.
    pub engine: power::Engine,
    /// DMA windows, tiers and platforms.
    pub dma: DmaConfig,
    /// The virtual I/O devices, in the order of their unit addresses.
    pub devices: Vec<Box<dyn DeviceConfig>>,
    /// The PCI functions, in the order of their device numbers, from 1 up.
    pub functions: Vec<Box<dyn FunctionConfig>>,
}

/// A machine before its first instruction.
pub struct Ready {
    /// Guest RAM, loaded.
    pub memory: Arc<Memory>,
    /// The guest's DMA.
    pub dma: Dma,
    /// The virtual I/O devices.
    pub devices: Devices,
    /// The physical address of the first instruction.
    pub entry: u64,
    /// The architecture of the image's instructions.
    pub arch: Arch,
    /// The engine of software CPUs.
    pub engine: power::Engine,
    /// The place of the description of the machine. For POWER it is the device tree, already written; for
    /// x86-64 the boot block, which `kvm::machine` writes.
    pub described: Range<u64>,
    /// The device tree; empty for x86-64.
    pub dtb: Vec<u8>,
    /// The place of RTAS in RAM.
    pub rtas: Range<u64>,
    /// The default DMA window.
    pub dma_window: Window,
    /// The place of the initrd.
    pub initrd: Option<Range<u64>>,
}

/// The contents of RAM before the first instruction.
#[derive(Debug)]
pub struct Loaded {
    /// The physical address of the first instruction.
    pub entry: u64,
    /// The place of the description of the machine, as in [`Ready::described`].
    pub described: Range<u64>,
    /// The device tree; empty for x86-64.
    pub dtb: Vec<u8>,
    /// The place of the initrd.
    pub initrd: Option<Range<u64>>,
}

/// The reason for which a machine could not be set up.
#[derive(Debug, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum BootError {
    #[error(transparent)]
    Memory(#[from] MapError),
    #[error(transparent)]
    Elf(#[from] ElfError),
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error(transparent)]
    Initrd(#[from] InitrdError),
    #[error("cannot make the DMA window: {0}")]
    Window(#[from] iommu::Error),
    #[error(transparent)]
    Device(#[from] BusError),
    #[error(transparent)]
    Function(#[from] pci::BusError),
    #[error("the device tree has {size} bytes, {room} fit")]
    DeviceTree { size: usize, room: u64 },
    #[error("a vCPU of the machine cannot be reset")]
    Vcpu,
    #[error("cannot write the device tree: {0}")]
    Write(#[from] GuestMemoryError),
}

impl<'a> Config<'a> {
    /// A machine that runs this image, with 512 MiB of RAM, one CPU and no device.
    pub fn new(image: &'a [u8]) -> Config<'a> {
        Config {
            image,
            ram: RamSize::DEFAULT,
            cpus: 1,
            append: "",
            initrd: None,
            engine: power::Engine::default(),
            dma: DmaConfig::default(),
            devices: Vec::new(),
            functions: Vec::new(),
        }
    }
}

impl Config<'_> {
    /// Sets the machine up.
    pub fn ready(&self) -> Result<Ready, BootError> {
        let image = Elf::parse(self.image)?; // before memory is asked for
        let memory = memory::map(self.ram)?;
        self.ready_in(memory, image.arch, |memory, window, devices| {
            self.load_image(&image, memory, window, devices)
        })
    }

    /// Sets up the machine of a saved state, whose RAM is `memory` already. It does not read the image. The machine runs
    /// only after its state was loaded.
    pub fn restored(&self, memory: Memory) -> Result<Ready, BootError> {
        let described = Map::new(self.ram).device_tree();
        let loaded = Loaded { entry: 0, described, dtb: Vec::new(), initrd: None };
        self.ready_in(memory, Arch::Power, |_, _, _| Ok(loaded))
    }

    fn ready_in(
        &self,
        memory: Memory,
        arch: Arch,
        load: impl FnOnce(&Memory, &Window, &Nodes) -> Result<Loaded, BootError>,
    ) -> Result<Ready, BootError> {
        if self.functions.len() > pci::MOST_FUNCTIONS {
            return Err(pci::BusError::Full.into()); // before there is a PE for each
        }
        let dma = self.dma.set_up_with(self.ram, self.functions.len())?;
        let dma_window = *dma.phb.default_window();
        let memory = Arc::new(memory);
        let devices = Devices::new(&self.devices, &self.functions, &dma, &memory)?;
        let loaded = load(&memory, &dma_window, &devices.nodes())?;
        let Loaded { entry, described, dtb, initrd } = loaded;
        let engine = self.engine;
        let rtas = Map::new(self.ram).rtas();
        Ok(Ready {
            memory,
            dma,
            devices,
            entry,
            arch,
            engine,
            described,
            dtb,
            rtas,
            dma_window,
            initrd,
        })
    }

    /// Loads image, initrd and device tree into RAM that is all zero, at the start and at each reboot.
    pub fn load(
        &self,
        memory: &Memory,
        dma_window: &Window,
        devices: &Nodes,
    ) -> Result<Loaded, BootError> {
        self.load_image(&Elf::parse(self.image)?, memory, dma_window, devices)
    }

    fn load_image(
        &self,
        image: &Elf<'_>,
        memory: &Memory,
        dma_window: &Window,
        devices: &Nodes,
    ) -> Result<Loaded, BootError> {
        let mut map = Map::new(self.ram);
        let Placed { entry, end } = place::place(image, &mut map, memory)?;
        log::debug!("entry {entry:#x}, image ends at {end:#x}");
        let load = |initrd| initrd::place(initrd, end, &mut map, memory);
        let initrd = self.initrd.map(load).transpose()?;
        if image.entry == LINUX_ENTRY {
            self.advise_linux(&map);
        }
        if image.arch == Arch::Power && calls::makes_only_system_calls(&image.segments) {
            log::warn!(
                "the image makes system calls (sc) and no hypercall (sc 1): a program of Linux runs in Linux, with a \
                 kernel as the image and the program in an initrd"
            );
        }
        let (described, mut dtb) = (map.device_tree(), Vec::new());
        if image.arch == Arch::Power {
            dtb = self.device_tree(initrd.clone(), &map.rtas(), dma_window, devices);
            write_device_tree(&dtb, &described, memory)?;
            let code: Vec<u8> = fdt::RTAS_CODE.iter().flat_map(|word| word.to_be_bytes()).collect();
            memory.write_slice(&code, GuestAddress(map.rtas().start))?;
        }
        Ok(Loaded { entry, described, dtb, initrd })
    }

    /// Warns of limits that Linux does not report.
    fn advise_linux(&self, map: &Map) {
        if !map.has_room(LINUX_PROCESS_TABLE) {
            log::warn!(
                "with {} of RAM, Linux has no room for its process table (16 MiB at a multiple of \
                 that) beside itself and its initrd, and stops before it has a console; it needs at \
                 least 128M",
                self.ram
            );
        }
        if self.append.len() > LINUX_COMMAND_LINE {
            log::warn!(
                "Linux reads {LINUX_COMMAND_LINE} bytes of its command line and ignores the rest"
            );
        }
    }

    fn device_tree(
        &self,
        initrd: Option<Range<u64>>,
        rtas: &Range<u64>,
        dma_window: &Window,
        devices: &Nodes,
    ) -> Vec<u8> {
        let chosen = Chosen { bootargs: self.append, initrd };
        let (ram, cpus, multi_tce) = (self.ram, self.cpus, self.dma.multi_tce);
        fdt::build(&TreeFacts { ram, cpus, rtas, multi_tce, chosen, dma_window, devices })
    }
}

/// Writes the device tree to its room.
fn write_device_tree(dtb: &[u8], room: &Range<u64>, memory: &Memory) -> Result<(), BootError> {
    let size = dtb.len();
    let room_size = room.end - room.start;
    if u64::try_from(size).is_ok_and(|size| size <= room_size) {
        Ok(memory.write_slice(dtb, GuestAddress(room.start))?)
    } else {
        Err(BootError::DeviceTree { size, room: room_size })
    }
}
