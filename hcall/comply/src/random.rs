// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Random numbers.

/// A small generator (xorshift64*): the same seed gives the same numbers everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A generator with this seed.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Any number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        (self.number() >> 11) % end
    }

    /// A random element of a slice that is not empty.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.below(all.len() as u64)).unwrap_or(0)]
    }
}

/// The entries at each end of the window that sequences use most.
const ENTRIES: u64 = 1024;
const LAST_ENTRIES: u64 = 512;

/// The lines of a random sequence of TCE calls with mostly valid arguments, followed by H_GET_TCE of every
/// entry that the sequence uses most. No answer is expected.
pub fn sequence(seed: u64, calls: u64) -> Vec<String> {
    let mut random = Random::new(seed);
    let mut lines = Vec::new();
    let mut made = 0;
    while made < calls {
        made += 1;
        match random.below(100) {
            0..35 => lines.push(put(&mut random)),
            35..50 => lines.push(get(&mut random)),
            50..70 => lines.extend(list(&mut random)),
            70..90 => lines.push(stuff(&mut random)),
            90..97 => lines.push(odd_call(&mut random)),
            _ => lines.push(odd_token(&mut random)),
        }
    }
    lines.push(format!("repeat {ENTRIES} H_GET_TCE L START+I*0x1000 -> _ _"));
    lines.push(format!("repeat {LAST_ENTRIES} H_GET_TCE L END-0x200000+I*0x1000 -> _ _"));
    lines.push("repeat 1024 H_GET_TCE L START+I*0x100000 -> _ _".into());
    lines
}

/// A bus address, mostly inside the window and aligned.
fn ioba(random: &mut Random) -> String {
    let low = if random.below(40) == 0 { random.below(0x1000) } else { 0 };
    match random.below(24) {
        0..18 => format!("START+{:#x}", random.below(ENTRIES / 2) << 12 | low),
        18..22 => format!("END-{:#x}", (1 + random.below(LAST_ENTRIES)) << 12),
        22 => format!("END+{:#x}", random.below(4) << 12),
        _ => format!("{:#x}", random.number() & !0xfff),
    }
}

fn liobn(random: &mut Random) -> &'static str {
    match random.below(40) {
        0 => random.one_of(&["L+0x7f", "L+0x100000000", "0", "-1", "0xffffffff"]),
        _ => "L",
    }
}

/// An entry, mostly of one of 32 pages.
fn tce(random: &mut Random) -> String {
    match random.below(30) {
        0 => format!("{:#x}", random.number()),
        1 => format!("RAM+{:#x}", random.below(16) << 12 | random.below(4)),
        2 => format!("A+{:#x}", 4 << random.below(10) | random.below(4)),
        3 => format!("{:#x}", (random.number() & !0xfff) >> 8 << 8 & !3),
        4..8 => "0".into(),
        _ => format!("A+{:#x}", random.below(32) << 12 | random.below(4)),
    }
}

fn count(random: &mut Random) -> u64 {
    match random.below(30) {
        0 => 0,
        1 => 512,
        2 => 513 + random.below(300),
        3 => random.number() >> random.below(64),
        4..10 => random.below(512),
        _ => 1 + random.below(20),
    }
}

fn put(random: &mut Random) -> String {
    format!("H_PUT_TCE {} {} {} -> _", liobn(random), ioba(random), tce(random))
}

fn get(random: &mut Random) -> String {
    format!("H_GET_TCE {} {} -> _ _", liobn(random), ioba(random))
}

fn stuff(random: &mut Random) -> String {
    let count = count(random);
    format!("H_STUFF_TCE {} {} {} {count:#x} -> _", liobn(random), ioba(random), tce(random))
}

fn list(random: &mut Random) -> Vec<String> {
    let count = count(random);
    let mut lines = Vec::new();
    if random.below(4) > 0 {
        let page = random.below(16) << 12 | random.below(4);
        let stride = random.one_of(&[0, 0x1000, 0x1000, 0x2000]);
        lines.push(format!("fill LIST 512 A+{page:#x}+I*{stride:#x}"));
    }
    let entries: Vec<String> = (0..1 + random.below(12)).map(|_| tce(random)).collect();
    lines.push(format!("poke LIST+{:#x} {}", random.below(8) * 8, entries.join(" ")));
    let at = match random.below(30) {
        0 => format!("LIST+{:#x}", random.below(0x1000)),
        1 => "LIST+0x1000".into(),
        _ => "LIST".into(),
    };
    let (liobn, ioba) = (liobn(random), ioba(random));
    lines.push(format!("H_PUT_TCE_INDIRECT {liobn} {ioba} {at} {count:#x} -> _"));
    lines
}

/// A call with arbitrary numbers.
fn odd_call(random: &mut Random) -> String {
    let (liobn, ioba) = (liobn(random), ioba(random));
    let any = |random: &mut Random| match random.below(3) {
        0 => random.number(),
        1 => random.number() >> random.below(64),
        _ => random.one_of(&[0, 1, u64::MAX, 1 << 63, 1 << 32, 0xfff, 0x1000, 0x1003]),
    };
    match random.below(3) {
        0 => format!("H_PUT_TCE {liobn} {ioba} {:#x} -> _", any(random)),
        1 => format!("H_GET_TCE {liobn} {:#x} -> _ _", any(random)),
        // Some implementations take long for a whole window of odd values, so the count is small.
        _ => format!("H_STUFF_TCE {liobn} {ioba} {:#x} {:#x} -> _", any(random), any(random) % 64),
    }
}

/// A token that no specification defines.
fn odd_token(random: &mut Random) -> String {
    let token = random.one_of(&[0x21, 0x1d, 0x13a, 0x13f, 0x4fc, 0x1_0000_0020, u64::MAX, 0x47c]);
    format!("{token:#x} L {} {} -> _", ioba(random), tce(random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::Script;

    #[test]
    fn a_seed_gives_the_same_sequence_and_it_parses() {
        let lines = sequence(7, 5000);
        assert_eq!(lines, sequence(7, 5000));
        assert_ne!(lines, sequence(8, 5000));
        let script = Script::parse(&lines.join("\n")).expect("parses");
        // Calls for redirected DMA end at their first check, and most machines do not have them.
        for row in crate::coverage::tce_calls().filter(|row| !row.name.contains("RTCE")) {
            assert!(script.tokens().any(|token| token == row.token), "{}", row.name);
        }
    }
}
