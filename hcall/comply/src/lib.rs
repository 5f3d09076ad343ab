// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The PAPR TCE compliance suite: clauses, and the rigs on which an implementation is checked against them.
//!
//! A [`Clause`] is one row in [`clauses`]: its name, its source, the requirement as a sentence, and a check.
//! The check is a short [`script`] of hypercalls with their expected answers, or a function over the library.
//! A script runs as direct calls ([`direct`]), or goes as data into a guest image ([`image`]) that any
//! machine with `sc 1`, a console and a device tree can run.
//!
//! Read in this order: [`value`], [`profile`], [`script`], [`host`] (the language); [`clause`], [`clauses`]
//! (the rows); [`run`], [`direct`] (running them here); [`blob`], [`image`], [`tap`] (running them in a
//! guest); [`report`], [`merge`], [`mod@format`], [`shard`] (reporting, also from several machines); [`coverage`], [`notes`] (which parts are covered, which
//! peers differ and why); [`random`], [`differential`], [`replay`] (sequences).
#![forbid(unsafe_code)]

pub mod blob;
pub mod clause;
pub mod clauses;
pub mod compare;
pub mod coverage;
pub mod differential;
pub mod digest;
pub mod direct;
pub mod format;
pub mod host;
pub mod image;
pub mod merge;
pub mod notes;
pub mod profile;
pub mod random;
pub mod replay;
pub mod report;
pub mod rig;
pub mod run;
pub mod script;
pub mod shard;
pub mod sources;
pub mod tap;
pub mod value;

pub use clause::{Check, Clause};
pub use profile::SuiteProfile;
pub use run::{Outcome, Verdict};
pub use script::Script;
pub use shard::Shard;
