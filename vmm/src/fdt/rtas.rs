// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `/rtas`: the tokens of the RTAS calls and the function sets of the hypercalls, both derived
//! from the rows of the crate hcall.
//!
//! `linux,rtas-entry` is absent: there is no RTAS code in guest RAM, and a guest that finds none
//! calls RTAS by the hypercall 0xf000 itself, as kvm-unit-tests does.

use dtoolkit::model::DeviceTreeNode;

use super::node::{self, Build};

pub(super) fn node() -> DeviceTreeNode {
    let rtas = node::new("rtas").with("ibm,hypertas-functions", hcall::function_sets().as_slice());
    hcall::rtas_tokens().fold(rtas, |rtas, (name, token)| rtas.with(name, token))
}
