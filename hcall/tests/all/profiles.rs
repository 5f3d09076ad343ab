// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Each row of the difference table, papr-tce 2.7, with the answers of each profile.
//!
//! A case makes one call on fresh windows, and states the status and some entries afterwards. Page A of the
//! table is mapped in the entry before the last one of L. Expected values are the table's columns "LoPAR"
//! (where it says "open", the decisions of papr-tce 8.6), "KVM with QEMU" and "QEMU".

use hcall::Status::{self, *};
use hcall::tokens::*;
use hcall::{Accel, Profile, Tier};
use tests::rig::*;

/// The last entry of L.
const LAST: u64 = END - 0x1000;
const HIGH_LIOBN: u64 = L | 1 << 32;
const MINUS_1: u64 = u64::MAX;

/// A row: its name in the table, the call, and for lopar, kvm and qemu the status and entries afterwards.
struct Row {
    case: &'static str,
    token: u64,
    args: [u64; 4],
    list: &'static [u64],
    /// The bus addresses in L whose entries are compared afterwards.
    look: &'static [u64],
    lopar: (Status, &'static [u64]),
    kvm: (Status, &'static [u64]),
    qemu: (Status, &'static [u64]),
}

/// A row that compares no entries, or whose entries are equal under all profiles.
macro_rules! rows {
    ($($case:literal: $token:ident $args:expr, list $list:expr, look $look:expr =>
        lopar $lopar:expr, kvm $kvm:expr, qemu $qemu:expr;)*) => {
        &[$(Row {
            case: $case, token: $token, args: $args, list: &$list, look: &$look,
            lopar: $lopar, kvm: $kvm, qemu: $qemu,
        }),*]
    };
}

const NONE: [u64; 0] = [];
const PAR: (Status, &[u64]) = (Parameter, &[]);
const OK: (Status, &[u64]) = (Success, &[]);

#[rustfmt::skip]
const ROWS: &[Row] = rows! {
    "unknown LIOBN": H_PUT_TCE [7, 0, A | RW, 0], list NONE, look [] => lopar PAR, kvm PAR, qemu PAR;
    "unknown LIOBN, GET": H_GET_TCE [7, 0, 0, 0], list NONE, look [] => lopar PAR, kvm PAR, qemu PAR;
    "LIOBN upper 32 bits set": H_PUT_TCE [HIGH_LIOBN, 0, A, 0], list NONE, look [] => lopar PAR, kvm PAR, qemu PAR;
    "LIOBN negative, MTT off (INDIRECT)": H_PUT_TCE_INDIRECT [MINUS_1, 0, LIST, 1], list [A | RW], look [] =>
        lopar (Function, &[]), kvm PAR, qemu PAR;
    "IOBA unaligned, inside window": H_PUT_TCE [L, 0x801, A | RW, 0], list NONE, look [0] =>
        lopar (Parameter, &[0]), kvm (Parameter, &[0]), qemu (Success, &[A | RW]);
    "IOBA unaligned, GET": H_GET_TCE [L, 0x801, 0, 0], list NONE, look [] => lopar PAR, kvm PAR, qemu OK;
    "IOBA unaligned, INDIRECT": H_PUT_TCE_INDIRECT [L, 0x801, LIST, 1], list [A | RW], look [0] =>
        lopar (Parameter, &[0]), kvm (Parameter, &[0]), qemu (Success, &[A | RW]);
    "IOBA unaligned, STUFF": H_STUFF_TCE [L, 0x801, 0xd000, 1], list NONE, look [0] =>
        lopar (Parameter, &[0]), kvm (Parameter, &[0]), qemu (Success, &[0xd000]);
    "IOBA below window offset": H_PUT_TCE [L2, START2 - 0x1_0000, A | RW, 0], list NONE, look [] => lopar PAR, kvm PAR, qemu PAR;
    "IOBA = window end": H_PUT_TCE [L, END, A | RW, 0], list NONE, look [] => lopar PAR, kvm PAR, qemu PAR;
    "IOBA = window end, GET": H_GET_TCE [L, END, 0, 0], list NONE, look [] => lopar PAR, kvm PAR, qemu PAR;
    "IOBA + n wraps 2^64": H_STUFF_TCE [L, 0xffff_ffff_ffff_f000, 0, 2], list NONE, look [] => lopar PAR, kvm PAR, qemu PAR;
    "last entry, n = 1": H_PUT_TCE_INDIRECT [L, LAST, LIST, 1], list [B | R], look [LAST] =>
        lopar (Success, &[B | R]), kvm (Success, &[B | R]), qemu (Success, &[B | R]);
    "n crosses window end, INDIRECT": H_PUT_TCE_INDIRECT [L, LAST, LIST, 2], list [B | R, B | R], look [LAST] =>
        lopar (Parameter, &[0]), kvm (Parameter, &[0]), qemu (Parameter, &[B | R]);
    "n crosses window end, STUFF": H_STUFF_TCE [L, LAST, 0xd000, 2], list NONE, look [LAST] =>
        lopar (Parameter, &[0]), kvm (Parameter, &[0]), qemu (Parameter, &[0xd000]);
    "count = 0, INDIRECT": H_PUT_TCE_INDIRECT [L, 0, LIST, 0], list NONE, look [] => lopar OK, kvm OK, qemu PAR;
    "count = 0, STUFF": H_STUFF_TCE [L, 0, 0, 0], list NONE, look [] => lopar OK, kvm OK, qemu PAR;
    "count = 0, STUFF at IOBA = end": H_STUFF_TCE [L, END, 0, 0], list NONE, look [] => lopar PAR, kvm OK, qemu PAR;
    "count = 0, INDIRECT with the list outside": H_PUT_TCE_INDIRECT [L, 0, MEMORY, 0], list NONE, look [] =>
        lopar PAR, kvm PAR, qemu PAR;
    "count = 512": H_PUT_TCE_INDIRECT [L, 0, LIST, 512], list [A | RW; 512], look [511 << 12] =>
        lopar (Success, &[A | RW]), kvm (Success, &[A | RW]), qemu (Success, &[A | RW]);
    "count = 513, INDIRECT": H_PUT_TCE_INDIRECT [L, 0, LIST, 513], list [A | RW; 512], look [0] =>
        lopar (Parameter, &[0]), kvm (Parameter, &[0]), qemu (Parameter, &[0]);
    "count = 513, STUFF": H_STUFF_TCE [L, 0, 0xd000, 513], list NONE, look [512 << 12] =>
        lopar (P4, &[0]), kvm (Success, &[0xd000]), qemu (Success, &[0xd000]);
    "count = the whole window, STUFF": H_STUFF_TCE [L, 0, 0xd000, 1024], list NONE, look [LAST] =>
        lopar (P4, &[0]), kvm (Success, &[0xd000]), qemu (Success, &[0xd000]);
    "count huge, STUFF": H_STUFF_TCE [L, 0, 0xd000, MINUS_1], list NONE, look [0] =>
        lopar (P4, &[0]), kvm (Parameter, &[0]), qemu (Parameter, &[0]);
    "list not 4 K aligned": H_PUT_TCE_INDIRECT [L, 0, LIST | 8, 1], list [A | RW; 2], look [0] =>
        lopar (Parameter, &[0]), kvm (Parameter, &[0]), qemu (Parameter, &[0]);
    // A read of a bus address without a device returns zero here.
    "list outside guest RAM": H_PUT_TCE_INDIRECT [L, LAST - 0x1000, MEMORY, 1], list NONE, look [LAST - 0x1000] =>
        lopar (Parameter, &[A | RW]), kvm (Success, &[0]), qemu (Success, &[0]);
    "PUT perms none, address any": H_PUT_TCE [L, 0, 0xdead_beef_f000, 0], list NONE, look [0] =>
        lopar (Success, &[0xdead_beef_f000]), kvm (Success, &[0xdead_beef_f000]), qemu (Success, &[0xdead_beef_f000]);
    "INDIRECT perm-less entry, address outside RAM": H_PUT_TCE_INDIRECT [L, 0, LIST, 3], list [A | RW, MEMORY, B | RW], look [0, 0x1000, 0x2000] =>
        lopar (Success, &[A | RW, MEMORY, B | RW]), kvm (Parameter, &[A | RW, 0, 0]), qemu (Success, &[A | RW, MEMORY, B | RW]);
    "PUT read-only (01)": H_PUT_TCE [L, 0, A | R, 0], list NONE, look [0] =>
        lopar (Success, &[A | R]), kvm (Success, &[A | R]), qemu (Success, &[A | R]);
    "PUT write-only (10)": H_PUT_TCE [L, 0, A | W, 0], list NONE, look [0] =>
        lopar (Success, &[A | W]), kvm (Success, &[A | W]), qemu (Success, &[A | W]);
    "PUT read-write": H_PUT_TCE [L, 0, A | RW, 0], list NONE, look [0] =>
        lopar (Success, &[A | RW]), kvm (Success, &[A | RW]), qemu (Success, &[A | RW]);
    "reserved bits 2..11 with perms": H_PUT_TCE [L, 0, A | 4 | RW, 0], list NONE, look [0] =>
        lopar (Parameter, &[0]), kvm (Success, &[A | 4 | RW]), qemu (Success, &[A | 4 | RW]);
    "address outside RAM, perms set": H_PUT_TCE [L, 0, MEMORY | RW, 0], list NONE, look [0] =>
        lopar (Parameter, &[0]), kvm (Success, &[MEMORY | RW]), qemu (Success, &[MEMORY | RW]);
    "overwrite valid entry": H_PUT_TCE [L, LAST - 0x1000, B | RW, 0], list NONE, look [LAST - 0x1000] =>
        lopar (Success, &[B | RW]), kvm (Success, &[B | RW]), qemu (Success, &[B | RW]);
    "STUFF value non-zero, no perms": H_STUFF_TCE [L, 0, 0xd000, 2], list NONE, look [0x1000] =>
        lopar (Success, &[0xd000]), kvm (Success, &[0xd000]), qemu (Success, &[0xd000]);
    "STUFF value with perms": H_STUFF_TCE [L, 0, A | RW, 2], list NONE, look [0x1000] =>
        lopar (Success, &[A | RW]), kvm (Parameter, &[0]), qemu (Success, &[A | RW]);
    "bad entry in middle of INDIRECT list": H_PUT_TCE_INDIRECT [L, 0, LIST, 3], list [A | RW, MEMORY | RW, B | R], look [0, 0x1000, 0x2000] =>
        lopar (Parameter, &[0, 0, 0]), kvm (Success, &[A | RW, MEMORY | RW, B | R]), qemu (Success, &[A | RW, MEMORY | RW, B | R]);
    "GET never-written": H_GET_TCE [L, 0, 0, 0], list NONE, look [0] =>
        lopar (Success, &[0]), kvm (Success, &[0]), qemu (Success, &[0]);
};

fn rig(profile: &'static Profile, start: Tier) -> Rig {
    let mut r = Rig::with(Accel::new(start).with_profile(profile));
    assert_eq!(r.status(H_PUT_TCE, &[L, LAST - 0x1000, A | RW]), Success);
    r
}

fn check(row: &Row, profile: &'static Profile, start: Tier, expected: (Status, &[u64])) {
    let mut r = rig(profile, start);
    r.write_list(LIST, row.list);
    let status = r.status(row.token, &row.args);
    let entries: Vec<_> = row.look.iter().map(|&ioba| r.get(L, ioba)).collect();
    let name = profile.name;
    assert_eq!((status, &entries[..]), expected, "{}, {name} from {start}", row.case);
    r.assert_sound();
}

#[test]
fn each_row_of_the_difference_table_is_as_it_says() {
    for row in ROWS {
        for start in Tier::ALL {
            check(row, Profile::LOPAR, start, row.lopar);
            check(row, Profile::QEMU, start, row.qemu);
        }
        check(row, Profile::KVM, Tier::Virtual, row.kvm);
        // Without the kernel's tiers the answers are those of QEMU.
        check(row, Profile::KVM, Tier::User, row.qemu);
    }
}

// papr-tce 2.3: kernels before the range check of 2026 compare only the first entry of a range with the window, and a
// count of 0 too. Nothing behind the window changes.
#[test]
fn kvm_before_the_range_check_writes_a_range_up_to_the_end_of_the_window() {
    for row in ROWS {
        let expected: (Status, &[u64]) = match row.case {
            "n crosses window end, INDIRECT" => (Success, &[B | R]),
            "n crosses window end, STUFF" | "count huge, STUFF" => (Success, &[0xd000]),
            "count = 0, STUFF at IOBA = end" => (Parameter, &[]),
            _ => row.kvm,
        };
        check(row, Profile::KVM_6_1, Tier::Virtual, expected);
        check(row, Profile::KVM_6_1, Tier::User, row.qemu);
    }
    let mut r = rig(Profile::KVM_6_1, Tier::Virtual);
    r.write_list(LIST, &[A | RW; 512]);
    assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L, LAST, LIST, 512]), Success);
    assert_eq!(r.status(H_STUFF_TCE, &[L, LAST, 0, 512]), Success);
    // An address that is not the guest's ends a list in this kernel as well.
    r.write_list(LIST, &[B | RW, MEMORY]);
    assert_eq!(r.status(H_PUT_TCE_INDIRECT, &[L, LAST, LIST, 2]), Parameter);
    assert_eq!((r.get(L, LAST), r.pins(B)), (B | RW, 1));
    r.assert_sound();
}

// Rows "reserved bits 2..11 with perms" and "address bits below a 64 K+ TCE page": PAR in the real-mode era
#[test]
fn kvm_in_real_mode_refuses_low_bits() {
    let mut r = rig(Profile::KVM, Tier::Real);
    // A missing chunk is too hard, and that check comes first where a chunk is missing.
    for (args, status) in [
        ([L, 0, A | 4 | RW], Parameter),
        ([L2, START2, A | 0x1000 | RW], Parameter),
        ([L, 0, MEMORY | RW], Success),
    ] {
        assert_eq!(r.status(H_PUT_TCE, &args), status, "{args:x?}");
    }
}

// Row "address bits below a 64 K+ TCE page": translation ignores the low bits; papr-tce 7.29
#[test]
fn bits_below_a_large_page_do_not_move_the_mapping() {
    for (profile, status, get) in [
        (Profile::LOPAR, Parameter, 0),
        (Profile::KVM, Success, A | 0x1000 | RW),
        (Profile::QEMU, Success, A | 0x1000 | RW),
    ] {
        let mut r = Rig::with(Accel::default().with_profile(profile));
        assert_eq!(r.status(H_PUT_TCE, &[L2, START2, A | 0x1000 | RW]), status);
        assert_eq!(r.get(L2, START2), get);
        let mapped = u32::from(status == Success);
        assert!((0..16).all(|n| r.pins(A + (n << 12)) == mapped), "{}", profile.name);
        assert_eq!(r.pins(A + 0x1_0000), 0);
        r.assert_sound();
    }
}

// Bug 65, papr-tce 7.19 and 7.20: after a success the old mapping is not reachable
#[test]
fn bug_65_an_entry_outside_memory_maps_nothing() {
    for profile in [Profile::KVM, Profile::QEMU] {
        let mut r = Rig::with(Accel::default().with_profile(profile));
        assert_eq!(r.status(H_PUT_TCE, &[L, 0, A | RW]), Success);
        assert_eq!(r.status(H_PUT_TCE, &[L, 0, MEMORY | RW]), Success);
        assert_eq!((r.pins(A), r.dirty(A), r.get(L, 0)), (0, true, MEMORY | RW));
        assert_eq!(r.status(H_PUT_TCE, &[L, 0, B | RW]), Success);
        assert_eq!(r.pins(B), 1);
        r.assert_sound();
    }
}

// Row "address in a memslot but not pre-registered": KVM leaves the call to QEMU, which tries to map the page
// and returns H_SUCCESS even if that fails. Here a page that cannot be mapped is a refusal (bug 64).
#[test]
fn a_page_that_is_not_registered_is_told_under_every_profile() {
    for profile in Profile::ALL {
        for start in Tier::ALL {
            let frames = iommu::Frames::unregistered(MEMORY).expect("memory");
            let hpa = |gpa| frames.hpa(iommu::Gpa(gpa)).expect("memory");
            frames.register(&[hpa(A)..hpa(A + 0x1000)]).expect("free");
            let all = iommu::Container::new(frames);
            let mut r = Rig::over(all, Accel::new(start).with_profile(profile));
            assert_eq!(r.status(H_PUT_TCE, &[L, 0, A | RW]), Success);
            let before = r.state();
            assert_eq!(r.status(H_PUT_TCE, &[L, 0, B | RW]), Hardware, "{}", profile.name);
            assert_eq!((r.state(), r.pins(A), r.pins(B)), (before, 1, 0));
            r.assert_sound();
        }
    }
}

// Bug 66: write-only stays write-only in the hardware under every profile
#[test]
fn bug_66_write_only_is_write_only_in_the_hardware() {
    for profile in Profile::ALL {
        let mut r = Rig::with(Accel::default().with_profile(profile));
        assert_eq!(r.status(H_PUT_TCE, &[L, 0, A | W]), Success);
        let window = r.all.window(iommu::Liobn(0x8000_0000)).expect("it is there");
        let tce = window.tables()[0].tce(iommu::HwEntry(0)).expect("in the table");
        assert_eq!(tce.direction(), iommu::Direction::FromDevice, "{}", profile.name);
    }
}

// Row "GET of page no longer owned", papr-tce 7.40: LoPAR 2.9, H_GET_TCE, semantics 6
#[test]
fn an_entry_whose_page_is_not_the_guests_is_h_partial_by_lopar_alone() {
    for (profile, expected) in [
        (Profile::LOPAR, (Partial, 0xffff_ffff_ffff_f003)),
        (Profile::KVM, (Success, MEMORY | RW)),
        (Profile::QEMU, (Success, MEMORY | RW)),
    ] {
        for start in Tier::ALL {
            let mut r = Rig::with(Accel::new(start).with_profile(profile));
            let (liobn, tce) = (iommu::Liobn(0x8000_0000), iommu::RawTce(MEMORY | RW));
            r.all.put_verbatim(&mut r.agent, liobn, iommu::Ioba(0), tce).expect("stored");
            let (status, out) = r.hcall(H_GET_TCE, &[L, 0]);
            assert_eq!((status, out[0]), expected, "{} from {start}", profile.name);
        }
    }
}

// Row "LE guest list": big-endian under every profile (bugs 35 and 51)
#[test]
fn bug_51_a_list_is_big_endian_under_every_profile() {
    for profile in Profile::ALL {
        let mut r = Rig::with(Accel::default().with_profile(profile));
        r.write_list(LIST, &[0x0102_0304_0506_0700]); // bytes that differ at both ends
        let status = r.status(H_PUT_TCE_INDIRECT, &[L, 0, LIST, 1]);
        // KVM checks the owner of the page even without permissions.
        let (expected, got) = match profile.name {
            "kvm" | "kvm-6.1" => (Parameter, 0),
            _ => (Success, 0x0102_0304_0506_0700),
        };
        assert_eq!((status, r.get(L, 0)), (expected, got), "{}", profile.name);
    }
}

// Bug 35: the range check multiplied the count, so that a count near 2^52 overflowed to 0
#[test]
fn bug_35_a_count_whose_bytes_overflow_is_refused_under_every_profile() {
    for profile in Profile::ALL {
        for start in Tier::ALL {
            let mut r = Rig::with(Accel::new(start).with_profile(profile));
            let before = r.state();
            for count in [1 << 52, (1 << 52) + 1, (1 << 52) - 1, 1 << 63, MINUS_1] {
                let long = match profile.name {
                    "lopar" => P4,
                    // Only the first entry is compared with the window; the rest is cleared to its end.
                    "kvm-6.1" if start != Tier::User => Success,
                    _ => Parameter,
                };
                for ioba in [0, 0x1000] {
                    assert_eq!(r.status(H_STUFF_TCE, &[L, ioba, 0, count]), long, "{count:#x}");
                    let list = r.status(H_PUT_TCE_INDIRECT, &[L, ioba, LIST, count]);
                    assert_eq!(list, Parameter, "{count:#x}");
                }
            }
            match profile.name {
                "kvm-6.1" => r.assert_sound(),
                name => assert_eq!(r.state().0, before.0, "{name} from {start}"),
            }
        }
    }
}

// Row "TCE page 64K/2M/16M/1G": a window of each size works, if memory has such a page
#[test]
fn windows_of_every_page_size_map_whole_pages() {
    for shift in [12, 16, 21, 24, 30, 34] {
        let frames = iommu::Frames::new(1 << 34).expect("memory that nobody touches");
        let all = iommu::Container::new(frames);
        let (liobn, shift) = (iommu::Liobn(9), iommu::PageShift::new(shift).expect("a page"));
        let window = iommu::Window::bytes(liobn, 0, 4 << shift.get(), shift).expect("a window");
        let table = iommu::IommuTable::new(window, iommu::Ioda2::default()).expect("a table");
        all.add_window(window, table).expect("new");
        let mut agent = all.agent();
        let ioba = iommu::Ioba(3 << shift.get());
        all.put(&mut agent, liobn, ioba, iommu::RawTce(3)).expect("page 0");
        let beyond = iommu::RawTce(1 << 34 | 3);
        assert!(all.put(&mut agent, liobn, ioba, beyond).is_err());
        assert_eq!(all.tce(&mut agent, liobn, ioba), Ok(iommu::RawTce(3)));
    }
}

// Bug 46, papr-tce 7.61: a call that walks a whole window stops at the end of the run
#[test]
fn bug_46_a_stuff_of_a_whole_window_can_be_interrupted() {
    for profile in [Profile::KVM, Profile::QEMU] {
        let mut r = Rig::with(Accel::default().with_profile(profile));
        assert_eq!(r.status(H_STUFF_TCE, &[L3, START3, 0xd000, 8192]), Success);
        assert_eq!(r.get(L3, START3 + (8191 << 12)), 0xd000);
        r.machine.ending = true;
        assert_eq!(r.status(H_STUFF_TCE, &[L3, START3, 0, 8192]), Busy);
        assert_eq!(r.get(L3, START3 + (8191 << 12)), 0xd000, "it did not go on to the end");
        r.assert_sound();
    }
}
