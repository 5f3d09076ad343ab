// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Random calls on every platform and number of levels, against a model that is a list of numbers. After each
//! call the view, the hardware, the pins and the pages that devices reach match the model.

use iommu::bridge::{BridgeKind, DmaFault};
use iommu::*;
use proptest::prelude::*;
use std::sync::Arc;
use tests::dma_rig::*;

/// Entries that calls use: the last ones of one level of a table and the first of the next.
const FIRST: u64 = 512 - 6;
const ENTRIES: u64 = 12;
/// Pages of memory that calls use.
const PAGES: u64 = 4;

#[derive(Clone, Debug)]
enum Op {
    Put(u64, u64),
    List(u64, Vec<u64>),
    Stuff(u64, u64, u64),
    Dma(u64, bool),
    /// A second hardware table is attached or detached.
    Second(bool),
    Reset,
}

fn tce() -> impl Strategy<Value = u64> {
    prop_oneof![
        8 => (0..PAGES, 0..4u64).prop_map(|(page, rw)| (A + (page << 16)) | rw),
        1 => Just(MEMORY | 3),
        1 => Just(A | 0x10 | 3),
        1 => Just(0xdead_0000),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let entry = || 0..ENTRIES;
    prop_oneof![
        4 => (entry(), tce()).prop_map(|(at, tce)| Op::Put(at, tce)),
        2 => (entry(), prop::collection::vec(tce(), 0..8)).prop_map(|(at, l)| Op::List(at, l)),
        2 => (entry(), tce(), 0..8u64).prop_map(|(at, tce, n)| Op::Stuff(at, tce, n)),
        4 => (entry(), any::<bool>()).prop_map(|(at, write)| Op::Dma(at, write)),
        1 => any::<bool>().prop_map(Op::Second),
        1 => Just(Op::Reset),
    ]
}

/// A bridge, the number of levels, and the page shifts of guest and hardware.
fn setting() -> impl Strategy<Value = (Arc<Bridge>, u32, u32, u32)> {
    let pages = prop_oneof![Just((12, 12)), Just((16, 12)), Just((16, 16))];
    (prop::sample::select(KINDS.to_vec()), 1..=5u32, pages).prop_map(
        |((_, kind, flags), levels, (guest, hw))| {
            let levels = if kind == BridgeKind::IODA2 { levels } else { 1 };
            (Bridge::with(kind, flags, None), levels, guest, hw)
        },
    )
}

struct World {
    m: DmaRig,
    shift: u32,
    second: Option<Arc<IommuTable>>,
    view: Vec<u64>,
}

impl World {
    fn ioba(&self, entry: u64) -> u64 {
        (FIRST + entry) << self.shift
    }

    /// True if the specification accepts this value (LoPAR 2.9, H_PUT_TCE).
    fn takes(&self, tce: u64) -> bool {
        let low = (1 << self.shift) - 1;
        tce & 3 == 0 || (tce & !3) & low == 0 && (tce & !3) < MEMORY
    }

    fn store(&mut self, at: u64, list: &[u64]) -> bool {
        let fits = list.iter().all(|&tce| self.takes(tce));
        if fits {
            for (n, &tce) in list.iter().enumerate() {
                self.view[at as usize + n] = tce;
            }
        }
        fits
    }

    fn step(&mut self, op: &Op) -> Result<(), TestCaseError> {
        match op {
            &Op::Put(at, tce) => {
                let ioba = Ioba(self.ioba(at));
                let done = self.m.all.put(&mut self.m.agent, L, ioba, RawTce(tce));
                prop_assert_eq!(done.is_ok(), self.store(at, &[tce]));
            }
            Op::List(at, list) => {
                let ioba = Ioba(self.ioba(*at));
                let done = self.m.all.put_list(&mut self.m.agent, L, ioba, list);
                prop_assert_eq!(done.is_ok(), self.store(*at, list));
            }
            &Op::Stuff(at, tce, n) => {
                let ioba = Ioba(self.ioba(at));
                let done = self.m.all.stuff(&mut self.m.agent, L, ioba, RawTce(tce), n);
                let list = vec![tce; n as usize];
                // The value is checked even when the call covers no entry.
                prop_assert_eq!(done.is_ok(), self.takes(tce) && self.store(at, &list));
            }
            &Op::Dma(at, write) => self.dma(at, write)?,
            &Op::Second(comes) => self.second(comes),
            Op::Reset => {
                self.m.all.clear(&mut self.m.agent);
                self.view.fill(0);
                if let Some(second) = self.second.take() {
                    self.m.all.detach(L, &second).expect("attached");
                }
            }
        }
        self.check()
    }

    /// A device reaches exactly the page of the guest's last value.
    fn dma(&mut self, at: u64, write: bool) -> Result<(), TestCaseError> {
        let (ioba, raw) = (self.ioba(at), self.view[at as usize]);
        let mut device = self.m.device();
        // The first access reads the table, the second one the cache.
        for _ in 0..2 {
            if write {
                let wrote = self.m.write(&mut device, ioba + 0x800, ioba);
                prop_assert_eq!(wrote.is_ok(), raw & 2 != 0);
                if raw & 2 != 0 {
                    prop_assert_eq!(self.m.in_memory((raw & !3) + 0x800), ioba);
                }
            } else {
                let read = self.m.read(&mut device, ioba);
                match raw & 3 {
                    0 => prop_assert_eq!(read, Err(DmaFault::NotMapped(Ioba(ioba)))),
                    2 => {
                        let refused = matches!(read, Err(DmaFault::NotAllowed { .. }));
                        prop_assert!(refused, "{:?}", read);
                    }
                    _ => prop_assert_eq!(read, Ok(raw & !3)),
                }
            }
        }
        Ok(())
    }

    /// Attaching replays nothing, so the table is attached and detached only while all entries are clear.
    fn second(&mut self, comes: bool) {
        if self.view.iter().any(|raw| raw & 3 != 0) || comes == self.second.is_some() {
            return;
        }
        match self.second.take() {
            Some(second) => self.m.all.detach(L, &second).expect("attached"),
            None => {
                let second = IommuTable::new(*self.m.table.window(), Ioda2::default());
                let second = Arc::new(second.expect("a table"));
                self.m.all.attach(L, second.clone()).expect("compatible");
                self.second = Some(second);
            }
        }
    }

    fn check(&mut self) -> Result<(), TestCaseError> {
        for at in 0..self.view.len() as u64 {
            let ioba = Ioba(self.ioba(at));
            let stored = self.m.all.tce(&mut self.m.agent, L, ioba);
            prop_assert_eq!(stored, Ok(RawTce(self.view[at as usize])));
        }
        let sub = 1u64 << (self.shift - self.m.table.window().page_shift().get());
        prop_assert_eq!(self.m.bridge.stale(), 0, "a dead translation is cached");
        let tables = 1 + u64::from(self.second.is_some());
        let live = self.view.iter().filter(|&raw| raw & 3 != 0).count() as u64 * sub * tables;
        prop_assert_eq!(self.m.all.audit(), Audit { live, ..Audit::default() });
        for page in 0..PAGES {
            let gpa = A + (page << 16);
            let maps = self.view.iter().filter(|&raw| raw & 3 != 0 && raw & !3 == gpa).count();
            prop_assert_eq!(u64::from(self.m.pins(gpa)), maps as u64 * tables);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_calls_on_any_platform_leave_every_invariant(
        (bridge, levels, guest, hw) in setting(),
        ops in prop::collection::vec(op(), 1..60),
    ) {
        let window = |shift| {
            let shift = PageShift::new(shift).expect("a shift");
            Window::new(L, shift, 0, 1 << (28 - shift.get())).expect("a window")
        };
        let m = DmaRig::with(&bridge, window(guest), window(hw), levels);
        let view = vec![0; ENTRIES as usize + 8];
        let mut world = World { m, shift: guest, second: None, view };
        for op in &ops {
            world.step(op)?;
        }
        // papr-tce 7.70: at the end every pin is released.
        let table = world.m.table.clone();
        world.m.all.remove_window(&mut world.m.agent, L).expect("there");
        prop_assert_eq!(world.m.all.audit_with(&[&table]), Audit::default());
    }
}
