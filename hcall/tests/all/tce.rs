// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The four TCE hypercalls through registers: one test for each rule, with the number of papr-tce 7 where it
//! has the rule. Expected values are those of LoPAR 2.9, and the decisions of papr-tce 8 where LoPAR is
//! silent.

use hcall::Status::*;
use hcall::tokens::*;
use tests::rig::*;

// papr-tce 7.8
#[test]
fn a_put_is_read_back_and_pins_the_page() {
    let mut r = Rig::new();
    assert_eq!(r.status(H_PUT_TCE, &[L, 0, A | RW]), Success);
    assert_eq!((r.get(L, 0), r.pins(A), r.dirty(A)), (A | 3, 1, false));
    r.assert_sound();
}

// papr-tce 7.11
#[test]
fn a_put_over_a_live_entry_releases_the_old_page_and_marks_it_dirty() {
    let mut r = Rig::new();
    assert_eq!(r.status(H_PUT_TCE, &[L, 0, A | RW]), Success);
    assert_eq!(r.status(H_PUT_TCE, &[L, 0, B | R]), Success);
    assert_eq!((r.pins(A), r.dirty(A), r.pins(B), r.dirty(B)), (0, true, 1, false));
    assert_eq!(r.get(L, 0), B | 1);
}

// papr-tce 7.36: exactly the value that was put, for all four permissions and with high address bits
#[test]
fn a_get_returns_what_was_put() {
    let mut r = Rig::new();
    for tce in [A, A | R, A | W, A | RW, 0xffff_ffff_ffff_f000, 0xffc] {
        assert_eq!(r.status(H_PUT_TCE, &[L, 0x5000, tce]), Success);
        assert_eq!(r.get(L, 0x5000), tce);
    }
    assert_eq!(r.get(L, 0x6000), 0, "never written");
}

// papr-tce 7.5, 7.37, 7.38, 7.39
#[test]
fn a_get_fills_r4_only_and_a_refused_one_nothing() {
    let mut r = Rig::new();
    assert_eq!(r.status(H_PUT_TCE, &[L, 0, A | RW]), Success);
    let (status, out) = r.hcall(H_GET_TCE, &[L, 0]);
    assert_eq!((status, out[0], out[1]), (Success, A | RW, 0));
    assert!(out[2..].iter().all(|&reg| reg == 0x5555_5555_5555_5555));
    for args in [[L, END], [L, 0x801], [7, 0], [L | 1 << 32, 0]] {
        let (status, out) = r.hcall(H_GET_TCE, &args);
        assert_eq!((status, out[0], out[1]), (Parameter, args[0], args[1]));
    }
}

// papr-tce 7.19 to 7.27
#[test]
fn a_put_with_a_bad_window_address_or_tce_is_h_parameter_and_changes_nothing() {
    let mut r = Rig::new();
    assert_eq!(r.status(H_PUT_TCE, &[L, 0, A | RW]), Success);
    let before = r.state();
    for args in [
        [L, 0, MEMORY | RW],                // outside memory
        [L, 0, 0xffff_ffff_ffff_f003],      // outside memory
        [L, 0, A | 0x4 | RW],               // reserved bit
        [L, 0, A | 0x800 | RW],             // reserved bit
        [L, 0x801, B | RW],                 // unaligned
        [L, END, B | RW],                   // behind the window
        [L, 0xffff_ffff_ffff_f000, B | RW], // far behind
        [7, 0, B | RW],                     // no such window
        [L | 1 << 32, 0, B | RW],           // more than 32 bits (bug 52)
        [L2, 0, B | RW],                    // before the window
        [L2, START2 - 0x1_0000, B | RW],    // just before it
        [L2, START2, 0x1_1000 | RW],        // aligned to 4 KiB, not to 64 KiB
    ] {
        assert_eq!(r.status(H_PUT_TCE, &args), Parameter, "{args:x?}");
        assert_eq!(r.state(), before, "{args:x?}");
    }
    r.assert_sound();
}

// papr-tce 7.41, 7.42, 7.48; bugs 35 and 51: big-endian for guests of both byte orders
#[test]
fn bug_51_a_list_is_big_endian() {
    let mut r = Rig::new();
    r.write_list(LIST, &[A | RW, 0, B | R]);
    assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L, 0x1000, LIST, 3]), Success);
    assert_eq!([0x1000, 0x2000, 0x3000].map(|ioba| r.get(L, ioba)), [A | 3, 0, B | 1]);
    assert_eq!((r.pins(A), r.pins(B)), (1, 1));
    r.assert_sound();
}

// papr-tce 7.27; bug 52: the upper half of the register is checked
#[test]
fn bug_52_a_liobn_of_more_than_32_bits_is_no_window_for_any_call() {
    let mut r = Rig::new();
    r.write_list(LIST, &[A | RW]);
    let before = r.state();
    for bit in 32..63 {
        let liobn = L | 1 << bit;
        assert_eq!(r.status(H_PUT_TCE, &[liobn, 0, A | RW]), Parameter);
        assert_eq!(r.status(H_GET_TCE, &[liobn, 0]), Parameter);
        assert_eq!(r.status(H_STUFF_TCE, &[liobn, 0, A | RW, 1]), Parameter);
        assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[liobn, 0, LIST, 1]), Parameter);
    }
    assert_eq!(r.state(), before);
}

// papr-tce 7.42, 7.47: a list in the last page of memory
#[test]
fn a_full_list_in_the_last_page_of_memory_is_taken() {
    let mut r = Rig::new();
    let list: Vec<u64> = (0..512).map(|n| (n << 12) | RW).collect();
    r.write_list(MEMORY - 0x1000, &list);
    assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L, 0, MEMORY - 0x1000, 512]), Success);
    assert!((0..512).all(|n| r.get(L, n << 12) == (n << 12) | RW));
    r.assert_sound();
}

// papr-tce 7.43, 7.44, 7.46, 7.47, 7.51; bug 54
#[test]
fn bug_54_a_list_that_is_unaligned_outside_or_too_long_is_h_parameter() {
    let mut r = Rig::new();
    r.write_list(LIST, &[A | RW; 512]);
    let before = r.state();
    for args in [
        [L, 0, LIST, 513],
        [L, 0, LIST, 1 << 63],
        [L, 0, LIST, u64::MAX],
        [L, 0, LIST | 8, 1],
        [L, 0, MEMORY, 1],
        [L, 0, 0xffff_ffff_ffff_f000, 1],
        [L, END - 0x1000, LIST, 2],
        [L, END, LIST, 0],
        [7, 0, LIST, 1],
        [L | 1 << 32, 0, LIST, 1],
    ] {
        assert_eq!(r.status(H_PUT_TCE_INDIRECT, &args), Parameter, "{args:x?}");
        assert_eq!(r.state(), before, "{args:x?}");
    }
}

// papr-tce 7.57: LoPAR reads the LIOBN of this call as signed; without the multi-table option it is
// H_FUNCTION
#[test]
fn a_negative_liobn_is_h_function_in_a_list_call_only() {
    let mut r = Rig::new();
    for liobn in [u64::MAX, 0x8000_0000_0000_0000, -129i64 as u64] {
        assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[liobn, 0, LIST, 600]), Function);
        assert_eq!(r.status(H_PUT_TCE, &[liobn, 0, 0]), Parameter);
        assert_eq!(r.status(H_STUFF_TCE, &[liobn, 0, 0, 0]), Parameter);
    }
}

// papr-tce 7.49, 7.50; bug 17
#[test]
fn bug_17_a_list_with_one_bad_entry_changes_nothing() {
    let mut r = Rig::new();
    assert_eq!(r.status(H_STUFF_TCE, &[L, 0, A | RW, 512]), Success);
    let before = r.state();
    for (bad, tce) in [(0, MEMORY | RW), (2, B | 4 | R), (511, !0)] {
        let mut list = [B | RW; 512];
        list[bad] = tce;
        r.write_list(LIST, &list);
        assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L, 0, LIST, 512]), Parameter);
        assert_eq!(r.state(), before);
    }
}

// papr-tce 7.52, 7.53; bugs 37 and 38: an entry without permissions is a clear, whatever else it holds
#[test]
fn bug_37_entries_without_permissions_in_a_list_clear() {
    let mut r = Rig::new();
    assert_eq!(r.status(H_STUFF_TCE, &[L, 0, A | RW, 3]), Success);
    r.write_list(LIST, &[0x4, MEMORY, 0xffff_ffff_ffff_fffc]);
    assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L, 0, LIST, 3]), Success);
    assert_eq!((r.pins(A), r.dirty(A)), (0, true));
    assert_eq!([0, 0x1000, 0x2000].map(|at| r.get(L, at)), [4, MEMORY, 0xffff_ffff_ffff_fffc]);
    r.assert_sound();
}

// papr-tce 7.56: the list page itself is mapped by the list
#[test]
fn a_list_may_map_its_own_page() {
    let mut r = Rig::new();
    r.write_list(LIST, &[LIST | RW, A | RW]);
    assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L, 0, LIST, 2]), Success);
    assert_eq!((r.pins(LIST), r.pins(A)), (1, 1));
}

// papr-tce 7.45, 7.62; bug 63
#[test]
fn bug_63_a_count_of_zero_succeeds_and_changes_nothing() {
    let mut r = Rig::new();
    let before = r.state();
    assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L, 0, LIST, 0]), Success);
    assert_eq!(r.status(H_STUFF_TCE, &[L, 0, A | RW, 0]), Success);
    assert_eq!(r.state(), before);
}

// papr-tce 7.59, 7.66: permissions are legal in a stuff
#[test]
fn a_stuff_with_permissions_maps_the_page_in_every_entry() {
    let mut r = Rig::new();
    assert_eq!(r.status(H_STUFF_TCE, &[L, 0x1000, A | RW, 512]), Success);
    assert_eq!((r.pins(A), r.get(L, 0), r.get(L, 0x20_0000)), (512, 0, A | RW));
    assert_eq!(r.status(H_STUFF_TCE, &[L, 0x1000, 0xdead_0000, 512]), Success);
    assert_eq!((r.pins(A), r.get(L, 0x20_0000)), (0, 0xdead_0000));
    r.assert_sound();
}

// papr-tce 7.60, 7.61, 7.63, 7.64; LoPAR's order: address, count (H_P4), range, value
#[test]
fn a_stuff_checks_address_then_count_then_range_then_value() {
    let mut r = Rig::new();
    let before = r.state();
    for (args, status) in [
        ([L, 0, 0, 513], P4),
        ([L, 0, MEMORY | RW, 513], P4),
        ([L, 0x1000, 0, u64::MAX], P4),
        ([L, END - 0x1000, 0, 513], P4),
        ([L, END, 0, 513], Parameter),
        ([L, 0x801, 0, 513], Parameter),
        ([7, 0, 0, 513], Parameter),
        ([L | 1 << 32, 0, 0, 513], Parameter),
        ([L, END - 0x1000, 0, 2], Parameter),
        ([L2, START2, 0, 33], Parameter),
        ([L, 0, MEMORY | R, 1], Parameter),
        ([L, 0, A | 8 | R, 1], Parameter),
    ] {
        assert_eq!(r.status(H_STUFF_TCE, &args), status, "{args:x?}");
        assert_eq!(r.state(), before, "{args:x?}");
    }
}

// papr-tce 7.28, 7.31
#[test]
fn a_window_with_an_offset_and_larger_pages_works_to_its_end() {
    let mut r = Rig::new();
    let last = START2 + (31 << 16);
    assert_eq!(r.status(H_PUT_TCE, &[L2, last, A | RW]), Success);
    assert_eq!(r.get(L2, last), A | RW);
    assert!((0..16).all(|n| r.pins(A + (n << 12)) == 1));
    assert_eq!(r.status(H_PUT_TCE, &[L2, last + 0x1_0000, A | RW]), Parameter);
    r.assert_sound();
}

// papr-tce 7.1 and LoPAR 2.9: H_PRIVILEGE for any token
#[test]
fn problem_state_is_h_privilege_for_any_token_and_changes_nothing() {
    let mut r = Rig::new();
    r.problem_state = true;
    let before = r.state();
    for token in (0..0x480).chain(0xf000..0xf010).chain([u64::MAX]) {
        let mut regs = [token, L, 0, A | RW, 1, 0, 0, 0, 0, 0];
        assert_eq!(r.call(&mut regs).status, Privilege);
        assert_eq!(regs, [0xffff_ffff_ffff_fffd, L, 0, A | RW, 1, 0, 0, 0, 0, 0]);
    }
    assert_eq!(r.state(), before);
    assert_eq!((r.machine.ceded, r.machine.sprg0), (0, None));
}

// papr-tce 7.2, 7.3, 7.4
#[test]
fn an_unknown_token_is_h_function_and_changes_nothing() {
    let mut r = Rig::new();
    let before = r.state();
    for token in [0x21, 0x22, 0x23, 0x4fc, 0x13d, 0xf002, 1 << 32 | 0x20, u64::MAX] {
        let mut regs = [token, L, 0, A | RW, 1, 2, 3, 4, 5, 6];
        let call = r.call(&mut regs);
        assert!(call.hcall.is_none());
        assert_eq!(regs, [0xffff_ffff_ffff_fffe, L, 0, A | RW, 1, 2, 3, 4, 5, 6]);
    }
    assert_eq!(r.state(), before);
}

#[test]
fn a_row_names_the_arguments_and_answers_of_its_call() {
    let row = |token| hcall::find(token).expect("a row");
    assert_eq!(row(H_PUT_TCE).args, ["liobn", "ioba", "tce"]);
    assert_eq!(row(H_PUT_TCE_INDIRECT).args, ["liobn", "ioba", "list", "count"]);
    assert_eq!(row(H_GET_TCE).returns, ["tce"]);
}
