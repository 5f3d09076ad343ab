// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The exchange on each platform with its bridge, and on tables of several levels; and the cost of a
//! device's read beside that of a bare slice of guest memory.
//!
//! `bare_swap` is the unit. The target of one exchange with pins and dirt is 3.5 units; `put` also has
//! the checks of a hypercall: the LIOBN and the view. `slice` is the unit of the reads, whose target is 2 units.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use iommu::bridge::BridgeKind;
use iommu::*;
use std::fmt;
use tests::dma_rig::{DmaRig, L, MEMORY, RW};
use tests::fixture::{Bare, Old, OldPins};
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend};

fn main() {
    divan::main();
}

/// Entries of the window, all of them live, and of a sample.
const ENTRIES: u64 = MEMORY >> 12;
const RUN: u64 = 1024;

/// A platform, and the number of levels of its table.
#[derive(Clone, Copy)]
struct Row(Option<BridgeKind>, u32);

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.map_or("no bridge", |kind| kind.name);
        write!(f, "{name}, {} level(s)", self.1)
    }
}

const ROWS: [Row; 10] = [
    Row(None, 1),
    Row(None, 2),
    Row(None, 3),
    Row(None, 4),
    Row(None, 5),
    Row(Some(BridgeKind::P5IOC2), 1),
    Row(Some(BridgeKind::IODA1), 1),
    Row(Some(BridgeKind::IODA2), 1),
    Row(Some(BridgeKind::IODA2), 2),
    Row(Some(BridgeKind::IODA2), 5),
];

fn machine(Row(kind, levels): Row) -> DmaRig {
    let bytes = |bytes| Window::bytes(L, 0, bytes, PageShift::K4).expect("a window");
    let window = bytes(MEMORY);
    // Tables of several levels are for large windows.
    let hw = if levels == 1 { window } else { bytes(1 << 40) };
    let mut m = match kind {
        Some(kind) => DmaRig::with(&Bridge::with(kind, Swinv::ALL, None), window, hw, levels),
        None => {
            let table = IommuTable::with_levels(hw, levels, Ioda2::default());
            let table = std::sync::Arc::new(table.expect("a table"));
            let frames = Frames::new(MEMORY).expect("memory");
            DmaRig::over(&Bridge::new(BridgeKind::IODA2), frames, window, table)
        }
    };
    (0..ENTRIES).for_each(|n| m.put(n << 12, page(n)));
    m
}

fn page(n: u64) -> u64 {
    ((n % ENTRIES) << 12) | RW
}

#[divan::bench]
fn bare_swap(bencher: Bencher) {
    let bare = Bare::new();
    bencher.counter(ItemsCount::new(RUN)).bench_local(|| {
        (0..RUN).for_each(|n| _ = black_box(bare.swap(n, page(n + 1))));
    });
}

#[divan::bench]
fn old_design(bencher: Bencher) {
    let (old, pins) = (Old::new(), OldPins::new());
    (0..RUN).for_each(|n| old.replace(&pins, n, page(n)).expect("alone"));
    bencher.counter(ItemsCount::new(RUN)).bench_local(|| {
        (0..RUN).for_each(|n| _ = black_box(old.replace(&pins, n, page(n + 1))));
    });
}

#[divan::bench(args = ROWS)]
fn exchange(bencher: Bencher, row: Row) {
    let mut m = machine(row);
    let base = tests::fixture::base(&m.all);
    let mut round = 0;
    bencher.counter(ItemsCount::new(RUN)).bench_local(|| {
        round += 1;
        for n in 0..RUN {
            let (entry, tce) = (HwEntry(n), tests::fixture::host_page(base, (n + round) % ENTRIES));
            _ = black_box(tce_xchg(&m.table, m.all.frames(), &mut m.agent, entry, tce));
        }
    });
}

#[divan::bench(args = ROWS)]
fn put(bencher: Bencher, row: Row) {
    let mut m = machine(row);
    let mut round = 0;
    bencher.counter(ItemsCount::new(RUN)).bench_local(|| {
        round += 1;
        (0..RUN).for_each(|n| m.put(n << 12, page(n + round)));
    });
}

#[divan::bench(args = ROWS)]
fn list_of_512(bencher: Bencher, row: Row) {
    let mut m = machine(row);
    let lists: [Vec<u64>; 2] = [1, 7].map(|k| (0..512).map(|n| page(n * k)).collect());
    let mut round = 0;
    bencher.counter(ItemsCount::new(512u64)).bench_local(|| {
        round += 1;
        m.all.put_list(&mut m.agent, L, Ioba(0), &lists[round % 2]).expect("list");
    });
}

/// Reads of 8 bytes each from one page: one sample.
mod read {
    use super::*;

    const READS: u64 = 1000;

    /// The read of a device model without an IOMMU.
    #[divan::bench]
    fn slice(bencher: Bencher) {
        let m = machine(Row(None, 1));
        bencher.counter(ItemsCount::new(READS)).bench_local(|| {
            for n in 0..READS {
                let mut bytes = [0; 8];
                let at = GuestAddress(black_box((n % 64) * 8));
                let slice = black_box(&m.memory).get_slice(at, 8).expect("memory");
                slice.copy_to(&mut bytes);
                black_box(bytes);
            }
        });
    }

    #[divan::bench]
    fn read_obj(bencher: Bencher) {
        let m = machine(Row(None, 1));
        bencher.counter(ItemsCount::new(READS)).bench_local(|| {
            for n in 0..READS {
                let at = GuestAddress(black_box((n % 64) * 8));
                black_box(black_box(&m.memory).read_obj::<u64>(at).expect("memory"));
            }
        });
    }

    #[divan::bench(args = &ROWS[5..])]
    fn device(bencher: Bencher, row: Row) {
        let m = machine(row);
        let (mut device, ram) = (m.device(), m.ram());
        bencher.counter(ItemsCount::new(READS)).bench_local(|| {
            for n in 0..READS {
                let mut bytes = [0; 8];
                device.read(&ram, Ioba(black_box((n % 64) * 8)), &mut bytes).expect("mapped");
                black_box(bytes);
            }
        });
    }
}
