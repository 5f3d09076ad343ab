// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! H_STUFF_TCE.

use crate::clause::Check::Script;
use crate::clause::Clause;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "stuff/clear",
        spec: "LoPAR 2.9, H_STUFF_TCE; papr-tce 7.59",
        says: "512 live entries are cleared and released by one call, dirty by their old directions.",
        check: Script(
            "
            fill LIST 512 A|RW
            poke LIST+0x800 B|R
            H_PUT_TCE_INDIRECT L 0 LIST 512 -> H_SUCCESS
            H_GET_TCE L 0x1ff000 -> H_SUCCESS A|RW
            H_STUFF_TCE L 0 0 512 -> H_SUCCESS
            repeat 512 H_GET_TCE L I*0x1000 -> H_SUCCESS 0
            host pins A = 0
            host pins B = 0
            host dirty A = 1
            host dirty B = 0
            host live L = 0
            ",
        ),
    },
    Clause {
        id: "stuff/one",
        spec: "LoPAR 2.9, H_STUFF_TCE",
        says: "A count of 1 has the effect of a put.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 A|RW -> H_SUCCESS
            H_PUT_TCE L 0x2000 B|RW -> H_SUCCESS
            H_STUFF_TCE L 0x1000 0 1 -> H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS 0
            H_GET_TCE L 0x2000 -> H_SUCCESS B|RW
            host pins A = 0
            host pins B = 1
            ",
        ),
    },
    Clause {
        id: "stuff/513",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 3; papr-tce 7.60",
        says: "More than 512 entries are H_P4, and nothing changes.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            H_STUFF_TCE L 0 0 513 -> H_P4; kvm H_SUCCESS; qemu H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|RW; kvm H_SUCCESS 0; qemu H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "stuff/whole-window",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 3; papr-tce 7.61; bug 46",
        says: "Stuffing the whole window at once is H_P4. Where more than 512 entries are allowed, the window is cleared, and one entry more is H_PARAMETER.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L END-0x1000 A|RW -> H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS A|RW
            H_STUFF_TCE L START 0 N -> H_P4; kvm H_SUCCESS; qemu H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS A|RW; kvm H_SUCCESS 0; qemu H_SUCCESS 0
            H_STUFF_TCE L START 0 N+1 -> H_P4; kvm H_PARAMETER; kvm-6.1 H_SUCCESS; qemu H_PARAMETER
            ",
        ),
    },
    Clause {
        id: "stuff/count-zero",
        spec: "LoPAR 2.9, H_STUFF_TCE (a loop of no turns); papr-tce 7.62; bug 63",
        says: "A count of 0 succeeds and changes nothing.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_STUFF_TCE L 0 0 0 -> H_SUCCESS; qemu H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            host pins A = 1
            ",
        ),
    },
    Clause {
        id: "stuff/crossing",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 4; papr-tce 7.63",
        says: "A range that runs over the window's end changes no entry.",
        check: Script(
            "
            H_PUT_TCE L END-0x1000 A|RW -> H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS A|RW
            H_STUFF_TCE L END-0x1000 0 2 -> H_PARAMETER; kvm-6.1 H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS A|RW; kvm-6.1 H_SUCCESS 0; qemu H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "stuff/count-huge",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 3; papr-tce 7.64; bug 35",
        says: "A count that wraps the bus is refused at once: it is not truncated, shifted out or walked.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            [!kvm-6.1] H_STUFF_TCE L 0 0 -1 -> H_P4; kvm H_PARAMETER; qemu H_PARAMETER
            [!kvm-6.1] H_STUFF_TCE L 0x1000 0 -1 -> H_P4; kvm H_PARAMETER; qemu H_PARAMETER
            [!kvm-6.1] H_STUFF_TCE L 0 0 0x10000000000001 -> H_P4; kvm H_PARAMETER; qemu H_PARAMETER
            [!kvm-6.1] H_STUFF_TCE L 0 0 0x8000000000000001 -> H_P4; kvm H_PARAMETER; qemu H_PARAMETER
            [!kvm-6.1] H_STUFF_TCE L 0 0 0x100000001 -> H_P4; kvm H_PARAMETER; qemu H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "stuff/poison",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 5; papr-tce 7.65",
        says: "A value without permissions is stored unchanged in each entry, and maps nothing.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 A|RW -> H_SUCCESS
            H_STUFF_TCE L 0 0xdead000 3 -> H_SUCCESS
            repeat 3 H_GET_TCE L I*0x1000 -> H_SUCCESS 0xdead000
            H_GET_TCE L 0x3000 -> H_SUCCESS 0
            host hw L 0x1000 = 0
            host pins A = 0
            host live L = 0
            ",
        ),
    },
    Clause {
        id: "stuff/map",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 5 and 6; papr-tce 7.66",
        says: "A value with permissions maps its page in each entry.",
        check: Script(
            "
            H_STUFF_TCE L 0 A|RW 5 -> H_SUCCESS; kvm H_PARAMETER
            repeat 5 H_GET_TCE L I*0x1000 -> H_SUCCESS A|RW; kvm H_SUCCESS 0
            H_GET_TCE L 0x5000 -> H_SUCCESS 0
            [lopar] host pins A = 5
            [lopar] host live L = 5
            ",
        ),
    },
    Clause {
        id: "stuff/map-over-live",
        spec: "LoPAR 2.9, H_STUFF_TCE; papr-tce 7.70",
        says: "Live entries are replaced, and each old page is released once.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0x2000 B|R -> H_SUCCESS
            [!kvm] H_STUFF_TCE L 0 C|R 4 -> H_SUCCESS
            [lopar] host pins A = 0
            [lopar] host dirty A = 1
            [lopar] host pins B = 0
            [lopar] host dirty B = 0
            [lopar] host pins C = 4
            [!kvm] H_GET_TCE L 0x3000 -> H_SUCCESS C|R
            H_GET_TCE L 0 -> H_SUCCESS C|R; kvm H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "stuff/map-outside-ram",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 5",
        says: "A page outside memory is H_PARAMETER, and nothing changes.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 A|RW -> H_SUCCESS
            H_STUFF_TCE L 0 RAM|RW 4 -> H_PARAMETER; qemu H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS A|RW; qemu H_SUCCESS RAM|RW
            host hw-foreign L = 0
            ",
        ),
    },
    Clause {
        id: "stuff/reserved",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 5; papr-tce 7.67",
        says: "Reserved bits without permissions are stored and map nothing.",
        check: Script(
            "
            H_STUFF_TCE L 0 0x4 2 -> H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS 0x4
            host hw L 0x1000 = 0
            host live L = 0
            ",
        ),
    },
    Clause {
        id: "stuff/reserved-mapped",
        spec: "open in LoPAR 2.9, H_STUFF_TCE; papr-tce 7.21",
        says: "Reserved bits beside permissions are refused where H_PUT_TCE refuses them.",
        check: Script(
            "
            H_STUFF_TCE L 0 A|0x4|RW 2 -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; qemu H_SUCCESS
            [lopar] H_GET_TCE L 0 -> H_SUCCESS 0
            H_PUT_TCE L 0x2000 B|R -> H_SUCCESS
            H_GET_TCE L 0x2000 -> H_SUCCESS B|R
            ",
        ),
    },
    Clause {
        id: "stuff/untouched",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 6; papr-tce 7.68",
        says: "Clearing entries that were never written succeeds, and they stay clear.",
        check: Script(
            "
            H_STUFF_TCE L 0x100000 0 512 -> H_SUCCESS
            H_GET_TCE L 0x100000 -> H_SUCCESS 0
            host taken = 0
            host released = 0
            H_PUT_TCE L 0x100000 A|R -> H_SUCCESS
            H_GET_TCE L 0x100000 -> H_SUCCESS A|R
            ",
        ),
    },
    Clause {
        id: "stuff/at-the-end",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 4",
        says: "The range may end at the end of the window.",
        check: Script(
            "
            H_PUT_TCE L END-0x1000 A|RW -> H_SUCCESS
            H_PUT_TCE L END-0x200000 A|RW -> H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS A|RW
            H_STUFF_TCE L END-0x200000 0 512 -> H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS 0
            H_GET_TCE L END-0x200000 -> H_SUCCESS 0
            host pins A = 0
            ",
        ),
    },
    Clause {
        id: "stuff/neighbours",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 6; papr-tce 6.4, index and unit mixing; bug 7",
        says: "Entries before and behind the range keep their mappings.",
        check: Script(
            "
            fill LIST 8 A|RW
            H_PUT_TCE_INDIRECT L 0x10000 LIST 8 -> H_SUCCESS
            H_STUFF_TCE L 0x12000 0 3 -> H_SUCCESS
            H_GET_TCE L 0x11000 -> H_SUCCESS A|RW
            repeat 3 H_GET_TCE L 0x12000+I*0x1000 -> H_SUCCESS 0
            H_GET_TCE L 0x15000 -> H_SUCCESS A|RW
            host pins A = 5
            host hw L 0x11000 = A|RW
            host hw L 0x15000 = A|RW
            ",
        ),
    },
    Clause {
        id: "stuff/unaligned",
        spec: "open in LoPAR 2.9, H_STUFF_TCE; papr-tce 2.7",
        says: "A bus address inside a page is refused, or stands for that page's entry.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0x1000 A|RW -> H_SUCCESS
            H_STUFF_TCE L 0x10 0 1 -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; qemu H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|RW; allowed H_SUCCESS _; qemu H_SUCCESS 0
            H_GET_TCE L 0x1000 -> H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "stuff/outside",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 1",
        says: "A bus address behind the window is H_PARAMETER, also with a count that would be H_P4.",
        check: Script(
            "
            H_PUT_TCE L END-0x1000 A|R -> H_SUCCESS
            H_STUFF_TCE L END 0 1 -> H_PARAMETER
            H_STUFF_TCE L END 0 513 -> H_PARAMETER; allowed H_PARAMETER/H_P4
            H_STUFF_TCE L 0xfffffffffffff000 0 2 -> H_PARAMETER
            H_GET_TCE L END-0x1000 -> H_SUCCESS A|R
            ",
        ),
    },
    Clause {
        id: "stuff/liobn-unknown",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 1; Linux: kvmppc_find_table; bug 52",
        says: "A LIOBN that names no window is H_PARAMETER, also with a count that would be H_P4. Bits above the low 32 are refused or ignored.",
        check: Script(
            "
            H_STUFF_TCE L+0x7f 0 0 1 -> H_PARAMETER
            H_STUFF_TCE L+0x7f 0 0 513 -> H_PARAMETER; allowed H_PARAMETER/H_P4
            H_PUT_TCE L 0x1000 A|RW -> H_SUCCESS
            H_STUFF_TCE L+0x100000000 0 0 1 -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER
            H_STUFF_TCE -1 0 0 1 -> H_PARAMETER
            H_GET_TCE L 0x1000 -> H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "stuff/p4-before-address",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 3 before 5; Linux: kvmppc_h_stuff_tce; papr-tce 2.2",
        says: "More than 512 entries are H_P4 before the page of the value is looked at.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 B|R -> H_SUCCESS
            H_STUFF_TCE L 0 RAM|RW 513 -> H_P4; kvm H_PARAMETER; qemu H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS B|R; qemu H_SUCCESS RAM|RW
            H_STUFF_TCE L 0 RAM|RW 512 -> H_PARAMETER; qemu H_SUCCESS
            host hw-foreign L = 0
            ",
        ),
    },
    Clause {
        id: "stuff/count-zero-checked",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 1 and 5; Linux: kvmppc_h_stuff_tce; papr-tce 2.2",
        says: "With a count of 0 the operands are checked all the same.",
        check: Script(
            "
            H_PUT_TCE L 0 A|R -> H_SUCCESS
            H_STUFF_TCE L+0x7f 0 0 0 -> H_PARAMETER
            H_STUFF_TCE L END+0x1000 0 0 -> H_PARAMETER
            H_STUFF_TCE L 0 RAM|RW 0 -> H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS A|R
            ",
        ),
    },
    Clause {
        id: "stuff/across-chunks",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 6; Linux: kvm_spapr_get_tce_page; papr-tce 5.1",
        says: "Stuffing over entry 4096, where parts of tables meet, stores the value in its range on both sides, and nowhere else.",
        check: Script(
            "
            H_PUT_TCE L 0xeff000 C|R -> H_SUCCESS
            H_PUT_TCE L 0xfff000 A|RW -> H_SUCCESS
            H_STUFF_TCE L 0xf00000 0xdead000 512 -> H_SUCCESS
            repeat 512 H_GET_TCE L 0xf00000+I*0x1000 -> H_SUCCESS 0xdead000
            H_GET_TCE L 0xeff000 -> H_SUCCESS C|R
            H_GET_TCE L 0x1100000 -> H_SUCCESS 0
            host hw L 0xfff000 = 0
            host pins A = 0
            host pins C = 1
            host dirty A = 1
            ",
        ),
    },
];
