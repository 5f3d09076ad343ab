// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The state of one trial, and its record in the memory of both machines. The record holds the state before,
//! which each machine overwrites with the state after.

/// Size in bytes of the storage that an instruction under test may access; two cache lines.
pub(crate) const MEMORY: usize = 256;
/// Size in bytes of a record: a multiple of the cache line, which `dcbz` clears.
pub(crate) const SIZE: usize = 1664;

/// Offset of GPR `r`.
pub(crate) const fn gpr(r: usize) -> usize {
    MEMORY + 8 * r
}
pub(crate) const CR: usize = gpr(32);
pub(crate) const XER: usize = CR + 8;
pub(crate) const LR: usize = CR + 16;
pub(crate) const CTR: usize = CR + 24;
pub(crate) const TAR: usize = CR + 32;
/// The end of the trial: a pad of [`crate::support::program`], or the number of a signal.
pub(crate) const OUTCOME: usize = CR + 40;
/// Address of the trial's code.
pub(crate) const STUB: usize = CR + 48;

/// Offset of VSR `n`.
pub(crate) const fn vsr(n: usize) -> usize {
    (STUB + 8).next_multiple_of(16) + 16 * n
}
/// VSCR, as a quadword.
pub(crate) const VSCR: usize = vsr(64);
pub(crate) const FPSCR: usize = VSCR + 16;

/// The doublewords of a record by name.
pub(crate) fn fields() -> impl Iterator<Item = (String, usize)> {
    let named =
        [("cr", CR), ("xer", XER), ("lr", LR), ("ctr", CTR), ("tar", TAR), ("fpscr", FPSCR)];
    let gprs = (0..32).map(|r| (format!("r{r}"), gpr(r)));
    gprs.chain(named.into_iter().map(|(name, at)| (name.to_string(), at)))
}

/// The quadwords of a record by name.
pub(crate) fn quads() -> impl Iterator<Item = (String, usize)> {
    (0..64).map(|n| (format!("vs{n}"), vsr(n))).chain([("vscr".to_string(), VSCR)])
}

/// The registers and the storage at the start of a trial.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) gpr: [u64; 32],
    pub(crate) cr: u32,
    pub(crate) xer: u64,
    pub(crate) lr: u64,
    pub(crate) ctr: u64,
    pub(crate) tar: u64,
    pub(crate) vsr: [u128; 64],
    pub(crate) vscr: u32,
    pub(crate) fpscr: u64,
    pub(crate) memory: [u8; MEMORY],
}

/// Byte order of both machines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Endian {
    Big,
    Little,
}

impl Endian {
    pub(crate) fn word(self, v: u32) -> [u8; 4] {
        if self == Endian::Little { v.to_le_bytes() } else { v.to_be_bytes() }
    }
    pub(crate) fn double(self, v: u64) -> [u8; 8] {
        if self == Endian::Little { v.to_le_bytes() } else { v.to_be_bytes() }
    }
    /// Reads a doubleword of a record.
    pub(crate) fn get(self, record: &[u8], at: usize) -> u64 {
        let bytes = record[at..at + 8].try_into().expect("eight bytes");
        if self == Endian::Little { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) }
    }
    /// Writes a doubleword of a record.
    pub(crate) fn set(self, record: &mut [u8], at: usize, v: u64) {
        record[at..at + 8].copy_from_slice(&self.double(v));
    }
    /// Reads a quadword of a record.
    pub(crate) fn get_quad(self, record: &[u8], at: usize) -> u128 {
        let bytes = record[at..at + 16].try_into().expect("sixteen bytes");
        if self == Endian::Little { u128::from_le_bytes(bytes) } else { u128::from_be_bytes(bytes) }
    }
    /// Writes a quadword of a record.
    pub(crate) fn set_quad(self, record: &mut [u8], at: usize, v: u128) {
        let bytes = if self == Endian::Little { v.to_le_bytes() } else { v.to_be_bytes() };
        record[at..at + 16].copy_from_slice(&bytes);
    }
}

impl State {
    /// Writes the state into a record.
    pub(crate) fn store(&self, record: &mut [u8], endian: Endian) {
        record[..MEMORY].copy_from_slice(&self.memory);
        for (r, v) in self.gpr.iter().enumerate() {
            endian.set(record, gpr(r), *v);
        }
        let others = [
            (CR, u64::from(self.cr)),
            (XER, self.xer),
            (LR, self.lr),
            (CTR, self.ctr),
            (TAR, self.tar),
            (FPSCR, self.fpscr),
        ];
        for (at, v) in others {
            endian.set(record, at, v);
        }
        for (n, v) in self.vsr.iter().enumerate() {
            endian.set_quad(record, vsr(n), *v);
        }
        endian.set_quad(record, VSCR, self.vscr.into());
    }
}
