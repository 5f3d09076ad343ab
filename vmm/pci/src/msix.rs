// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The MSI-X table of a function and its pending bits (PCI 3.0, 6.8.2).
//!
//! The bytes are the guest's to write, all of them at any time. A vector that is masked when it is notified stays pending and
//! is sent once when it is unmasked.

use saved::{LoadError, Reader, Writer};

/// The most vectors of a function. Each is an interrupt source of the machine.
pub const MOST_VECTORS: u16 = 64;

/// Bytes of an entry: address (8), data (4), control (4).
pub(crate) const ENTRY: usize = 16;
/// The mask bit of an entry's control word.
const MASKED: u8 = 1;

/// The message of a vector, as the guest has written it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// The bus address of the write.
    pub address: u64,
    /// Its data.
    pub data: u32,
}

/// Table, pending bits, and the two bits of the capability that concern all vectors.
#[derive(Debug)]
pub struct Msix {
    table: Vec<u8>,
    pending: u64,
    enabled: bool,
    masked: bool,
}

impl Msix {
    /// A table of this many vectors, at most [`MOST_VECTORS`], as after a reset.
    pub fn new(count: u16) -> Msix {
        let count = usize::from(count.min(MOST_VECTORS));
        let mut msix =
            Msix { table: vec![0; count * ENTRY], pending: 0, enabled: false, masked: false };
        msix.reset();
        msix
    }

    /// Every vector masked, without a message; nothing pending.
    pub fn reset(&mut self) {
        (self.pending, self.enabled, self.masked) = (0, false, false);
        for entry in self.table.chunks_mut(ENTRY) {
            entry.fill(0);
            entry[12] = MASKED;
        }
    }

    /// The number of vectors.
    pub fn len(&self) -> usize {
        self.table.len() / ENTRY
    }

    /// True when there is no vector.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// True when the function uses MSI-X, and thus no INTx.
    pub fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// Reads the table. Bytes behind it are 0.
    pub fn read_table(&self, offset: usize, to: &mut [u8]) {
        for (n, byte) in to.iter_mut().enumerate() {
            *byte = self.table.get(offset + n).copied().unwrap_or(0);
        }
    }

    /// Writes the table. Returns the vectors that were pending and can be sent now, as a mask. Reserved bits stay 0.
    #[must_use]
    pub fn write_table(&mut self, offset: usize, from: &[u8]) -> u64 {
        for (n, &byte) in from.iter().enumerate() {
            let at = offset + n;
            let Some(to) = self.table.get_mut(at) else { break };
            *to = match at % ENTRY {
                0 => byte & !3, // the address of four bytes
                12 => byte & MASKED,
                13..ENTRY => 0,
                _ => byte,
            };
        }
        self.take_pending()
    }

    /// Reads the pending bits.
    pub fn read_pending(&self, offset: usize, to: &mut [u8]) {
        let bytes = self.pending.to_le_bytes();
        for (n, byte) in to.iter_mut().enumerate() {
            *byte = bytes.get(offset + n).copied().unwrap_or(0);
        }
    }

    /// Sets enable and function mask, as the guest writes them into the capability. Returns the vectors to send now.
    #[must_use]
    pub fn control(&mut self, enabled: bool, masked: bool) -> u64 {
        (self.enabled, self.masked) = (enabled, masked);
        if !enabled {
            self.pending = 0;
        }
        self.take_pending()
    }

    /// Sets the message of a vector and unmasks nothing, as firmware does (ibm,change-msi).
    pub fn set_message(&mut self, vector: usize, message: Message) {
        if let Some(entry) = self.table.chunks_mut(ENTRY).nth(vector) {
            entry[..8].copy_from_slice(&message.address.to_le_bytes());
            entry[8..12].copy_from_slice(&message.data.to_le_bytes());
        }
    }

    /// A notification of a vector: its message if it can be sent now. A masked vector becomes pending.
    pub fn notify(&mut self, vector: usize) -> Option<Message> {
        if vector >= self.len() || !self.enabled {
            return None;
        }
        if self.is_masked(vector) {
            self.pending |= 1 << vector;
            return None;
        }
        self.message(vector)
    }

    /// The message of a vector.
    pub fn message(&self, vector: usize) -> Option<Message> {
        let entry = self.table.chunks(ENTRY).nth(vector)?;
        let address = u64::from_le_bytes(entry[..8].try_into().ok()?);
        Some(Message { address, data: u32::from_le_bytes(entry[8..12].try_into().ok()?) })
    }

    fn is_masked(&self, vector: usize) -> bool {
        let control = self.table.get(vector * ENTRY + 12);
        self.masked || control.is_none_or(|control| control & MASKED != 0)
    }

    fn take_pending(&mut self) -> u64 {
        let mut now = 0;
        if self.pending != 0 && self.enabled {
            (0..self.len()).filter(|&n| !self.is_masked(n)).for_each(|n| now |= 1 << n);
            now &= self.pending;
            self.pending &= !now;
        }
        now
    }

    pub(crate) fn save(&self, to: &mut Writer<'_>) {
        to.raw(&self.table);
        to.u64(self.pending);
    }

    /// Loads what [`save`](Self::save) wrote; enable and function mask come with config space. Only masked vectors of an
    /// enabled table can be pending.
    pub(crate) fn load(
        &self,
        from: &mut Reader<'_>,
        (enabled, masked): (bool, bool),
    ) -> Result<Msix, LoadError> {
        let mut table = vec![0; self.table.len()];
        from.fill(&mut table)?;
        for entry in table.chunks(ENTRY) {
            let reserved = [entry[0] & 3, entry[12] & !MASKED, entry[13], entry[14], entry[15]];
            LoadError::unless(reserved == [0; 5])?;
        }
        let pending = from.u64()?;
        let msix = Msix { table, pending, enabled, masked };
        let pends = |vector: usize| pending >> vector & 1 != 0;
        let possible =
            |vector| !pends(vector) || enabled && vector < msix.len() && msix.is_masked(vector);
        LoadError::unless((0..u64::BITS as usize).all(possible))?;
        Ok(msix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: Message = Message { address: 0x400_0000_0000, data: 0x1301 };

    fn unmask(msix: &mut Msix, vector: usize) -> u64 {
        msix.write_table(vector * ENTRY + 12, &[0, 0, 0, 0])
    }

    // PCI 3.0, 6.8.2.9 and 6.8.3.4: masked at reset; a masked message stays pending, and is sent when the mask is cleared.
    #[test]
    fn a_masked_vector_is_pending_until_it_is_unmasked() {
        let mut msix = Msix::new(4);
        msix.set_message(2, MESSAGE);
        assert_eq!(msix.notify(2), None);
        assert_eq!(msix.control(true, false), 0);
        assert_eq!(msix.notify(2), None);
        let mut bits = [0; 8];
        msix.read_pending(0, &mut bits);
        assert_eq!(bits, [4, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(unmask(&mut msix, 2), 4);
        assert_eq!(unmask(&mut msix, 2), 0);
        assert_eq!(msix.notify(2), Some(MESSAGE));
    }

    #[test]
    fn the_function_mask_holds_all_vectors_and_disabling_forgets_them() {
        let mut msix = Msix::new(2);
        msix.set_message(0, MESSAGE);
        assert_eq!(unmask(&mut msix, 0), 0);
        assert_eq!(msix.control(true, true), 0);
        assert_eq!(msix.notify(0), None);
        assert_eq!(msix.control(true, false), 1);
        assert_eq!(msix.control(true, true), 0);
        assert_eq!(msix.notify(0), None);
        assert_eq!(msix.control(false, false), 0);
        assert_eq!(msix.control(true, false), 0);
    }

    #[test]
    fn reserved_bits_stay_0_and_accesses_beyond_the_table_are_harmless() {
        let mut msix = Msix::new(1);
        assert_eq!(msix.write_table(0, &[0xff; 16]), 0);
        let mut entry = [0; 16];
        msix.read_table(0, &mut entry);
        let mut want = [0xff; 16];
        (want[0], want[12]) = (0xfc, 1);
        want[13..].fill(0);
        assert_eq!(entry, want);
        assert_eq!(msix.write_table(12, &[0; 8]), 0);
        let mut beyond = [1; 8];
        msix.read_table(12, &mut beyond);
        assert_eq!(beyond, [0; 8]);
        assert_eq!(msix.notify(1), None);
        assert_eq!(msix.notify(usize::MAX), None);
    }
}
