// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The tests of several crates, one binary: it links once, and guests that boot take turns on all of the host's processors. A file is a module.

mod bounds;
mod bugs;
mod citations;
mod cli;
mod devices;
mod dma;
mod guides;
mod linux;
mod observe;
mod paths;
mod zimage;
