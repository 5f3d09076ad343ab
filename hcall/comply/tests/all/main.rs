// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The tests of the suite, one binary: it links once. A file is a module.

mod clauses;
mod document;
mod names;
mod stubs;
