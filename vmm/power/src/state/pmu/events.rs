// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The events that PMC1 to PMC6 can count, as rows (POWER9 Performance Monitor Unit User's Guide,
//! chapter 5, whose names Linux and `perf list` use).

/// A kind of occurrence that the CPU counts exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Instructions completed.
    Instructions,
    /// Cycles of [`CLOCK_HZ`](crate::CLOCK_HZ), by the clock of the timebase.
    Cycles,
    /// Branches completed, taken or not.
    Branches,
    /// Branches taken.
    Taken,
    /// Loads completed.
    Loads,
    /// Stores completed.
    Stores,
    /// Radix walks for data that neither the TLB nor the kept leaves had.
    DataWalks,
    /// Radix walks for instructions, likewise.
    FetchWalks,
    /// External interrupts taken.
    Externals,
}

/// Number of kinds.
pub(super) const KINDS: usize = Kind::Externals as usize + 1;

impl Kind {
    /// The words of each block have to be looked at to count these.
    pub(super) fn is_in_code(self) -> bool {
        matches!(self, Kind::Branches | Kind::Taken | Kind::Loads | Kind::Stores)
    }

    /// No instruction causes more than one of these.
    pub(super) fn is_by_instruction(self) -> bool {
        self == Kind::Instructions || self.is_in_code()
    }
}

/// An event.
pub struct Event {
    /// Counter (0 for any of PMC1 to PMC4), unit, combine and PMCxSEL, as `perf` writes them:
    /// four bits, four, two beside two zeros, and eight.
    pub code: u32,
    /// The kind that it counts.
    pub kind: Kind,
    /// It is not counted while CTRL\[RUN\] is off.
    pub while_running: bool,
    /// MMCR0\[FC1-4WAIT\] does not freeze it.
    pub while_waiting: bool,
}

const fn event(code: u32, kind: Kind) -> Event {
    Event { code, kind, while_running: false, while_waiting: false }
}

const fn while_running(code: u32, kind: Kind) -> Event {
    Event { code, kind, while_running: true, while_waiting: false }
}

/// Every event that is counted. A selector that is not here counts nothing: it names a cache, a
/// pipeline or a predictor, and this CPU has none.
const EVENTS: &[Event] = &[
    event(0x0_0002, Kind::Instructions), // PM_INST_CMPL
    event(0x0_001e, Kind::Cycles),       // PM_CYC
    event(0x1_00fe, Kind::Instructions), // PM_INST_CMPL
    Event { while_waiting: true, ..event(0x1_00f0, Kind::Cycles) }, // PM_CYC
    while_running(0x1_00fa, Kind::Cycles), // PM_ANY_THRD_RUN_CYC, of one thread a core
    event(0x1_00fc, Kind::Loads),        // PM_LD_REF_L1
    event(0x1_0012, Kind::Branches),     // PM_BR_CMPL_ALT
    event(0x2_00f0, Kind::Stores),       // PM_ST_CMPL
    event(0x2_0016, Kind::Stores),       // PM_ST_FIN
    event(0x2_00f2, Kind::Instructions), // PM_INST_DISP: nothing is dispatched in vain
    while_running(0x2_00f4, Kind::Cycles), // PM_RUN_CYC_ALT
    event(0x2_00f8, Kind::Externals),    // PM_EXT_INT
    event(0x2_00fa, Kind::Taken),        // PM_BR_TAKEN_CMPL
    event(0x3_00f2, Kind::Instructions), // PM_INST_DISP_ALT
    while_running(0x3_00f4, Kind::Instructions), // PM_THRD_CONC_RUN_INST, of one thread a core
    event(0x3_00fc, Kind::DataWalks),    // PM_DTLB_MISS
    event(0x4_003e, Kind::Loads),        // PM_LD_CMPL
    while_running(0x4_00fa, Kind::Instructions), // PM_RUN_INST_CMPL_ALT
    event(0x4_00fc, Kind::FetchWalks),   // PM_ITLB_MISS
    event(0x4_d05e, Kind::Branches),     // PM_BR_CMPL
];

/// The event of PMC5, PM_RUN_INST_CMPL; the run latch is MMCR0's affair.
const PMC5: Event = event(0x5_00fa, Kind::Instructions);
/// The event of PMC6, PM_RUN_CYC.
const PMC6: Event = event(0x6_00f4, Kind::Cycles);

/// The code that MMCR1 has for one of the first four counters, without the number of the counter.
/// (Units are from bit 0 on, combines from bit 24 on, selectors from bit 32 on.)
pub fn selected(mmcr1: u64, counter: u32) -> u32 {
    let n = counter - 1;
    let field = |first: u32, width: u32| {
        (mmcr1 >> (64 - first - (n + 1) * width) & ((1 << width) - 1)) as u32
    };
    field(0, 4) << 12 | field(24, 2) << 10 | field(32, 8)
}

/// The event that a counter, one of 1 to 6, is to count by MMCR1, if that can be counted.
pub fn of_counter(counter: u32, mmcr1: u64) -> Option<&'static Event> {
    match counter {
        5 => Some(&PMC5),
        6 => Some(&PMC6),
        _ => {
            let code = selected(mmcr1, counter);
            let is = |event: &&Event| {
                event.code & 0xffff == code && [0, counter].contains(&(event.code >> 16))
            };
            EVENTS.iter().find(is)
        }
    }
}
