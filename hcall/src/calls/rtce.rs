// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Redirected DMA: H_PUT_RTCE, H_PUT_RTCE_INDIRECT, H_REMOVE_RTCE.
//!
//! A server partition copies entries of a client's RTCE table into the TCE table of its own adapter. It names the
//! client's table by the second window pane of its virtual adapter (LoPAR 2.9, RTCE Table and Properties of the
//! Children of the /vdevice Node). The machines here are clients: no device has a second pane. So each call
//! ends at semantics 1, which checks that before anything else.

use crate::call::Caller;
use crate::call::rows::hcalls;
use crate::words::status::Status;
use crate::words::tier::Tier;

hcalls![
    family: "tce",
    Hcall {
        name: H_PUT_RTCE,
        call: h_put_rtce(r_liobn, r_ioba, liobn, ioba, count),
        returns: [],
        // hcall-rdma has calls that are not implemented.
        set: None,
        spec: "LoPAR 2.9, H_PUT_RTCE",
    },
    Hcall {
        name: H_PUT_RTCE_INDIRECT,
        call: h_put_rtce_indirect(list, r_liobn, liobn, ioba, count),
        returns: [],
        set: Some("hcall-multi-tce"),
        spec: "LoPAR 2.9, H_PUT_RTCE_INDIRECT",
    },
    Hcall {
        name: H_REMOVE_RTCE,
        call: h_remove_rtce(r_liobn, r_ioba, liobn, ioba, count, tce),
        returns: [],
        set: None,
        spec: "LoPAR 2.9, H_REMOVE_RTCE",
    },
];

fn h_put_rtce(
    on: &mut Caller<'_>,
    _r_liobn: u64,
    _r_ioba: u64,
    _liobn: u64,
    _ioba: u64,
    _count: u64,
) -> Result<(), Status> {
    second_pane(on)
}

fn h_put_rtce_indirect(
    on: &mut Caller<'_>,
    _list: u64,
    _r_liobn: u64,
    _liobn: u64,
    _ioba: u64,
    _count: u64,
) -> Result<(), Status> {
    second_pane(on)
}

fn h_remove_rtce(
    on: &mut Caller<'_>,
    _r_liobn: u64,
    _r_ioba: u64,
    _liobn: u64,
    _ioba: u64,
    _count: u64,
    _tce: u64,
) -> Result<(), Status> {
    second_pane(on)
}

/// Checks that the first LIOBN is of a second window pane. Errors: it never is, because no device here serves a client.
fn second_pane(on: &Caller<'_>) -> Result<(), Status> {
    Err(on.accel.rules(Tier::User).no_second_pane)
}
