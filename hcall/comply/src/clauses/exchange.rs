// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The exchange below the hypercalls: entries, batches, several tables, smaller hardware pages.

use crate::clause::Check::{Host, Once, Script};
use crate::clause::Clause;
use crate::direct::Setup;
use crate::expect;
use iommu::bridge::Bridge;
use iommu::*;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "exchange/old-direction",
        spec: "Linux: \"Fix endianness when reading TCEs\"; papr-tce 4.5.1 and 7.77; bug 1",
        says: "The old direction is read after the byte swap: it is bits 0 and 1 of the number, whatever the other bytes are.",
        check: Once(old_direction),
    },
    Clause {
        id: "exchange/stored-big-endian",
        spec: "LoPAR 2.9, TCE Definition; papr-tce 3.1",
        says: "An entry that is stored and swapped comes back unchanged, also when its bytes all differ.",
        check: Once(round_trip),
    },
    Clause {
        id: "exchange/none-is-clear",
        spec: "Linux: 10b35b2b7485; papr-tce 4.5.3 and 7.78; bug 2",
        says: "Direction none makes the clear entry; exchanging it for itself returns none and allocates nothing.",
        check: Host(none_is_clear),
    },
    Clause {
        id: "exchange/failed",
        spec: "papr-tce 7.75; Linux: iommu_tce_xchg, \"on error nothing changes\"",
        says: "An exchange that fails changes no entry, pin or dirty mark.",
        check: Host(failed),
    },
    Clause {
        id: "exchange/dropped-batch",
        spec: "Linux: iommu_tce_xchg_no_kill, iommu_tce_kill; papr-tce 4.5.7 and 6.4, reference leak",
        says: "However a batch ends, each page that it displaced is released once.",
        check: Host(dropped_batch),
    },
    Clause {
        id: "exchange/two-tables",
        spec: "Linux: kvmppc_h_put_tce (each attached table); papr-tce 5.2 and 7.32; bug 24",
        says: "Two hardware tables of one LIOBN change together, and each pins the page.",
        check: Host(two_tables),
    },
    Clause {
        id: "exchange/sub-pages",
        spec: "Linux: kvmppc_tce_iommu_map; papr-tce 2.8 and 7.31; bug 7",
        says: "A guest page of 64 KiB is 16 hardware entries with successive pages; other entries do not change.",
        check: Host(sub_pages),
    },
    Clause {
        id: "exchange/sub-pages-list",
        spec: "Linux: kvmppc_tce_iommu_map, kvmppc_tce_iommu_unmap; papr-tce 5.6 and 7.31; bug 7",
        says: "Lists and stuffing, too, write all hardware entries of a 64 KiB guest page, and no others.",
        check: Host(sub_pages_list),
    },
    Clause {
        id: "exchange/large-page-dirty",
        spec: "Linux: iommu_tce_xchg_no_kill, mm_iommu_mapped_dec; papr-tce 5.4",
        says: "A displaced page of 64 KiB is dirty in all of its 4 KiB frames, and its neighbours are not.",
        check: Host(large_page_dirty),
    },
    Clause {
        id: "exchange/large-page-contained",
        spec: "Linux: tce_page_is_contained; papr-tce 2.8 and 7.30; bug 5",
        says: "A page that extends beyond the end of memory is not mapped.",
        check: Host(large_page_contained),
    },
    Clause {
        id: "exchange/conservation",
        spec: "Linux: kvmppc_tce_iommu_mapped_dec; papr-tce 7.70",
        says: "After any sequence of calls the pins of a page equal the live entries that map it; after a clear of all entries every count is 0.",
        check: Host(conservation),
    },
    Clause {
        id: "exchange/write-only-dirty",
        spec: "Linux: iommu_tce_xchg_no_kill (DMA_FROM_DEVICE, DMA_BIDIRECTIONAL); papr-tce 3.2 and 7.74",
        says: "Displaced pages become dirty under the two directions that let a device write, and under no other.",
        check: Script(
            "
            poke LIST A B|R C|W D|RW
            H_PUT_TCE_INDIRECT L 0 LIST 4 -> H_SUCCESS; kvm _
            H_STUFF_TCE L 0 0 4 -> H_SUCCESS
            host dirty A = 0
            host dirty B = 0
            host dirty C = 1
            host dirty D = 1
            ",
        ),
    },
];

const L: Liobn = Liobn(0x8000_0000);
const A: u64 = 0x1_0000;
const B: u64 = 0x2_0000;
const RW: u64 = 3;

/// The sentence of a check that fails by an unexpected refusal.
pub(super) fn why(error: Error) -> String {
    format!("refused: {error}")
}

/// 4 MiB of memory and a window of 4 MiB with guest and hardware pages of these sizes, on the bridge of the machine.
pub(super) fn container(
    setup: &Setup,
    guest: PageShift,
    hardware: &[PageShift],
) -> Result<Container, String> {
    let bridge = Bridge::new(setup.platform);
    let all = Container::new(Frames::new(4 << 20).map_err(why)?);
    let window = Window::bytes(L, 0, 4 << 20, guest).map_err(why)?;
    for (n, &shift) in hardware.iter().enumerate() {
        let hw = Window::bytes(L, 0, 4 << 20, shift).map_err(why)?;
        let table = bridge.create_table(hw, 1).map_err(why)?;
        if n == 0 {
            all.add_window(window, table).map_err(why)?;
        } else {
            all.attach(L, table).map_err(why)?;
        }
    }
    Ok(all)
}

pub(super) fn pins(all: &Container, gpa: u64) -> u32 {
    all.frames().hpa(Gpa(gpa)).map_or(0, |hpa| all.frames().pins(hpa))
}

pub(super) fn dirty(all: &Container, gpa: u64) -> bool {
    all.frames().hpa(Gpa(gpa)).is_ok_and(|hpa| all.frames().is_dirty(hpa))
}

pub(super) fn put(all: &Container, by: &mut Agent, ioba: u64, tce: u64) -> Result<(), String> {
    all.put(by, L, Ioba(ioba), RawTce(tce)).map_err(why)
}

pub(super) fn sound(all: &Container) -> Result<(), String> {
    let audit = all.audit();
    if audit.holds() { Ok(()) } else { Err(format!("the accounting is broken: {audit:?}")) }
}

/// The guest address and permissions of a hardware entry, or 0 when the entry is clear.
fn hw(all: &Container, table: usize, entry: u64) -> Result<u64, String> {
    let window = all.window(L).map_err(why)?;
    let tce = window.tables()[table].tce(HwEntry(entry)).map_err(why)?;
    match all.frames().gpa(tce.hpa()) {
        _ if !tce.is_live() => Ok(0),
        Some(gpa) => Ok(gpa.0 | tce.direction().permissions()),
        None => Err(format!("hardware entry {entry} is {tce}, which is no guest memory")),
    }
}

fn old_direction() -> Result<(), String> {
    // Two values with the low bits clear and the top byte 3, and the reverse: a missing byte swap confuses
    // them.
    expect!(RawTce(0x0300_0000_0000_0000).direction(), Direction::None);
    expect!(RawTce(0x0000_0000_0004_0003).direction(), Direction::Bidirectional);
    let hpa = AlignedHpa::new(Hpa(0x0000_2000_0004_0000)).ok_or("the address is aligned")?;
    for direction in [Direction::ToDevice, Direction::FromDevice, Direction::Bidirectional] {
        let entry = AtomicTce::new(Tce::new(hpa, direction));
        let old = entry.swap(Tce::CLEAR);
        expect!((old.direction(), old.hpa()), (direction, hpa.hpa()));
        expect!(old.device_writes(), direction != Direction::ToDevice);
    }
    Ok(())
}

fn round_trip() -> Result<(), String> {
    let hpa = AlignedHpa::new(Hpa(0x0001_2345_6789_a000)).ok_or("the address is aligned")?;
    let tce = Tce::new(hpa, Direction::FromDevice);
    let entry = AtomicTce::new(Tce::CLEAR);
    expect!(entry.swap(tce), Tce::CLEAR);
    expect!(entry.load(), tce);
    expect!(entry.load().hpa(), Hpa(0x0001_2345_6789_a000));
    Ok(())
}

fn none_is_clear(setup: &Setup) -> Result<(), String> {
    let hpa = AlignedHpa::new(Hpa(0x2_0000)).ok_or("the address is aligned")?;
    expect!(Tce::new(hpa, Direction::None), Tce::CLEAR);
    let all = container(setup, PageShift::K4, &[PageShift::K4])?;
    let mut agent = all.agent();
    put(&all, &mut agent, 0x3000, A)?;
    put(&all, &mut agent, 0x3000, 0)?;
    expect!((agent.totals().pinned, agent.totals().released), (0, 0));
    expect!(hw(&all, 0, 3)?, 0);
    sound(&all)
}

fn failed(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K4, &[PageShift::K4])?;
    let mut agent = all.agent();
    put(&all, &mut agent, 0, A | RW)?;
    let window = all.window(L).map_err(why)?;
    let foreign = AlignedHpa::new(Hpa(0x7000)).ok_or("the address is aligned")?;
    let mut batch = Batch::new(&window.tables()[0], all.frames(), &mut agent).map_err(why)?;
    let refused = batch.tce_xchg(HwEntry(0), Tce::new(foreign, Direction::Bidirectional));
    expect!(refused.is_err(), true);
    let ours = all.frames().page(Gpa(B), PageShift::K4).map_err(why)?;
    let refused = batch.tce_xchg(HwEntry(1024), Tce::new(ours, Direction::Bidirectional));
    expect!(refused, Err(Error::NoEntry(HwEntry(1024))));
    drop(batch);
    expect!((pins(&all, A), pins(&all, B), dirty(&all, A)), (1, 0, false));
    expect!(hw(&all, 0, 0)?, A | RW);
    sound(&all)
}

fn dropped_batch(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K4, &[PageShift::K4])?;
    let mut agent = all.agent();
    put(&all, &mut agent, 0, A | RW)?;
    put(&all, &mut agent, 0x1000, A | 1)?;
    let window = all.window(L).map_err(why)?;
    let mut batch = Batch::new(&window.tables()[0], all.frames(), &mut agent).map_err(why)?;
    for entry in 0..2 {
        let old = batch.tce_xchg(HwEntry(entry), Tce::CLEAR).map_err(why)?;
        expect!(all.frames().gpa(old.hpa()), Some(Gpa(A)));
    }
    expect!((pins(&all, A), dirty(&all, A)), (2, false));
    drop(batch);
    expect!((pins(&all, A), dirty(&all, A)), (0, true));
    Ok(())
}

fn two_tables(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K4, &[PageShift::K4, PageShift::K4])?;
    let mut agent = all.agent();
    put(&all, &mut agent, 0x5000, A | RW)?;
    expect!((hw(&all, 0, 5)?, hw(&all, 1, 5)?), (A | RW, A | RW));
    expect!(pins(&all, A), 2);
    put(&all, &mut agent, 0x5000, B | 1)?;
    expect!((hw(&all, 0, 5)?, hw(&all, 1, 5)?), (B | 1, B | 1));
    expect!((pins(&all, A), pins(&all, B)), (0, 2));
    put(&all, &mut agent, 0x5000, 0)?;
    expect!((hw(&all, 0, 5)?, hw(&all, 1, 5)?, pins(&all, B)), (0, 0, 0));
    sound(&all)
}

fn sub_pages(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K64, &[PageShift::K4])?;
    let mut agent = all.agent();
    put(&all, &mut agent, 0x3_0000, A | RW)?;
    for n in 0..16 {
        expect!(hw(&all, 0, 48 + n)?, (A + (n << 12)) | RW);
    }
    expect!((hw(&all, 0, 47)?, hw(&all, 0, 64)?), (0, 0));
    expect!((pins(&all, A), pins(&all, A + 0xf000)), (1, 1));
    put(&all, &mut agent, 0x3_0000, 0)?;
    for n in 0..16 {
        expect!(hw(&all, 0, 48 + n)?, 0);
        expect!((pins(&all, A + (n << 12)), dirty(&all, A + (n << 12))), (0, true));
    }
    sound(&all)
}

fn sub_pages_list(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K64, &[PageShift::K4])?;
    let mut agent = all.agent();
    all.put_list(&mut agent, L, Ioba(0x1_0000), &[A | RW, B | 1]).map_err(why)?;
    expect!((hw(&all, 0, 15)?, hw(&all, 0, 16)?, hw(&all, 0, 31)?), (0, A | RW, (A + 0xf000) | RW));
    expect!((hw(&all, 0, 32)?, hw(&all, 0, 47)?, hw(&all, 0, 48)?), (B | 1, (B + 0xf000) | 1, 0));
    all.stuff(&mut agent, L, Ioba(0x1_0000), RawTce(0), 1).map_err(why)?;
    expect!((hw(&all, 0, 16)?, hw(&all, 0, 31)?, hw(&all, 0, 32)?), (0, 0, B | 1));
    sound(&all)
}

fn large_page_dirty(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K64, &[PageShift::K64])?;
    let mut agent = all.agent();
    put(&all, &mut agent, 0, A | 2)?;
    put(&all, &mut agent, 0, B | RW)?;
    for n in 0..16 {
        expect!((dirty(&all, A + (n << 12)), dirty(&all, B + (n << 12))), (true, false));
    }
    expect!(dirty(&all, A - 0x1000), false);
    Ok(())
}

fn large_page_contained(setup: &Setup) -> Result<(), String> {
    // Memory of 4 MiB and 64 KiB less 4 KiB: the last 64 KiB page is incomplete.
    let bytes = (4 << 20) + 0xf000;
    let all = Container::new(Frames::new(bytes).map_err(why)?);
    let window = Window::bytes(L, 0, 4 << 20, PageShift::K64).map_err(why)?;
    let table = Bridge::new(setup.platform).create_table(window, 1).map_err(why)?;
    all.add_window(window, table).map_err(why)?;
    let mut agent = all.agent();
    expect!(all.put(&mut agent, L, Ioba(0), RawTce((4 << 20) | RW)).is_err(), true);
    expect!(all.put(&mut agent, L, Ioba(0), RawTce(((4 << 20) - 0x1_0000) | RW)).is_ok(), true);
    sound(&all)
}

fn conservation(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K4, &[PageShift::K4, PageShift::K4])?;
    let mut agent = all.agent();
    let mut random = crate::random::Random::new(7);
    for turn in 0..2000 {
        let (ioba, page) = (random.below(64) << 12, random.below(16) << 12);
        let tce = page | random.below(4);
        let done = match random.below(3) {
            0 => all.put(&mut agent, L, Ioba(ioba), RawTce(tce)),
            1 => all.stuff(&mut agent, L, Ioba(ioba), RawTce(tce), random.below(40)),
            _ => {
                let list: Vec<u64> = (0..random.below(40))
                    .map(|_| random.below(16) << 12 | random.below(4))
                    .collect();
                all.put_list(&mut agent, L, Ioba(ioba), &list)
            }
        };
        done.map_err(why)?;
        if turn % 100 == 0 {
            sound(&all)?;
        }
    }
    all.stuff(&mut agent, L, Ioba(0), RawTce(0), 128).map_err(why)?;
    for frame in 0..16 {
        expect!(pins(&all, frame << 12), 0);
    }
    expect!(agent.totals().pinned, agent.totals().released);
    sound(&all)
}
