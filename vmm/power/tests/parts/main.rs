// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Parts of the crate by themselves, through `power::testing` where they have no public interface. One test program
//! for all of them, so that the crate is linked once.

mod events;
mod float;
mod layers;
mod pairs;
mod recorder;
mod shootdown;
mod time;
mod tlb;
mod usage;
mod watch;
