// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The container through which a process gives devices its memory.

use crate::clause::Check::Host;
use crate::clause::Clause;
use crate::direct::Setup;
use crate::expect;
use iommu::bridge::Bridge;
use iommu::errno::Errno;
use iommu::vfio::params::{MAP_READ, MAP_WRITE};
use iommu::vfio::{
    CreateWindow, Group, MapDma, Mapping, Process, RegisterMemory, RemoveWindow, TceContainer,
    UnmapDma,
};
use iommu::{
    Direction, Error, Frames, Gpa, HwEntry, Ioba, Liobn, PageShift, Pe, RawTce, Tce, Ua, Window,
};
use std::sync::Arc;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "vfio/enable",
        spec: "Linux: tce_iommu_enable; papr-tce 4.3 and 7.95",
        says: "ENABLE charges the whole window, once: a second call is EBUSY, a call without a group ENODEV, above the limit ENOMEM, and on a container of version 2 ENOTTY.",
        check: Host(enable),
    },
    Clause {
        id: "vfio/disable",
        spec: "Linux: tce_iommu_disable; papr-tce 4.3",
        says: "DISABLE returns the charge; a second call has no effect.",
        check: Host(disable),
    },
    Clause {
        id: "vfio/info",
        spec: "Linux: VFIO_IOMMU_SPAPR_TCE_GET_INFO; papr-tce 4.3",
        says: "GET_INFO reports the window below 4 GiB; without a group it is ENXIO, with a short structure EINVAL.",
        check: Host(info),
    },
    Clause {
        id: "vfio/map-flags",
        spec: "Linux: the exchange commit, tce_iommu_ioctl; papr-tce 7.95",
        says: "MAP_DMA's flags are the directions read, write and both; without any it is EINVAL.",
        check: Host(map_flags),
    },
    Clause {
        id: "vfio/map-not-enabled",
        spec: "Linux: tce_iommu_ioctl (VFIO_IOMMU_MAP_DMA, container enabled); papr-tce 4.3 and 7.95; bug 34",
        says: "MAP_DMA and UNMAP_DMA before ENABLE are EPERM.",
        check: Host(map_not_enabled),
    },
    Clause {
        id: "vfio/map-unaligned",
        spec: "Linux: tce_iommu_ioctl, iommu_tce_put_param_check; papr-tce 4.6 and 7.95; bug 43",
        says: "An unaligned bus address, user address or size is EINVAL, a negative error and never 1.",
        check: Host(map_unaligned),
    },
    Clause {
        id: "vfio/map-beyond",
        spec: "Linux: tce_iommu_build, iommu_tce_check_ioba; papr-tce 4.5.12 and 7.96; bug 40",
        says: "A map that begins in the window and ends behind it is refused, and writes nothing.",
        check: Host(map_beyond),
    },
    Clause {
        id: "vfio/map-replaces",
        spec: "Linux: the exchange commit; papr-tce 4.1 and 7.11",
        says: "MAP_DMA over live entries replaces them: the old pages are released, and dirty by their old direction.",
        check: Host(map_replaces),
    },
    Clause {
        id: "vfio/map-fails-midway",
        spec: "Linux: tce_iommu_build, tce_iommu_clear; papr-tce 4.5.4 and 7.76; bug 41",
        says: "When a page in the middle fails, the entries before it are cleared, the others keep their mappings, and every pin is accounted for.",
        check: Host(map_fails_midway),
    },
    Clause {
        id: "vfio/map-whole",
        spec: "Linux: tce_iommu_build; papr-tce 4.5.4",
        says: "The all-or-nothing variant changes nothing when a page in the middle fails.",
        check: Host(map_whole),
    },
    Clause {
        id: "vfio/map-read-only-memory",
        spec: "Linux: tce_iommu_use_page, FOLL_WRITE; papr-tce 4.5.5; bug 44",
        says: "Memory that the process may not write can be mapped for reading only.",
        check: Host(map_read_only_memory),
    },
    Clause {
        id: "vfio/page-contained",
        spec: "Linux: tce_page_is_contained; papr-tce 7.96; bug 5",
        says: "A TCE page that is larger than the page that backs it is EPERM: a device would reach the neighbouring pages.",
        check: Host(page_contained),
    },
    Clause {
        id: "vfio/hcall-unregistered",
        spec: "Linux: kvmppc_tce_iommu_map, mm_iommu_lookup; papr-tce 5.3; bug 42",
        says: "A guest's put of a page that is not registered is refused and maps nothing; after registration the page is mapped.",
        check: Host(hcall_unregistered),
    },
    Clause {
        id: "vfio/unmap",
        spec: "Linux: tce_iommu_clear; papr-tce 4.3",
        says: "UNMAP_DMA releases mapped pages and marks them dirty by their direction, skips clear entries, and takes no flags.",
        check: Host(unmap),
    },
    Clause {
        id: "vfio/attach",
        spec: "Linux: tce_iommu_attach_group; papr-tce 4.1",
        says: "A second group in a container of version 1, and a group that belongs to another container, are EBUSY.",
        check: Host(attach),
    },
    Clause {
        id: "vfio/detach",
        spec: "Linux: tce_iommu_detach_group, tce_iommu_release; papr-tce 4.5.9 and 7.97; bug 25",
        says: "Detaching a group, and the end of the process, release every page and return every charge.",
        check: Host(detach),
    },
    Clause {
        id: "vfio/register",
        spec: "Linux: tce_iommu_register_pages; papr-tce 5.3 and 7.94",
        says: "REGISTER_MEMORY charges the pages that it pins. An unaligned, empty, wrapping or overlapping range is EINVAL, a second registration EBUSY.",
        check: Host(register),
    },
    Clause {
        id: "vfio/unregister",
        spec: "Linux: tce_iommu_unregister_pages; papr-tce 5.3 and 7.94; bug 50'",
        says: "UNREGISTER_MEMORY of mapped memory is EBUSY and changes nothing; of unknown memory it is ENOENT; otherwise it returns the charge.",
        check: Host(unregister),
    },
    Clause {
        id: "vfio/map-unregistered",
        spec: "Linux: tce_iommu_build_v2, mm_iommu_lookup; papr-tce 5.3; bug 42",
        says: "Mapping memory that is not registered is an error, and maps nothing.",
        check: Host(map_unregistered),
    },
    Clause {
        id: "vfio/create-window",
        spec: "Linux: tce_iommu_create_window; papr-tce 4.6 and 7.84; bugs 61 and 62",
        says: "CREATE makes the second window at 2^59; a page size that does not exist, also one too large for a shift, is EINVAL, a third window ENOSPC.",
        check: Host(create_window),
    },
    Clause {
        id: "vfio/create-over-limit",
        spec: "Linux: tce_iommu_create_table; papr-tce 7.88; bug 28",
        says: "A table above the limit of locked memory is ENOMEM, and the charge does not change.",
        check: Host(create_over_limit),
    },
    Clause {
        id: "vfio/remove-window",
        spec: "Linux: tce_iommu_remove_window; papr-tce 7.82; bug 30",
        says: "REMOVE releases every page of the window before the window is gone; an address at which no window begins is EINVAL.",
        check: Host(remove_window),
    },
    Clause {
        id: "vfio/versions",
        spec: "Linux: tce_iommu_ioctl; papr-tce 4.3; bug 32",
        says: "A call of the other container version is ENOTTY.",
        check: Host(versions),
    },
];

const PAGE: u64 = 0x1000;
const UA: u64 = 0x7000_0000_0000;
const READ_ONLY: u64 = 0x7000_1000_0000;
const LIOBN: Liobn = Liobn(0x8000_0000);
const TOP: u64 = 1 << 59;
const RW: u32 = MAP_READ | MAP_WRITE;

/// A process with 1 MiB of writable and 64 KiB of read-only memory, and a group with a window of 1 MiB.
struct User {
    process: Arc<Process>,
    frames: Arc<Frames>,
    group: Arc<Group>,
    bridge: Arc<Bridge>,
}

fn no(errno: Errno) -> String {
    format!("refused with {errno}")
}

fn why(error: iommu::Error) -> String {
    error.to_string()
}

impl User {
    fn new(setup: &Setup, limit: u64, registered: bool) -> Result<User, String> {
        let frames = if registered { Frames::new(4 << 20) } else { Frames::unregistered(4 << 20) };
        let frames = Arc::new(frames.map_err(why)?);
        let process = Arc::new(Process::new(limit));
        for (ua, gpa, len, writable) in
            [(UA, 0, 1 << 20, true), (READ_ONLY, 2 << 20, 0x1_0000, false)]
        {
            let hpa = frames.hpa(Gpa(gpa)).map_err(why)?;
            let mapping = Mapping { ua: Ua(ua), len, hpa, page_shift: PageShift::K4, writable };
            process.map(mapping).map_err(no)?;
        }
        let bridge = Bridge::new(setup.platform);
        let group = Arc::new(Group::new(&bridge, Pe(1), LIOBN, 1 << 20).map_err(no)?);
        Ok(User { process, frames, group, bridge })
    }

    fn v1(setup: &Setup) -> Result<(User, TceContainer), String> {
        let host = User::new(setup, u64::MAX, true)?;
        let container = TceContainer::v1(&host.process, &host.frames);
        container.attach_group(&host.group).map_err(no)?;
        container.enable().map_err(no)?;
        Ok((host, container))
    }

    /// A container of version 2, with the writable memory registered.
    fn v2(setup: &Setup) -> Result<(User, TceContainer), String> {
        let host = User::new(setup, u64::MAX, false)?;
        let container = TceContainer::v2(&host.process, &host.frames, &Arc::default());
        container.attach_group(&host.group).map_err(no)?;
        container.register_memory(&memory(UA, 1 << 20)).map_err(no)?;
        Ok((host, container))
    }

    fn locked(&self) -> u64 {
        self.process.memlock().locked()
    }

    fn pins(&self, gpa: u64) -> u32 {
        self.frames.hpa(Gpa(gpa)).map_or(0, |hpa| self.frames.pins(hpa))
    }

    fn dirty(&self, gpa: u64) -> bool {
        self.frames.hpa(Gpa(gpa)).is_ok_and(|hpa| self.frames.is_dirty(hpa))
    }
}

fn map(vaddr: u64, iova: u64, size: u64, flags: u32) -> MapDma {
    MapDma { vaddr, iova, size, flags, ..MapDma::new() }
}

fn clear(iova: u64, size: u64) -> UnmapDma {
    UnmapDma { iova, size, ..UnmapDma::new() }
}

fn memory(vaddr: u64, size: u64) -> RegisterMemory {
    RegisterMemory { vaddr, size, ..RegisterMemory::new() }
}

/// Entry `n` of the first window.
fn entry(container: &TceContainer, n: u64) -> Result<Tce, String> {
    let tables = container.tables();
    let table = tables.first().ok_or("the container has no window")?;
    table.tce(iommu::HwEntry(n)).map_err(why)
}

fn enable(setup: &Setup) -> Result<(), String> {
    let host = User::new(setup, 300, true)?;
    let container = TceContainer::v1(&host.process, &host.frames);
    expect!(container.enable(), Err(Errno::Enodev));
    container.attach_group(&host.group).map_err(no)?;
    expect!(container.enable(), Ok(()));
    expect!(host.locked(), 256);
    expect!(container.enable(), Err(Errno::Ebusy));
    expect!(host.locked(), 256);
    let poor = User::new(setup, 255, true)?;
    let container = TceContainer::v1(&poor.process, &poor.frames);
    container.attach_group(&poor.group).map_err(no)?;
    expect!((container.enable(), poor.locked()), (Err(Errno::Enomem), 0));
    let (_, second) = User::v2(setup)?;
    expect!(second.enable(), Err(Errno::Enotty));
    Ok(())
}

fn disable(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v1(setup)?;
    expect!((container.disable(), host.locked()), (Ok(()), 0));
    expect!((container.disable(), host.locked()), (Ok(()), 0));
    let mut by = container.agent();
    expect!(container.map_dma(&mut by, &map(UA, 0, PAGE, RW)), Err(Errno::Eperm));
    Ok(())
}

fn info(setup: &Setup) -> Result<(), String> {
    let (_host, container) = User::v1(setup)?;
    let info = container.info(16).map_err(no)?;
    expect!((info.dma32_window_start, info.dma32_window_size), (0, 1 << 20));
    expect!(info.ddw.is_none(), true);
    expect!(container.info(15), Err(Errno::Einval));
    let (host, second) = User::v2(setup)?;
    expect!(second.info(40).map_err(no)?.ddw.map(|ddw| ddw.max_windows), Some(2));
    let empty = TceContainer::v1(&host.process, &host.frames);
    expect!(empty.info(16), Err(Errno::Enxio));
    Ok(())
}

fn map_flags(setup: &Setup) -> Result<(), String> {
    let (_host, container) = User::v1(setup)?;
    let mut by = container.agent();
    for (n, flags, direction) in [
        (0, MAP_READ, Direction::ToDevice),
        (1, MAP_WRITE, Direction::FromDevice),
        (2, RW, Direction::Bidirectional),
    ] {
        container.map_dma(&mut by, &map(UA, n * PAGE, PAGE, flags)).map_err(no)?;
        expect!(entry(&container, n)?.direction(), direction);
    }
    for flags in [0, 4, 8, RW | 4, u32::MAX] {
        expect!(container.map_dma(&mut by, &map(UA, 0x5000, PAGE, flags)), Err(Errno::Einval));
    }
    expect!(entry(&container, 5)?.is_live(), false);
    let short = MapDma { argsz: 31, ..map(UA, 0x5000, PAGE, RW) };
    expect!(container.map_dma(&mut by, &short), Err(Errno::Einval));
    Ok(())
}

fn map_not_enabled(setup: &Setup) -> Result<(), String> {
    let host = User::new(setup, u64::MAX, true)?;
    let container = TceContainer::v1(&host.process, &host.frames);
    container.attach_group(&host.group).map_err(no)?;
    let mut by = container.agent();
    expect!(container.map_dma(&mut by, &map(UA, 0, PAGE, RW)), Err(Errno::Eperm));
    expect!(container.unmap_dma(&mut by, &clear(0, PAGE)), Err(Errno::Eperm));
    expect!(host.pins(0), 0);
    Ok(())
}

fn map_unaligned(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v1(setup)?;
    let mut by = container.agent();
    for wrong in [map(UA, 0x10, PAGE, RW), map(UA + 8, 0, PAGE, RW), map(UA, 0, 0x800, RW)] {
        expect!(container.map_dma(&mut by, &wrong), Err(Errno::Einval));
    }
    expect!(container.unmap_dma(&mut by, &clear(0x10, PAGE)), Err(Errno::Einval));
    expect!(container.unmap_dma(&mut by, &clear(0, 0x10)), Err(Errno::Einval));
    expect!(host.pins(0), 0);
    Ok(())
}

fn map_beyond(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v1(setup)?;
    let mut by = container.agent();
    let last = (1 << 20) - PAGE;
    expect!(container.map_dma(&mut by, &map(UA, last, 2 * PAGE, RW)), Err(Errno::Einval));
    expect!(container.map_dma(&mut by, &map(UA, 1 << 20, PAGE, RW)), Err(Errno::Enxio));
    expect!(
        container.map_dma(&mut by, &map(UA, last, u64::MAX - PAGE + 1, RW)),
        Err(Errno::Einval)
    );
    expect!(container.unmap_dma(&mut by, &clear(last, 2 * PAGE)), Err(Errno::Einval));
    expect!((entry(&container, 255)?.is_live(), host.pins(0)), (false, 0));
    expect!(container.map_dma(&mut by, &map(UA, last, PAGE, RW)), Ok(()));
    Ok(())
}

fn map_replaces(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v1(setup)?;
    let mut by = container.agent();
    container.map_dma(&mut by, &map(UA, 0, 2 * PAGE, RW)).map_err(no)?;
    container.map_dma(&mut by, &map(UA + 2 * PAGE, 0, PAGE, MAP_READ)).map_err(no)?;
    expect!((host.pins(0), host.pins(PAGE), host.pins(2 * PAGE)), (0, 1, 1));
    expect!((host.dirty(0), host.dirty(PAGE), host.dirty(2 * PAGE)), (true, false, false));
    container.map_dma(&mut by, &map(UA, 0, PAGE, RW)).map_err(no)?;
    expect!((host.pins(2 * PAGE), host.dirty(2 * PAGE)), (0, false));
    Ok(())
}

/// A map of four pages over live entries. Its third page is not memory of the process.
fn broken_map() -> MapDma {
    map(UA + (1 << 20) - 2 * PAGE, 0, 4 * PAGE, RW)
}

fn map_fails_midway(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v1(setup)?;
    let mut by = container.agent();
    container.map_dma(&mut by, &map(UA, 0, 4 * PAGE, RW)).map_err(no)?;
    expect!(container.map_dma(&mut by, &broken_map()), Err(Errno::Efault));
    for n in 0..4 {
        let stays = n >= 2;
        expect!(entry(&container, n)?.is_live(), stays);
        expect!((host.pins(n * PAGE), host.dirty(n * PAGE)), (u32::from(stays), !stays));
    }
    expect!((host.pins((1 << 20) - PAGE), host.pins((1 << 20) - 2 * PAGE)), (0, 0));
    Ok(())
}

fn map_whole(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v1(setup)?;
    let mut by = container.agent();
    container.map_dma(&mut by, &map(UA, 0, 4 * PAGE, RW)).map_err(no)?;
    expect!(container.map_dma_whole(&mut by, &broken_map()), Err(Errno::Efault));
    for n in 0..4 {
        expect!(entry(&container, n)?.is_live(), true);
        expect!((host.pins(n * PAGE), host.dirty(n * PAGE)), (1, false));
    }
    expect!(host.pins((1 << 20) - PAGE), 0);
    container.map_dma_whole(&mut by, &map(UA + 8 * PAGE, 0, 2 * PAGE, MAP_READ)).map_err(no)?;
    expect!((host.pins(0), host.pins(8 * PAGE), host.dirty(0)), (0, 1, true));
    Ok(())
}

fn map_read_only_memory(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v1(setup)?;
    let mut by = container.agent();
    expect!(container.map_dma(&mut by, &map(READ_ONLY, 0, PAGE, MAP_READ)), Ok(()));
    expect!(container.map_dma(&mut by, &map(READ_ONLY, PAGE, PAGE, RW)), Err(Errno::Efault));
    expect!(container.map_dma(&mut by, &map(READ_ONLY, PAGE, PAGE, MAP_WRITE)), Err(Errno::Efault));
    expect!(host.pins(2 << 20), 1);
    Ok(())
}

fn page_contained(setup: &Setup) -> Result<(), String> {
    let (_host, container) = User::v1(setup)?;
    let page = |shift| container.process().tce_page(Ua(UA), shift, true);
    expect!(page(PageShift::K4).is_ok(), true);
    expect!(page(PageShift::K64), Err(Errno::Eperm));
    expect!(page(PageShift::new(24).map_err(|e| e.to_string())?), Err(Errno::Eperm));
    Ok(())
}

fn hcall_unregistered(setup: &Setup) -> Result<(), String> {
    let told = |error: Error| error.to_string();
    let window = Window::bytes(Liobn(7), 0, 1 << 20, PageShift::K4).map_err(told)?;
    let frames = Arc::new(Frames::unregistered(1 << 20).map_err(told)?);
    let table = Bridge::new(setup.platform).create_table(window, 1).map_err(told)?;
    let all = iommu::Container::new(frames.clone());
    all.add_window(window, table.clone()).map_err(told)?;
    let mut agent = all.agent();
    let mut put = || all.put(&mut agent, Liobn(7), Ioba(0x5000), RawTce(0x3003));
    expect!(put().is_err(), true);
    expect!(table.tce(HwEntry(5)), Ok(Tce::CLEAR));
    let memory = frames.hpa(Gpa(0)).map_err(told)?;
    frames.register(&[memory..iommu::Hpa(memory.0 + (1 << 20))]).map_err(told)?;
    expect!(put(), Ok(()));
    expect!(frames.pins(frames.hpa(Gpa(0x3000)).map_err(told)?), 1);
    Ok(())
}

fn unmap(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v1(setup)?;
    let mut by = container.agent();
    container.map_dma(&mut by, &map(UA, PAGE, PAGE, RW)).map_err(no)?;
    container.map_dma(&mut by, &map(UA + PAGE, 3 * PAGE, PAGE, MAP_READ)).map_err(no)?;
    let flagged = UnmapDma { flags: 1, ..clear(0, 8 * PAGE) };
    expect!(container.unmap_dma(&mut by, &flagged), Err(Errno::Einval));
    expect!(container.unmap_dma(&mut by, &clear(0, 8 * PAGE)), Ok(()));
    expect!((host.pins(0), host.pins(PAGE)), (0, 0));
    expect!((host.dirty(0), host.dirty(PAGE)), (true, false));
    expect!(container.unmap_dma(&mut by, &clear(0, 8 * PAGE)), Ok(()));
    Ok(())
}

fn attach(setup: &Setup) -> Result<(), String> {
    let (host, first) = User::v1(setup)?;
    let other = Arc::new(Group::new(&host.bridge, Pe(2), Liobn(0x8000_0100), 1 << 20).map_err(no)?);
    expect!(first.attach_group(&other), Err(Errno::Ebusy));
    let second = TceContainer::v1(&host.process, &host.frames);
    expect!(second.attach_group(&host.group), Err(Errno::Ebusy));
    expect!(second.attach_group(&other), Ok(()));
    let mut by = first.agent();
    expect!(first.detach_group(&mut by, &other), Err(Errno::Enodev));
    Ok(())
}

fn detach(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v1(setup)?;
    let mut by = container.agent();
    container.map_dma(&mut by, &map(UA, 0, 8 * PAGE, RW)).map_err(no)?;
    container.detach_group(&mut by, &host.group).map_err(no)?;
    expect!((host.pins(0), host.dirty(0)), (0, true));
    container.attach_group(&host.group).map_err(no)?;
    container.map_dma(&mut by, &map(UA + PAGE, 0, PAGE, RW)).map_err(no)?;
    drop(by);
    drop(container); // the process dies
    expect!((host.pins(PAGE), host.dirty(PAGE), host.locked()), (0, true, 0));
    let (host, container) = User::v2(setup)?;
    let mut by = container.agent();
    container.map_dma(&mut by, &map(UA, 0, PAGE, RW)).map_err(no)?;
    drop(by);
    drop(container);
    expect!((host.pins(0), host.locked()), (0, 0));
    Ok(())
}

fn register(setup: &Setup) -> Result<(), String> {
    let host = User::new(setup, 300, false)?;
    let container = TceContainer::v2(&host.process, &host.frames, &Arc::default());
    container.attach_group(&host.group).map_err(no)?;
    for (vaddr, size) in [(UA + 8, PAGE), (UA, 0x800), (UA, 0), (u64::MAX - 0xfff, 2 * PAGE)] {
        expect!(container.register_memory(&memory(vaddr, size)), Err(Errno::Einval));
    }
    expect!(host.locked(), 0);
    expect!(container.register_memory(&memory(UA, 0x8_0000)), Ok(()));
    expect!(host.locked(), 128);
    expect!(container.register_memory(&memory(UA, 0x8_0000)), Err(Errno::Ebusy));
    expect!(container.register_memory(&memory(UA + 0x4_0000, 0x8_0000)), Err(Errno::Einval));
    expect!(host.locked(), 128);
    Ok(())
}

fn unregister(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v2(setup)?;
    let mut by = container.agent();
    let all = memory(UA, 1 << 20);
    container.map_dma(&mut by, &map(UA, 0, PAGE, RW)).map_err(no)?;
    let before = host.locked();
    expect!(container.unregister_memory(&all), Err(Errno::Ebusy));
    expect!((host.locked(), host.pins(0)), (before, 1));
    expect!(container.unregister_memory(&memory(UA, PAGE)), Err(Errno::Enoent));
    container.unmap_dma(&mut by, &clear(0, PAGE)).map_err(no)?;
    expect!(container.unregister_memory(&all), Ok(()));
    expect!(host.locked(), before - 256);
    expect!(container.unregister_memory(&all), Err(Errno::Enoent));
    Ok(())
}

fn map_unregistered(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v2(setup)?;
    let mut by = container.agent();
    expect!(container.map_dma(&mut by, &map(READ_ONLY, 0, PAGE, MAP_READ)).is_err(), true);
    expect!((host.pins(2 << 20), entry(&container, 0)?.is_live()), (0, false));
    Ok(())
}

fn create(page_shift: u32, window_size: u64) -> CreateWindow {
    CreateWindow { page_shift, window_size, levels: 1, ..CreateWindow::new() }
}

fn create_window(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v2(setup)?;
    for page_shift in [0, 11, 13, 35, 63, 64, 255, u32::MAX] {
        expect!(container.create_window(&create(page_shift, 1 << 28)), Err(Errno::Einval));
    }
    for size in [0, 0x8000, (1 << 28) + 0x1_0000] {
        expect!(container.create_window(&create(16, size)), Err(Errno::Einval));
    }
    let start = container.create_window(&create(16, 1 << 20)).map_err(no)?;
    expect!(start.0, TOP);
    expect!(container.create_window(&create(16, 1 << 20)), Err(Errno::Enospc));
    let mut by = container.agent();
    // Its pages are larger than those that back the memory (bug 5).
    expect!(container.map_dma(&mut by, &map(UA, TOP, 0x1_0000, RW)).is_err(), true);
    expect!(host.pins(0), 0);
    Ok(())
}

fn create_over_limit(setup: &Setup) -> Result<(), String> {
    let host = User::new(setup, 300, false)?;
    let container = TceContainer::v2(&host.process, &host.frames, &Arc::default());
    container.attach_group(&host.group).map_err(no)?;
    container.register_memory(&memory(UA, 1 << 20)).map_err(no)?;
    // The window below 4 GiB is created at the first use.
    let mut by = container.agent();
    container.map_dma(&mut by, &map(UA, 0, PAGE, RW)).map_err(no)?;
    let before = host.locked();
    expect!(container.create_window(&create(12, 1 << 30)), Err(Errno::Enomem));
    expect!(host.locked(), before);
    Ok(())
}

fn remove_window(setup: &Setup) -> Result<(), String> {
    let (host, container) = User::v2(setup)?;
    let mut by = container.agent();
    container.map_dma(&mut by, &map(UA, 0, PAGE, RW)).map_err(no)?;
    let gone = RemoveWindow { start_addr: 0, ..RemoveWindow::new() };
    let nowhere = RemoveWindow { start_addr: 0x5000, ..RemoveWindow::new() };
    expect!(container.remove_window(&mut by, &nowhere), Err(Errno::Einval));
    expect!(container.remove_window(&mut by, &gone), Ok(()));
    expect!((host.pins(0), host.dirty(0)), (0, true));
    expect!(container.map_dma(&mut by, &map(UA, 0, PAGE, RW)), Err(Errno::Enxio));
    expect!(container.remove_window(&mut by, &gone), Err(Errno::Einval));
    Ok(())
}

fn versions(setup: &Setup) -> Result<(), String> {
    let (_host, first) = User::v1(setup)?;
    let mut by = first.agent();
    expect!(first.register_memory(&memory(UA, PAGE)), Err(Errno::Enotty));
    expect!(first.unregister_memory(&memory(UA, PAGE)), Err(Errno::Enotty));
    expect!(first.create_window(&create(16, 1 << 20)), Err(Errno::Enotty));
    expect!(first.remove_window(&mut by, &RemoveWindow::new()), Err(Errno::Enotty));
    let (_host, second) = User::v2(setup)?;
    expect!((second.enable(), second.disable()), (Err(Errno::Enotty), Err(Errno::Enotty)));
    Ok(())
}
