// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A process with memory, a group of a bridge, and a VFIO container over both.

use iommu::vfio::memory::Registrations;
use iommu::vfio::params::{MAP_READ, MAP_WRITE};
use iommu::vfio::*;
use iommu::*;
use std::sync::Arc;

pub(crate) const RW: u32 = MAP_READ | MAP_WRITE;
pub(crate) const MEMORY: u64 = 0x800_0000; // 128 MiB
pub(crate) const WINDOW32: u64 = 1 << 28;
/// The addresses of the process's memory: in this order, at these offsets of the frames.
pub(crate) const SMALL: u64 = 0x7000_0000_0000; // 16 MiB in 4 KiB pages, writable
pub(crate) const HUGE: u64 = 0x7000_0100_0000; // 32 MiB in 16 MiB pages, writable
pub(crate) const READ_ONLY: u64 = 0x7000_0300_0000; // 16 MiB in 4 KiB pages
pub(crate) const LIMIT: u64 = 1 << 20;

pub(crate) struct User {
    pub(crate) frames: Arc<Frames>,
    pub(crate) process: Arc<Process>,
    pub(crate) bridge: Arc<Bridge>,
    pub(crate) group: Arc<Group>,
    pub(crate) registrations: Arc<Registrations>,
    pub(crate) container: vfio::TceContainer,
    pub(crate) by: Agent,
}

pub(crate) fn process(frames: &Frames, limit: u64) -> Arc<Process> {
    let process = Process::new(limit);
    let shift = |shift| PageShift::new(shift).expect("a shift");
    for (ua, offset, len, page_shift, writable) in [
        (SMALL, 0, 0x100_0000, shift(12), true),
        (HUGE, 0x100_0000, 0x200_0000, shift(24), true),
        (READ_ONLY, 0x300_0000, 0x100_0000, shift(12), false),
    ] {
        let hpa = frames.hpa(Gpa(offset)).expect("memory");
        let mapping = Mapping { ua: Ua(ua), len, hpa, page_shift, writable };
        process.map(mapping).expect("free");
    }
    Arc::new(process)
}

impl User {
    /// A container of version 1 on IODA2, with the group attached and enabled.
    pub(crate) fn v1() -> User {
        User::new(1, &Bridge::new(BridgeKind::IODA2)).enabled()
    }

    /// A container of version 2 on IODA2, with the group attached, and the small and huge pages registered.
    pub(crate) fn v2() -> User {
        let user = User::new(2, &Bridge::new(BridgeKind::IODA2));
        user.container.attach_group(&user.group).expect("free");
        user.register(SMALL, 0x100_0000).expect("free");
        user.register(HUGE, 0x200_0000).expect("free");
        user
    }

    pub(crate) fn new(version: u32, bridge: &Arc<Bridge>) -> User {
        let group = Group::new(bridge, Pe(1), Liobn(0x100), WINDOW32).expect("a group");
        User::with(version, bridge, group)
    }

    /// A container on IODA2, with this host's window and the platform that `wrap` makes of the bridge's.
    pub(crate) fn over(
        version: u32,
        window: Window,
        wrap: impl FnOnce(Arc<dyn Platform>) -> Arc<dyn Platform>,
    ) -> User {
        let bridge = Bridge::new(BridgeKind::IODA2);
        let table = bridge.create_table_with(window, 1, wrap).expect("a table");
        let group = Group::over(&bridge, Pe(1), table).expect("free");
        User::with(version, &bridge, group)
    }

    /// Attaches the group and enables the container (version 1).
    pub(crate) fn enabled(self) -> User {
        self.container.attach_group(&self.group).expect("free");
        self.container.enable().expect("a group");
        self
    }

    fn with(version: u32, bridge: &Arc<Bridge>, group: Group) -> User {
        let frames = if version == 1 { Frames::new(MEMORY) } else { Frames::unregistered(MEMORY) };
        let frames = Arc::new(frames.expect("memory"));
        let process = process(&frames, LIMIT);
        let registrations = Arc::new(Registrations::default());
        let container = match version {
            1 => vfio::TceContainer::v1(&process, &frames),
            _ => vfio::TceContainer::v2(&process, &frames, &registrations),
        };
        let by = container.agent();
        let (group, bridge) = (Arc::new(group), bridge.clone());
        User { frames, process, bridge, group, registrations, container, by }
    }

    pub(crate) fn map(
        &mut self,
        iova: u64,
        vaddr: u64,
        size: u64,
        flags: u32,
    ) -> Result<(), Errno> {
        let param = MapDma { flags, vaddr, iova, size, ..MapDma::new() };
        self.container.map_dma(&mut self.by, &param)
    }

    pub(crate) fn map_whole(&mut self, iova: u64, vaddr: u64, size: u64) -> Result<(), Errno> {
        let param = MapDma { flags: RW, vaddr, iova, size, ..MapDma::new() };
        self.container.map_dma_whole(&mut self.by, &param)
    }

    pub(crate) fn unmap(&mut self, iova: u64, size: u64) -> Result<(), Errno> {
        self.container.unmap_dma(&mut self.by, &UnmapDma { iova, size, ..UnmapDma::new() })
    }

    pub(crate) fn register(&self, vaddr: u64, size: u64) -> Result<(), Errno> {
        let param = RegisterMemory { vaddr, size, ..RegisterMemory::new() };
        self.container.register_memory(&param)
    }

    pub(crate) fn unregister(&self, vaddr: u64, size: u64) -> Result<(), Errno> {
        let param = RegisterMemory { vaddr, size, ..RegisterMemory::new() };
        self.container.unregister_memory(&param)
    }

    pub(crate) fn create(&self, shift: u32, size: u64, levels: u32) -> Result<Ioba, Errno> {
        let window =
            CreateWindow { page_shift: shift, window_size: size, levels, ..CreateWindow::new() };
        self.container.create_window(&window)
    }

    pub(crate) fn remove(&mut self, start_addr: u64) -> Result<(), Errno> {
        let param = RemoveWindow { start_addr, ..RemoveWindow::new() };
        self.container.remove_window(&mut self.by, &param)
    }

    /// The entry of a bus address of window 0: the offset of its page in the frames, and its direction.
    pub(crate) fn entry(&self, iova: u64) -> Option<(u64, Direction)> {
        let table = self.container.tables()[0].clone();
        let tce = table.tce(HwEntry(iova >> 12)).expect("in the table");
        let page = self.frames.gpa(tce.hpa()).map(|gpa| gpa.0);
        tce.is_live().then(|| (page.expect("memory"), tce.direction()))
    }

    pub(crate) fn pins(&self, ua: u64) -> u32 {
        self.frames.pins(self.process.page(Ua(ua), false).expect("mapped").0)
    }

    pub(crate) fn locked(&self) -> u64 {
        self.process.memlock().locked()
    }

    pub(crate) fn all_pins(&self) -> u64 {
        self.frames.all_pins().into_iter().map(u64::from).sum()
    }

    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        let tables = self.container.tables();
        let audit = Audit::tables(&self.frames, tables.iter().map(|table| &**table));
        assert!(audit.holds(), "{audit:?}");
    }
}
