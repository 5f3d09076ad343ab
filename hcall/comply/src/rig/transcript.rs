// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The console output of a machine: its bytes, and the time of each line. Both are bounded.

use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The most bytes that are kept. The longest output of an image, the answers of all clauses, is a hundredth of it.
const MOST: usize = 16 << 20;

/// The last line of an image begins so.
const END: &[u8] = b"EXIT: STATUS=";

/// The output of a guest.
#[derive(Debug)]
pub struct Transcript {
    start: Instant,
    bytes: Vec<u8>,
    /// Milliseconds from the start to the end of each line.
    lines: Vec<u32>,
    full: bool,
    ended: bool,
}

impl Default for Transcript {
    fn default() -> Transcript {
        let (bytes, lines) = (Vec::new(), Vec::new());
        Transcript { start: Instant::now(), bytes, lines, full: false, ended: false }
    }
}

impl Transcript {
    /// True after more output than is kept.
    pub fn is_full(&self) -> bool {
        self.full
    }

    /// True after the last line of an image.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// The text, without bytes that are no UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// The time of each line.
    pub fn times(&self) -> Vec<Duration> {
        self.lines.iter().map(|&time| Duration::from_millis(time.into())).collect()
    }

    fn line_is_complete(&mut self, begin: usize) {
        self.lines.push(u32::try_from(self.start.elapsed().as_millis()).unwrap_or(u32::MAX));
        self.ended |= self.bytes[begin..].starts_with(END);
    }
}

/// Bytes that are not kept count as written.
impl Write for Transcript {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let kept = bytes.len().min(MOST - self.bytes.len());
        self.full |= kept < bytes.len();
        for &byte in &bytes[..kept] {
            self.bytes.push(byte);
            if byte == b'\n' {
                let before = &self.bytes[..self.bytes.len() - 1];
                let begin = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
                self.line_is_complete(begin);
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_come_in_pieces_have_a_time_each() {
        let mut transcript = Transcript::default();
        for piece in ["ok 1", " - a\nok 2 - b\nEXIT: STA", "TUS=1\n", "half"] {
            transcript.write_all(piece.as_bytes()).expect("kept");
        }
        assert_eq!(transcript.text(), "ok 1 - a\nok 2 - b\nEXIT: STATUS=1\nhalf");
        assert_eq!(transcript.times().len(), 3);
        assert!(transcript.has_ended() && !transcript.is_full());
    }

    #[test]
    fn an_output_without_end_is_cut() {
        let mut transcript = Transcript::default();
        for _ in 0..17 {
            transcript.write_all(&[b'x'; 1 << 20]).expect("cut");
        }
        assert!(transcript.is_full() && !transcript.has_ended());
        assert_eq!(transcript.text().len(), MOST);
    }
}
