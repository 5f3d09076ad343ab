// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The `tcevm` command: options, the files of a run, signals and the terminal around a [`machine::Machine`].
//!
//! Read in this order: [`cli`] and [`options`] (the command lines), [`run`] (from options to a machine and its run),
//! [`failure`], `advice` and [`exit`] (reasons for no run, the options that mend them, exit codes), `outputs`, `perf_map` and `outlet` (files whose reader may
//! stall), `inlet` (files that are read), [`watch`] (signals, time limit),
//! [`terminal`] (standard input), [`observe`] (the observers of a run), [`doctor`], [`comply`], [`qemu`] (the command
//! line of QEMU), [`monitor`], `steer` and [`snapshot`] (clients that steer a run, machines in files).

mod advice;
pub mod cli;
pub mod comply;
pub mod demo;
pub mod doctor;
pub mod exit;
pub mod failure;
mod inlet;
pub mod log_limit;
pub mod monitor;
pub mod observe;
pub mod options;
mod outlet;
mod outputs;
mod perf_map;
pub mod qemu;
pub mod run;
pub mod snapshot;
mod steer;
pub mod terminal;
pub mod watch;
