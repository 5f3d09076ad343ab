// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! H_PUT_TCE_INDIRECT.

use crate::clause::Check::Script;
use crate::clause::Clause;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "indirect/one",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT; papr-tce 7.41",
        says: "A list of one entry has the effect of a put.",
        check: Script(
            "
            poke LIST A|RW
            H_PUT_TCE_INDIRECT L 0 LIST 1 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            host hw L 0 = A|RW
            host pins A = 1
            host dirty A = 0
            ",
        ),
    },
    Clause {
        id: "indirect/full",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT; papr-tce 7.42",
        says: "A list of 512 entries is stored in its order.",
        check: Script(
            "
            fill LIST 512 M|RW+I*0x1000
            H_PUT_TCE_INDIRECT L 0 LIST 512 -> H_SUCCESS
            repeat 512 H_GET_TCE L I*0x1000 -> H_SUCCESS M|RW+I*0x1000
            H_GET_TCE L 0x200000 -> H_SUCCESS 0
            host live L = 512
            host pins M = 1
            host pins M+0x1ff000 = 1
            ",
        ),
    },
    Clause {
        id: "indirect/at-the-end",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 5",
        says: "A list may fill the window to its last entry.",
        check: Script(
            "
            fill LIST 512 M|R+I*0x1000
            H_PUT_TCE_INDIRECT L END-0x200000 LIST 512 -> H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS M+0x1ff000|R
            H_GET_TCE L END-0x200000 -> H_SUCCESS M|R
            ",
        ),
    },
    Clause {
        id: "indirect/513",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 1; papr-tce 7.43",
        says: "More than 512 entries are H_PARAMETER, and nothing changes.",
        check: Script(
            "
            fill LIST 512 A|RW
            H_PUT_TCE_INDIRECT L 0 LIST 513 -> H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS 0
            host taken = 0
            ",
        ),
    },
    Clause {
        id: "indirect/count-huge",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 1; papr-tce 7.44; bug 35",
        says: "A count near 2^32, 2^52 or 2^63 is H_PARAMETER at once: it is not truncated, shifted out or walked.",
        check: Script(
            "
            fill LIST 512 A|RW
            H_PUT_TCE_INDIRECT L 0 LIST 0x100000001 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L 0 LIST 0x10000000000001 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L 0 LIST 0x8000000000000000 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L 0 LIST -1 -> H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "indirect/count-zero",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT (a loop of no turns); papr-tce 7.45; bug 63",
        says: "A count of 0 succeeds and changes nothing.",
        check: Script(
            "
            poke LIST A|RW
            H_PUT_TCE_INDIRECT L 0 LIST 0 -> H_SUCCESS; qemu H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS 0
            host taken = 0
            H_PUT_TCE L 0 B|R -> H_SUCCESS
            H_PUT_TCE_INDIRECT L 0 LIST 0 -> H_SUCCESS; qemu H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS B|R
            ",
        ),
    },
    Clause {
        id: "indirect/list-unaligned",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, syntax (4 K long on a 4 K boundary); Linux: kvmppc_h_put_tce_indirect; papr-tce 7.46; bug 54",
        says: "A list that does not begin at a page boundary is H_PARAMETER; its address is not rounded.",
        check: Script(
            "
            fill LIST 512 A|RW
            H_PUT_TCE_INDIRECT L 0 LIST+8 1 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L 0x1000 LIST+0x800 1 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L 0x2000 LIST+1 1 -> H_PARAMETER
            repeat 3 H_GET_TCE L I*0x1000 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "indirect/list-last-page",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 6; papr-tce 7.47",
        says: "The list may be anywhere in memory, also in the pages that scripts map.",
        check: Script(
            "
            fill M+0x1ff000 512 A|R
            H_PUT_TCE_INDIRECT L 0 M+0x1ff000 512 -> H_SUCCESS
            H_GET_TCE L 0x1ff000 -> H_SUCCESS A|R
            host pins A = 512
            ",
        ),
    },
    Clause {
        id: "indirect/list-outside-ram",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 6; papr-tce 7.47",
        says: "A list outside memory is H_PARAMETER.",
        check: Script(
            "
            H_PUT_TCE L 0x300000 A|R -> H_SUCCESS
            H_PUT_TCE_INDIRECT L 0 RAM 1 -> H_PARAMETER; kvm _; qemu _
            H_PUT_TCE_INDIRECT L 0 0xfffffffffffff000 1 -> H_PARAMETER; kvm _; qemu _
            H_PUT_TCE_INDIRECT L 0 0x8000000000000000 512 -> H_PARAMETER; kvm _; qemu _
            host hw-foreign L = 0
            H_GET_TCE L 0x300000 -> H_SUCCESS A|R
            ",
        ),
    },
    Clause {
        id: "indirect/big-endian",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT; papr-tce 7.48; bugs 35 and 51",
        says: "The list is big-endian whatever the byte order of the guest: a little-endian list names other pages.",
        check: Script(
            "
            poke LIST 0x0000000001020304
            H_PUT_TCE_INDIRECT L 0 LIST 1 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0x0000000001020304
            poke.le LIST A|RW
            [!kvm] H_PUT_TCE_INDIRECT L 0 LIST 1 -> H_SUCCESS
            [!kvm] H_GET_TCE L 0 -> H_SUCCESS 0x0300000400000000
            host live L = 0
            ",
        ),
    },
    Clause {
        id: "indirect/bad-entry",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 9 and 10; papr-tce 7.49; bug 17",
        says: "A list with one page outside memory changes no entry.",
        check: Script(
            "
            H_PUT_TCE L 0 C|RW -> H_SUCCESS
            poke LIST A|RW B|RW RAM|RW
            H_PUT_TCE_INDIRECT L 0 LIST 3 -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS C|RW; kvm H_SUCCESS A|RW; qemu H_SUCCESS A|RW
            H_GET_TCE L 0x1000 -> H_SUCCESS 0; kvm H_SUCCESS B|RW; qemu H_SUCCESS B|RW
            H_GET_TCE L 0x2000 -> H_SUCCESS 0; kvm H_SUCCESS RAM|RW; qemu H_SUCCESS RAM|RW
            [lopar] host pins A = 0
            [lopar] host pins C = 1
            host hw L 0x2000 = 0
            ",
        ),
    },
    Clause {
        id: "indirect/bad-entry-first",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 9 and 10; papr-tce 7.50",
        says: "A list whose first entry is the bad one changes no entry.",
        check: Script(
            "
            poke LIST RAM|RW A|RW
            H_PUT_TCE_INDIRECT L 0 LIST 2 -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS 0; kvm H_SUCCESS A|RW; qemu H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "indirect/bad-entry-last",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 9 and 10; papr-tce 7.50; bug 17",
        says: "A list of 512 entries whose last one is bad changes no entry.",
        check: Script(
            "
            fill LIST 512 M|RW+I*0x1000
            poke LIST+0xff8 RAM|RW
            H_PUT_TCE_INDIRECT L 0 LIST 512 -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0; kvm H_SUCCESS M|RW; qemu H_SUCCESS M|RW
            H_GET_TCE L 0x1fe000 -> H_SUCCESS 0; kvm H_SUCCESS M+0x1fe000|RW; qemu H_SUCCESS M+0x1fe000|RW
            [lopar] host live L = 0
            [lopar] host taken = 0
            ",
        ),
    },
    Clause {
        id: "indirect/bad-bits",
        spec: "open in LoPAR 2.9, H_PUT_TCE_INDIRECT; papr-tce 7.21 and 7.49",
        says: "Where reserved bits beside permissions are refused, the whole list is refused.",
        check: Script(
            "
            poke LIST A|RW B|0x4|RW
            H_PUT_TCE_INDIRECT L 0 LIST 2 -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            [lopar] H_GET_TCE L 0 -> H_SUCCESS 0
            [lopar] host taken = 0
            [qemu] H_GET_TCE L 0x1000 -> H_SUCCESS B|0x4|RW
            H_PUT_TCE L 0x2000 C|R -> H_SUCCESS
            H_GET_TCE L 0x2000 -> H_SUCCESS C|R
            ",
        ),
    },
    Clause {
        id: "indirect/crossing",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 5; papr-tce 7.51",
        says: "A list that runs over the window's end changes no entry.",
        check: Script(
            "
            poke LIST A|RW B|RW
            H_PUT_TCE_INDIRECT L END-0x1000 LIST 2 -> H_PARAMETER; kvm-6.1 H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS 0; kvm-6.1 H_SUCCESS A|RW; qemu H_SUCCESS A|RW
            host hw-foreign L = 0
            ",
        ),
    },
    Clause {
        id: "indirect/far-outside",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 5; papr-tce 6.4, wrap",
        says: "Bus addresses behind the window are H_PARAMETER, also where the sum of address and count wraps.",
        check: Script(
            "
            fill LIST 512 A|RW
            H_PUT_TCE_INDIRECT L END LIST 1 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L 0xfffffffffffff000 LIST 2 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L 0xffffffffffe00000 LIST 512 -> H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "indirect/mixed",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT; papr-tce 7.52; bug 37",
        says: "An entry without permissions in a list clears: the displaced page is released, and dirty by its old direction.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 C|RW -> H_SUCCESS
            poke LIST A|RW 0 B|R
            H_PUT_TCE_INDIRECT L 0 LIST 3 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            H_GET_TCE L 0x1000 -> H_SUCCESS 0
            H_GET_TCE L 0x2000 -> H_SUCCESS B|R
            host pins C = 0
            host dirty C = 1
            host pins A = 1
            host pins B = 1
            host live L = 2
            ",
        ),
    },
    Clause {
        id: "indirect/poison",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 9; papr-tce 2.7; bugs 37 and 38",
        says: "An entry without permissions may name any address: it pins nothing and is stored unchanged.",
        check: Script(
            "
            poke LIST A 0x4 RAM+0x5000
            H_PUT_TCE_INDIRECT L 0 LIST 3 -> H_SUCCESS; kvm _
            [!kvm] H_GET_TCE L 0 -> H_SUCCESS A
            [!kvm] H_GET_TCE L 0x1000 -> H_SUCCESS 0x4
            [!kvm] H_GET_TCE L 0x2000 -> H_SUCCESS RAM+0x5000
            host taken = 0
            host live L = 0
            H_STUFF_TCE L 0 0 3 -> H_SUCCESS
            host released = 0
            H_GET_TCE L 0x1000 -> H_SUCCESS 0
            H_PUT_TCE L 0x1000 B|R -> H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS B|R
            ",
        ),
    },
    Clause {
        id: "indirect/replace-all",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 10; Linux: iommu_tce_xchg_no_kill; papr-tce 7.55",
        says: "512 entries that replace 512 live ones release each page, dirty by its own old direction.",
        check: Script(
            "
            fill LIST 512 A|RW
            poke LIST B|R C|W
            H_PUT_TCE_INDIRECT L 0 LIST 512 -> H_SUCCESS
            host pins A = 510
            fill LIST 512 D|RW
            H_PUT_TCE_INDIRECT L 0 LIST 512 -> H_SUCCESS
            host pins A = 0
            host pins B = 0
            host pins C = 0
            host pins D = 512
            host dirty A = 1
            host dirty B = 0
            host dirty C = 1
            host dirty D = 0
            host taken = 1024
            host released = 512
            ",
        ),
    },
    Clause {
        id: "indirect/list-page-mapped",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 7; papr-tce 7.56",
        says: "The list page itself may be mapped by one of its entries.",
        check: Script(
            "
            poke LIST LIST|RW A|R
            H_PUT_TCE_INDIRECT L 0 LIST 2 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS LIST|RW
            host pins LIST = 1
            ",
        ),
    },
    Clause {
        id: "indirect/list-kept",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 7",
        says: "The call does not write its list.",
        check: Script(
            "
            poke LIST A|RW B|R 0 0xdead000
            H_PUT_TCE_INDIRECT L 0 LIST 4 -> H_SUCCESS
            peek LIST A|RW B|R 0 0xdead000
            H_GET_TCE L 0x1000 -> H_SUCCESS B|R
            ",
        ),
    },
    Clause {
        id: "indirect/only-count",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT",
        says: "The content of the list behind its last entry is ignored.",
        check: Script(
            "
            fill LIST 512 RAM|RW
            poke LIST A|RW B|RW
            H_PUT_TCE L 0x2000 C|R -> H_SUCCESS
            H_PUT_TCE_INDIRECT L 0 LIST 2 -> H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS B|RW
            H_GET_TCE L 0x2000 -> H_SUCCESS C|R
            ",
        ),
    },
    Clause {
        id: "indirect/negative-liobn",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, multi-table option off; papr-tce 7.57",
        says: "A negative LIOBN uses the multi-table option; without that option it is H_FUNCTION.",
        check: Script(
            "
            fill LIST 512 L
            H_PUT_TCE_INDIRECT -1 0 LIST 1 -> H_FUNCTION; kvm H_PARAMETER; qemu H_PARAMETER
            H_PUT_TCE_INDIRECT -129 0 LIST 1 -> H_FUNCTION; allowed H_FUNCTION/H_PARAMETER; kvm H_PARAMETER; qemu H_PARAMETER
            H_PUT_TCE_INDIRECT -0x8000000000000000 0 LIST 1 -> H_FUNCTION; allowed H_FUNCTION/H_PARAMETER; kvm H_PARAMETER; qemu H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "indirect/liobn-unknown",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 3; bug 52",
        says: "A LIOBN that names no window, or has more than 32 bits, is H_PARAMETER.",
        check: Script(
            "
            poke LIST A|RW
            H_PUT_TCE_INDIRECT L+0x7f 0 LIST 1 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L+0x100000000 0 LIST 1 -> H_PARAMETER
            H_PUT_TCE_INDIRECT 0 0 LIST 1 -> H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "indirect/unaligned",
        spec: "open in LoPAR 2.9, H_PUT_TCE_INDIRECT; papr-tce 2.7",
        says: "A bus address inside a page is refused, or stands for that page's entry.",
        check: Script(
            "
            H_PUT_TCE L 0x2000 C|R -> H_SUCCESS
            poke LIST A|RW B|RW
            H_PUT_TCE_INDIRECT L 0x10 LIST 2 -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; qemu H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0; allowed H_SUCCESS _; qemu H_SUCCESS A|RW
            H_GET_TCE L 0x2000 -> H_SUCCESS C|R
            ",
        ),
    },
    Clause {
        id: "indirect/short-lists",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT",
        says: "Lists of a power of two entries, one less or one more are stored completely, and write nothing behind.",
        check: Script(
            "
            fill LIST 512 M|RW+I*0x1000
            H_PUT_TCE_INDIRECT L 0x100000 LIST 15 -> H_SUCCESS
            H_GET_TCE L 0x10e000 -> H_SUCCESS M+0xe000|RW
            H_GET_TCE L 0x10f000 -> H_SUCCESS 0
            H_PUT_TCE_INDIRECT L 0x100000 LIST 16 -> H_SUCCESS
            H_GET_TCE L 0x10f000 -> H_SUCCESS M+0xf000|RW
            H_GET_TCE L 0x110000 -> H_SUCCESS 0
            H_PUT_TCE_INDIRECT L 0x100000 LIST 17 -> H_SUCCESS
            H_GET_TCE L 0x110000 -> H_SUCCESS M+0x10000|RW
            H_PUT_TCE_INDIRECT L 0x100000 LIST 511 -> H_SUCCESS
            H_GET_TCE L 0x2fe000 -> H_SUCCESS M+0x1fe000|RW
            H_GET_TCE L 0x2ff000 -> H_SUCCESS 0
            host live L = 511
            ",
        ),
    },
    Clause {
        id: "indirect/count-zero-checked",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 3, 5 and 6; Linux: kvmppc_h_put_tce_indirect; papr-tce 2.2",
        says: "With a count of 0 the operands are checked all the same.",
        check: Script(
            "
            H_PUT_TCE L 0 A|R -> H_SUCCESS
            poke LIST B|RW
            H_PUT_TCE_INDIRECT L+0x7f 0 LIST 0 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L END+0x1000 LIST 0 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L 0 LIST+8 0 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L 0 RAM 0 -> H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS A|R
            ",
        ),
    },
    Clause {
        id: "indirect/across-chunks",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 10; Linux: kvm_spapr_get_tce_page; papr-tce 5.1",
        says: "A list over entry 4096, where parts of tables meet, is stored in its order, and is cleared by one call.",
        check: Script(
            "
            fill LIST 512 M|RW+I*0x1000
            H_PUT_TCE_INDIRECT L 0xf00000 LIST 512 -> H_SUCCESS
            repeat 512 H_GET_TCE L 0xf00000+I*0x1000 -> H_SUCCESS M|RW+I*0x1000
            host hw L 0xfff000 = M+0xff000|RW
            host hw L 0x1000000 = M+0x100000|RW
            host live L = 512
            H_STUFF_TCE L 0xf00000 0 512 -> H_SUCCESS
            repeat 512 H_GET_TCE L 0xf00000+I*0x1000 -> H_SUCCESS 0
            host hw L 0x1000000 = 0
            host pins M+0x100000 = 0
            ",
        ),
    },
    Clause {
        id: "indirect/replace-same-pages",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 10; Linux: iommu_tce_xchg_no_kill; papr-tce 7.12",
        says: "Pages that replace themselves in a list stay pinned once for each entry, and are dirty by their old directions.",
        check: Script(
            "
            poke LIST A|RW B|R C|W
            H_PUT_TCE_INDIRECT L 0 LIST 3 -> H_SUCCESS
            host dirty A = 0
            poke LIST A|R B|RW C|W
            H_PUT_TCE_INDIRECT L 0 LIST 3 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|R
            H_GET_TCE L 0x1000 -> H_SUCCESS B|RW
            H_GET_TCE L 0x2000 -> H_SUCCESS C|W
            host pins A = 1
            host pins B = 1
            host pins C = 1
            host dirty A = 1
            host dirty B = 0
            host dirty C = 1
            H_PUT_TCE_INDIRECT L 0 LIST 3 -> H_SUCCESS
            host pins A = 1
            host pins C = 1
            H_STUFF_TCE L 0 0 3 -> H_SUCCESS
            host pins A = 0
            host pins B = 0
            host pins C = 0
            ",
        ),
    },
];
