// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Tests of the crate, one binary.
#![allow(unreachable_pub)] // a module of a test has no better visibility

mod bus;
mod exerciser;
mod rig;
mod virtio;
