// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! When a counter counts: the freeze bits of MMCR0 and MMCR2 (Power ISA 3.0B, Book III, 9.4.4 and
//! 9.4.6). Those for hypervisor state, which a guest is never in, freeze nothing.

/// Bits of MMCR0.
pub(super) mod mmcr0 {
    const fn bit(n: u32) -> u64 {
        1 << (63 - n)
    }
    /// Freeze counters.
    pub(crate) const FC: u64 = bit(32);
    /// Freeze in privileged state.
    pub(super) const FCS: u64 = bit(33);
    /// Freeze in problem state, or not, by FCPC.
    pub(super) const FCP: u64 = bit(34);
    /// Freeze while MSR\[PMM\] is 1.
    pub(super) const FCM1: u64 = bit(35);
    /// Freeze while MSR\[PMM\] is 0.
    pub(super) const FCM0: u64 = bit(36);
    /// An alert is wanted.
    pub(crate) const PMAE: u64 = bit(37);
    /// Freeze at an enabled condition.
    pub(crate) const FCECE: u64 = bit(38);
    /// Problem state may use the branch history.
    pub(crate) const BHRBA: u64 = bit(42);
    /// An alert is an event-based branch.
    pub(crate) const EBE: u64 = bit(43);
    /// Problem state's access, and whether PMC5 and PMC6 belong to the monitor: two bits.
    pub(super) const PMCC: u64 = 3 << (63 - 45);
    /// PMC1 negative is an enabled condition.
    pub(crate) const PMC1CE: u64 = bit(48);
    /// Another counter negative is one.
    pub(crate) const PMCJCE: u64 = bit(49);
    /// All but PMC1 wait for it.
    pub(crate) const TRIGGER: u64 = bit(50);
    /// The meaning of FCP.
    pub(super) const FCPC: u64 = bit(51);
    /// PMC5 and PMC6 also count while CTRL\[RUN\] is off.
    pub(super) const CC56: u64 = bit(55);
    /// An alert occurred.
    pub(crate) const PMAO: u64 = bit(56);
    /// Freeze PMC1 to PMC4.
    pub(super) const FC14: u64 = bit(58);
    /// Freeze PMC5 and PMC6.
    pub(super) const FC56: u64 = bit(59);
    /// Freeze PMC1 to PMC4 while CTRL\[RUN\] is off.
    pub(super) const FC14WAIT: u64 = bit(62);
}
pub(super) use mmcr0::*;

/// The first five bits of a counter in MMCR2 that freeze it, each counter has nine: in privileged state,
/// in problem state, (there under a hypervisor,) while marked, while not, while CTRL\[RUN\] is off.
mod mmcr2 {
    pub(super) const S: u64 = 1 << 8;
    pub(super) const P0: u64 = 1 << 7;
    pub(super) const M1: u64 = 1 << 5;
    pub(super) const M0: u64 = 1 << 4;
    pub(super) const WAIT: u64 = 1 << 3;
}

/// The state of the CPU, as far as it freezes counters.
#[derive(Clone, Copy, Debug)]
pub(super) struct State {
    /// MSR\[PR\].
    pub(super) problem: bool,
    /// MSR\[PMM\].
    pub(super) marked: bool,
    /// CTRL\[RUN\].
    pub(super) running: bool,
}

/// The value of MMCR0\[PMCC\].
pub(super) fn pmcc(mmcr0: u64) -> u64 {
    (mmcr0 & PMCC) >> PMCC.trailing_zeros()
}

/// True if neither MMCR0 nor MMCR2 controls a counter: PMC5 and PMC6, if PMCC is 0b11.
pub(super) fn is_apart(counter: u32, mmcr0: u64) -> bool {
    counter >= 5 && pmcc(mmcr0) == 3
}

/// True if a counter, one of 1 to 6, is frozen; `while_waiting` says that FC1-4WAIT does not
/// freeze that.
pub(super) fn frozen(counter: u32, mmcr: [u64; 2], state: State, while_waiting: bool) -> bool {
    let [mmcr0, mmcr2] = mmcr;
    if is_apart(counter, mmcr0) {
        return !state.running;
    }
    let by_mmcr0 = by_state(mmcr0, state)
        || counter > 1 && mmcr0 & TRIGGER != 0
        || match counter {
            1..=4 => {
                let waits = mmcr0 & FC14WAIT != 0 && !while_waiting;
                mmcr0 & FC14 != 0 || waits && !state.running
            }
            _ => mmcr0 & FC56 != 0 || mmcr0 & CC56 == 0 && !state.running,
        };
    by_mmcr0 || by_mmcr2(mmcr2 >> (64 - 9 * counter), state)
}

/// True if all counters are.
fn by_state(mmcr0: u64, state: State) -> bool {
    let has = |bit| mmcr0 & bit != 0;
    let by_privilege = if state.problem { has(FCP) != has(FCPC) } else { has(FCS) };
    has(FC) || by_privilege || has(if state.marked { FCM1 } else { FCM0 })
}

/// True if the counter is whose bits are the low nine.
fn by_mmcr2(bits: u64, state: State) -> bool {
    let has = |bit| bits & bit != 0;
    has(if state.problem { mmcr2::P0 } else { mmcr2::S })
        || has(if state.marked { mmcr2::M1 } else { mmcr2::M0 })
        || has(mmcr2::WAIT) && !state.running
}
