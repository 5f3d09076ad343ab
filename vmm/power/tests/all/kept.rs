// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Translations that a CPU keeps: when it walks a tree again, and when it has to (Power ISA 3.0B, Book III, 5.9.3.3 for tlbie,
//! 5.7.12 for rights; 5.10.1 for changes of an entry that need no tlbie).

use crate::radix::{
    DATA, Guest, KERNEL, LD, LEAF, LEVELS, OTHER, PRIVILEGED, Processes, READ, SC_1, STD, TLBIE,
    VALID, WRITE,
};
use power::{Exit, msr, spr};
use std::ops::Deref;
use vm_memory::{GuestAddress, GuestMemoryBackend, bitmap::Bitmap};

/// The table of a page directory entry for pages of 64K, and where its addresses begin.
const OF_64K: u64 = 0x3_3000;
const AT_64K: u64 = KERNEL + (2 << 20);
/// Real addresses of large pages.
const LARGE: u64 = 0x20_0000;
const ELSEWHERE: u64 = 0x21_0000;
/// RB of tlbie: AP, the page size.
const AP_64K: u64 = 5 << 5;
const AP_2M: u64 = 1 << 5;

impl Guest {
    /// Counts walks for data and instructions, in PMC3 and PMC4.
    fn count_walks(&mut self) {
        spr::spr(spr::MMCR1).expect("MMCR1").set(&mut self.cpu, 0xfcfc);
        spr::spr(spr::MMCR0).expect("MMCR0").set(&mut self.cpu, 0);
    }

    /// Walks for data, and for instructions.
    fn walks(&mut self) -> (u64, u64) {
        (self.spr(spr::PMC3), self.spr(spr::PMC4))
    }

    /// Runs the code at KERNEL with `ea` in r4. Returns r3.
    fn access(&mut self, ea: u64) -> u64 {
        self.cpu.set_msr(msr::SF | msr::ME | msr::IR | msr::DR);
        self.cpu.set_nip(KERNEL);
        self.cpu.gpr[4] = ea;
        assert_eq!(self.cpu.run(), Exit::Hcall);
        self.cpu.gpr[3]
    }

    /// Runs tlbie with this RIC, RB, and PID in RS.
    fn tlbie(&mut self, ric: u32, rb: u64, pid: u64) {
        let at = 0x7_0000;
        self.put(at, u64::from(TLBIE | 6 << 21 | ric << 18) << 32 | u64::from(SC_1));
        (self.cpu.gpr[5], self.cpu.gpr[6]) = (rb, pid << 32);
        self.cpu.set_msr(msr::SF | msr::ME);
        self.cpu.set_nip(at);
        assert_eq!(self.cpu.run(), Exit::Hcall);
    }

    /// A page of 64K at AT_64K.
    fn map_64k(&self, ra: u64) {
        self.put(LEVELS[2] + 8, VALID | OF_64K | 5);
        self.put(OF_64K, VALID | LEAF | ra | READ | WRITE | PRIVILEGED);
    }

    /// A page of 2M there.
    fn map_2m(&self, ra: u64) {
        self.put(LEVELS[2] + 8, VALID | LEAF | ra | READ | WRITE | PRIVILEGED);
    }

    /// Writes a number to each of some 4K pages that is made of its own.
    fn number_pages(&self, ra: u64, pages: u64, plus: u64) {
        (0..pages).for_each(|page| self.put(ra + 0x1000 * page, page + plus));
    }
}

#[test]
fn a_large_page_is_walked_once_however_many_of_its_4k_pages_are_used() {
    for (map, pages) in [(Guest::map_64k as fn(&Guest, u64), 16), (Guest::map_2m, 256)] {
        let mut guest = Guest::new(&[LD]);
        map(&guest, LARGE);
        guest.number_pages(LARGE, pages, 5);
        guest.count_walks();
        for _ in 0..2 {
            for page in 0..pages {
                assert_eq!(guest.access(AT_64K + 0x1000 * page), page + 5);
            }
        }
        assert_eq!(guest.walks(), (1, 1), "{pages} pages");
    }
}

#[test]
fn a_tlbie_of_a_large_page_shows_all_its_4k_pages_elsewhere() {
    let sizes = [(Guest::map_64k as fn(&Guest, u64), AP_64K), (Guest::map_2m, AP_2M)];
    for (map, ap) in sizes {
        let mut guest = Guest::new(&[LD]);
        map(&guest, LARGE);
        guest.number_pages(LARGE, 32, 100);
        (0..16).for_each(|page| assert_eq!(guest.access(AT_64K + 0x1000 * page), page + 100));
        // A page of 2M is aligned, so it moves by what is behind it: to RAM from 0 on.
        let ra = if ap == AP_2M { 0 } else { ELSEWHERE };
        map(&guest, ra);
        guest.tlbie(0, (AT_64K + 0x3000) | ap, 0);
        guest.count_walks();
        for page in 0..16 {
            let now = guest.access(AT_64K + 0x1000 * page);
            assert_eq!(now, if ra == 0 { guest.get(0x1000 * page) } else { page + 116 });
        }
        assert_eq!(guest.walks().0, 1);
    }
}

#[test]
fn a_tlbie_of_2m_shows_the_4k_pages_there_elsewhere() {
    let mut guest = Guest::new(&[LD]);
    guest.put(DATA, 1);
    guest.put(OTHER, 2);
    (1..100).for_each(|n| guest.map(n, DATA, READ | PRIVILEGED));
    (1..100).for_each(|n| assert_eq!(guest.access(KERNEL + 0x1000 * n), 1));
    (1..100).for_each(|n| guest.map(n, OTHER, READ | PRIVILEGED));
    guest.tlbie(0, KERNEL | AP_2M, 0);
    (1..100).for_each(|n| assert_eq!(guest.access(KERNEL + 0x1000 * n), 2));
}

// Quadrants 0 and 3 are one tree for process 0 (5.7.5), so an invalidation by either address is for both.
#[test]
fn a_tlbie_in_quadrant_0_of_process_0_is_for_quadrant_3_too() {
    let mut guest = Guest::new(&[LD]);
    guest.put(DATA, 1);
    guest.put(OTHER, 2);
    for (mapped, value) in [(DATA, 1), (OTHER, 2)] {
        guest.map(1, mapped, READ | PRIVILEGED);
        guest.tlbie(0, 0x1000, 0);
        assert_eq!(guest.access(KERNEL + 0x1000), value);
        assert_eq!(guest.access(0x1000), value);
    }
}

#[test]
fn a_kept_page_of_process_0_is_in_no_other_quadrant() {
    let mut guest = Guest::new(&[LD]);
    guest.access(KERNEL + 0x1000);
    guest.cpu.set_nip(KERNEL);
    guest.cpu.gpr[4] = 0x8000_0000_0000_1000;
    assert_eq!(guest.step().0, 0x380);
}

#[test]
fn a_switch_of_processes_there_and_back_walks_nothing() {
    for more in [0, msr::PR] {
        let mut processes = Processes::new(more != 0);
        for pid in [1, 2] {
            processes.switch(pid);
            assert_eq!(processes.run(Processes::AT, more), (pid, 10 + pid));
        }
        processes.0.count_walks();
        for pid in [1, 2, 1, 2] {
            processes.switch(pid);
            assert_eq!(processes.run(Processes::AT, more), (pid, 10 + pid));
        }
        assert_eq!(processes.0.walks(), (0, 0), "MSR {more:#x}");
    }
}

#[test]
fn any_number_of_processes_have_their_own_pages() {
    let mut processes = Processes::new(true);
    // Odd processes have the tree of process 1, and even ones that of process 2.
    for pid in 3..60 {
        let tree = processes.0.get(0x1_0000 + 16 * (2 - pid % 2));
        processes.0.put(0x1_0000 + 16 * pid, tree);
    }
    for _ in 0..2 {
        for pid in (1..60).chain([7, 8, 7]) {
            processes.switch(pid);
            let tree = 2 - pid % 2;
            assert_eq!(processes.run(Processes::AT, msr::PR), (tree, 10 + tree), "{pid}");
        }
    }
}

#[test]
fn a_tlbie_of_a_process_that_is_not_in_pidr_is_seen_when_it_comes_back() {
    const IS_1: u64 = 1 << 10;
    for more in [0, msr::PR] {
        let pages = [Processes::AT, Processes::AT + 0x1000];
        for (ric, rbs) in [(2, vec![IS_1]), (0, vec![IS_1]), (0, pages.to_vec())] {
            let mut processes = Processes::new(more != 0);
            for pid in [1, 2] {
                processes.switch(pid);
                processes.run(Processes::AT, more);
            }
            processes.map(1, 0, more != 0);
            rbs.iter().for_each(|rb| processes.0.tlbie(ric, *rb, 1));
            processes.0.count_walks();
            assert_eq!(processes.run(Processes::AT, more), (2, 12), "the other one stays");
            assert_eq!(processes.0.walks(), (0, 0));
            processes.switch(1);
            assert_eq!(processes.run(Processes::AT, more), (0, 10), "MSR {more:#x}, {rbs:x?}");
        }
    }
}

#[test]
fn a_tlbie_of_process_0_is_for_quadrant_3_and_for_quadrant_0_while_pidr_is_0() {
    const IS_1: u64 = 1 << 10;
    for more in [0, msr::PR] {
        let mut processes = Processes::new(more != 0);
        processes.switch(1);
        processes.run(Processes::AT, more);
        processes.kernel_is_as_ever();
        processes.0.map(1, OTHER, READ | PRIVILEGED);
        processes.0.put(OTHER, 8);
        processes.0.tlbie(2, IS_1, 0);
        processes.0.count_walks();
        assert_eq!(processes.run(Processes::AT, more), (1, 11));
        assert_eq!(processes.0.walks(), (0, 0), "quadrant 0 stays");
        assert_eq!(processes.run(KERNEL, 0), (99, 8), "MSR {more:#x}");
    }
    let mut guest = Guest::new(&[LD]);
    guest.put(DATA, 1);
    guest.put(OTHER, 2);
    for (mapped, value) in [(DATA, 1), (OTHER, 2)] {
        guest.map(1, mapped, READ | PRIVILEGED);
        guest.tlbie(2, IS_1, 0);
        assert_eq!(guest.access(0x1000), value);
    }
}

#[test]
fn code_that_changed_while_its_process_was_away_is_new_when_it_comes_back() {
    let mut processes = Processes::new(true);
    for pid in [1, 2] {
        processes.switch(pid);
        processes.run(Processes::AT, msr::PR);
    }
    processes.0.put(0x6_1000, 0x3860_0021_e8c4_0000); // li r3,33; ld r6,0(r4)
    processes.switch(1);
    assert_eq!(processes.run(Processes::AT, msr::PR), (33, 11));
}

#[test]
fn after_the_dirty_log_was_cleared_a_store_to_a_kept_page_marks_it_again() {
    let mut guest = Guest::new(&[LD, STD]);
    let dirty = |guest: &Guest| {
        let region = guest.ram.find_region(GuestAddress(DATA)).expect("in RAM");
        region.bitmap().dirty_at(DATA as usize)
    };
    for _ in 0..3 {
        guest.ram.iter().for_each(|region| region.deref().bitmap().dirty().reset());
        guest.cpu.flush_translations();
        assert!(!dirty(&guest));
        guest.access(KERNEL + 0x1000);
        assert!(dirty(&guest));
        // Loads of the page that is dirty allow stores to it; those are forgotten, too.
        guest.cpu.flush_translations();
        guest.access(KERNEL + 0x1000);
    }
}

#[test]
fn a_kept_page_is_used_with_the_rights_of_the_context() {
    let mut guest = Guest::new(&[LD]);
    guest.map(0, 0x1_2000, 5); // to problem state, too: READ | EXECUTE
    guest.access(KERNEL + 0x1000);
    guest.cpu.set_msr(msr::SF | msr::ME | msr::IR | msr::DR | msr::PR);
    guest.cpu.set_nip(KERNEL);
    let protection = 1 << (63 - 36);
    assert_eq!(guest.step(), (0x300, protection, KERNEL + 0x1000, 0));
}

#[test]
fn a_right_that_an_entry_gains_needs_no_tlbie() {
    let mut guest = Guest::new(&[LD, STD]);
    guest.map(1, DATA, READ | PRIVILEGED);
    guest.cpu.gpr[4] = KERNEL + 0x1000;
    assert_eq!(guest.step().0, KERNEL + 4);
    assert_eq!(guest.step().0, 0x300);
    guest.map(1, DATA, READ | WRITE | PRIVILEGED);
    guest.access(KERNEL + 0x1000);
    assert_eq!(guest.entry(1) & 0x180, 0x180, "referenced and changed");
}

// AMR bit 1 is the read disable of key 0: an access that may only be a store leaves no right to load.
#[test]
fn a_store_where_loads_are_forbidden_allows_none() {
    let mut guest = Guest::new(&[STD, LD]);
    guest.map(2, DATA, READ | WRITE);
    guest.cpu.gpr[4] = KERNEL + 0x2000;
    spr::spr(spr::AMR).expect("AMR").set(&mut guest.cpu, 1 << 62);
    assert_eq!(guest.step().0, KERNEL + 4);
    let protection = 1 << (63 - 36);
    assert_eq!(guest.step(), (0x300, protection, KERNEL + 0x2000, 0));
}
