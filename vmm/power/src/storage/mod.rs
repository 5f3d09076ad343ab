// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Storage: guest RAM, its translation, and the agreements of CPUs about it.
//!
//! Read `bus.rs` (RAM), `tlb.rs` and `mem.rs` (accesses), `io.rs` (registers of devices), `mmu.rs`, `radix.rs`, `leaves.rs` and `spaces.rs`
//! (translation), `shootdown.rs` (invalidations of other CPUs), `watch.rs` (stores to code), `reservation.rs` (atomics) and `vector_mem.rs`.

pub(crate) mod bus;
pub(crate) mod io;
pub(crate) mod leaves;
pub(crate) mod mem;
pub(crate) mod mmu;
pub(crate) mod radix;
pub(crate) mod reservation;
pub(crate) mod shootdown;
pub(crate) mod spaces;
pub(crate) mod tlb;
pub(crate) mod vector_mem;
pub(crate) mod watch;
