// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--dirty-log` of a POWER guest; `kvm.rs` has the test for an x86-64 guest.

use crate::support::asm::{self, hcall, power_off};
use crate::support::{Files, arg, assert_written_pages, code, run};

const LIOBN: u64 = 0x8000_0000;
const H_PUT_TCE: u64 = 0x20;
const H_PAGE_INIT: u64 = 0x2c;
/// H_PAGE_INIT: zero the page (LoPAR 2.9, "Page Frame Table Access flags field definition": bit 48).
const ZERO: u64 = 1 << (63 - 48);

#[test]
fn the_guest_and_displaced_tces_are_told_apart() {
    let put = |entry: u64, tce| hcall(H_PUT_TCE, &[LIOBN, entry << 12, tce]);
    let zero = |page| hcall(H_PAGE_INIT, &[ZERO, page, 0]);
    let guest = [
        zero(0x30_0000),
        zero(0x30_1000),
        put(0, 0x30_1003), // guest and device write this one
        put(0, 0x30_2002), // only a device
        put(1, 0x30_3001), // a device that may only read
        put(1, 0),
        put(0, 0),
        put(2, 0x30_4003), // still live at the end
        power_off(),
    ];
    let files = Files::new();
    let path = files.write("guest", asm::guest(guest.concat()).bytes());
    let log = files.path("dirty");
    let output = run([arg(&path), "-m", "16M", "--dirty-log", arg(&log)]);
    assert_eq!(code(&output), 0, "{output:?}");
    assert_written_pages(&log);
}
