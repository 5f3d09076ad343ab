// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Trials: an instruction (or a load-and-reserve with its store) and its start state. The operand templates
//! of the rows say which operands are addresses, registers to branch to, and so on.

use super::program::{BACK, DATA, FORWARD, NEXT, Stub};
use super::record::{self, MEMORY, State};
use super::vector;
use crate::tool::Rng;
use crate::words::{Words, has_operand};
use power::{isa, row::Row, word::Word};

impl Rng {
    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
    /// One of a few.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.next() % from.len() as u64) as usize]
    }
}

/// One trial.
pub(crate) struct Trial {
    pub(crate) row: &'static Row,
    /// The row of an instruction that runs before it, if any.
    pub(crate) first: Option<&'static Row>,
    pub(crate) words: Vec<Word>,
    pub(crate) stub: Stub,
    pub(crate) state: State,
}

impl Trial {
    /// The instruction under test.
    pub(crate) fn word(&self) -> Word {
        self.words[self.words.len() - 1]
    }
}

/// Values at which arithmetic is prone to errors.
const EDGES: &[u64] = &[
    0,
    1,
    2,
    7,
    0x7f,
    0x80,
    0xff,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    0x8000_0000_0000_0000,
    0xffff_ffff_8000_0000,
    0xffff_ffff_7fff_ffff,
    0xffff_ffff_0000_0000,
    u64::MAX - 1,
    u64::MAX,
    0x5555_5555_5555_5555,
    0xaaaa_aaaa_aaaa_aaaa,
    0x0123_4567_89ab_cdef,
];

/// XER's bits that the book defines: SO, OV, CA, OV32, CA32 and the string length.
const XER: u64 = 0xe00c_007f;

/// XER, LR, CTR, VRSAVE and TAR, each a few times; then registers that a program may not
/// use: DSISR, DAR, DEC, SRR0, SRR1, SPRG0, SPRG1. (Linux lets a program read PVR.)
const SPRS: &[u32] = &[1, 1, 1, 8, 8, 9, 9, 256, 256, 815, 815, 18, 19, 22, 26, 27, 272, 273];

/// An operand value.
pub(super) fn value(rng: &mut Rng) -> u64 {
    match rng.below(8) {
        0..=2 => rng.pick(EDGES),
        3 => 1 << rng.below(64),
        4 => rng.next() >> rng.below(64),
        5 => rng.next() as i32 as u64,
        _ => rng.next(),
    }
}

fn mnemonic(row: &Row) -> &str {
    row.asm.split(['[', ' ']).next().unwrap_or("")
}

/// True if the row has an effective address: loads, stores and cache instructions.
fn has_address(row: &Row) -> bool {
    ["l", "st", "dc", "ic"].iter().any(|prefix| mnemonic(row).starts_with(prefix))
        && ["RA", "RA0"].iter().any(|operand| has_operand(row, operand))
}

/// Makes trials.
pub(crate) struct Maker {
    pub(crate) rng: Rng,
    words: Words,
}

impl Maker {
    pub(crate) fn new(seed: u64) -> Maker {
        Maker { rng: Rng(seed), words: Words::default() }
    }

    /// A trial of `row` whose code starts at `start`, the `index`-th record of its program.
    pub(crate) fn trial(&mut self, row: &'static Row, start: u64, index: usize) -> Trial {
        let word = self.words.valid(row, &mut self.rng);
        let word = if has_operand(row, "SPR") { self.choose_spr(word) } else { word };
        let before = self.reserve(row, word);
        let words: Vec<Word> = before.map(|(_, w)| w).into_iter().chain([word]).collect();
        let stub = Stub::new(start, words.len() as u64);
        let state = self.state();
        let first = before.map(|(row, _)| row);
        let mut trial = Trial { row, first, words, stub, state };
        self.aim(&mut trial);
        self.place_operand(&mut trial, DATA + (index * record::SIZE) as u64);
        self.special_cases(&mut trial);
        vector::prepare(&mut trial, &mut self.rng);
        trial
    }

    fn state(&mut self) -> State {
        let rng = &mut self.rng;
        let gpr = std::array::from_fn(|_| value(rng));
        let memory = std::array::from_fn(|_| rng.next() as u8);
        State {
            gpr,
            cr: rng.next() as u32,
            xer: rng.next() & XER,
            lr: value(rng),
            ctr: value(rng),
            tar: value(rng),
            vsr: [0; 64],
            vscr: 0,
            fpscr: 0,
            memory,
        }
    }

    /// For most store-conditionals, the load that makes the reservation, on the same address.
    fn reserve(&mut self, row: &'static Row, w: Word) -> Option<(&'static Row, Word)> {
        let load = mnemonic(row).strip_prefix("st")?.strip_suffix("cx.")?;
        if self.rng.one_in(8) {
            return None;
        }
        let name = format!("l{load}arx");
        let load = isa::rows().find(|row| mnemonic(row) == name).expect("a load for each store");
        loop {
            let any = self.words.valid(load, &mut self.rng);
            let address = form_field(16, w.ra()) | form_field(11, w.rb());
            let word = Word::new(any.raw() & !(form_field(16, 31) | form_field(11, 31)) | address);
            // The load must not change the address, and a quadword's pair must stay valid.
            let loaded = [word.rt(), word.rt() | 1];
            if !loaded.contains(&word.ra()) && !loaded.contains(&word.rb()) {
                return Some((load, word));
            }
        }
    }

    /// Chooses a register for mfspr or mtspr that both machines have and that does not change by itself.
    fn choose_spr(&mut self, w: Word) -> Word {
        let n = self.rng.pick(SPRS);
        Word::new(w.raw() & !0x001f_f800 | (n & 31) << 16 | (n >> 5) << 11)
    }

    /// Makes the target of a branch a pad.
    fn aim(&mut self, trial: &mut Trial) {
        let outcome = self.rng.pick(&[FORWARD, FORWARD, BACK, NEXT]);
        let (at, to) = (trial.stub.last(), trial.stub.pad(outcome));
        let w = trial.words[0].raw();
        let aimed = match mnemonic(trial.row) {
            "b" if w & 2 != 0 => w & 0xfc00_0003 | to as u32,
            "b" => w & 0xfc00_0003 | to.wrapping_sub(at) as u32 & 0x03ff_fffc,
            // A program has no code below 32 KiB, where `bca` goes.
            "bc" => w & 0xffff_0001 | to.wrapping_sub(at) as u32 & 0xfffc,
            _ => w,
        };
        trial.words[0] = Word::new(aimed);
        if trial.row.form.branch {
            let target = to | self.rng.below(4);
            match mnemonic(trial.row) {
                "bclr" => trial.state.lr = target,
                "bcctr" => trial.state.ctr = target,
                "bctar" => trial.state.tar = target,
                _ => (),
            }
            if mnemonic(trial.row) != "bcctr" && self.rng.one_in(2) {
                trial.state.ctr = self.rng.pick(&[0, 1, 2, 1 << 32, (1 << 32) + 1, u64::MAX]);
            }
        }
    }

    /// Moves the effective address into the record's storage.
    fn place_operand(&mut self, trial: &mut Trial, memory: u64) {
        let (row, w) = (trial.row, trial.words[0]);
        if !has_address(row) {
            return;
        }
        let align = match mnemonic(row) {
            // 3.3.4, II 4.6.2: without alignment their effect is undefined.
            "lq" | "stq" => 16,
            name if name.ends_with("cx.") => 16,
            _ => self.rng.pick(&[1, 2, 4, 8, 16, 16, 16]),
        };
        // The longest access, 128 bytes, stays inside.
        let ea = memory + self.rng.below(MEMORY as u64 / 2 + 1) / align * align;
        let displacements = [("D", w.si()), ("DS", w.ds()), ("DQ", w.dq())];
        let displacement = displacements.into_iter().find(|(name, _)| has_operand(row, name));
        let gpr = &mut trial.state.gpr;
        let zero = w.ra() == 0 && has_operand(row, "RA0");
        match displacement {
            Some(_) if zero => (), // the address is the displacement: no storage there
            Some((_, d)) => gpr[w.ra()] = ea.wrapping_sub(d),
            None if !has_operand(row, "RB") || vector::has_length(row) => gpr[w.ra()] = ea,
            None if zero => gpr[w.rb()] = ea,
            None if w.ra() == w.rb() => gpr[w.ra()] = (ea / 2) | (self.rng.below(2) << 63),
            None => {
                gpr[w.rb()] = value(&mut self.rng);
                gpr[w.ra()] = ea.wrapping_sub(gpr[w.rb()]);
            }
        }
    }

    /// The exceptions of a few rows.
    fn special_cases(&mut self, trial: &mut Trial) {
        let w = trial.words[0];
        let state = &mut trial.state;
        match mnemonic(trial.row) {
            "mtspr" if w.spr() == 1 => state.gpr[w.rs()] &= XER,
            // VRSAVE has 32 bits; QEMU keeps 64.
            "mtspr" if w.spr() == 256 => state.gpr[w.rs()] &= 0xffff_ffff,
            // Length 0 leaves RT undefined; more than 80 bytes may overlap RA or RB.
            "lswx" => state.xer = state.xer & !0x7f | (1 + self.rng.below(80)),
            "tw" | "td" if self.rng.one_in(3) => state.gpr[w.rb()] = state.gpr[w.ra()],
            "twi" | "tdi" | "cmpi" | "cmpli" if self.rng.one_in(3) => state.gpr[w.ra()] = w.si(),
            "cmp" | "cmpl" | "cmpb" if self.rng.one_in(3) => state.gpr[w.rb()] = state.gpr[w.ra()],
            "srd" | "sld" | "srad" | "srw" | "slw" | "sraw" if self.rng.one_in(2) => {
                state.gpr[w.rb()] = self.rng.below(160);
            }
            _ => (),
        }
    }
}

/// A field of a word, shifted into place.
fn form_field(shift: u32, v: usize) -> u32 {
    (v as u32) << shift
}
