// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Lines of a trace on the terminal that the guest's console is on.
//!
//! A guest prints a line in pieces, at most 16 bytes a hypercall. Lines of the trace wait for the console's line to
//! end. They do not wait when it does not go on (a prompt), nor when too many wait: then they are written from a
//! fresh line on, and before the console goes on its unfinished line is printed again. So each line of either is
//! whole somewhere, and what may come twice is only the beginning of a console line.

use std::time::{Duration, Instant};

/// The most bytes of lines that wait.
const MOST_HELD: usize = 64 << 10;
/// The longest beginning of a line that is printed again. A longer one goes on on a fresh line.
const LONGEST: usize = 4 << 10;
/// How long a console line may pause before it counts as a prompt.
const PAUSE: Duration = Duration::from_millis(200);

/// The state of the console.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// Its unfinished line, up to [`LONGEST`] and one byte more.
    unfinished: Vec<u8>,
    /// The unfinished line was left, and is printed again before the console goes on.
    left: bool,
    /// Lines that wait.
    held: Vec<u8>,
    /// When the guest printed last.
    printed: Option<Instant>,
}

impl Beside {
    /// A line of the trace comes. Returns what is to be written now.
    pub(super) fn line(&mut self, line: &[u8], now: Instant) -> Vec<u8> {
        if self.unfinished.is_empty() || self.left {
            return line.to_vec();
        }
        self.held.extend_from_slice(line);
        let paused = self.printed.is_some_and(|last| now.saturating_duration_since(last) > PAUSE);
        if paused || self.held.len() > MOST_HELD { self.leave() } else { Vec::new() }
    }

    /// The guest prints: by `print`, with the lines that waited by `write`.
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

    /// The run is over. Returns what is to be written.
    pub(super) fn finish(&mut self) -> Vec<u8> {
        if self.held.is_empty() { Vec::new() } else { self.leave() }
    }

    /// Leaves the console's line.
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

    /// The output that comes of `Ok` lines of a trace, which come at this second, and `Err` pieces of a console.
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
