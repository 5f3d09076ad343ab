// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The tests of the devices, one binary: it links once. A file is a module; `rig` is their setting. No test here starts a process: a child
//! has, until it runs its program, the open files of all tests, and so their locks. `qemu_img.rs` and `imago.rs` stay apart.
#![allow(unreachable_pub)] // a module of a test has no better visibility

mod code;
mod disk;
mod llan;
mod qcow2;
mod qcow2_check;
mod random;
mod rig;
mod save;
mod vscsi;
mod worker;
