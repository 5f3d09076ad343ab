// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The rig of direct calls. Registers go straight to `hcall::dispatch` without a CPU, so that the state of
//! the host can be read after each step.

mod console;
mod look;
mod machine;
mod number;
mod probe;
mod race;
mod setup;

pub use machine::Direct;
pub use race::list_race;
pub use setup::{Prototypes, Setup};
