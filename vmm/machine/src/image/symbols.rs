// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The functions of an image, by the symbol table of its file.

use std::ops::Range;

use super::elf::{self, Elf, Segment};
use super::place::{self, REAL_MODE_MASK};

/// The longest part of a name that is kept, in bytes.
const LONGEST: usize = 120;

/// The names of an image's functions.
#[derive(Debug, Default)]
pub struct Symbols {
    /// In the order of their addresses.
    functions: Vec<Function>,
    /// Where the executable segments were placed in RAM, each with its address in the image.
    placed: Vec<(Range<u64>, u64)>,
}

/// A function. Its addresses are those to which the image is linked, without the four bits that real mode ignores.
#[derive(Debug)]
struct Function {
    addresses: Range<u64>,
    name: String,
}

impl Symbols {
    /// The functions of an image. An image without a symbol table, or with a damaged one, has none.
    pub fn of(image: &[u8]) -> Symbols {
        let Ok(parsed) = Elf::parse(image) else { return Symbols::default() };
        let segments = || parsed.segments.iter().filter(|segment| segment.executable);
        let linked = |segment: &Segment<'_>| segment.virt & REAL_MODE_MASK;
        let placed = segments().map(|segment| {
            let start = place::address(&parsed, segment);
            (start..start.saturating_add(segment.size), linked(segment))
        });
        let code: Vec<_> = segments()
            .map(|segment| linked(segment)..linked(segment).saturating_add(segment.size))
            .collect();
        let mut functions: Vec<Function> = Vec::new();
        for symbol in elf::symbols(image) {
            let start = symbol.value & REAL_MODE_MASK;
            let Some(segment) = code.iter().find(|segment| segment.contains(&start)) else {
                continue;
            };
            let end = match symbol.size {
                0 => segment.end,
                size => start.saturating_add(size).min(segment.end),
            };
            if let Some(name) = readable(symbol.name) {
                functions.push(Function { addresses: start..end, name });
            }
        }
        // Of several symbols at an address the one with a size is a function's.
        functions.sort_by_key(|function| (function.addresses.start, function.addresses.end));
        functions.dedup_by_key(|function| function.addresses.start);
        Symbols { functions, placed: placed.collect() }
    }

    /// The function that contains an instruction, and the offset of the instruction in it. `ea` and `ra` are the
    /// effective and the real address of the instruction.
    ///
    /// An image runs where it was placed, or where it has moved itself: to the addresses to which it is linked, as Linux
    /// does. Other code at an address of the image, as that of a program in memory that the image has freed, is known by
    /// its effective address.
    pub fn find(&self, ea: u64, ra: u64) -> Option<(&str, u64)> {
        let placed = self.placed.iter().find(|(place, _)| place.contains(&ra));
        let placed = placed.map(|(place, linked)| ra - place.start + linked);
        let linear = ea & REAL_MODE_MASK == ra;
        let moved = linear.then_some(ra);
        let placed = placed.filter(|linked| linear || ea & REAL_MODE_MASK == *linked);
        [moved, placed].into_iter().flatten().find_map(|address| self.at(address))
    }

    fn at(&self, address: u64) -> Option<(&str, u64)> {
        let behind = self.functions.partition_point(|f| f.addresses.start <= address);
        let function = self.functions.get(behind.checked_sub(1)?)?;
        let offset = address - function.addresses.start;
        function.addresses.contains(&address).then_some((&function.name, offset))
    }
}

/// A name as one word of a line; `None` for symbols of the compiler's own.
fn readable(name: &[u8]) -> Option<String> {
    let name = String::from_utf8_lossy(&name[..name.len().min(LONGEST)]);
    let own = name.is_empty() || name.starts_with(".L") || name.starts_with('$');
    let plain = |c: char| if c.is_control() || c.is_whitespace() { '?' } else { c };
    (!own).then(|| name.chars().map(plain).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(start: u64, end: u64, name: &str) -> Function {
        Function { addresses: start..end, name: name.into() }
    }

    /// An image that is linked to 0 and was placed at 4 MiB.
    fn symbols() -> Symbols {
        Symbols {
            functions: vec![function(0x100, 0x140, "first"), function(0x140, 0x200, "second")],
            placed: vec![(0x40_0000..0x40_1000, 0)],
        }
    }

    const LINEAR: u64 = 0xc << 60;

    #[test]
    fn code_is_found_where_it_was_placed_and_where_it_has_moved_itself() {
        let symbols = symbols();
        for (ea, ra) in [
            (0x40_0144, 0x40_0144),          // real mode, in its place
            (LINEAR | 0x40_0144, 0x40_0144), // the same storage, translated
            (0x144, 0x144),                  // moved, real mode
            (LINEAR | 0x144, 0x144),         // moved, translated
            (LINEAR | 0x144, 0x40_0144),     // mapped to the addresses of the link
        ] {
            assert_eq!(symbols.find(ea, ra), Some(("second", 4)), "{ea:#x} {ra:#x}");
        }
    }

    #[test]
    fn other_code_has_no_name_of_the_image() {
        let symbols = symbols();
        for (ea, ra) in [
            (0x1000_0144, 0x144),     // a program in memory that the image was in
            (0x1000_0144, 0x40_0144), // the same, where it was placed
            (0x144, 0x8_0000),        // a program at an address of the image
            (0xff, 0xff),
            (0x200, 0x200),
        ] {
            assert_eq!(symbols.find(ea, ra), None, "{ea:#x} {ra:#x}");
        }
    }

    #[test]
    fn a_name_is_one_word_of_bounded_length() {
        assert_eq!(readable(b"a b\nc").as_deref(), Some("a?b?c"));
        assert_eq!(readable(&[b'x'; 5000]).map(|name| name.len()), Some(LONGEST));
        for own in [&b""[..], b".L12", b"$x"] {
            assert_eq!(readable(own), None);
        }
    }

    #[test]
    fn a_file_that_is_no_image_has_no_functions() {
        assert!(Symbols::of(b"\x7fELF and more").functions.is_empty());
    }
}
