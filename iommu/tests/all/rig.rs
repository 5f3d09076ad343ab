// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The setting of papr-tce 7: 1 GiB of guest memory, one 1 GiB window of 4 KiB pages at 0 with a
//! hardware table; and a second window of 64 KiB pages at 2^59.

use iommu::*;

pub(crate) const L: Liobn = Liobn(0x8000_0000);
pub(crate) const L2: Liobn = Liobn(0x8000_0001);
pub(crate) const START2: u64 = 0x0800_0000_0000_0000;
pub(crate) const MEMORY: u64 = 0x4000_0000;
pub(crate) const A: u64 = 0x10000;
pub(crate) const B: u64 = 0x20000;
pub(crate) const R: u64 = 1;
pub(crate) const W: u64 = 2;
pub(crate) const RW: u64 = 3;

pub(crate) struct Rig {
    pub(crate) all: Container,
    pub(crate) agent: Agent,
}

impl Rig {
    /// Both windows, with hardware pages of the guest's size.
    pub(crate) fn new() -> Rig {
        Rig::with(|window| IommuTable::new(window, Ioda2::default()).expect("a table"))
    }

    /// Both windows, over tables from `table`.
    pub(crate) fn with(table: impl Fn(Window) -> IommuTable) -> Rig {
        let all = Container::new(Frames::new(MEMORY).expect("memory"));
        let first = Window::bytes(L, 0, MEMORY, PageShift::K4).expect("a window");
        let second = Window::bytes(L2, START2, 0x1000_0000, PageShift::K64).expect("a window");
        for window in [first, second] {
            all.add_window(window, table(window)).expect("a new LIOBN");
        }
        let agent = all.agent();
        Rig { all, agent }
    }

    pub(crate) fn put(&mut self, ioba: u64, tce: u64) -> Result<(), Error> {
        self.all.put(&mut self.agent, L, Ioba(ioba), RawTce(tce))
    }

    pub(crate) fn list(&mut self, ioba: u64, list: &[u64]) -> Result<(), Error> {
        self.all.put_list(&mut self.agent, L, Ioba(ioba), list)
    }

    pub(crate) fn stuff(&mut self, ioba: u64, tce: u64, count: u64) -> Result<(), Error> {
        self.all.stuff(&mut self.agent, L, Ioba(ioba), RawTce(tce), count)
    }

    pub(crate) fn get(&self, ioba: u64) -> u64 {
        let window = self.all.window(L).expect("a window");
        window.view().load(window.window().entry(Ioba(ioba)).expect("in the window")).0
    }

    pub(crate) fn hpa(&self, gpa: u64) -> Hpa {
        self.all.frames().hpa(Gpa(gpa)).expect("owned")
    }

    pub(crate) fn pins(&self, gpa: u64) -> u32 {
        self.all.frames().pins(self.hpa(gpa))
    }

    pub(crate) fn dirty(&self, gpa: u64) -> bool {
        self.all.frames().is_dirty(self.hpa(gpa))
    }

    /// The hardware entry of a bus address in the first window.
    pub(crate) fn hw(&self, ioba: u64) -> Tce {
        self.all.windows()[0].tables()[0].tce(HwEntry(ioba >> 12)).expect("in the table")
    }

    /// The expected hardware entry for a guest page.
    pub(crate) fn tce(&self, gpa: u64, direction: Direction) -> Tce {
        Tce::new(self.all.frames().page(Gpa(gpa), PageShift::K4).expect("a page"), direction)
    }

    /// The state that a refused call must not change.
    pub(crate) fn state(&self) -> (u64, Tce, Vec<(usize, u32)>, Totals, Audit) {
        let pins = self.all.frames().all_pins().into_iter().enumerate();
        let pins = pins.filter(|&(_, count)| count != 0).collect();
        (self.get(0), self.hw(0), pins, self.agent.totals(), self.all.audit())
    }

    #[track_caller]
    pub(crate) fn assert_sound(&self) {
        let audit = self.all.audit();
        assert!(audit.holds(), "{audit:?}");
    }
}
