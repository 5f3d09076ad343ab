// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The escape key of a terminal, as in QEMU: Ctrl-A x quits, Ctrl-A a sends Ctrl-A, Ctrl-A h lists the keys, Ctrl-A c is
//! the monitor.

const CTRL_A: u8 = 1;

/// A filter of typed bytes. It remembers a Ctrl-A whose second key has not come yet.
#[derive(Debug, Default)]
pub(super) struct Escape {
    pending: bool,
}

/// The meaning of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// A byte for the guest.
    Guest(u8),
    /// A part of an escape sequence, which the guest does not get.
    Swallowed,
    /// Ctrl-A x.
    Quit,
    /// Ctrl-A h.
    Help,
    /// Ctrl-A c.
    Monitor,
}

impl Escape {
    /// Takes the next byte that was typed.
    pub(super) fn key(&mut self, byte: u8) -> Key {
        if !self.pending {
            self.pending = byte == CTRL_A;
            return if self.pending { Key::Swallowed } else { Key::Guest(byte) };
        }
        self.pending = false;
        match byte {
            b'x' | b'X' => Key::Quit,
            b'h' | b'H' | b'?' => Key::Help,
            b'c' | b'C' => Key::Monitor,
            b'a' | CTRL_A => Key::Guest(CTRL_A),
            _ => Key::Swallowed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[u8]) -> (Vec<u8>, bool) {
        let mut escape = Escape::default();
        let mut guest = Vec::new();
        for &byte in keys {
            match escape.key(byte) {
                Key::Guest(byte) => guest.push(byte),
                Key::Swallowed | Key::Help | Key::Monitor => {}
                Key::Quit => return (guest, true),
            }
        }
        (guest, false)
    }

    #[test]
    fn ctrl_a_is_the_only_key_that_the_guest_does_not_see() {
        assert_eq!(typed(b"ls\r\x03\x18x"), (b"ls\r\x03\x18x".to_vec(), false));
        assert_eq!(typed(b"a\x01ab"), (b"a\x01b".to_vec(), false));
        assert_eq!(typed(b"\x01\x01x"), (b"\x01x".to_vec(), false));
        assert_eq!(typed(b"a\x01xb"), (b"a".to_vec(), true));
        assert_eq!(typed(b"\x01qx"), (b"x".to_vec(), false));
    }
}
