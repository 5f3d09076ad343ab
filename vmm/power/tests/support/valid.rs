// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Words that are not tried although they decode: the book calls their form invalid, or leaves
//! what they do undefined. (Sections are of Book I, or of Book II where it says so.)

use power::{row::Row, word::Word};

/// A reason not to make a word, in the book's words, and which words it is about.
type Rule = (&'static str, fn(&Row, Word) -> bool);

/// Whether the `n` registers from `first` on include `r`; they wrap around (Book I, 3.3.6).
fn in_range(first: usize, n: usize, r: usize) -> bool {
    (r + 32 - first) % 32 < n
}

/// Update forms are named with RA, others with RA0.
fn is_update(row: &Row) -> bool {
    row.name.ends_with('u') || row.name.ends_with("ux")
}

fn is_memory_update(row: &Row) -> bool {
    is_update(row) && (row.name.starts_with('l') || row.name.starts_with("st"))
}

/// Words that are not made.
const RULES: &[Rule] = &[
    ("3.3.2: if RA=0 or RA=RT, the instruction form is invalid", |row, w| {
        is_memory_update(row) && row.name.starts_with('l') && (w.ra() == 0 || w.ra() == w.rt())
    }),
    ("3.3.3: if RA=0, the instruction form is invalid", |row, w| {
        is_memory_update(row) && row.name.starts_with('s') && w.ra() == 0
    }),
    ("3.3.6: if RA is in the range of registers to be loaded, including RA=0", |row, w| {
        row.name == "lmw" && (w.ra() >= w.rt() || w.ra() == 0)
    }),
    ("3.3.7: if RA is in the range of registers to be loaded, including RA=0", |row, w| {
        let n = if w.nb() == 0 { 32 } else { w.nb() as usize };
        row.name == "lswi" && (w.ra() == 0 || in_range(w.rt(), n.div_ceil(4), w.ra()))
    }),
    ("3.3.7: if RA or RB is in the range of registers to be loaded, including RA=0", |row, w| {
        // The length is in XER: keep both away from any range of up to 20 registers.
        let near = |r| in_range(w.rt(), 20, r);
        row.name == "lswx" && (near(w.ra()) || near(w.rb()) || w.ra() == 0)
    }),
    ("3.3.4: if RTp is odd or RTp=RA, the instruction form is invalid", |row, w| {
        row.name == "lq" && (w.rt() % 2 != 0 || w.rt() == w.ra())
    }),
    ("II 4.6.2.2: if RTp is odd, RTp=RA, or RTp=RB, the instruction form is invalid", |row, w| {
        let pair = [w.rt(), w.rt() + 1];
        row.name == "lqarx" && (w.rt() % 2 != 0 || pair.contains(&w.ra()) || pair.contains(&w.rb()))
    }),
    ("3.3.4, II 4.6.2.2: if RSp is odd, the instruction form is invalid", |row, w| {
        (row.name == "stq" || row.name.starts_with("stqcx")) && w.rs() % 2 != 0
    }),
    ("2.4: if the decrement and test CTR option is specified, the form is invalid", |row, w| {
        row.name == "bcctr" && w.bo() & 4 == 0
    }),
    ("3.3.17: exactly one bit of FXM must be set to 1", |row, w| {
        matches!(row.name, "mtocrf" | "mfocrf") && w.fxm().count_ones() != 1
    }),
    ("3.3.9: CY values of 1 to 3 are reserved", |row, w| row.name == "addex" && w.cy() != 0),
];

/// Whether the book says what a word does.
pub(crate) fn is_defined(row: &Row, w: Word) -> bool {
    !RULES.iter().any(|(_, forbids)| forbids(row, w))
}
