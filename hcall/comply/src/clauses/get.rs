// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! H_GET_TCE.

use crate::clause::Check::Script;
use crate::clause::Clause;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "get/never-written",
        spec: "LoPAR 2.9, H_GET_TCE, semantics 3 and 4; papr-tce 7.35",
        says: "An entry that was never written reads 0.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 A|RW -> H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS A|RW
            H_GET_TCE L 0 -> H_SUCCESS 0
            H_GET_TCE L START+0x123000 -> H_SUCCESS 0
            H_GET_TCE L END-0x1000 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "get/verbatim",
        spec: "LoPAR 2.9, H_GET_TCE; papr-tce 7.36",
        says: "A value is read back as it was put, with its address and each of the four permissions.",
        check: Script(
            "
            H_PUT_TCE L 0 A -> H_SUCCESS
            H_PUT_TCE L 0x1000 A|R -> H_SUCCESS
            H_PUT_TCE L 0x2000 A|W -> H_SUCCESS
            H_PUT_TCE L 0x3000 A|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A
            H_GET_TCE L 0x1000 -> H_SUCCESS A|R
            H_GET_TCE L 0x2000 -> H_SUCCESS A|W
            H_GET_TCE L 0x3000 -> H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "get/byte-order",
        spec: "LoPAR 2.9, H_GET_TCE; papr-tce 7.77; bugs 1 and 35",
        says: "A value whose bytes all differ is read back in the same order.",
        check: Script(
            "
            H_PUT_TCE L 0 0x0102030405060000 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0x0102030405060000
            H_PUT_TCE L 0 0xfedcba9876543210 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0xfedcba9876543210
            ",
        ),
    },
    Clause {
        id: "get/outside",
        spec: "LoPAR 2.9, H_GET_TCE, semantics 1; papr-tce 7.37",
        says: "A bus address behind the window is H_PARAMETER.",
        check: Script(
            "
            H_PUT_TCE L END-0x1000 A|R -> H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS A|R
            H_GET_TCE L END -> H_PARAMETER
            H_GET_TCE L END+0x1000 -> H_PARAMETER
            H_GET_TCE L 0x7ffffffffffff000 -> H_PARAMETER
            H_GET_TCE L -4096 -> H_PARAMETER
            ",
        ),
    },
    Clause {
        id: "get/last-entry",
        spec: "LoPAR 2.9, H_GET_TCE, semantics 1",
        says: "The last entry of the window can be read.",
        check: Script(
            "H_PUT_TCE L END-0x1000 A|R -> H_SUCCESS\nH_GET_TCE L END-0x1000 -> H_SUCCESS A|R",
        ),
    },
    Clause {
        id: "get/unaligned",
        spec: "open in LoPAR 2.9, H_GET_TCE (the entry's index is used); papr-tce 7.38",
        says: "A bus address inside a page is refused, or reads the entry of its page, and never another one.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0x1000 B|RW -> H_SUCCESS
            H_GET_TCE L 0x801 -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER A|RW; qemu H_SUCCESS A|RW
            H_GET_TCE L 0x1fff -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER B|RW; qemu H_SUCCESS B|RW
            ",
        ),
    },
    Clause {
        id: "get/after-refused",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 1; papr-tce 7.39",
        says: "After a refused put the entry reads as before.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L END B|RW -> H_PARAMETER
            H_PUT_TCE L+0x7f 0 B|RW -> H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "get/liobn-unknown",
        spec: "LoPAR 2.9, H_GET_TCE, semantics 1",
        says: "A LIOBN that names no window is H_PARAMETER.",
        check: Script(
            "
            H_PUT_TCE L 0 A|R -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|R
            H_GET_TCE L+0x7f 0 -> H_PARAMETER
            H_GET_TCE 0 0 -> H_PARAMETER
            H_GET_TCE 0xffffffff 0 -> H_PARAMETER
            ",
        ),
    },
    Clause {
        id: "get/liobn-high-bits",
        spec: "open in LoPAR 2.9, H_GET_TCE (a 32-bit value); Linux: kvmppc_find_table; QEMU: spapr_tce_find_by_liobn; papr-tce 7.27; bug 52",
        says: "A LIOBN has 32 bits: with other bits the register names no window, or they are ignored.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_GET_TCE L+0x100000000 0 -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER A|RW
            H_GET_TCE L+0x8000000000000000 0 -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER A|RW
            H_GET_TCE L+0xffffffff00000000 0 -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER A|RW
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "get/changes-nothing",
        spec: "LoPAR 2.9, H_GET_TCE",
        says: "Reading takes no pin and marks nothing dirty, however often.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            repeat 100 H_GET_TCE L 0 -> H_SUCCESS A|RW
            host pins A = 1
            host dirty A = 0
            host taken = 1
            ",
        ),
    },
    Clause {
        id: "get/every-entry",
        spec: "LoPAR 2.9, H_GET_TCE; papr-tce 7.42",
        says: "Each of 512 different entries reads its own value.",
        check: Script(
            "
            fill LIST 512 M|R+I*0x1000
            H_PUT_TCE_INDIRECT L 0x5000 LIST 512 -> H_SUCCESS
            repeat 512 H_GET_TCE L 0x5000+I*0x1000 -> H_SUCCESS M|R+I*0x1000
            H_GET_TCE L 0x4000 -> H_SUCCESS 0
            H_GET_TCE L 0x205000 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "get/after-clear",
        spec: "LoPAR 2.9, H_GET_TCE, semantics 4; papr-tce 7.15",
        says: "An entry that was cleared reads 0.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            H_PUT_TCE L 0 0 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0
            ",
        ),
    },
];
