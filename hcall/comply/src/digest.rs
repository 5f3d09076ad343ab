// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The digest by which answers of many steps are compared.

/// FNV-1a over the bytes of numbers: the digest of answers, here and in the guest.
#[derive(Clone, Copy, Debug)]
pub struct Digest(pub u64);

impl Default for Digest {
    fn default() -> Digest {
        Digest(0xcbf2_9ce4_8422_2325)
    }
}

impl Digest {
    /// Adds a number to the digest, by its big-endian bytes.
    pub fn add(&mut self, number: u64) {
        for byte in number.to_be_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}
