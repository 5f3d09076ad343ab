// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A guest's windows: the view of each, the hardware tables under it, and the calls on them.

pub mod agent;
pub mod audit;
pub mod container;
pub mod guest_table;
pub mod steps;
pub mod view;
pub mod windows;
