// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Entries of tests into parts of the crate. Not an interface: it changes with the parts.

pub use crate::{
    engine::interp::{
        often::{Kind, OFTEN, Often, function, functions},
        pairs::{CLOSE, Close, SIZE, Words},
    },
    state::{
        pmu::{Kind as Counted, of_counter, selected},
        time::{Clock, ticks},
        usage::{GAP, Usage},
    },
    storage::{
        shootdown::{AWAY, Post, Shootdown},
        tlb::{Context, LOG, PAGE, TLB, Tlb},
    },
};

use crate::{Cpu, Exit, engine::translate::Translator, interrupt::Stop, word::Word};
use std::sync::{Arc, atomic::AtomicU64};

/// Takes the interrupt of an instruction that stopped, with the address for SRR0.
pub fn take_stop(cpu: &mut Cpu, stop: Stop, srr0: u64) {
    cpu.take_stop(stop, srr0);
}

/// Marks a line of code as a CPU does that decodes it, without the announcement. True when one is due.
pub fn mark_code(cpu: &Cpu, ra: u64) -> bool {
    cpu.bus.mark_code(ra).is_some()
}

/// Where a CPU publishes the invalidations that it has seen.
pub fn post(cpu: &Cpu) -> Arc<AtomicU64> {
    cpu.post.cell()
}

/// The last invalidation of other CPUs that a CPU has seen.
pub fn seen_invalidation(cpu: &Cpu) -> u32 {
    cpu.seen_invalidation()
}

/// The last invalidation that a CPU has made and not waited for.
pub fn awaited_invalidation(cpu: &Cpu) -> Option<u32> {
    cpu.awaited_invalidation()
}

/// Runs one block, or takes the interrupt that it causes. A block is translated where [`Cpu::step`] interprets.
pub fn run_block(cpu: &mut Cpu) -> Option<Exit> {
    cpu.run_block()
}

/// For each word, how many helpers its translation calls where nothing unusual happens; `None` if it has none.
pub fn helper_calls(cpu: &Cpu, words: impl Iterator<Item = Word>) -> Vec<Option<u32>> {
    let Some(mut translator) = Translator::new(cpu) else { return words.map(|_| None).collect() };
    words.map(|word| translator.calls_of(word)).collect()
}

/// Postpones the next look at events without an end.
pub fn never_look(cpu: &mut Cpu) {
    cpu.look_at = u64::MAX;
}
