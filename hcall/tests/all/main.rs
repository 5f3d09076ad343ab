// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The tests of the hypercalls, one binary: it links once. A file is a module. `tests::rig` is their setting.

mod calls;
mod capabilities;
mod ddw;
mod devices;
mod faults;
mod pci;
mod profiles;
mod random;
mod rtas;
mod splpar;
mod system;
mod tce;
mod threads;
mod tiers;
