// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Dynamic DMA windows: RTAS query-, create-, remove- and reset-pe-dma-window.

use crate::clause::Check::Script;
use crate::clause::Clause;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "ddw/query",
        spec: "LoPAR 2.9, ibm,query-pe-dma-window; papr-tce 3.5",
        says: "While the default window exists, one more window is available.",
        check: Script("rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 _ _ _"),
    },
    Clause {
        id: "ddw/query-counts",
        spec: "LoPAR 2.9, ibm,query-pe-dma-window; papr-tce 7.86",
        says: "A call with other than 3 inputs, or other than 5 or 6 outputs, is -3.",
        check: Script(
            "
            rtas ibm,query-pe-dma-window 0 BUID.hi -> -3 _ _ _ _
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> -3 _ _ _
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> -3 _ _ _ _ _ _
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 _ _ _
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 _ _ _ _
            ",
        ),
    },
    Clause {
        id: "ddw/query-other-bridge",
        spec: "LoPAR 2.9, ibm,query-pe-dma-window; papr-tce 3.5",
        says: "A bridge that does not exist is -3.",
        check: Script(
            "
            rtas ibm,query-pe-dma-window 0 BUID.hi+1 BUID.lo -> -3 _ _ _ _
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 _ _ _
            ",
        ),
    },
    Clause {
        id: "ddw/create",
        spec: "LoPAR 2.9, ibm,create-pe-dma-window; papr-tce 7.28",
        says: "A second window of 64 KiB pages has a LIOBN of its own, and begins at the bus address that the call returns.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            H_GET_TCE L2 S2 -> H_SUCCESS 0
            H_PUT_TCE L2 S2 A|RW -> H_SUCCESS
            H_GET_TCE L2 S2 -> H_SUCCESS A|RW
            H_GET_TCE L 0 -> H_SUCCESS 0
            H_PUT_TCE L2 S2+0xfff0000 B|RW -> H_SUCCESS
            H_GET_TCE L2 S2+0xfff0000 -> H_SUCCESS B|RW
            ",
        ),
    },
    Clause {
        id: "ddw/bounds",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 1; papr-tce 7.28",
        says: "Bus addresses below and behind a window that does not begin at 0 are H_PARAMETER.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            H_PUT_TCE L2 S2-0x10000 A|RW -> H_PARAMETER
            H_PUT_TCE L2 S2+0x10000000 A|RW -> H_PARAMETER
            H_PUT_TCE L2 0 A|RW -> H_PARAMETER
            H_GET_TCE L2 S2-0x10000 -> H_PARAMETER
            H_STUFF_TCE L2 S2+0xfff0000 0 2 -> H_PARAMETER; kvm-6.1 H_SUCCESS
            ",
        ),
    },
    Clause {
        id: "ddw/unaligned-page",
        spec: "open in LoPAR 2.9, H_PUT_TCE; papr-tce 7.29",
        says: "An address below the window's page is refused, or its low bits are ignored.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            H_PUT_TCE L2 S2 A+0x1000|RW -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_PUT_TCE L2 S2+0x1000 A|RW -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; qemu H_SUCCESS
            H_PUT_TCE L2 S2 B|R -> H_SUCCESS
            H_GET_TCE L2 S2 -> H_SUCCESS B|R
            ",
        ),
    },
    Clause {
        id: "ddw/list",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT; papr-tce 2.8",
        says: "Lists and stuffing use the window's page size, not 4 KiB.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            poke LIST A|RW B|R C|W
            H_PUT_TCE_INDIRECT L2 S2+0x20000 LIST 3 -> H_SUCCESS
            H_GET_TCE L2 S2+0x30000 -> H_SUCCESS B|R
            H_STUFF_TCE L2 S2+0x30000 0 2 -> H_SUCCESS
            H_GET_TCE L2 S2+0x20000 -> H_SUCCESS A|RW
            H_GET_TCE L2 S2+0x30000 -> H_SUCCESS 0
            H_GET_TCE L2 S2+0x40000 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "ddw/large",
        spec: "LoPAR 2.9, ibm,create-pe-dma-window; papr-tce 3.5; bug 59",
        says: "A window of more than 4 GiB has entries to its end.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 36 -> 0 >L2 >S2.hi >S2.lo
            H_PUT_TCE L2 S2+0xfffff0000 A|RW -> H_SUCCESS
            H_GET_TCE L2 S2+0xfffff0000 -> H_SUCCESS A|RW
            H_GET_TCE L2 S2+0xffff0000 -> H_SUCCESS 0
            H_PUT_TCE L2 S2+0x1000000000 A|RW -> H_PARAMETER
            ",
        ),
    },
    Clause {
        id: "ddw/none-left",
        spec: "LoPAR 2.9, ibm,query-pe-dma-window (Windows Available); papr-tce 7.85",
        says: "With two windows none is available.",
        check: Script(
            "
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 _ _ _
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 0 _ _ _
            rtas ibm,remove-pe-dma-window L2 -> 0
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 _ _ _
            ",
        ),
    },
    Clause {
        id: "ddw/create-third",
        spec: "LoPAR 2.9, ibm,create-pe-dma-window (more windows than possible); QEMU: rtas_ibm_create_pe_dma_window; papr-tce 7.85",
        says: "With two windows a third is -3, and both keep their entries.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            H_PUT_TCE L2 S2 A|RW -> H_SUCCESS
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> -3 _ _ _; kvm -1 _ _ _; qemu -1 _ _ _
            H_GET_TCE L2 S2 -> H_SUCCESS A|RW
            H_PUT_TCE L 0 B|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS B|RW
            ",
        ),
    },
    Clause {
        id: "ddw/create-bad-shift",
        spec: "LoPAR 2.9, ibm,create-pe-dma-window; papr-tce 7.84; bug 62",
        says: "A page size that the query did not offer is -3, also one by which a shift would overflow.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 13 28 -> -3 _ _ _
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 0 28 -> -3 _ _ _
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 63 70 -> -3 _ _ _
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 64 70 -> -3 _ _ _
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 255 255 -> -3 _ _ _
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 _ _ _
            ",
        ),
    },
    Clause {
        id: "ddw/create-too-small",
        spec: "LoPAR 2.9, ibm,create-pe-dma-window; QEMU: rtas_ibm_create_pe_dma_window; papr-tce 7.84",
        says: "A window smaller than one of its pages is -3.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 15 -> -3 _ _ _
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 _ _ _
            ",
        ),
    },
    Clause {
        id: "ddw/create-too-large",
        spec: "LoPAR 2.9, ibm,create-pe-dma-window (larger windows than possible); papr-tce 7.84; bug 61",
        says: "A window that is too large is refused each time; a window of a permitted size can then be created.",
        check: Script(
            "
            [!qemu] repeat 2 rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 12 64 -> -1/-3 _ _ _
            [!qemu] repeat 2 rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 255 -> -1/-3 _ _ _
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 _ _ _
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            H_GET_TCE L2 S2 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "ddw/remove",
        spec: "LoPAR 2.9, ibm,remove-pe-dma-window; papr-tce 7.82; bug 30",
        says: "Removing a window releases all its pages; its LIOBN then names no window.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            H_PUT_TCE L2 S2 A|RW -> H_SUCCESS
            rtas ibm,remove-pe-dma-window L2 -> 0
            H_GET_TCE L2 S2 -> H_PARAMETER; allowed H_PARAMETER/H_CONSTRAINED
            H_PUT_TCE L2 S2 B|RW -> H_PARAMETER; allowed H_PARAMETER/H_CONSTRAINED
            host pins A = 0
            host dirty A = 1
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            ",
        ),
    },
    Clause {
        id: "ddw/remove-unknown",
        spec: "LoPAR 2.9, ibm,remove-pe-dma-window; papr-tce 3.5",
        says: "Removing a window that does not exist, or no longer exists, is -3.",
        check: Script(
            "
            rtas ibm,remove-pe-dma-window L+0x7f -> -3
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            rtas ibm,remove-pe-dma-window L2 -> 0
            rtas ibm,remove-pe-dma-window L2 -> -3
            H_GET_TCE L 0 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "ddw/create-again",
        spec: "LoPAR 2.9, ibm,create-pe-dma-window",
        says: "A window that is created again is empty.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            H_PUT_TCE L2 S2 A|RW -> H_SUCCESS
            H_GET_TCE L2 S2 -> H_SUCCESS A|RW
            rtas ibm,remove-pe-dma-window L2 -> 0
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L3 >S3.hi >S3.lo
            H_GET_TCE L3 S3 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "ddw/default-replaced",
        spec: "LoPAR 2.9, DMA Window Manipulation Calls; papr-tce 3.5",
        says: "The default window can be removed, and a window with larger pages can take its place.",
        check: Script(
            "
            rtas ibm,remove-pe-dma-window L -> 0
            H_GET_TCE L 0 -> H_PARAMETER; allowed H_PARAMETER/H_CONSTRAINED
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 2 _ _ _
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 30 -> 0 >L2 >S2.hi >S2.lo
            H_PUT_TCE L2 S2+0x10000 A|RW -> H_SUCCESS
            H_GET_TCE L2 S2+0x10000 -> H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "ddw/default-restored",
        spec: "LoPAR 2.9, ibm,remove-pe-dma-window; papr-tce 7.83; bug 60",
        says: "When the last window is removed and is not the default one, the default window is restored, empty.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            rtas ibm,remove-pe-dma-window L -> 0
            rtas ibm,remove-pe-dma-window L2 -> 0
            H_GET_TCE L 0 -> H_SUCCESS 0
            H_PUT_TCE L END-0x1000 A|RW -> H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "ddw/reset",
        spec: "LoPAR 2.9, ibm,reset-pe-dma-windows; papr-tce 7.87; bug 56",
        says: "A reset restores the single default window, with every entry clear.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            H_PUT_TCE L2 S2 B|RW -> H_SUCCESS
            rtas ibm,reset-pe-dma-window 0 BUID.hi BUID.lo -> 0
            H_GET_TCE L2 S2 -> H_PARAMETER; allowed H_PARAMETER/H_CONSTRAINED
            H_GET_TCE L 0 -> H_SUCCESS 0
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 _ _ _
            host pins A = 0
            host pins B = 0
            ",
        ),
    },
    Clause {
        id: "ddw/query-forms",
        spec: "LoPAR 2.9, ibm,query-pe-dma-window (PE TCEs hi and lo); papr-tce 7.86",
        says: "Both forms of the query report equal page sizes, and the long form the number of entries of the short one if 32 bits hold it.",
        check: Script(
            "
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 >X >S2 >S3
            rtas ibm,query-pe-dma-window 0 BUID.hi BUID.lo -> 0 1 0 X S2 S3; allowed 0 1 _ _ S2 S3; kvm 0 1 _ _ S2 S3; qemu 0 1 _ _ S2 S3
            ",
        ),
    },
    Clause {
        id: "ddw/reset-size",
        spec: "LoPAR 2.9, DMA Window Manipulation Calls, R1-6; QEMU: spapr_phb_dma_reset; papr-tce 7.87",
        says: "A reset restores the default window with the location, the size and the pages that the device tree has.",
        check: Script(
            "
            rtas ibm,remove-pe-dma-window L -> 0
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            rtas ibm,reset-pe-dma-window 0 BUID.hi BUID.lo -> 0
            H_PUT_TCE L END-0x1000 A|RW -> H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS A|RW
            H_PUT_TCE L 0x1000 B|R -> H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS B|R
            H_GET_TCE L 0 -> H_SUCCESS 0
            H_PUT_TCE L END A|RW -> H_PARAMETER
            ",
        ),
    },
    Clause {
        id: "ddw/across-levels",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, H_STUFF_TCE; Linux: pnv_tce; papr-tce 3.3",
        says: "In a window so large that its table has levels, lists and stuffing over the border of two parts change exactly their entries.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 37 -> 0 >L2 >S2.hi >S2.lo
            H_PUT_TCE L2 S2+0x6ff0000 B|R -> H_SUCCESS
            H_PUT_TCE L2 S2+0x9000000 B|R -> H_SUCCESS
            fill LIST 512 A|RW
            H_PUT_TCE_INDIRECT L2 S2+0x7000000 LIST 512 -> H_SUCCESS
            repeat 512 H_GET_TCE L2 S2+0x7000000+I*0x10000 -> H_SUCCESS A|RW
            host hw L2 S2+0x7ff0000 = A|RW
            host hw L2 S2+0x8000000 = A|RW
            host pins A = 512
            H_STUFF_TCE L2 S2+0x7010000 0 510 -> H_SUCCESS
            repeat 510 H_GET_TCE L2 S2+0x7010000+I*0x10000 -> H_SUCCESS 0
            host hw L2 S2+0x8000000 = 0
            host pins A = 2
            host dirty A = 1
            H_GET_TCE L2 S2+0x7000000 -> H_SUCCESS A|RW
            H_GET_TCE L2 S2+0x8ff0000 -> H_SUCCESS A|RW
            H_GET_TCE L2 S2+0x6ff0000 -> H_SUCCESS B|R
            H_GET_TCE L2 S2+0x9000000 -> H_SUCCESS B|R
            ",
        ),
    },
];
