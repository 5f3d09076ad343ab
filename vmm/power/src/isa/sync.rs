// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Synchronization and cache control (Power ISA 3.0B, Book II, 4.3, 4.6.1, 4.6.3).

use crate::{
    Cpu, form, state::interrupt::Stop, storage::radix::Access, vocabulary::Vocabulary, word::Word,
};
use std::sync::atomic::{Ordering, fence};

/// Bit 6 of `eieio`.
const HINT: u32 = 1 << (31 - 6);

/// Orders this CPU's accesses to RAM, which are relaxed atomics: `storage/mem.rs` has the table.
fn order(ordering: Ordering) -> Result<(), Stop> {
    fence(ordering);
    Ok(())
}

impl Cpu {
    fn synchronize(&mut self, w: Word) -> Result<(), Stop> {
        match w.l2() {
            1 => self.order_stores(Ordering::AcqRel),
            2 => {
                self.require_supervisor()?;
                self.order_stores(Ordering::SeqCst)
            }
            _ => self.order_stores(Ordering::SeqCst),
        }
    }

    /// Orders this CPU's stores. Code that one of them replaced is stale before a later one is seen: see
    /// `storage/watch.rs`.
    fn order_stores(&mut self, ordering: Ordering) -> Result<(), Stop> {
        order(ordering)?;
        self.follow_watched_if_any();
        Ok(())
    }

    /// The address is translated as that of a load. The cache is coherent, and the rest is done.
    fn invalidate_code_block(&mut self, w: Word) -> Result<(), Stop> {
        let ea = self.gpr_or_zero(w.ra()).wrapping_add(self.gpr(w.rb()));
        self.data(ea & self.ea_mask, Access::Load)?;
        self.order_stores(Ordering::SeqCst)
    }

    fn zero_cache_block(&mut self, w: Word) -> Result<(), Stop> {
        let ea = self.gpr_or_zero(w.ra()).wrapping_add(self.gpr(w.rb()));
        self.zero_block(ea)
    }
}

crate::isa![
    Insn {
        name: sync,
        form: form::x(31, 598).zero(7 << 23 | form::RA | form::RB).valid(|w| w.l2() != 3),
        asm: "sync L2",
        book: "Book II, Synchronize; L=1 is lwsync; Book III, L=2 is ptesync, privileged",
        does: |m, w| {
            m.call(Cpu::synchronize, w)?;
        },
        cases: &[
            "7c0004ac sync 0 |  | ",
            "7c2004ac sync 1 |  | ",
            "7c4004ac sync 2 |  | ",
            "7c4004ac sync 2 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: eieio,
        // Bit 6 is a hint of POWER9's: Linux's barrier between stores and loads has it set.
        form: form::x(31, 854).zero(form::RT & !HINT | form::RA | form::RB),
        asm: "eieio",
        book: "Book II, Enforce In-order Execution of I/O",
        does: |m, w| {
            m.call(|cpu, _| cpu.order_stores(Ordering::SeqCst), w)?;
        },
        cases: &["7c0006ac eieio |  | ", "7e0006ac eieio |  | "],
    },
    Insn {
        name: isync,
        form: form::x(19, 150).zero(form::RT | form::RA | form::RB).ends(),
        asm: "isync",
        book: "Book II, Instruction Synchronize",
        does: |m, w| {
            // It ends its block, and the next one is looked up.
            m.call(|_, _| order(Ordering::Acquire), w)?;
        },
        cases: &["4c00012c isync |  | ",],
    },
    Insn {
        name: icbi,
        form: form::x(31, 982).zero(form::RT),
        asm: "icbi RA0,RB",
        book: "Book II, Instruction Cache Block Invalidate",
        does: |m, w| {
            m.call(Cpu::invalidate_code_block, w)?;
        },
        cases: &["7c042fac icbi r4,r5 | r4=1000 | ", "7c002fac icbi 0,r5 | r5=-1 | ",],
    },
    Insn {
        name: icbt,
        form: form::x(31, 22).zero(1 << 25),
        asm: "icbt CT,RA0,RB",
        book: "Book II, Instruction Cache Block Touch",
        does: |m, w| {
            // Caches are not modelled.
        },
        cases: &["7c04282c icbt 0,r4,r5 |  | ",],
    },
    Insn {
        name: dcbt,
        form: form::x(31, 278),
        asm: "dcbt RA0,RB,TH",
        book: "Book II, Data Cache Block Touch",
        does: |m, w| {
            // Caches are not modelled.
        },
        cases: &["7d042a2c dcbt r4,r5,8 | r4=-1 | ",],
    },
    Insn {
        name: dcbtst,
        form: form::x(31, 246),
        asm: "dcbtst RA0,RB,TH",
        book: "Book II, Data Cache Block Touch for Store",
        does: |m, w| {
            // Caches are not modelled.
        },
        cases: &["7c0429ec dcbtst r4,r5,0 | r4=-1 | ",],
    },
    Insn {
        name: dcbst,
        form: form::x(31, 54).zero(form::RT),
        asm: "dcbst RA0,RB",
        book: "Book II, Data Cache Block Store",
        does: |m, w| {
            // Caches are not modelled.
        },
        cases: &["7c04286c dcbst r4,r5 |  | ",],
    },
    Insn {
        name: dcbf,
        form: form::x(31, 86).zero(7 << 23).valid(|w| w.l2() != 2),
        asm: "dcbf RA0,RB,L2",
        book: "Book II, Data Cache Block Flush",
        does: |m, w| {
            // Caches are not modelled.
        },
        cases: &["7c0428ac dcbf r4,r5,0 |  | ", "7c6428ac dcbf r4,r5,3 |  | ",],
    },
    Insn {
        name: dcbz,
        form: form::x(31, 1014).zero(form::RT).stores(),
        asm: "dcbz RA0,RB",
        book: "Book II, Data Cache Block set to Zero; a block has 128 bytes",
        does: |m, w| {
            m.call(Cpu::zero_cache_block, w)?;
        },
        cases: &[
            "7c042fec dcbz r4,r5 | r4=2000 r5=8 [1fff]=ffff [207f]=ffff | [1fff]=ff00 [207f]=00ff",
            "7c002fec dcbz 0,r5 | r5=10001 | nip=200 dar=10001 srr0=1000 srr1=8000000008141000",
        ],
    },
    Insn {
        name: cpabort,
        form: form::x(31, 838).zero(form::RT | form::RA | form::RB),
        asm: "cpabort",
        book: "Book II, Copy-Paste Abort; there is never a copy in progress",
        level: V3_0,
        does: |m, w| {
            // Nothing to abort.
        },
        cases: &["7c00068c cpabort |  | ",],
    },
    Insn {
        name: wait,
        form: form::x(31, 30).zero(form::RT | form::RA | form::RB),
        asm: "wait L2",
        book: "Book II, Wait; it may end at any time",
        does: |m, w| {
            // It ends at once.
        },
        cases: &["7c00003c wait 0 |  | ",],
    },
];
