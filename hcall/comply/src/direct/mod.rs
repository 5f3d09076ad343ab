// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The rig of direct calls: registers go straight to `hcall::dispatch`, with no CPU between, so
//! that everything the host knows can be asked after each step.

mod console;
mod look;
mod machine;
mod probe;
mod race;
mod setup;

pub use machine::Direct;
pub use race::list_race;
pub use setup::{Platform, Setup};
