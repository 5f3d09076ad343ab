// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Lines of a trace on the terminal that the guest's console is on.
//!
//! A guest prints a line in pieces, at most 16 bytes a hypercall. Lines of the trace wait for the end of the console's
//! line. They no longer wait when that line pauses (a prompt), or when too many of them wait. Then they are written
//! from a fresh line on, and the console's unfinished line is printed again before it goes on. So each line of either
//! is whole somewhere, and only the beginning of a console line may come twice.

use std::time::{Duration, Instant};

/// The largest number of bytes of lines that wait.
const MOST_HELD: usize = 64 << 10;
/// The longest beginning of a line that is printed again. A longer line continues on a fresh line.
const LONGEST: usize = 4 << 10;
/// The pause after which an unfinished console line counts as a prompt.
const PAUSE: Duration = Duration::from_millis(200);

/// The state of the console.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// Its unfinished line, up to [`LONGEST`] and one byte more.
    unfinished: Vec<u8>,
    /// True when the unfinished line was interrupted. It is printed again before the console goes on.
    left: bool,
    /// The lines of the trace that wait.
    held: Vec<u8>,
    /// The time of the guest's last output.
    printed: Option<Instant>,
}

impl Beside {
    /// Takes a line of the trace. Returns the bytes to write now.
    pub(super) fn line(&mut self, line: &[u8], now: Instant) -> Vec<u8> {
        if self.unfinished.is_empty() || self.left {
            return line.to_vec();
        }
        self.held.extend_from_slice(line);
        let paused = self.printed.is_some_and(|last| now.saturating_duration_since(last) > PAUSE);
        if paused || self.held.len() > MOST_HELD { self.leave() } else { Vec::new() }
    }

    /// Takes output of the guest. Passes it to `print`, and the lines that waited to `write`.
    pub(super) fn console(
        &mut self,
        bytes: &[u8],
        print: &mut dyn FnMut(&[u8]),
        write: &mut dyn FnMut(&[u8]),
    ) {
        if std::mem::take(&mut self.left) && self.unfinished.len() <= LONGEST {
            print(&self.unfinished);
        }
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        let (whole, rest) = bytes.split_at(whole);
        if !whole.is_empty() {
            print(whole);
            self.unfinished.clear();
            write(&std::mem::take(&mut self.held));
        }
        if !rest.is_empty() {
            print(rest);
        }
        let room = (LONGEST + 1).saturating_sub(self.unfinished.len());
        self.unfinished.extend(rest.iter().take(room));
        self.printed = Some(Instant::now());
    }

    /// Ends the run. Returns the bytes to write.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        if self.held.is_empty() { Vec::new() } else { self.leave() }
    }

    /// Interrupts the console's line. Returns the lines that waited, from a fresh line on.
    fn leave(&mut self) -> Vec<u8> {
        self.left = true;
        let mut lines = vec![b'\n'];
        lines.append(&mut self.held);
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    /// The output for a sequence of `Ok` lines of a trace, each at this second, and `Err` pieces of a console.
    fn out(events: &[Result<(&str, u64), &str>]) -> String {
        let (mut beside, out) = (Beside::default(), RefCell::new(Vec::new()));
        for event in events {
            match *event {
                Ok((line, second)) => {
                    let now = beside.printed.unwrap_or_else(Instant::now);
                    let now = beside.line(line.as_bytes(), now + Duration::from_secs(second));
                    out.borrow_mut().extend(now);
                }
                Err(piece) => {
                    let mut put = |bytes: &[u8]| out.borrow_mut().extend_from_slice(bytes);
                    let mut put2 = |bytes: &[u8]| out.borrow_mut().extend_from_slice(bytes);
                    beside.console(piece.as_bytes(), &mut put, &mut put2);
                }
            }
        }
        let last = beside.finish();
        out.borrow_mut().extend(last);
        String::from_utf8(out.into_inner()).expect("text")
    }

    #[test]
    fn a_line_waits_for_the_end_of_the_console_s() {
        let events = [Ok(("A\n", 0)), Err("on"), Ok(("B\n", 0)), Err("e\ntwo"), Ok(("C\n", 0))];
        assert_eq!(out(&events[..4]), "A\none\nB\ntwo");
        assert_eq!(out(&events), "A\none\nB\ntwo\nC\n");
    }

    #[test]
    fn a_prompt_is_left_and_printed_again() {
        let events =
            [Err("login: "), Ok(("A\n", 9)), Ok(("B\n", 9)), Err("root\n"), Ok(("C\n", 0))];
        assert_eq!(out(&events), "login: \nA\nB\nlogin: root\nC\n");
    }

    #[test]
    fn what_waits_is_bounded() {
        let line = "x".repeat(1000) + "\n";
        let mut beside = Beside::default();
        beside.console(b"unfinished", &mut |_| (), &mut |_| ());
        let now = beside.printed.expect("a time");
        for _ in 0..1000 {
            beside.line(line.as_bytes(), now);
            assert!(beside.held.len() <= MOST_HELD + line.len());
        }
        beside.console(&vec![b'y'; 1 << 20], &mut |_| (), &mut |_| ());
        assert_eq!(beside.unfinished.len(), LONGEST + 1);
    }
}
