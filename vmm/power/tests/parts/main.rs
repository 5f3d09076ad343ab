// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Parts of the crate, tested separately, through `power::testing` where they have no public interface. A
//! single test program holds all of them, so that the crate is linked once.

mod code_memory;
mod engines;
mod events;
mod float;
mod hypercalls;
mod layers;
mod pairs;
mod recorder;
mod registers;
mod saved;
mod shootdown;
mod time;
mod tlb;
mod translated_float;
mod translated_vector;
mod usage;
mod watch;
