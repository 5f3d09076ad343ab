// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Engines run the rows. The only one is the interpreter; a translator would be a folder beside it, visit the rows
//! with a [`Vocabulary`](crate::vocabulary::Vocabulary) of its own, and share [`exit`] and [`signals`].

pub(crate) mod exit;
pub(crate) mod interp;
pub(crate) mod signals;
