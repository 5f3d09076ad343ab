// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The branch history rolling buffer (Power ISA 3.0B, Book II, chapter 8). This CPU keeps no history, and so it
//! is always empty: an entry of 0 is the end of what is in it.

use crate::{Cpu, form, state::interrupt::Stop, word::Word};

impl Cpu {
    fn clear_branch_history(&mut self, _: Word) -> Result<(), Stop> {
        self.require_branch_history()
    }

    fn read_branch_history(&mut self, w: Word) -> Result<(), Stop> {
        self.require_branch_history()?;
        self.gpr[w.rt()] = 0;
        Ok(())
    }
}

crate::isa![
    Insn {
        name: clrbhrb,
        form: form::x(31, 430).zero(form::RT | form::RA | form::RB),
        asm: "clrbhrb",
        book: "Book II, Clear BHRB; Book III, MMCR0[BHRBA]",
        does: |m, w| {
            m.call(Cpu::clear_branch_history, w)?;
        },
        cases: &[
            "7c00035c clrbhrb |  | ",
            "7c00035c clrbhrb | msr=8000000000005000 mmcr0=80200000 ummcr0=80000000 | ",
            "7c00035c clrbhrb | msr=8000000000005000 | nip=f60 srr0=1000 srr1=8000000000005000 fscr=400000000000000 msr=8000000000001000",
        ],
    },
    Insn {
        name: mfbhrbe,
        form: form::x(31, 302),
        asm: "mfbhrbe RT,BHRBE",
        book: "Book II, Move From Branch History Rolling Buffer Entry; Book III, MMCR0[BHRBA]",
        does: |m, w| {
            m.call(Cpu::read_branch_history, w)?;
        },
        cases: &[
            "7c60025c mfbhrbe r3,0 | r3=5 | r3=0",
            "7c60fa5c mfbhrbe r3,31 | r3=5 msr=8000000000005000 mmcr0=80200000 ummcr0=80000000 | r3=0",
            "7c60025c mfbhrbe r3,0 | msr=8000000000005000 r3=5 | nip=f60 srr0=1000 srr1=8000000000005000 fscr=400000000000000 msr=8000000000001000",
        ],
    },
];
