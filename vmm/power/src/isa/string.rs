// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Load and store multiple and string (Power ISA 3.0B, Book I, 3.3.6, 3.3.7).

use crate::{
    Cpu, form,
    state::interrupt::Stop,
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// Length of lswi and stswi.
fn immediate(w: Word) -> u64 {
    if w.nb() == 0 { 32 } else { u64::from(w.nb()) }
}

/// True if a string of `bytes`, in registers from `first` on, reaches `r`.
fn loads(first: usize, bytes: u64, r: usize) -> bool {
    ((r + 32 - first) % 32) < bytes.div_ceil(4) as usize
}

impl Cpu {
    /// Multiples and strings do not exist in little-endian mode (Book III, 6.5.8).
    fn require_big_endian(&mut self, ea: u64) -> Result<(), Stop> {
        if self.little { Err(self.misaligned(ea)) } else { Ok(()) }
    }

    fn load_multiple(&mut self, w: Word) -> Result<(), Stop> {
        let mut ea = self.gpr_or_zero(w.ra()).wrapping_add(w.si());
        self.require_big_endian(ea)?;
        for r in w.rt()..32 {
            self.gpr[r] = self.load_value(ea, Size::Word)?;
            ea = ea.wrapping_add(4);
        }
        Ok(())
    }

    fn store_multiple(&mut self, w: Word) -> Result<(), Stop> {
        let mut ea = self.gpr_or_zero(w.ra()).wrapping_add(w.si());
        self.require_big_endian(ea)?;
        for r in w.rs()..32 {
            self.store_value(ea, Size::Word, self.gpr[r])?;
            ea = ea.wrapping_add(4);
        }
        Ok(())
    }

    /// Four bytes to a register, from the left; the last one is filled with zeros. Nothing
    /// changes unless all bytes can be loaded.
    fn load_string(&mut self, first: usize, ea: u64, bytes: u64) -> Result<(), Stop> {
        self.require_big_endian(ea)?;
        let mut words = [0; 32];
        for i in 0..bytes {
            let byte = self.load_value(ea.wrapping_add(i), Size::Byte)?;
            words[(i / 4) as usize % 32] |= byte << (24 - 8 * (i % 4));
        }
        for (i, word) in words[..bytes.div_ceil(4) as usize].iter().enumerate() {
            self.gpr[(first + i) % 32] = *word;
        }
        Ok(())
    }

    fn store_string(&mut self, first: usize, ea: u64, bytes: u64) -> Result<(), Stop> {
        self.require_big_endian(ea)?;
        for i in 0..bytes {
            let byte = self.gpr[(first + (i / 4) as usize) % 32] >> (24 - 8 * (i % 4));
            self.store_value(ea.wrapping_add(i), Size::Byte, byte)?;
        }
        Ok(())
    }

    fn load_string_immediate(&mut self, w: Word) -> Result<(), Stop> {
        let ea = self.gpr_or_zero(w.ra());
        self.load_string(w.rt(), ea, immediate(w))
    }

    /// A string that would overwrite RA or RB is an invalid form.
    fn load_string_indexed(&mut self, w: Word) -> Result<(), Stop> {
        let bytes = self.xer() & 0x7f;
        let over = |r: usize| loads(w.rt(), bytes, r);
        if w.ra() != 0 && over(w.ra()) || over(w.rb()) {
            return Err(Stop::Illegal);
        }
        let ea = self.gpr_or_zero(w.ra()).wrapping_add(self.gpr(w.rb()));
        self.load_string(w.rt(), ea, bytes)
    }

    fn store_string_immediate(&mut self, w: Word) -> Result<(), Stop> {
        let ea = self.gpr_or_zero(w.ra());
        self.store_string(w.rs(), ea, immediate(w))
    }

    fn store_string_indexed(&mut self, w: Word) -> Result<(), Stop> {
        let ea = self.gpr_or_zero(w.ra()).wrapping_add(self.gpr(w.rb()));
        let bytes = self.xer() & 0x7f;
        self.store_string(w.rs(), ea, bytes)
    }
}

crate::isa![
    Insn {
        name: lmw,
        form: form::d(46).loads().valid(|w| w.ra() < w.rt()),
        asm: "lmw RT,D(RA0)",
        book: "Book I, Load Multiple Word",
        does: |m, w| {
            m.call(Cpu::load_multiple, w)?;
        },
        cases: &[
            "bba40008 lmw r29,8(r4) | r4=2000 r29=-1 [2008]=0102030405060708090a0b0c | r29=1020304 r30=5060708 r31=90a0b0c",
            "bba40008 lmw r29,8(r4) | msr=8000000000001001 r4=2000 | nip=600 dar=2008 srr0=1000 srr1=8000000000001001 msr=8000000000001000",
            "bbe40008 lmw r31,8(r4) | r4=1ff9 [2001]=0102030405060708090a0b0c | r31=1020304",
        ],
    },
    Insn {
        name: stmw,
        form: form::d(47).stores(),
        asm: "stmw RS,D(RA0)",
        book: "Book I, Store Multiple Word",
        does: |m, w| {
            m.call(Cpu::store_multiple, w)?;
        },
        cases: &[
            "bfa40008 stmw r29,8(r4) | r4=2000 r29=ffffffff01020304 r30=5060708 r31=90a0b0c | [2008]=0102030405060708090a0b0c",
            "bfa40008 stmw r29,8(r4) | msr=8000000000001001 r4=2000 | nip=600 dar=2008 srr0=1000 srr1=8000000000001001 msr=8000000000001000",
        ],
    },
    Insn {
        name: lswi,
        form: form::x(31, 597).loads().valid(|w| !loads(w.rt(), immediate(w), w.ra())),
        asm: "lswi RT,RA0,NB",
        book: "Book I, Load String Word Immediate; NB of 0 is 32",
        does: |m, w| {
            m.call(Cpu::load_string_immediate, w)?;
        },
        cases: &[
            "7ca43caa lswi r5,r4,7 | r4=2000 r5=-1 r6=-1 r7=-1 [2000]=0102030405060708090a0b0c | r5=1020304 r6=5060700",
            "7fe444aa lswi r31,r4,8 | r4=2001 [2001]=0102030405060708090a0b0c | r31=1020304 r0=5060708",
            "7ca404aa lswi r5,r4,32 | r4=2000 r5=-1 r12=-1 [2000]=01 [201f]=02ff | r5=1000000 r12=2",
            "7ca43caa lswi r5,r4,7 | msr=8000000000001001 r4=2000 | nip=600 dar=2000 srr0=1000 srr1=8000000000001001 msr=8000000000001000",
        ],
    },
    Insn {
        name: lswx,
        form: form::x(31, 533).loads().valid(|w| w.rt() != w.ra() && w.rt() != w.rb()),
        asm: "lswx RT,RA0,RB",
        book: "Book I, Load String Word Indexed; XER 57:63 is the length",
        does: |m, w| {
            m.call(Cpu::load_string_indexed, w)?;
        },
        cases: &[
            "7ca4342a lswx r5,r4,r6 | xer=5 r4=2000 r6=1 r5=-1 [2001]=0102030405060708090a0b0c | nip=700 srr0=1000 srr1=8000000000081000",
            "7ca4442a lswx r5,r4,r8 | xer=5 r4=2000 r8=1 r5=-1 r6=-1 r7=-1 [2001]=0102030405060708090a0b0c | r5=1020304 r6=5000000",
            "7ca4442a lswx r5,r4,r8 | xer=0 r4=20000 r8=1 r5=7 | ",
            "7fe0442a lswx r31,0,r8 | xer=8 r8=2000 [2000]=0102030405060708090a0b0c | r31=1020304 r0=5060708",
            "7ca4442a lswx r5,r4,r8 | msr=8000000000001001 xer=4 r4=2000 r8=1 | nip=600 dar=2001 srr0=1000 srr1=8000000000001001 msr=8000000000001000",
        ],
    },
    Insn {
        name: stswi,
        form: form::x(31, 725).stores(),
        asm: "stswi RS,RA0,NB",
        book: "Book I, Store String Word Immediate; NB of 0 is 32",
        does: |m, w| {
            m.call(Cpu::store_string_immediate, w)?;
        },
        cases: &[
            "7ca43daa stswi r5,r4,7 | r4=2000 r5=ffffffff01020304 r6=5060708 [2007]=ff | [2000]=01020304050607",
            "7fe435aa stswi r31,r4,6 | r4=2001 r31=1020304 r0=5060708 | [2001]=010203040506",
            "7ca43daa stswi r5,r4,7 | msr=8000000000001001 r4=2000 | nip=600 dar=2000 srr0=1000 srr1=8000000000001001 msr=8000000000001000",
        ],
    },
    Insn {
        name: stswx,
        form: form::x(31, 661).stores(),
        asm: "stswx RS,RA0,RB",
        book: "Book I, Store String Word Indexed; XER 57:63 is the length",
        does: |m, w| {
            m.call(Cpu::store_string_indexed, w)?;
        },
        cases: &[
            "7ca4452a stswx r5,r4,r8 | xer=5 r4=2000 r8=1 r5=1020304 r6=5060708 | [2001]=0102030405",
            "7ca4452a stswx r5,r4,r8 | xer=0 r4=20000 r8=1 | ",
            "7ca4452a stswx r5,r4,r8 | msr=8000000000001001 xer=4 r4=2000 r8=1 | nip=600 dar=2001 srr0=1000 srr1=8000000000001001 msr=8000000000001000",
        ],
    },
];
