// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The tests of the library, one binary: it links once. A file is a module; `model.rs` beside this folder needs loom and stays apart.

mod budget;
mod detector;
mod dma;
mod exchange;
mod kvm_table;
mod levels;
mod old_design;
mod ownership;
mod random;
mod rig;
mod steps;
mod stop;
mod threads;
mod user;
mod vfio_v1;
mod vfio_v2;
mod windows;
