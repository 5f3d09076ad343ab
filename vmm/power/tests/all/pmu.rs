// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The performance monitor (Power ISA 3.0B, Book III, chapter 9): exact counts of known programs, the
//! conditions that freeze a counter, alerts and their interrupt, and access to the registers. Codes of events
//! are those of the POWER9 Performance Monitor Unit User's Guide, in the form of Linux and `perf list`.

use crate::guest::{AT, DATA, END, Guest, NOP};
use power::{CLOCK_HZ, Exit, TIMEBASE_HZ, msr, spr};

/// MSR of a new guest: 64-bit, machine checks enabled.
const MSR: u64 = msr::SF | msr::ME;

const fn bit(n: u32) -> u64 {
    1 << (63 - n)
}

// MMCR0.
const FC: u64 = bit(32);
const FCS: u64 = bit(33);
const FCP: u64 = bit(34);
const FCM1: u64 = bit(35);
const FCM0: u64 = bit(36);
const PMAE: u64 = bit(37);
const FCECE: u64 = bit(38);
const EBE: u64 = bit(43);
const PMC1CE: u64 = bit(48);
const PMCJCE: u64 = bit(49);
const TRIGGER: u64 = bit(50);
const FCPC: u64 = bit(51);
const CC56: u64 = bit(55);
const PMAO: u64 = bit(56);
const FC14: u64 = bit(58);
const FC56: u64 = bit(59);
const FC14WAIT: u64 = bit(62);

/// MMCR1 with the event 0x00002, instructions, in PMC1 to PMC4.
const INSTRUCTIONS: u64 = 0x0202_0202;

const fn field(number: usize) -> u32 {
    ((number as u32 & 31) << 16) | ((number as u32 >> 5) << 11)
}
/// mtspr number,rS
const fn mtspr(number: usize, rs: u32) -> u32 {
    31 << 26 | rs << 21 | field(number) | 467 << 1
}
/// mfspr rT,number
const fn mfspr(rt: u32, number: usize) -> u32 {
    31 << 26 | rt << 21 | field(number) | 339 << 1
}
/// bdnz with a displacement in instructions.
const fn bdnz(by: i32) -> u32 {
    0x4200_0000 | (4 * by) as u32 & 0xfffc
}

fn nops(count: usize) -> Vec<u32> {
    vec![NOP; count]
}

impl Guest {
    fn pmc(&mut self, counter: usize) -> u64 {
        self.spr(&format!("pmc{counter}"))
    }
    fn pmcs(&mut self) -> [u64; 6] {
        std::array::from_fn(|i| self.pmc(i + 1))
    }
    /// Sets MMCR1 so that a counter counts an event. The unit, the combine and the selector are in the code
    /// in Linux' layout (its PMU's `format` in sysfs).
    fn select(&mut self, counter: u32, code: u64) {
        if counter > 4 {
            return; // PMC5 and PMC6 have one event each
        }
        let n = u64::from(counter) - 1;
        let (unit, combine, select) = (code >> 12 & 15, code >> 10 & 3, code & 0xff);
        let mmcr1 = unit << (60 - 4 * n) | combine << (38 - 2 * n) | select << (24 - 8 * n);
        self.set_spr("mmcr1", mmcr1);
    }
}

#[test]
fn pmc5_counts_each_instruction_between_a_write_and_a_read_of_it() {
    // A write takes effect after its mtspr; a read includes every instruction completed before it. 100
    // instructions are more than a block.
    for length in [0, 1, 63, 64, 65, 100, 5000] {
        let start = mtspr(spr::MMCR0, 10);
        let tail = [mfspr(3, spr::PMC5), NOP, mfspr(4, spr::PMC5), mtspr(spr::MMCR0, 11), NOP];
        let code = [vec![start], nops(length), tail.to_vec()].concat();
        let mut guest = Guest::new(&code);
        guest.cpu.gpr[10] = 0;
        guest.cpu.gpr[11] = FC;
        guest.run();
        let length = length as u64;
        assert_eq!((guest.cpu.gpr[3], guest.cpu.gpr[4]), (length, length + 2));
        assert_eq!(guest.pmc(5), length + 4, "up to the mtspr that freezes it");
    }
}

#[test]
fn instructions_of_a_loop_are_counted_in_every_counter() {
    let mut guest = Guest::new(&[NOP, NOP, bdnz(-2)]);
    guest.set_spr("mmcr1", INSTRUCTIONS);
    guest.set_spr("mmcr0", 0);
    guest.cpu.set_ctr(100_000);
    guest.run();
    // the counts include sc 1
    let [pmc1, pmc2, pmc3, pmc4, pmc5, _] = guest.pmcs();
    assert_eq!([pmc1, pmc2, pmc3, pmc4, pmc5], [300_001; 5]);
}

#[test]
fn an_instruction_that_is_interrupted_is_not_counted() {
    // lbz r5,0(r6), beyond RAM: two nops, and sc 1 of the handler
    let mut guest = Guest::new(&[NOP, NOP, 0x88a6_0000, NOP]);
    guest.cpu.gpr[6] = END;
    guest.set_spr("mmcr0", 0);
    assert_eq!(guest.run(), 0x200);
    assert_eq!(guest.pmc(5), 3);
}

#[test]
fn counters_are_32_bits_and_go_on_at_0() {
    let mut guest = Guest::new(&nops(10));
    guest.set_spr("pmc5", 0xffff_fffa);
    guest.set_spr("mmcr0", 0);
    guest.run();
    assert_eq!(guest.pmc(5), 5);
}

/// The counts of PMC1 and PMC5 for ten instructions and sc 1.
fn counted(mode: u64, mmcr0: u64, mmcr2: u64, run: u64) -> (u64, u64) {
    let mut guest = Guest::in_mode(mode, &nops(10));
    guest.set_spr("mmcr1", INSTRUCTIONS);
    guest.set_spr("mmcr2", mmcr2);
    guest.set_spr("ctrl", run);
    guest.set_spr("mmcr0", mmcr0);
    guest.run();
    let pmcs = guest.pmcs();
    assert_eq!(pmcs[0..4], [pmcs[0]; 4], "PMC1 to PMC4");
    (pmcs[0], pmcs[4])
}

#[test]
fn freeze_bits_of_mmcr0_freeze_in_their_state_only() {
    const PR: u64 = MSR | msr::PR;
    const PMM: u64 = MSR | msr::PMM;
    let all = (11, 11);
    for (mode, mmcr0, run, expected) in [
        (MSR, 0, 1, all),
        (PR, 0, 1, all),
        (MSR, FC, 1, (0, 0)),
        (PR, FC, 1, (0, 0)),
        (MSR, FCS, 1, (0, 0)),
        (PR, FCS, 1, all),
        (MSR, FCP, 1, all),
        (PR, FCP, 1, (0, 0)),
        (MSR, FCPC, 1, all),
        (PR, FCPC, 1, (0, 0)), // FCP = 0: problem state that is no hypervisor's
        (PR, FCP | FCPC, 1, all), // FCP = 1: that of a hypervisor
        (MSR, FCM1, 1, all),
        (PMM, FCM1, 1, (0, 0)),
        (MSR, FCM0, 1, (0, 0)),
        (PMM, FCM0, 1, all),
        (MSR, FC14, 1, (0, 11)),
        (MSR, FC56, 1, (11, 0)),
        (MSR, FC14 | FC56, 1, (0, 0)),
        (MSR, 0, 0, (11, 0)), // PMC5 and PMC6 follow the run latch
        (MSR, CC56, 0, all),
        (MSR, FC14WAIT, 0, (0, 0)),
        (MSR, FC14WAIT, 1, all),
        (MSR, FCS | 3 << 18, 1, (0, 11)), // PMCC = 0b11: PMC5 and PMC6 are not part of the monitor
        (MSR, FC | 3 << 18, 0, (0, 0)),
        (MSR, bit(63), 1, all), // FCH: never in hypervisor state
    ] {
        // With PMCC, PMC5 counts with FC or without, but only while the monitor is on.
        assert_eq!(counted(mode, mmcr0, 0, run), expected, "{mode:x} {mmcr0:x} {run}");
    }
}

#[test]
fn freeze_bits_of_mmcr2_freeze_one_counter_each() {
    const PR: u64 = MSR | msr::PR;
    const PMM: u64 = MSR | msr::PMM;
    // S, P0, P1, M1, M0, WAIT, H
    for (at, frozen, not) in [
        (0, Some((MSR, 1)), (PR, 1)),
        (1, Some((PR, 1)), (MSR, 1)),
        (2, None, (PR, 1)),
        (3, Some((PMM, 1)), (MSR, 1)),
        (4, Some((MSR, 1)), (PMM, 1)),
        (5, Some((MSR, 0)), (MSR, 1)),
        (6, None, (MSR, 1)),
    ] {
        for counter in 1..=6u32 {
            let mmcr2 = 1 << (63 - 9 * (counter - 1) - at);
            let counts = |(mode, run): (u64, u64)| {
                let mut guest = Guest::in_mode(mode, &nops(10));
                guest.set_spr("mmcr1", INSTRUCTIONS);
                guest.set_spr("mmcr2", mmcr2);
                guest.set_spr("ctrl", run);
                guest.set_spr("mmcr0", CC56);
                guest.run();
                let pmcs = guest.pmcs();
                pmcs.map(|count| count != 0)
            };
            let mut expected = [true; 6];
            assert_eq!(counts(not), expected, "bit {at} of PMC{counter}");
            expected[counter as usize - 1] = false;
            if let Some(state) = frozen {
                assert_eq!(counts(state), expected, "bit {at} of PMC{counter}");
            }
        }
    }
}

#[test]
fn what_is_counted_follows_a_change_of_the_msr_and_of_the_run_latch() {
    // Three nops; rfid, which turns PMM on; five nops; sc, which turns it off, and sc 1 of the handler.
    let code = [nops(3), vec![0x4c00_0024], nops(5), vec![0x4400_0002]].concat();
    for (mmcr0, expected) in [(0, 11), (FCM0, 6), (FCM1, 5)] {
        let mut guest = Guest::new(&code);
        guest.set_spr("mmcr0", mmcr0);
        guest.set_spr("srr0", AT + 16);
        guest.set_spr("srr1", MSR | msr::PMM);
        assert_eq!(guest.run(), 0xc00);
        assert_eq!(guest.pmc(5), expected, "{mmcr0:x}");
    }
    // mtspr CTRL,r10 (off); two nops; mtspr CTRL,r11 (on); one nop; sc 1
    let off_and_on = [NOP, mtspr(spr::CTRL, 10), NOP, NOP, mtspr(spr::CTRL, 11), NOP];
    let mut guest = Guest::new(&off_and_on);
    (guest.cpu.gpr[10], guest.cpu.gpr[11]) = (0, 1);
    guest.set_spr("mmcr0", 0);
    guest.run();
    assert_eq!(guest.pmc(5), 4, "nop, mtspr; nop, sc");
}

/// 2 + 5 * 4 + 5 instructions, and sc 1: 10 loads, 5 stores, 8 branches, of which 6 are taken.
const MIXED: [u32; 11] = [
    0x38a0_0005, // li r5,5
    0x7ca9_03a6, // mtctr r5
    0x80c7_0000, // lwz r6,0(r7)
    0x7d00_3828, // lwarx r8,0,r7
    0x90c7_0004, // stw r6,4(r7)
    bdnz(-3),
    0x4182_0008, // beq .+8, not taken
    0x4800_0008, // b .+8
    NOP,
    0x4800_0005, // bl .+4
    0x7cc6_3378, // mr r6,r6
];

#[test]
fn each_event_that_is_known_counts_exactly() {
    const ALL: u64 = 27; // with sc 1
    for (counter, code, expected) in [
        (1, 0x0_0002, ALL),
        (2, 0x0_0002, ALL),
        (3, 0x0_0002, ALL),
        (4, 0x0_0002, ALL),
        (1, 0x1_00fe, ALL),
        (2, 0x2_00f2, ALL),
        (3, 0x3_00f2, ALL),
        (3, 0x3_00f4, ALL),
        (4, 0x4_00fa, ALL),
        (1, 0x1_00fc, 10), // PM_LD_REF_L1
        (4, 0x4_003e, 10), // PM_LD_CMPL
        (2, 0x2_00f0, 5),  // PM_ST_CMPL
        (2, 0x2_0016, 5),  // PM_ST_FIN
        (4, 0x4_d05e, 8),  // PM_BR_CMPL
        (1, 0x1_0012, 8),  // PM_BR_CMPL_ALT
        (2, 0x2_00fa, 6),  // PM_BR_TAKEN_CMPL
        (4, 0x4_00f6, 0),  // PM_BR_MPRED_CMPL: nothing is predicted
        (3, 0x3_e054, 0),  // PM_LD_MISS_L1
        (1, 0x0_0000, 0),  // PM_SUSPENDED
        (2, 0x1_00fc, 0),  // of another counter
        (4, 0x4_005e, 0),  // of another unit
    ] {
        let mut guest = Guest::new(&MIXED);
        guest.cpu.gpr[7] = DATA;
        guest.select(counter, code);
        guest.set_spr("mmcr0", 0);
        guest.run();
        let text = format!("{code:#x} in PMC{counter}");
        assert_eq!(guest.pmc(counter as usize), expected, "{text}");
        assert_eq!(guest.pmc(5), ALL, "{text}");
    }
}

#[test]
fn loads_are_counted_up_to_the_read_of_the_counter_and_up_to_an_interrupt() {
    // Three loads; mfspr r3,PMC1; a load; a load beyond RAM; a load
    let load = 0x80c7_0000; // lwz r6,0(r7)
    let beyond = 0x80c9_0000; // lwz r6,0(r9)
    let code = [load, NOP, load, load, mfspr(3, spr::PMC1), load, beyond, load];
    let mut guest = Guest::new(&code);
    (guest.cpu.gpr[7], guest.cpu.gpr[9]) = (DATA, END);
    guest.select(1, 0x1_00fc);
    guest.set_spr("mmcr0", 0);
    assert_eq!(guest.run(), 0x200);
    assert_eq!((guest.cpu.gpr[3], guest.pmc(1)), (3, 4));
}

#[test]
fn external_interrupts_are_counted() {
    let mut guest = Guest::in_mode(MSR | msr::EE, &nops(2));
    guest.select(2, 0x2_00f8);
    guest.set_spr("mmcr0", 0);
    guest.cpu.kicker().set_external(true);
    assert_eq!(guest.run(), 0x500);
    assert_eq!(guest.pmc(2), 1);
}

#[test]
fn cycles_are_counted_by_the_clock_of_the_timebase_while_the_guest_runs() {
    // Each counter of cycles, and PMC6; the run latch is off for the counters that follow it.
    for (counter, code, follows_latch) in [
        (1, 0x0_001e, false),
        (4, 0x0_001e, false),
        (1, 0x1_00f0, false),
        (2, 0x2_00f4, true),
        (6, 0x6_00f4, true),
    ] {
        let mut guest = Guest::new(&[bdnz(0)]);
        guest.select(counter, code);
        guest.set_spr("mmcr0", 0);
        let mut ticks = 0;
        for _ in 0..3 {
            std::thread::sleep(std::time::Duration::from_millis(2));
            guest.cpu.set_ctr(20_000);
            guest.cpu.set_nip(AT);
            let start = guest.cpu.timebase();
            guest.run();
            ticks += guest.cpu.timebase() + 1 - start;
        }
        // The counter is read by the guest, which may be interrupted by the host meanwhile.
        let start = guest.cpu.timebase();
        let cycles = guest.pmc(counter as usize);
        ticks += guest.cpu.timebase() + 1 - start;
        assert!(cycles > 0, "{code:#x}");
        // The pauses are not counted.
        let most = u128::from(ticks) * u128::from(CLOCK_HZ) / u128::from(TIMEBASE_HZ);
        assert!(u128::from(cycles) <= most, "{code:#x}: {cycles} cycles in {ticks} ticks");
        guest.set_spr("mmcr0", FC);
        let frozen = guest.pmc(counter as usize);
        guest.cpu.set_ctr(1000);
        guest.cpu.set_nip(AT);
        guest.run();
        assert_eq!(guest.pmc(counter as usize), frozen, "{code:#x}");
        let mut guest = Guest::new(&nops(300));
        guest.select(counter, code);
        guest.set_spr("ctrl", 0);
        guest.set_spr("mmcr0", 0);
        guest.run();
        assert_eq!(guest.pmc(counter as usize) == 0, follows_latch, "{code:#x}");
    }
}

/// A guest of 200 nops with interrupts enabled, whose counter is `left` short of being negative.
fn short_of_negative(counter: usize, left: u64, mmcr0: u64) -> Guest {
    let mut guest = Guest::in_mode(MSR | msr::EE, &nops(200));
    guest.set_spr("mmcr1", INSTRUCTIONS);
    guest.set_spr(&format!("pmc{counter}"), 0x8000_0000 - left);
    guest.set_spr("mmcr0", mmcr0);
    guest
}

#[test]
fn an_alert_interrupts_right_after_the_instruction_that_makes_a_counter_negative() {
    for left in [1, 2, 63, 64, 65, 128, 129, 199] {
        for counter in 1..=5 {
            let condition = if counter == 1 { PMC1CE } else { PMCJCE };
            let mut guest = short_of_negative(counter, left, PMAE | FCECE | condition);
            assert_eq!(guest.run(), 0xf00, "PMC{counter}, {left}");
            assert_eq!(guest.spr("srr0"), AT + 4 * left);
            assert_eq!(guest.spr("srr1"), MSR | msr::EE);
            assert_eq!(guest.pmc(counter), 0x8000_0000, "frozen since then");
            assert_eq!(guest.spr("mmcr0"), FC | FCECE | condition | PMAO, "PMAE is off");
            assert_eq!(guest.spr("siar"), AT + 4 * left);
            assert_eq!(guest.spr("sier"), bit(41), "SIARV");
        }
    }
}

#[test]
fn an_alert_in_problem_state_says_so() {
    let mut guest = short_of_negative(5, 100, PMAE | PMCJCE);
    guest.cpu.set_msr(MSR | msr::EE | msr::PR);
    assert_eq!(guest.run(), 0xf00);
    assert_eq!(guest.spr("sier"), bit(38) | bit(41), "SAMPPR, SIARV");
    assert_eq!(guest.pmc(5), 0x8000_0001, "without FCECE it counts on: sc 1");
}

#[test]
fn an_alert_waits_for_ee_and_stays_until_pmao_is_cleared() {
    // 20 nops; mtmsrd r6,1; nop
    let code = [nops(20), vec![0x7cc1_0164, NOP]].concat();
    let mut guest = Guest::new(&code);
    guest.cpu.gpr[6] = msr::EE;
    guest.set_spr("pmc5", 0x8000_0000 - 5);
    guest.set_spr("mmcr0", PMAE | FCECE | PMCJCE);
    assert_eq!(guest.run(), 0xf00);
    assert_eq!(guest.spr("srr0"), AT + 4 * 21);
    assert_eq!(guest.spr("siar"), AT + 4 * 5, "where it was at the alert");
    assert!(guest.cpu.interrupt_pending());
    guest.cpu.set_nip(AT + 4 * 20);
    assert_eq!(guest.run(), 0xf00, "PMAO is still 1");
    guest.set_spr("mmcr0", FC);
    assert!(!guest.cpu.interrupt_pending());
    guest.cpu.set_nip(AT + 4 * 20);
    assert_eq!(guest.run(), AT + 4 * 22, "no interrupt any more");
    guest.set_spr("mmcr0", FC | PMAO);
    guest.cpu.set_nip(AT + 4 * 20);
    assert_eq!(guest.run(), 0xf00, "software may set it, too");
    guest.set_spr("mmcr0", FC | PMAO | EBE);
    guest.cpu.set_nip(AT + 4 * 20);
    assert_eq!(guest.run(), AT + 4 * 22, "with EBE it is no interrupt");
}

#[test]
fn conditions_that_are_not_enabled_do_nothing_and_those_without_an_alert_only_freeze() {
    let end = AT + 4 * 200;
    let mut guest = short_of_negative(5, 10, PMAE | FCECE | PMC1CE);
    assert_eq!(guest.run(), end);
    assert_eq!(guest.pmc(5), 0x8000_0000 - 10 + 201);
    let mut guest = short_of_negative(1, 10, PMAE | FCECE | PMCJCE | FC56);
    assert_eq!(guest.run(), end);
    assert_eq!(guest.pmc(1), 0x8000_0000 - 10 + 201);
    let mut guest = short_of_negative(5, 10, FCECE | PMCJCE);
    assert_eq!(guest.run(), end);
    assert_eq!((guest.pmc(5), guest.spr("mmcr0")), (0x8000_0000, FC | FCECE | PMCJCE));
    // PMCC = 0b11: PMC5 is not part of the monitor.
    let mut guest = short_of_negative(5, 10, PMAE | FCECE | PMCJCE | 3 << 18);
    assert_eq!(guest.run(), end);
}

#[test]
fn a_trigger_lets_the_others_count_when_pmc1_becomes_negative() {
    let mut guest = short_of_negative(1, 50, PMAE | FCECE | TRIGGER);
    assert_eq!(guest.run(), AT + 4 * 200);
    assert_eq!(guest.spr("mmcr0"), PMAE | FCECE);
    assert_eq!(guest.pmc(1), 0x8000_0000 - 50 + 201);
    assert_eq!((guest.pmc(2), guest.pmc(5)), (151, 151));
    // As an enabled condition it is an alert, and FCECE counts as 0.
    let mut guest = short_of_negative(1, 50, PMAE | FCECE | TRIGGER | PMC1CE);
    assert_eq!(guest.run(), 0xf00);
    assert_eq!(guest.spr("srr0"), AT + 4 * 50);
    assert_eq!(guest.spr("mmcr0"), FCECE | PMC1CE | PMAO, "TRIGGER and PMAE are off");
}

#[test]
fn alerts_of_loads_stores_and_branches_come_at_their_instruction() {
    // In MIXED the 7th load is lwz of the 4th round, the 5th branch the last bdnz, the 3rd store that of the
    // 3rd round, and the 5th taken branch b .+8.
    for (counter, code, left, at) in
        [(1, 0x1_00fc, 7, 3), (4, 0x4_d05e, 5, 6), (2, 0x2_00f0, 3, 5), (2, 0x2_00fa, 5, 9)]
    {
        let mut guest = Guest::in_mode(MSR | msr::EE, &MIXED);
        guest.cpu.gpr[7] = DATA;
        guest.select(counter, code);
        guest.set_spr(&format!("pmc{counter}"), 0x8000_0000 - left);
        guest.set_spr("mmcr0", PMAE | FCECE | PMC1CE | PMCJCE);
        assert_eq!(guest.run(), 0xf00, "{code:#x}");
        assert_eq!(guest.spr("srr0"), AT + 4 * at, "{code:#x}");
        assert_eq!(guest.pmc(counter as usize), 0x8000_0000);
    }
}

#[test]
fn cycles_raise_an_alert_in_a_loop_without_end() {
    for (counter, code) in [(1, 0x0_001e), (6, 0)] {
        let mut guest = Guest::in_mode(MSR | msr::EE, &[0x4800_0000]); // b .
        guest.select(counter, code);
        guest.set_spr(&format!("pmc{counter}"), 0x8000_0000 - 100_000);
        guest.set_spr("mmcr0", PMAE | FCECE | PMC1CE | PMCJCE);
        assert_eq!(guest.run(), 0xf00);
        assert_eq!(guest.spr("srr0"), AT);
        let frozen = guest.pmc(counter as usize);
        assert!(frozen >= 0x8000_0000);
        assert_eq!(guest.pmc(counter as usize), frozen);
    }
}

#[test]
fn samples_can_be_taken_again_and_again() {
    // The handler is mtspr PMC5,r10; mtspr MMCR0,r11; rfid. The loop has 3 instructions, and each 100 of them
    // make an alert.
    let handler = [mtspr(spr::PMC5, 10), mtspr(spr::MMCR0, 11), 0x3863_0001, 0x4c00_0024];
    let mut guest = Guest::in_mode(MSR | msr::EE, &[NOP, NOP, bdnz(-2)]);
    guest.code(0xf00, &handler);
    let mmcr0 = PMAE | FCECE | PMCJCE;
    guest.cpu.gpr[10] = 0x8000_0000 - 102; // the last two instructions of the handler are counted, too
    guest.cpu.gpr[11] = mmcr0;
    guest.set_spr("pmc5", 0x8000_0000 - 100);
    guest.set_spr("mmcr0", mmcr0);
    guest.cpu.set_ctr(10_000);
    guest.run();
    assert_eq!(guest.cpu.gpr[3], 30_001 / 100);
    assert_eq!(guest.pmc(5), 0x8000_0000 - 102 + 2 + 30_001 % 100);
}

/// Runs one instruction in problem state with a value of PMCC. Returns the vector that it takes, or 0.
fn in_problem_state(pmcc: u64, word: u32) -> (u64, u64, Guest) {
    let mut guest = Guest::in_mode(MSR | msr::PR, &[word]);
    guest.set_spr("mmcr2", u64::MAX);
    guest.set_spr("mmcr0", FC | FCS | PMAO | pmcc << 18);
    guest.cpu.gpr[10] = 0x1234_5678_9abc_def0;
    let at = guest.run();
    let ic = guest.spr("fscr") >> 56;
    (if at == AT + 4 { 0 } else { at }, ic, guest)
}

#[test]
fn pmcc_decides_what_problem_state_may_use() {
    let group_a = [spr::UMMCR0, spr::UMMCR2, spr::UMMCRA, spr::UPMC1, spr::UPMC4];
    let apart = [spr::UPMC5, spr::UPMC6];
    let group_b = [spr::USIER, spr::USIAR, spr::USDAR, spr::UMMCR1];
    let (fine, unavailable, illegal) = ((0, 0), (0xf60, 3), (0x700, 0));
    for (pmcc, a, of_5_and_6, b, write_a, write_5_and_6) in [
        (0, fine, fine, fine, illegal, illegal),
        (1, unavailable, unavailable, unavailable, unavailable, unavailable),
        (2, fine, fine, fine, fine, fine),
        (3, fine, unavailable, fine, fine, unavailable),
    ] {
        let tries = |numbers: &[usize], make: fn(usize) -> u32, expected: (u64, u64)| {
            for number in numbers {
                let (vector, ic, _) = in_problem_state(pmcc, make(*number));
                assert_eq!((vector, ic), expected, "{number} with PMCC {pmcc}");
            }
        };
        tries(&group_a, |n| mfspr(3, n), a);
        tries(&apart, |n| mfspr(3, n), of_5_and_6);
        tries(&group_b, |n| mfspr(3, n), b);
        tries(&group_a, |n| mtspr(n, 10), write_a);
        tries(&apart, |n| mtspr(n, 10), write_5_and_6);
        tries(&group_b, |n| mtspr(n, 10), illegal);
        // Problem state may not use the privileged numbers.
        tries(&[spr::MMCR0, spr::PMC1, spr::SIAR], |n| mfspr(3, n), (0x700, 0));
    }
}

#[test]
fn problem_state_sees_and_changes_its_bits_of_mmcr0_and_mmcr2() {
    let (_, _, guest) = in_problem_state(2, mfspr(3, spr::UMMCR0));
    assert_eq!(guest.cpu.gpr[3], FC | PMAO, "FC, PMAE and PMAO");
    let (_, _, guest) = in_problem_state(2, mfspr(3, spr::UMMCR2));
    assert_eq!(guest.cpu.gpr[3], 0x4020_1008_0402_0000, "FCnP0 of each counter");
    let (_, _, mut guest) = in_problem_state(2, mtspr(spr::UMMCR0, 10));
    let value = 0x9abc_def0 & (FC | PMAE | PMAO);
    assert_eq!(guest.spr("mmcr0"), value | FCS | 2 << 18);
    let (_, _, mut guest) = in_problem_state(2, mtspr(spr::UMMCR2, 10));
    let mask = 0x4020_1008_0402_0000;
    assert_eq!(guest.spr("mmcr2"), !mask | 0x1234_5678_9abc_def0 & mask);
    let (_, _, mut guest) = in_problem_state(2, mtspr(spr::UPMC5, 10));
    assert_eq!(guest.pmc(5), 0x9abc_def0);
}

#[test]
fn counting_code_changes_nothing_that_the_guest_does() {
    let run = |mmcr0: u64| {
        let mut guest = Guest::new(&MIXED);
        guest.cpu.gpr[7] = DATA;
        guest.select(1, 0x1_00fc);
        guest.set_spr("mmcr0", mmcr0);
        assert_eq!(guest.cpu.run(), Exit::Hcall);
        (guest.cpu.gpr, guest.cpu.instructions(), guest.cpu.lr(), guest.cpu.nip())
    };
    assert_eq!(run(0), run(FC));
}

#[test]
fn single_steps_are_counted() {
    let mut guest = Guest::in_mode(MSR | msr::SE, &nops(5));
    guest.set_spr("mmcr0", 0);
    assert_eq!(guest.run(), 0xd00);
    assert_eq!(guest.pmc(5), 2, "one nop, and sc 1 of the handler");
    let mut guest = Guest::new(&MIXED);
    guest.cpu.gpr[7] = DATA;
    guest.select(1, 0x1_00fc);
    guest.set_spr("mmcr0", 0);
    for _ in 0..10 {
        assert_eq!(guest.cpu.step(), None);
    }
    assert_eq!((guest.pmc(1), guest.pmc(5)), (4, 10));
}

#[test]
fn with_ebe_an_alert_is_an_event_based_branch_of_problem_state() {
    // Handler: mfspr r3,BESCR; sc 1. BESCR: GE (0), PME (31), PMEO (63).
    let (handler, ge, pme, pmeo) = (0x6000, bit(0), bit(31), bit(63));
    let guest = |mode: u64, bescr: u64, fscr: u64| {
        let mut guest = Guest::in_mode(mode, &nops(200));
        guest.code(handler, &[mfspr(3, spr::BESCR), crate::guest::LEAVE]);
        guest.set_spr("fscr", fscr);
        guest.set_spr("bescr", bescr);
        guest.set_spr("ebbhr", handler);
        guest.set_spr("pmc5", 0x8000_0000 - 100);
        guest.set_spr("mmcr0", PMAE | FCECE | PMCJCE | EBE);
        let at = guest.run();
        (at, guest)
    };
    let problem = MSR | msr::PR | msr::EE;
    let (at, mut taken) = guest(problem, ge | pme, bit(56));
    assert_eq!(at, handler + 4);
    assert_eq!((taken.spr("ebbrr"), taken.cpu.gpr[3]), (AT + 400, pmeo));
    assert_eq!(taken.cpu.msr(), problem, "no interrupt");
    let end = AT + 800;
    let (at, mut off) = guest(problem, pme, bit(56));
    assert_eq!((at, off.spr("bescr")), (end, pmeo), "GE is off");
    let (at, mut off) = guest(problem, ge, bit(56));
    assert_eq!((at, off.spr("bescr")), (end, ge), "PME is off");
    let (at, _) = guest(problem, ge | pme, 0);
    assert_eq!(at, end, "FSCR[EBB] is off");
    let (at, mut off) = guest(MSR | msr::EE, ge | pme, bit(56));
    assert_eq!((at, off.spr("bescr")), (end, ge | pmeo), "in privileged state it waits");
}
