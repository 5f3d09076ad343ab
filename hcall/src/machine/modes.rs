// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! State of processors that belongs to the hypervisor.

/// Registers (LPCR, partition scope) of all vCPUs, and SPRG0 of the caller.
pub trait ProcessorModes {
    /// Sets SPRG0 of the calling vCPU.
    fn set_sprg0(&mut self, value: u64);

    /// Sets LPCR\[ILE\]: the byte order in which interrupts are taken.
    fn set_interrupts_little_endian(&mut self, little: bool);

    /// Sets LPCR\[AIL\]: interrupts that can be are taken with relocation on, at 0xc000000000004000.
    fn set_interrupts_relocated(&mut self, relocated: bool);

    /// Sets the process table, or removes it.
    fn set_process_table(&mut self, table: Option<ProcessTableRange>);
}

/// The place of the process table in guest memory: 16-byte entries that point to radix trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessTableRange {
    /// Guest real address of entry 0.
    pub base: u64,
    /// Size in bytes.
    pub bytes: u64,
}
