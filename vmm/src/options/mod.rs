// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Options of `tcevm run`: [`run`], and those that make up a part of the machine's configuration: [`devices`], [`dma`],
//! [`plugins`] and [`engine`], which other commands have, too.

pub mod bus;
pub mod devices;
pub mod dma;
pub mod engine;
pub mod plugins;
pub mod run;
