// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Engines run the rows: the interpreter, and the translator for code that runs often. Each visits the rows with a
//! [`Vocabulary`](crate::vocabulary::Vocabulary) of its own. The interpreter has the run loop, and the decoded blocks that
//! translated code takes the place of.

pub(crate) mod answer;
pub(crate) mod exit;
pub(crate) mod interp;
pub(crate) mod signals;
pub(crate) mod translate;
