// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A small guest: 1 MiB of RAM, code at [`AT`], and a handler at every vector that leaves by `sc 1`, so that
//! [`Guest::run`] reports the vector of an interrupt.

use power::{Cpu, Exit, GuestMemory, interrupt::INTERRUPTS, msr, spr};
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

/// Address of the code.
pub(crate) const AT: u64 = 0x4000;
/// Address of the data.
pub(crate) const DATA: u64 = 0x8000;
/// The first address beyond RAM.
pub(crate) const END: u64 = 0x10_0000;

/// `sc 1`: leaves the guest.
pub(crate) const LEAVE: u32 = 0x4400_0022;
/// `ori 0,0,0`
pub(crate) const NOP: u32 = 0x6000_0000;

/// A CPU and its RAM.
pub(crate) struct Guest {
    pub(crate) cpu: Cpu,
    pub(crate) ram: Arc<GuestMemory>,
}

impl Guest {
    /// A guest in 64-bit big-endian mode that runs `code`, followed by `sc 1`.
    pub(crate) fn new(code: &[u32]) -> Guest {
        Guest::in_mode(msr::SF | msr::ME, code)
    }

    /// A guest in the mode of an MSR value; interrupts are taken in the same endianness.
    pub(crate) fn in_mode(mode: u64, code: &[u32]) -> Guest {
        let ram = GuestMemory::from_ranges(&[(GuestAddress(0), END as usize)]).expect("RAM");
        let ram = Arc::new(ram);
        let mut guest = Guest { cpu: crate::tool::cpu(Arc::clone(&ram)), ram };
        guest.cpu.set_msr(mode);
        guest.cpu.set_interrupt_little_endian(mode & msr::LE != 0);
        guest.cpu.set_nip(AT);
        for interrupt in INTERRUPTS {
            guest.code(interrupt.vector, &[LEAVE]);
        }
        guest.code(AT, &[code, &[LEAVE]].concat());
        guest
    }

    /// Writes instructions, in the endianness of the mode.
    pub(crate) fn code(&mut self, at: u64, words: &[u32]) {
        let little = self.cpu.msr() & msr::LE != 0;
        for (at, word) in (at..).step_by(4).zip(words) {
            let bytes = if little { word.to_le_bytes() } else { word.to_be_bytes() };
            self.ram.write_slice(&bytes, GuestAddress(at)).expect("code in RAM");
        }
    }

    /// Runs to the next `sc 1` and returns its address.
    pub(crate) fn run(&mut self) -> u64 {
        assert_eq!(self.cpu.run(), Exit::Hcall);
        self.cpu.nip() - 4
    }

    /// Reads a special-purpose register.
    pub(crate) fn spr(&mut self, name: &str) -> u64 {
        spr::by_name(name).expect(name).value(&mut self.cpu)
    }

    /// Writes a special-purpose register.
    pub(crate) fn set_spr(&mut self, name: &str, value: u64) {
        spr::by_name(name).expect(name).set(&mut self.cpu, value);
    }
}
