// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Numbers in a script: constants, and symbols for facts of the machine that runs the script.

use std::fmt;

use hcall::number;

macro_rules! symbols {
    ($($name:ident $text:literal $doc:literal;)*) => {
        /// A number that is known only on the machine that runs the script. The discriminant is its number in
        /// a serialized script.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Symbol {
            $(#[doc = $doc] $name,)*
        }

        impl Symbol {
            /// All symbols, in the order of their numbers.
            pub const ALL: &[Symbol] = &[$(Symbol::$name),*];

            /// The name in a script.
            pub const fn text(self) -> &'static str {
                match self { $(Symbol::$name => $text),* }
            }

            /// The meaning, as a sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Symbol::$name => $doc),* }
            }
        }
    };
}

symbols! {
    Zero "" "Nothing: the value is a constant.";
    Liobn "L" "LIOBN of the default window.";
    Start "START" "First bus address of the default window.";
    End "END" "First bus address behind the default window.";
    Entries "N" "Entries of the default window.";
    Ram "RAM" "First address behind the guest's memory.";
    BuidHigh "BUID.hi" "High half of the unit address of the PCI host bridge.";
    BuidLow "BUID.lo" "Low half of that unit address.";
    Liobn2 "L2" "LIOBN of a window that the script created.";
    Start2 "S2" "First bus address of the window L2.";
    Liobn3 "L3" "LIOBN of another window that the script created.";
    Start3 "S3" "First bus address of the window L3.";
    X "X" "A value that the script stored.";
}

/// Constants that scripts use by name: the permissions of a device, and pages of guest memory. The pages are
/// clear of every image and device tree.
pub const CONSTANTS: [(&str, u64); 11] = [
    ("RW", 3),
    ("R", 1),
    ("W", 2),
    ("A", 0x400_0000),
    ("B", 0x401_0000),
    ("C", 0x402_0000),
    ("D", 0x403_0000),
    ("LIST", 0x40e_0000),
    ("BLOCK", 0x40f_0000),
    ("M", 0x420_0000),
    ("TOP", 0x0800_0000_0000_0000),
];

/// First address behind the memory that scripts use: the least RAM that a machine must have.
pub const LEAST_RAM: u64 = 0x480_0000;

/// A number: a symbol, plus a constant, plus a multiple of the number of the repetition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// The symbol, whose value is known only on the machine.
    pub symbol: Symbol,
    /// A constant that is added to the symbol, wrapping.
    pub add: u64,
    /// A constant that is added for each earlier repetition. At most 56 bits.
    pub stride: u64,
}

impl Value {
    /// A constant.
    pub const fn of(add: u64) -> Value {
        Value { symbol: Symbol::Zero, add, stride: 0 }
    }

    /// The number in repetition `i`; `fact` gives the values of symbols.
    pub fn resolve(self, fact: impl Fn(Symbol) -> u64, i: u64) -> u64 {
        let base = if self.symbol == Symbol::Zero { 0 } else { fact(self.symbol) };
        base.wrapping_add(self.add).wrapping_add(self.stride.wrapping_mul(i))
    }

    /// Parses `L+0x1000|RW`, `-1`, `M+I*0x1000`. Terms are joined by `+`, `-` and `|`; `|` adds, too, and
    /// shows a reader that both terms have no bit in common.
    pub fn parse(text: &str) -> Result<Value, String> {
        let mut value = Value::of(0);
        let mut rest = text;
        let mut sign = '+';
        if let Some(negative) = rest.strip_prefix('-') {
            (sign, rest) = ('-', negative);
        }
        loop {
            let end = rest.find(['+', '-', '|']).unwrap_or(rest.len());
            value.add_term(&rest[..end], sign).map_err(|why| format!("{text}: {why}"))?;
            match rest[end..].chars().next() {
                None => return Ok(value),
                Some(next) => (sign, rest) = (next, &rest[end + 1..]),
            }
        }
    }

    fn add_term(&mut self, term: &str, sign: char) -> Result<(), String> {
        let signed = |number: u64| if sign == '-' { number.wrapping_neg() } else { number };
        if let Some(stride) = term.strip_prefix("I*") {
            self.stride =
                number(stride).filter(|n| n >> 56 == 0).ok_or("the stride is no number")?;
        } else if let Some(number) = number(term).or_else(|| constant(term)) {
            self.add = self.add.wrapping_add(signed(number));
        } else {
            let symbol = Symbol::ALL[1..].iter().find(|symbol| symbol.text() == term);
            let symbol = symbol.ok_or_else(|| format!("{term:?} is neither number nor name"))?;
            if sign == '-' || self.symbol != Symbol::Zero {
                return Err("only one name of a fact, and only to add".into());
            }
            self.symbol = *symbol;
        }
        Ok(())
    }
}

fn constant(name: &str) -> Option<u64> {
    CONSTANTS.iter().find(|(text, _)| *text == name).map(|(_, value)| *value)
}

/// The text in a script, except that constants print as numbers.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.symbol, self.add) {
            (Symbol::Zero, add) => write!(f, "{add:#x}")?,
            (symbol, 0) => f.write_str(symbol.text())?,
            (symbol, add) => write!(f, "{}+{add:#x}", symbol.text())?,
        }
        match self.stride {
            0 => Ok(()),
            stride => write!(f, "+I*{stride:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str, i: u64) -> u64 {
        Value::parse(text).expect(text).resolve(|symbol| symbol as u64 * 0x100_0000, i)
    }

    #[test]
    fn terms_add_up() {
        assert_eq!(resolved("0x10", 0), 0x10);
        assert_eq!(resolved("-1", 0), u64::MAX);
        assert_eq!(resolved("A|RW", 0), 0x400_0003);
        assert_eq!(resolved("END-0x1000", 0), 0x2ff_f000);
        assert_eq!(resolved("L+0x100000000", 0), 0x1_0100_0000);
        assert_eq!(resolved("M|RW+I*0x1000", 3), 0x420_3003);
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in ["L", "0x0", "START+0x1000", "RAM+0x3+I*0x1000", "BUID.hi"] {
            let value = Value::parse(text).expect(text);
            assert_eq!(
                (Value::parse(&value.to_string()), value.to_string()),
                (Ok(value), text.into())
            );
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "+", "Q", "L+START", "-L", "0xg", "I*x", "A||R"] {
            assert!(Value::parse(text).is_err(), "{text}");
        }
    }
}
