// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Radix translation: the page that an access reaches, and the interrupt that it takes if there is none
//! (Power ISA 3.0B, Book III, 5.7.10, 5.7.12, 6.5.3 to 6.5.6).

use power::{Cpu, Exit, GuestMemory, ProcessTable, msr, spr};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

pub(crate) const RAM: usize = 4 << 20;
/// Real addresses of the process table and of a tree of 13 + 9 + 9 + 9 index bits.
pub(crate) const TABLE: u64 = 0x1_0000;
pub(crate) const LEVELS: [u64; 4] = [0x2_0000, 0x3_0000, 0x3_1000, 0x3_2000];
/// Real pages: the code, and some data.
const CODE: u64 = 0x1_2000;
pub(crate) const DATA: u64 = 0x1_4000;
pub(crate) const OTHER: u64 = 0x1_5000;
/// Effective pages of quadrant 3, all under one page directory.
pub(crate) const KERNEL: u64 = 0xc000_0000_0000_0000;

pub(crate) const VALID: u64 = 1 << 63;
pub(crate) const LEAF: u64 = 1 << 62;
const R: u64 = 0x100;
const C: u64 = 0x80;
pub(crate) const PRIVILEGED: u64 = 8;
pub(crate) const READ: u64 = 4;
pub(crate) const WRITE: u64 = 2;
const EXECUTE: u64 = 1;

pub(crate) const LD: u32 = 0xe864_0000; // ld r3,0(r4)
pub(crate) const STD: u32 = 0xf864_0000; // std r3,0(r4)
pub(crate) const TLBIE: u32 = 31 << 26 | 3 << 16 | 5 << 11 | 306 << 1; // tlbie r5,r0,0,1,1
pub(crate) const SC_1: u32 = 0x4400_0022;

pub(crate) struct Guest {
    pub(crate) cpu: Cpu,
    pub(crate) ram: Arc<GuestMemory>,
}

impl Guest {
    /// A CPU that runs `code` translated at KERNEL, with two pages of data after it.
    pub(crate) fn new(code: &[u32]) -> Guest {
        let ram = Arc::new(GuestMemory::from_ranges(&[(GuestAddress(0), RAM)]).expect("RAM"));
        let mut guest = Guest { cpu: crate::tool::cpu(Arc::clone(&ram)), ram };
        // 52 address bits: RTS = 21; the root indexes 13 bits.
        guest.put(TABLE, 2 << 61 | 5 << 5 | LEVELS[0] | 13);
        // Quadrants 0 and 3 share process 0's tree here.
        for (level, next) in LEVELS.windows(2).map(|w| (w[0], w[1])) {
            guest.put(level, VALID | next | 9);
        }
        guest.map(0, CODE, READ | EXECUTE | PRIVILEGED);
        guest.map(1, DATA, READ | WRITE | PRIVILEGED);
        for (i, word) in code.iter().chain(&[SC_1]).enumerate() {
            let at = GuestAddress(CODE + 4 * i as u64);
            guest.ram.write_slice(&word.to_be_bytes(), at).expect("RAM");
        }
        guest.cpu.set_process_table(ProcessTable { base: TABLE, size: 4096 });
        guest.cpu.set_msr(msr::SF | msr::ME | msr::IR | msr::DR);
        guest.cpu.set_nip(KERNEL);
        guest
    }
    pub(crate) fn put(&self, at: u64, value: u64) {
        self.ram.write_slice(&value.to_be_bytes(), GuestAddress(at)).expect("RAM");
    }
    pub(crate) fn get(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.ram.read_slice(&mut bytes, GuestAddress(at)).expect("RAM");
        u64::from_be_bytes(bytes)
    }
    /// Maps effective page `n` of the lowest level.
    pub(crate) fn map(&self, n: u64, ra: u64, rights: u64) {
        self.put(LEVELS[3] + 8 * n, VALID | LEAF | ra | rights);
    }
    pub(crate) fn entry(&self, n: u64) -> u64 {
        self.get(LEVELS[3] + 8 * n)
    }
    pub(crate) fn spr(&mut self, number: usize) -> u64 {
        spr::spr(number).expect("an SPR").value(&mut self.cpu)
    }
    /// Runs one instruction. Returns the next address, DSISR, DAR and the cause bits of SRR1.
    pub(crate) fn step(&mut self) -> (u64, u64, u64, u64) {
        assert_eq!(self.cpu.step(), None);
        let (dsisr, dar) = (self.spr(spr::DSISR), self.spr(spr::DAR));
        (self.cpu.nip(), dsisr, dar, self.spr(spr::SRR1) & 0x783f_0000)
    }
}

const fn bit(ibm: u32) -> u64 {
    1 << (63 - ibm)
}

#[test]
fn a_load_finds_its_page_and_sets_the_reference_bit() {
    let mut guest = Guest::new(&[LD]);
    guest.put(DATA + 8, 0x1122_3344_5566_7788);
    guest.cpu.gpr[4] = KERNEL + 0x1008;
    assert_eq!(guest.cpu.run(), Exit::Hcall);
    assert_eq!(guest.cpu.gpr[3], 0x1122_3344_5566_7788);
    assert_eq!(guest.entry(1) & (R | C), R);
    assert_eq!(guest.entry(0) & (R | C), R, "the fetch referred to its page");
}

#[test]
fn a_store_sets_the_change_bit_also_after_a_load_filled_the_tlb() {
    let mut guest = Guest::new(&[LD, STD]);
    guest.cpu.gpr[4] = KERNEL + 0x1000;
    assert_eq!(guest.cpu.run(), Exit::Hcall);
    assert_eq!(guest.entry(1) & (R | C), R | C);
}

#[test]
fn a_page_of_2_mib_is_a_leaf_one_level_up() {
    let mut guest = Guest::new(&[LD]);
    guest.put(LEVELS[2] + 8, VALID | LEAF | (2 << 20) | READ | PRIVILEGED);
    guest.put(0x2a_bcd8, 77);
    guest.cpu.gpr[4] = KERNEL + (2 << 20) + 0xa_bcd8;
    assert_eq!(guest.cpu.run(), Exit::Hcall);
    assert_eq!(guest.cpu.gpr[3], 77);
}

#[test]
fn no_entry_is_a_data_storage_interrupt_with_bit_33() {
    let mut guest = Guest::new(&[LD, STD]);
    guest.cpu.gpr[4] = KERNEL + 0x7008;
    assert_eq!(guest.step(), (0x300, bit(33), KERNEL + 0x7008, 0));
    let mut guest = Guest::new(&[STD]);
    guest.cpu.gpr[4] = KERNEL + 0x7008;
    assert_eq!(guest.step(), (0x300, bit(33) | bit(38), KERNEL + 0x7008, 0));
}

#[test]
fn a_store_to_a_page_that_may_only_be_read_has_bit_36() {
    let mut guest = Guest::new(&[STD]);
    guest.map(2, DATA, READ | PRIVILEGED);
    guest.cpu.gpr[4] = KERNEL + 0x2000;
    assert_eq!(guest.step(), (0x300, bit(36) | bit(38), KERNEL + 0x2000, 0));
    assert_eq!(guest.entry(2) & (R | C), 0, "a refused access is not recorded");
}

#[test]
fn problem_state_may_not_use_privileged_pages() {
    let mut guest = Guest::new(&[LD]);
    guest.map(0, CODE, READ | EXECUTE);
    guest.cpu.set_msr(guest.cpu.msr() | msr::PR);
    guest.cpu.gpr[4] = KERNEL + 0x1000;
    assert_eq!(guest.step(), (0x300, bit(36), KERNEL + 0x1000, 0));
}

#[test]
fn a_fetch_from_a_page_without_execute_is_an_instruction_storage_interrupt_with_bit_35() {
    let mut guest = Guest::new(&[]);
    guest.cpu.set_nip(KERNEL + 0x1000);
    let (nip, _, _, srr1) = guest.step();
    assert_eq!((nip, srr1), (0x400, bit(35)));
    assert_eq!(guest.spr(spr::SRR0), KERNEL + 0x1000);
}

#[test]
fn a_fetch_without_an_entry_has_bit_33() {
    let mut guest = Guest::new(&[]);
    guest.cpu.set_nip(KERNEL + 0x9000);
    let (nip, _, _, srr1) = guest.step();
    assert_eq!((nip, srr1), (0x400, bit(33)));
}

#[test]
fn quadrants_1_and_2_have_no_tree() {
    let mut guest = Guest::new(&[LD]);
    guest.cpu.gpr[4] = 0x4000_0000_0000_0000;
    let (nip, _, dar, _) = guest.step();
    assert_eq!((nip, dar), (0x380, 0x4000_0000_0000_0000));
    guest.cpu.set_msr(msr::SF | msr::ME | msr::IR | msr::DR);
    guest.cpu.set_nip(0x8000_0000_0000_0000);
    assert_eq!(guest.step().0, 0x480);
}

#[test]
fn bits_above_the_tree_are_a_segment_interrupt() {
    let mut guest = Guest::new(&[LD]);
    guest.cpu.gpr[4] = KERNEL | 1 << 52;
    assert_eq!(guest.step().0, 0x380);
}

#[test]
fn a_tree_outside_ram_is_told_and_harms_nobody() {
    for broken in [1 << 40, (u64::MAX >> 4) & !0xff] {
        let mut guest = Guest::new(&[LD]);
        guest.put(LEVELS[2] + 8, VALID | broken | 9);
        guest.cpu.gpr[4] = KERNEL + (2 << 20);
        assert_eq!(guest.step(), (0x300, bit(44), KERNEL + (2 << 20), 0));
    }
    // A level that indexes no bits, or that points to itself.
    for entry in [LEVELS[3], LEVELS[2] | 9, LEVELS[3] | 31] {
        let mut guest = Guest::new(&[LD]);
        guest.put(LEVELS[2] + 8, VALID | entry);
        guest.cpu.gpr[4] = KERNEL + (2 << 20);
        assert_eq!(guest.step().0, 0x300);
    }
}

#[test]
fn a_page_outside_ram_is_a_machine_check() {
    let mut guest = Guest::new(&[LD]);
    guest.map(2, 1 << 40, READ | PRIVILEGED);
    guest.cpu.gpr[4] = KERNEL + 0x2000;
    assert_eq!(guest.step().0, 0x200);
}

#[test]
fn a_process_table_outside_ram_or_too_small_is_told() {
    for (table, vector) in [
        (ProcessTable { base: 1 << 50, size: 4096 }, 0x400),
        (ProcessTable { base: TABLE, size: 8 }, 0x400),
        (ProcessTable { base: u64::MAX, size: u64::MAX }, 0x400),
    ] {
        let mut guest = Guest::new(&[LD]);
        guest.cpu.set_process_table(table);
        assert_eq!(guest.step().0, vector);
    }
}

#[test]
fn after_tlbie_a_changed_entry_is_seen() {
    let mut guest = Guest::new(&[LD, TLBIE, LD]);
    (guest.cpu.gpr[4], guest.cpu.gpr[5]) = (KERNEL + 0x1000, KERNEL + 0x1000);
    guest.put(DATA, 1);
    guest.put(OTHER, 2);
    assert_eq!(guest.cpu.step(), None);
    assert_eq!(guest.cpu.gpr[3], 1);
    guest.map(1, OTHER, READ | PRIVILEGED);
    assert_eq!(guest.cpu.run(), Exit::Hcall);
    assert_eq!(guest.cpu.gpr[3], 2);
}

#[test]
fn code_moves_with_its_page() {
    let mut guest = Guest::new(&[0x3860_0001]); // li r3,1
    assert_eq!(guest.cpu.run(), Exit::Hcall);
    guest.ram.write_slice(&0x3860_0002_u32.to_be_bytes(), GuestAddress(OTHER)).expect("RAM");
    guest.ram.write_slice(&SC_1.to_be_bytes(), GuestAddress(OTHER + 4)).expect("RAM");
    guest.map(0, OTHER, READ | EXECUTE | PRIVILEGED);
    guest.cpu.flush_translations();
    guest.cpu.set_nip(KERNEL);
    assert_eq!(guest.cpu.run(), Exit::Hcall);
    assert_eq!(guest.cpu.gpr[3], 2);
}

/// Two processes, each with a page of code and a page of data after it.
pub(crate) struct Processes(pub(crate) Guest);

impl Processes {
    pub(crate) const LEVELS: [u64; 4] = [0x4_0000, 0x5_0000, 0x5_1000, 0x5_2000];
    const CODES: [u64; 3] = [0x6_0000, 0x6_1000, 0x6_2000];
    const DATA: [u64; 3] = [0x6_4000, 0x6_5000, 0x6_6000];
    const ANY: u64 = READ | WRITE | EXECUTE;
    /// The effective address of the processes' code. A cache that is indexed by pages has it at another index
    /// than the kernel's pages.
    pub(crate) const AT: u64 = 0x5000;

    /// Page n contains code that loads n into r3 and the doubleword at r4 into r6.
    pub(crate) fn new(problem_state: bool) -> Processes {
        let guest = Guest::new(&[0x3860_0063, 0xe8c4_0000]); // li r3,99; ld r6,0(r4)
        for pid in [1, 2] {
            let levels = Processes::LEVELS.map(|at| at + 0x4_0000 * (pid - 1));
            guest.put(TABLE + 16 * pid, 2 << 61 | 5 << 5 | levels[0] | 13);
            for (level, next) in levels.windows(2).map(|w| (w[0], w[1])) {
                guest.put(level, VALID | next | 9);
            }
        }
        for n in 0..3 {
            let (code, data) = (Processes::CODES[n], Processes::DATA[n]);
            guest.put(code, (0x3860_0000 | n as u64) << 32 | 0xe8c4_0000);
            guest.put(code + 8, u64::from(SC_1) << 32);
            guest.put(data, 10 + n as u64);
        }
        let mut processes = Processes(guest);
        processes.map(1, 1, problem_state);
        processes.map(2, 2, problem_state);
        processes
    }

    /// Maps the pages n for a process.
    pub(crate) fn map(&mut self, pid: u64, n: usize, problem_state: bool) {
        let rights = Processes::ANY | if problem_state { 0 } else { PRIVILEGED };
        let lowest = Processes::LEVELS[3] + 0x4_0000 * (pid - 1) + Processes::AT / 0x1000 * 8;
        self.0.put(lowest, VALID | LEAF | Processes::CODES[n] | rights);
        self.0.put(lowest + 8, VALID | LEAF | Processes::DATA[n] | rights);
    }

    pub(crate) fn switch(&mut self, pid: u64) {
        spr::spr(spr::PIDR).expect("PIDR").set(&mut self.0.cpu, pid);
    }

    /// Runs the code at an address, with the data in the next page. Returns r3 and r6.
    pub(crate) fn run(&mut self, at: u64, more: u64) -> (u64, u64) {
        let cpu = &mut self.0.cpu;
        cpu.set_msr(msr::SF | msr::ME | msr::IR | msr::DR | more);
        cpu.set_nip(at);
        cpu.gpr[4] = at + 0x1000;
        assert_eq!(cpu.run(), Exit::Hcall);
        (cpu.gpr[3], cpu.gpr[6])
    }

    pub(crate) fn kernel_is_as_ever(&mut self) {
        self.0.put(DATA, 7);
        assert_eq!(self.run(KERNEL, 0), (99, 7));
    }
}

// Power ISA 3.0B, Book III, 5.7.5: quadrant 0 belongs to the process in PIDR, for privileged code too.
#[test]
fn each_process_has_its_own_code_and_data_and_quadrant_3_stays() {
    for more in [0, msr::PR] {
        let mut processes = Processes::new(more != 0);
        for pid in [1, 2, 1, 1, 2, 2, 1] {
            processes.switch(pid);
            for _ in 0..3 {
                assert_eq!(processes.run(Processes::AT, more), (pid, 10 + pid), "MSR {more:#x}");
                processes.kernel_is_as_ever();
            }
        }
    }
}

// Power ISA 3.0B, Book III, 5.9.3.3: RIC, PRS = 1, R = 1; IS = 1 in RB selects the PID in RS.
#[test]
fn a_tlbie_of_a_process_shows_its_changed_entries() {
    const PROCESS_OR_ITS_PAGE: [(u64, u64); 2] = [(1 << 10, 2), (0, 0)]; // RB, RIC
    for more in [0, msr::PR] {
        for (rb, ric) in PROCESS_OR_ITS_PAGE {
            let mut processes = Processes::new(more != 0);
            processes.switch(1);
            assert_eq!(processes.run(Processes::AT, more), (1, 11));
            processes.kernel_is_as_ever();
            processes.map(1, 0, more != 0);
            // tlbie r5,r6,RIC,1,1
            let tlbie = TLBIE | 6 << 21 | (ric as u32) << 18;
            let at = 0x7_0000;
            processes.0.put(at, u64::from(tlbie) << 32 | u64::from(SC_1));
            for page in [Processes::AT, Processes::AT + 0x1000] {
                let cpu = &mut processes.0.cpu;
                (cpu.gpr[5], cpu.gpr[6]) = (if rb == 0 { page } else { rb }, 1 << 32);
                cpu.set_msr(msr::SF | msr::ME);
                cpu.set_nip(at);
                assert_eq!(cpu.run(), Exit::Hcall);
            }
            assert_eq!(processes.run(Processes::AT, more), (0, 10), "MSR {more:#x}, RB {rb:#x}");
            processes.kernel_is_as_ever();
        }
    }
}

// AMR bits 0 and 1 are key 0: write and read disable (5.7.13.1; radix pages of problem state
// have key 0).
#[test]
fn the_amr_keeps_privileged_code_out_of_pages_of_problem_state() {
    let amr = spr::spr(spr::AMR).expect("AMR");
    let mut guest = Guest::new(&[LD, LD, STD, STD]);
    guest.map(2, DATA, READ | WRITE);
    guest.cpu.gpr[4] = KERNEL + 0x2000;
    assert_eq!(guest.step().0, KERNEL + 4, "open");
    amr.set(&mut guest.cpu, 1 << 62);
    assert_eq!(guest.step(), (0x300, bit(36), KERNEL + 0x2000, 0), "no reading");
    guest.cpu.set_msr(msr::SF | msr::ME | msr::IR | msr::DR);
    guest.cpu.set_nip(KERNEL + 8);
    amr.set(&mut guest.cpu, 1 << 62);
    assert_eq!(guest.step().0, KERNEL + 12, "writing is allowed");
    amr.set(&mut guest.cpu, 3 << 62);
    assert_eq!(guest.step(), (0x300, bit(36) | bit(38), KERNEL + 0x2000, 0), "nothing");
}

#[test]
fn with_ail_3_an_interrupt_keeps_translation_and_goes_to_the_high_vectors() {
    let mut guest = Guest::new(&[LD]);
    guest.cpu.set_alternate_interrupt_location(true);
    guest.cpu.gpr[4] = KERNEL + 0x7000;
    assert_eq!(guest.step().0, 0xc000_0000_0000_4300);
    assert_eq!(guest.cpu.msr() & (msr::IR | msr::DR), msr::IR | msr::DR);
}

#[test]
fn a_tlbie_of_one_cpu_is_seen_by_another() {
    let mut guest = Guest::new(&[LD]);
    guest.cpu.gpr[4] = KERNEL + 0x1000;
    guest.put(DATA, 1);
    guest.put(OTHER, 2);
    assert_eq!(guest.cpu.run(), Exit::Hcall);
    let mut second = guest.cpu.sibling();
    guest.map(1, OTHER, READ | PRIVILEGED);
    guest.ram.write_slice(&TLBIE.to_be_bytes(), GuestAddress(OTHER + 0x100)).expect("RAM");
    second.set_msr(msr::SF | msr::ME);
    second.set_nip(OTHER + 0x100);
    second.gpr[5] = KERNEL + 0x1000;
    assert_eq!(second.step(), None);
    guest.cpu.set_nip(KERNEL);
    assert_eq!(guest.cpu.run(), Exit::Hcall);
    assert_eq!(guest.cpu.gpr[3], 2);
}

/// Random numbers: splitmix64.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*seed ^ *seed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// An entry that leads to a table or page, to no place, or that is any number.
fn any_entry(seed: &mut u64) -> u64 {
    let place = [next(seed) % RAM as u64, RAM as u64, 1 << 50, next(seed) >> 8];
    let place = place[(next(seed) % 4) as usize] & !0xff;
    match next(seed) % 4 {
        0 => next(seed),
        1 => VALID | LEAF | place | R | C | READ | WRITE | EXECUTE,
        _ => VALID | place | (next(seed) % 32),
    }
}

// A guest may write anything into its tables. Each access is translated or ends in an interrupt; nothing
// panics or runs without end.
#[test]
fn trees_of_any_content_end_every_access() {
    let mut seed = 0x7ce;
    for round in 0..3000 {
        let mut guest = Guest::new(&[STD, LD]);
        let entries = LEVELS.iter().flat_map(|level| [*level, level + 8, level + 0xfff8]);
        for at in entries.chain([TABLE, TABLE + 8]) {
            if next(&mut seed).is_multiple_of(2) {
                guest.put(at, any_entry(&mut seed));
            }
        }
        if next(&mut seed).is_multiple_of(4) {
            let base = [TABLE, TABLE + 8, RAM as u64 - 8, RAM as u64, u64::MAX, next(&mut seed)];
            let base = base[(next(&mut seed) % 6) as usize];
            let size = [0, 16, 4096, u64::MAX][(next(&mut seed) % 4) as usize];
            guest.cpu.set_process_table(ProcessTable { base, size });
        }
        let near = KERNEL + next(&mut seed) % 0x3000;
        guest.cpu.gpr[4] = if round % 2 == 0 { near } else { next(&mut seed) };
        for _ in 0..8 {
            let exit = guest.cpu.step();
            assert!(matches!(exit, None | Some(Exit::Hcall)), "round {round}: {exit:?}");
        }
    }
}

#[test]
fn the_performance_monitor_counts_walks_for_data_and_for_instructions() {
    // PM_DTLB_MISS is 0xfc in PMC3, PM_ITLB_MISS in PMC4. Without tlbie the TLB has the page.
    for (code, walks) in [([LD, LD, LD], 1), ([LD, TLBIE, LD], 2)] {
        let mut guest = Guest::new(&code);
        (guest.cpu.gpr[4], guest.cpu.gpr[5]) = (KERNEL + 0x1000, KERNEL + 0x1000);
        spr::spr(spr::MMCR1).expect("MMCR1").set(&mut guest.cpu, 0xfcfc);
        spr::spr(spr::MMCR0).expect("MMCR0").set(&mut guest.cpu, 0);
        assert_eq!(guest.cpu.run(), Exit::Hcall);
        assert_eq!(guest.spr(spr::PMC3), walks);
        let fetches = guest.spr(spr::PMC4);
        assert!((1..=walks).contains(&fetches), "{fetches} of one page");
    }
}
