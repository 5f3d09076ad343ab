// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! TCE access: H_GET_TCE, H_PUT_TCE, H_STUFF_TCE, H_PUT_TCE_INDIRECT, each with a handler per tier.
//!
//! [`real`] and [`virt`] do calls that every profile accepts at once (`agreed`), and check the
//! [`Rules`](crate::profile::Rules) only for the others (`by_rules`). [`user`] checks the rules
//! from the start, so that it defines the other two. A refusal changes nothing, except where the rules say `partial`.

mod agreed;
mod by_rules;
mod list;
pub mod real;
pub mod user;
pub mod virt;

pub use list::read_list;

use crate::call::rows::tiered_hcalls;

tiered_hcalls![
    Hcall {
        name: H_GET_TCE,
        args: (liobn, ioba),
        real: real::h_get_tce,
        virt: virt::h_get_tce,
        user: user::h_get_tce,
        returns: [tce],
        set: Some("hcall-tce"),
        spec: "LoPAR 2.9, H_GET_TCE",
    },
    Hcall {
        name: H_PUT_TCE,
        args: (liobn, ioba, tce),
        real: real::h_put_tce,
        virt: virt::h_put_tce,
        user: user::h_put_tce,
        returns: [],
        set: Some("hcall-tce"),
        spec: "LoPAR 2.9, H_PUT_TCE",
    },
    Hcall {
        name: H_STUFF_TCE,
        args: (liobn, ioba, tce, count),
        real: real::h_stuff_tce,
        virt: virt::h_stuff_tce,
        user: user::h_stuff_tce,
        returns: [],
        set: Some("hcall-multi-tce"),
        spec: "LoPAR 2.9, H_STUFF_TCE",
    },
    Hcall {
        name: H_PUT_TCE_INDIRECT,
        args: (liobn, ioba, list, count),
        real: real::h_put_tce_indirect,
        virt: virt::h_put_tce_indirect,
        user: user::h_put_tce_indirect,
        returns: [],
        set: Some("hcall-multi-tce"),
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT",
    },
];
