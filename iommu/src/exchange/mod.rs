// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The exchange of live entries, with its accounting.
//!
//! [`xchg`] is the one place where an entry of a guest, or of a VFIO user, is swapped:
//! **exchange → kill → dirty → release**. Whoever calls brings a [`Work`](work::Work).

pub mod faults;
pub mod tally;
pub mod work;
pub mod xchg;
