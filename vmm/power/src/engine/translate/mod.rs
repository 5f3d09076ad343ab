// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The translator: hot code becomes the host's. It has the meanings of the rows, as the interpreter has them, in a
//! vocabulary of its own, and calls what is too long to emit.
//!
//! Read, in this order:
//!
//! | file | subject |
//! |---|---|
//! | `region.rs` | blocks that are translated together |
//! | `scan.rs` | the registers that an instruction reads and writes |
//! | `flow.rs` | the registers that each piece of a region needs, and those that it may have changed |
//! | `host.rs` | the assembler: what translated code is emitted in |
//! | `values.rs` | the values of one instruction |
//! | `emit.rs` | the state of the emitter |
//! | `registers.rs`, `compute.rs` | registers for values, and code that computes them |
//! | `commit.rs`, `condition.rs`, `settle.rs` | the changes of an instruction, conditions, CR fields |
//! | `vocabulary.rs`, `access.rs`, `float.rs` | meanings, storage, floating point |
//! | `vector_values.rs`, `vector.rs`, `vector_float.rs` | vectors in registers of the host, operations on them |
//! | `compile.rs` | code for a region |
//! | `x86_64.rs`, `x86_64_float.rs`, `x86_64_vector.rs`, `x86_64_lanes.rs` | the assembler of x86-64 |
//! | `memory.rs`, `thunks.rs` | memory for code, and the functions that code calls |
//! | `translator.rs` | the code of a CPU |
//!
//! A region is entered at the first instruction of a block, where the interpreter has looked at events, and looks at them
//! itself wherever the interpreter would: at each end of a block. So both engines take the same interrupts after the same
//! instructions. It leaves at an event, at an address outside, in front of an instruction that it cannot have, and when an
//! instruction stops; all registers are in the CPU then. A hypercall is answered inside it (`answer.rs`).
//!
//! Code that a store of its own CPU has made stale runs to the end of the block: the helper that stores has the region left
//! there (`Cpu::watch_store`). Code that another CPU or a device has made stale runs until the region is left, at the latest
//! when events are looked at. That is before the next context synchronization is complete, as no region has an instruction
//! that synchronizes.

mod settle;

#[cfg(target_arch = "x86_64")]
mod access;
#[cfg(target_arch = "x86_64")]
mod commit;
#[cfg(target_arch = "x86_64")]
mod compile;
#[cfg(target_arch = "x86_64")]
mod compute;
#[cfg(target_arch = "x86_64")]
mod condition;
#[cfg(target_arch = "x86_64")]
mod emit;
#[cfg(target_arch = "x86_64")]
mod float;
#[cfg(target_arch = "x86_64")]
mod flow;
#[cfg(target_arch = "x86_64")]
mod host;
#[cfg(target_arch = "x86_64")]
mod memory;
#[cfg(target_arch = "x86_64")]
mod region;
#[cfg(target_arch = "x86_64")]
mod registers;
#[cfg(target_arch = "x86_64")]
mod scan;
#[cfg(target_arch = "x86_64")]
mod thunks;
#[cfg(target_arch = "x86_64")]
mod translator;
#[cfg(target_arch = "x86_64")]
mod values;
#[cfg(target_arch = "x86_64")]
mod vector;
#[cfg(target_arch = "x86_64")]
mod vector_float;
#[cfg(target_arch = "x86_64")]
mod vector_values;
#[cfg(target_arch = "x86_64")]
mod vocabulary;
#[cfg(target_arch = "x86_64")]
mod x86_64;
#[cfg(target_arch = "x86_64")]
mod x86_64_float;
#[cfg(target_arch = "x86_64")]
mod x86_64_lanes;
#[cfg(target_arch = "x86_64")]
mod x86_64_vector;

#[cfg(not(target_arch = "x86_64"))]
mod absent;
#[cfg(not(target_arch = "x86_64"))]
use absent as translator;

use crate::{arith::vector::Vector, form::Then, row::Row, state::pmu, word::Word};
use std::iter::Sum;

pub(crate) use translator::{Translator, enter};

/// Most registers that a host has for guest registers.
const PINS: usize = 8;

/// Bytes of code memory of a CPU.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
pub(crate) const CODE_MEMORY: usize = 32 << 20;

/// Blocks end at multiples of this many bytes, wherever they begin, so that each engine looks at events after the same
/// instructions.
pub(crate) const BLOCK: u64 = 256;

/// True for an instruction that no region has: it changes the mode, or reads a count. It is a block of its own, as a word
/// without a row is, so that each engine looks at events, and at code that was stored, in front of it.
pub(crate) fn is_apart(row: &Row, word: Word) -> bool {
    let form = &row.form;
    let changes_context = matches!(form.then, Then::Anything) && !form.branch && !form.stops;
    changes_context || pmu::looks_at_counts(word)
}

/// Code for a block: its address, and the number of its region.
pub(crate) type Found = (usize, u32);

/// The reason why there is no code for a block.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its page is being changed, or memory is short. This may end.
    Now,
    /// The segment of code memory that is being filled is full.
    Full,
    /// It begins with an instruction that no region can have, or can be entered from the code before it alone.
    Always,
}

/// True if the host has memory for whatever a translation allocates. A guest may have taken the rest of it for its
/// tables; the process goes on then.
pub(crate) fn has_memory() -> bool {
    const MOST: usize = 16 << 20;
    Vec::<u8>::new().try_reserve_exact(MOST).is_ok()
}

/// The engine that runs guest code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Code that runs often is translated, other code is interpreted.
    #[default]
    Auto,
    /// All code is interpreted.
    Interpreter,
    /// All code is translated before it runs, but for instructions that only the interpreter has.
    Translator,
}

impl Engine {
    /// All engines.
    pub const ALL: [Engine; 3] = [Engine::Auto, Engine::Interpreter, Engine::Translator];

    /// Its name, as options take it.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Auto => "auto",
            Engine::Interpreter => "interpreter",
            Engine::Translator => "translator",
        }
    }

    /// True if this host has it: a translator needs an assembler of ours. `Auto` interprets where there is none.
    pub fn is_available(self) -> bool {
        self != Engine::Translator || cfg!(target_arch = "x86_64")
    }
}

/// The part of a CPU that translated code uses.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))] // translated code uses it
#[derive(Default)]
pub(crate) struct State {
    /// The engine.
    pub(crate) engine: Engine,
    /// Bytes of code memory, if not [`CODE_MEMORY`].
    pub(crate) code_memory: Option<usize>,
    /// Address of the code that enters translated code.
    enter: usize,
    /// Address of the instruction at which it stopped.
    pub(crate) stop_cia: u64,
    /// The link that would have led to where translated code has left to, in code memory; 0 for none.
    link: u64,
    /// A helper has the budget masked with it: see `thunks.rs`.
    budget_mask: u64,
    /// The address behind the call of a helper that stopped, until the state is complete; or 0.
    behind: u64,
    /// The host's registers for guest registers then.
    pins: [u64; PINS],
    /// CR fields that are not made yet.
    comparisons: settle::Comparisons,
    /// Operands and results that have no register.
    scratch: [u64; 6],
    /// The work so far.
    pub(crate) counts: Counts,
}

impl State {
    /// The operands that translated code has left in the scratch space, the low doubleword of each first.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    fn operands(&self) -> [Vector; 3] {
        let [a, a_high, b, b_high, c, c_high] = self.scratch;
        [Vector::new(a_high, a), Vector::new(b_high, b), Vector::new(c_high, c)]
    }

    /// Leaves a result where the first operand was.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    fn set_operand(&mut self, v: Vector) {
        (self.scratch[0], self.scratch[1]) = (v.lane(1), v.lane(0));
    }

    /// The code that enters translated code.
    #[inline(always)]
    pub(crate) fn entrance(&self) -> usize {
        self.enter
    }

    /// Translated code that was entered there goes on, after whatever the CPU did meanwhile.
    #[inline(always)]
    pub(crate) fn come_back(&mut self, entrance: usize) {
        (self.enter, self.link) = (entrance, 0);
    }

    /// The one after a reset.
    pub(crate) fn after_reset(&self) -> State {
        let State { engine, code_memory, counts, .. } = *self;
        State { engine, code_memory, counts, ..State::default() }
    }
}

/// The work of the translator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Regions that were translated.
    pub regions: u64,
    /// Their instructions.
    pub instructions: u64,
    /// Bytes of code that were made for them.
    pub bytes: u64,
    /// Nanoseconds of CPU time that it took.
    pub nanoseconds: u64,
    /// Regions that were thrown away.
    pub dropped: u64,
    /// Guest instructions that ran translated.
    pub ran: u64,
}

impl Sum for Counts {
    fn sum<I: Iterator<Item = Counts>>(all: I) -> Counts {
        all.fold(Counts::default(), |sum, of| Counts {
            regions: sum.regions + of.regions,
            instructions: sum.instructions + of.instructions,
            bytes: sum.bytes + of.bytes,
            nanoseconds: sum.nanoseconds + of.nanoseconds,
            dropped: sum.dropped + of.dropped,
            ran: sum.ran + of.ran,
        })
    }
}

/// The host's code for a region of guest code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostCode {
    /// Its address in this process.
    pub host: usize,
    /// Its size in bytes.
    pub bytes: usize,
    /// Effective address of the guest instruction at which the region was entered first.
    pub ea: u64,
    /// Real address of this instruction.
    pub ra: u64,
}

/// The place of an operation at which no interpreted block stops: translated code did.
pub(crate) const TRANSLATED: usize = usize::MAX;
