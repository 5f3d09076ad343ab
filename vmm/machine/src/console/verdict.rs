// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The verdict of the guest about itself on the console: `EXIT: STATUS=n` on a line of its own, where
//! n is (code << 1) | 1, as kvm-unit-tests' guests print it before they power off.

use crate::section::{LoadError, Reader, Writer};

const PREFIX: &[u8] = b"EXIT: STATUS=";
/// The longest line that can be a verdict: the prefix, a 64-bit number and a carriage return.
const LONGEST: usize = PREFIX.len() + 21;

/// A scanner of the console output. It keeps at most one short line, however long the guest's line is.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    line: Vec<u8>,
    code: Option<u64>,
}

impl Scanner {
    /// Scans bytes that the guest printed.
    pub(super) fn scan(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if byte == b'\n' {
                self.end_line();
            } else if self.line.len() <= LONGEST {
                self.line.push(byte); // one more than the longest marks a line as too long
            }
        }
    }

    /// The code of the last verdict, even if its line has not ended.
    pub(super) fn code(&mut self) -> Option<u64> {
        self.end_line();
        self.code
    }

    fn end_line(&mut self) {
        if let Some(status) = status(&self.line) {
            self.code = Some(status >> 1);
        }
        self.line.clear();
    }
}

impl Scanner {
    /// Writes the line so far, and the last verdict.
    pub(super) fn save(&self, to: &mut Writer<'_>) {
        to.bytes(&self.line);
        to.option(self.code, Writer::u64);
    }

    /// Takes on what [`save`](Self::save) wrote.
    pub(super) fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        self.line = from.bytes(LONGEST + 1)?;
        self.code = from.option(Reader::u64)?;
        Ok(())
    }
}

fn status(line: &[u8]) -> Option<u64> {
    if line.len() > LONGEST {
        return None;
    }
    let digits = line.strip_prefix(PREFIX)?;
    let digits = digits.strip_suffix(b"\r").unwrap_or(digits);
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(parts: &[&str]) -> Option<u64> {
        let mut scanner = Scanner::default();
        parts.iter().for_each(|part| scanner.scan(part.as_bytes()));
        scanner.code()
    }

    #[test]
    fn a_verdict_is_a_line_of_its_own() {
        assert_eq!(code(&["hello\nEXIT: STATUS=1\n"]), Some(0));
        assert_eq!(code(&["EXIT: STATUS=3\r\nbye\n"]), Some(1));
        assert_eq!(code(&["EX", "IT: STAT", "US=255"]), Some(127));
        assert_eq!(code(&["no EXIT: STATUS=3\n"]), None);
        assert_eq!(code(&["EXIT: STATUS=\n", "EXIT: STATUS=-1\n", "EXIT: STATUS=3 x\n"]), None);
    }

    #[test]
    fn a_saved_scanner_continues_its_line_and_keeps_its_verdict() {
        let mut scanner = Scanner::default();
        scanner.scan(b"EXIT: STATUS=5\nEXIT: STA");
        let mut bytes = Vec::new();
        scanner.save(&mut Writer::new(&mut bytes));
        let mut loaded = Scanner::default();
        loaded.load(&mut Reader::new(&mut &*bytes)).unwrap();
        assert_eq!(loaded.code, Some(2));
        loaded.scan(b"TUS=7\n");
        assert_eq!(loaded.code(), Some(3));
    }

    #[test]
    fn a_long_line_is_neither_kept_nor_believed() {
        let long = format!("EXIT: STATUS={}1\n", "0".repeat(100_000));
        let mut scanner = Scanner::default();
        scanner.scan(long.trim_end().as_bytes());
        assert!(scanner.line.capacity() < 256);
        assert_eq!(scanner.code(), None);
        assert_eq!(code(&[&long, "EXIT: STATUS=3\n"]), Some(1));
    }
}
