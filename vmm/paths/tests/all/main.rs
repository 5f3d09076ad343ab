// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The tests of the host's paths, one binary: it links once. A file is a module.

mod output;
mod socket;
mod whole;
