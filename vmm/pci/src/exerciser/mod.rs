// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The exerciser: a PCI function that makes DMA on command or by its own clock, for guests that test DMA.
//!
//! # For drivers
//!
//! Vendor 0x1d1d, device 0x7ce0, class 0xff0000 (no class), revision 1. BAR 0 (32 bits, 4 KiB) has the registers, BAR 2 (64 bits,
//! 4 KiB) the MSI-X table at 0 and its pending bits at 0x800. There are four MSI-X vectors and a pin. The function has four
//! *requesters*, which work at the same time, each with a port of its own.
//!
//! Registers are little-endian, have 8 bytes, and are accessed by 4 or 8 bytes that are aligned; other accesses are ignored, and
//! read as 0. A register that is not named here reads as 0.
//!
//! | offset | register | |
//! |---|---|---|
//! | 0x000 | `IDENTITY` | bits 0 to 31: 0x43584554; 32 to 47: the version of this list, 1; 48 to 63: the number of requesters |
//! | 0x008 | `INTERRUPTS` | a bit for each requester whose pin interrupt waits; a 1 that is written clears the bit |
//! | 0x100 + 0x100 n | | registers of requester n: |
//! | + 0x00 | `ADDRESS` | the bus address |
//! | + 0x08 | `LENGTH` | the number of bytes: 1 to 65536; of atomics 4 or 8, and the address is a multiple of it |
//! | + 0x10 | `OPERAND` | write: the 8 bytes that are repeated; add: the addend; swap: the number that is expected |
//! | + 0x18 | `SECOND` | swap: the number that replaces it |
//! | + 0x20 | `STEP` | is added to `OPERAND` after each operation |
//! | + 0x28 | `PERIOD` | 0: an operation is made once, before the store to `COMMAND` is complete. Otherwise it is repeated by the requester's clock, each time after this number of microseconds, until `COMMAND` is 0 |
//! | + 0x30 | `INTERRUPT` | 0: none. 1: at the end of each operation; 2: of each one that failed. By MSI-X the vector is n |
//! | + 0x38 | `COMMAND` | 0: stop; 1: read, 2: write, 3: fetch and add, 4: compare and swap |
//! | + 0x40 | `STATUS` | 0: nothing was done yet; 1: the last operation is complete; 2: the bridge refused it; 3: the command, length or address is none of the above |
//! | + 0x48 | `RESULT` | read: the first 8 bytes; atomics: the number before |
//! | + 0x50 | `SUM` | read: the sum of all bytes |
//! | + 0x58 | `DONE` | operations that were completed since the reset |
//! | + 0x60 | `FAILED` | operations that failed since the reset |
//! | + 0x68 | `CHANGES` | how often `RESULT` of a read differed from that of the read before |
//!
//! A period is at most an hour. A store to any register of a requester begins a new period, and waits for the operation that its clock is making. So after a store of 0 to `COMMAND`
//! the requester touches no memory. Atomics are atomic with those of all CPUs and requesters. A transfer is in order of
//! addresses, and not atomic as a whole; a write of up to 8 aligned bytes is.

mod function;
mod requester;

pub use function::{Exerciser, REQUESTERS};
