// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The tests of the command, one binary: it links once. A file is a module; `support` has what they share.

mod bad_guests;
mod bad_input;
mod claims;
mod cli;
mod comply;
mod device_tree;
mod dirty_log;
mod doctor;
mod engine;
mod fwnmi;
mod images;
mod kernels;
mod kvm;
mod kvm_random;
mod log_flood;
mod monitor;
mod nvram;
mod observe;
mod options;
mod outputs;
mod paths;
mod plugins;
mod qemu;
mod record;
mod snapshot;
mod stolen;
mod support;
mod table_memory;
mod terminal;
mod trace;
