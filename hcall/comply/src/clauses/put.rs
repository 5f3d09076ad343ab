// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! H_PUT_TCE.

use crate::clause::Check::Script;
use crate::clause::Clause;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "put/map",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3 and 4; papr-tce 7.8",
        says: "An entry with permissions maps its page: it is in the view and in the hardware, and pins the page once.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            host hw L 0 = A|RW
            host pins A = 1
            host dirty A = 0
            host live L = 1
            ",
        ),
    },
    Clause {
        id: "put/read-only",
        spec: "LoPAR 2.9, TCE Definition; papr-tce 7.9",
        says: "A read-only entry lets the device read only, and its page is not dirty when it is cleared.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 A|R -> H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS A|R
            host hw L 0x1000 = A|R
            H_PUT_TCE L 0x1000 0 -> H_SUCCESS
            host dirty A = 0
            host pins A = 0
            ",
        ),
    },
    Clause {
        id: "put/write-only",
        spec: "LoPAR 2.9, TCE Definition; papr-tce 7.10; bug 66",
        says: "A write-only entry stays write-only, and its page is dirty when it is cleared.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 A|W -> H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS A|W
            host hw L 0x1000 = A|W
            H_PUT_TCE L 0x1000 0 -> H_SUCCESS
            host dirty A = 1
            host pins A = 0
            ",
        ),
    },
    Clause {
        id: "put/replace",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 4; Linux: \"Release replaced TCE\"; papr-tce 7.11; bugs 1 and 4",
        says: "A live entry is replaced without a clear between: the old page is released, and dirty if the device could write it.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0 B|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS B|RW
            host hw L 0 = B|RW
            host pins A = 0
            host pins B = 1
            host dirty A = 1
            host dirty B = 0
            host live L = 1
            ",
        ),
    },
    Clause {
        id: "put/replace-same-page",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 4; Linux: iommu_tce_xchg_no_kill; papr-tce 7.12",
        says: "A page that replaces itself stays pinned once, and is dirty by its old direction.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            host pins A = 1
            host dirty A = 1
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "put/replace-narrower",
        spec: "Linux: iommu_tce_xchg_no_kill (old direction); papr-tce 7.13",
        says: "From read-write to read-only the old direction decides: the page is dirty.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0 A|R -> H_SUCCESS
            host dirty A = 1
            host pins A = 1
            host hw L 0 = A|R
            ",
        ),
    },
    Clause {
        id: "put/replace-wider",
        spec: "Linux: iommu_tce_xchg_no_kill (old direction); papr-tce 7.14",
        says: "From read-only to read-write the page is not dirty yet; the later clear marks it.",
        check: Script(
            "
            H_PUT_TCE L 0 A|R -> H_SUCCESS
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            host dirty A = 0
            H_PUT_TCE L 0 0 -> H_SUCCESS
            host dirty A = 1
            ",
        ),
    },
    Clause {
        id: "put/replace-read-only",
        spec: "Linux: iommu_tce_xchg; papr-tce 7.74",
        says: "A read-only page that is displaced is released and not dirty.",
        check: Script(
            "
            H_PUT_TCE L 0 A|R -> H_SUCCESS
            H_PUT_TCE L 0 B|RW -> H_SUCCESS
            host pins A = 0
            host dirty A = 0
            host dirty B = 0
            ",
        ),
    },
    Clause {
        id: "put/clear",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3; papr-tce 7.15; bug 2",
        says: "An entry without permissions ends the mapping: its page is released, and dirty by the old direction.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            H_PUT_TCE L 0 0 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0
            host hw L 0 = 0
            host pins A = 0
            host dirty A = 1
            host live L = 0
            ",
        ),
    },
    Clause {
        id: "put/clear-empty",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3; papr-tce 7.17",
        says: "Clearing a clear entry succeeds and releases nothing, however often.",
        check: Script(
            "
            repeat 1000 H_PUT_TCE L 0 0 -> H_SUCCESS
            host taken = 0
            host released = 0
            host live L = 0
            ",
        ),
    },
    Clause {
        id: "put/clear-with-address",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3; papr-tce 7.18; bugs 2 and 53",
        says: "Without permissions the address has no meaning: it is stored unchanged, maps nothing and is never released.",
        check: Script(
            "
            H_PUT_TCE L 0 0xdead000 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0xdead000
            host hw L 0 = 0
            host taken = 0
            H_PUT_TCE L 0 0 -> H_SUCCESS
            host released = 0
            ",
        ),
    },
    Clause {
        id: "put/clear-with-address-over-live",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3; bug 53",
        says: "An address without permissions ends a live mapping, as the value 0 does.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0 B -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS B
            host hw L 0 = 0
            host pins A = 0
            host pins B = 0
            host live L = 0
            ",
        ),
    },
    Clause {
        id: "put/clear-outside-ram",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3",
        says: "Without permissions an address outside memory is not checked.",
        check: Script(
            "
            H_PUT_TCE L 0 RAM+0x1000 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS RAM+0x1000
            H_PUT_TCE L 0 0xfffffffffffff000 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0xfffffffffffff000
            ",
        ),
    },
    Clause {
        id: "put/clear-reserved",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3; papr-tce 3.1 and 7.67; bug 38",
        says: "Reserved bits without permissions are stored unchanged and map nothing.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0 0xffc -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0xffc
            host hw L 0 = 0
            host pins A = 0
            ",
        ),
    },
    Clause {
        id: "put/outside-ram",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3; papr-tce 7.19",
        says: "A page outside the partition's memory is H_PARAMETER and is not mapped. Under every profile no device reaches host memory.",
        check: Script(
            "
            H_PUT_TCE L 0 RAM|RW -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0; kvm H_SUCCESS RAM|RW; qemu H_SUCCESS RAM|RW
            host hw L 0 = 0
            host hw-foreign L = 0
            ",
        ),
    },
    Clause {
        id: "put/outside-ram-far",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3; papr-tce 6.4, shift width and wrap",
        says: "A page far outside memory is H_PARAMETER, also where a host address or a shift would wrap.",
        check: Script(
            "
            H_PUT_TCE L 0 0xfffffffffffff003 -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_PUT_TCE L 0 0x8000000000000003 -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_PUT_TCE L 0 0x0000200000000003 -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_PUT_TCE L 0 0xffffe00004000003 -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            host hw L 0 = 0
            host hw-foreign L = 0
            H_GET_TCE L 0 -> H_SUCCESS 0; kvm H_SUCCESS 0xffffe00004000003; qemu H_SUCCESS 0xffffe00004000003
            H_PUT_TCE L 0x1000 A|R -> H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS A|R
            ",
        ),
    },
    Clause {
        id: "put/outside-ram-over-live",
        spec: "LoPAR 2.9, H_PUT_TCE; papr-tce 7.20; bug 65",
        says: "A refused put keeps the live mapping; where the value is accepted, the old mapping is gone.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0 RAM|RW -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|RW; kvm H_SUCCESS RAM|RW; qemu H_SUCCESS RAM|RW
            [allowed] host hw L 0 = A|RW
            [lopar] host hw L 0 = A|RW
            [lopar] host pins A = 1
            [kvm] host hw L 0 = 0
            [qemu] host hw L 0 = 0
            ",
        ),
    },
    Clause {
        id: "put/last-page-of-ram",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3",
        says: "The last page of memory can be mapped.",
        check: Script(
            "
            H_PUT_TCE L 0 RAM-0x1000|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS RAM-0x1000|RW
            host hw L 0 = RAM-0x1000|RW
            host pins RAM-0x1000 = 1
            ",
        ),
    },
    Clause {
        id: "put/first-page-of-ram",
        spec: "LoPAR 2.9, H_PUT_TCE; papr-tce 4.5.3",
        says: "Page 0 of memory can be mapped: an address of 0 with permissions is not a clear.",
        check: Script(
            "
            H_PUT_TCE L 0 RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS RW
            host hw L 0 = RW
            host pins 0 = 1
            H_PUT_TCE L 0 0 -> H_SUCCESS
            host pins 0 = 0
            ",
        ),
    },
    Clause {
        id: "put/reserved-bits",
        spec: "open in LoPAR 2.9, H_PUT_TCE; Linux: iommu_tce_put_param_check; papr-tce 7.21",
        says: "Reserved bits beside permissions are refused, or ignored by the device; they never change the address.",
        check: Script(
            "
            H_PUT_TCE L 0 A|0x4|RW -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_PUT_TCE L 0 A|0x8|R -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_PUT_TCE L 0 A|0x10|W -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_PUT_TCE L 0 A|0x100|RW -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_PUT_TCE L 0 A|0x800|RW -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0; allowed H_SUCCESS _; kvm H_SUCCESS A|0x800|RW; qemu H_SUCCESS A|0x800|RW
            [lopar] host hw L 0 = 0
            H_PUT_TCE L 0 C|R -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS C|R
            ",
        ),
    },
    Clause {
        id: "put/unaligned",
        spec: "open in LoPAR 2.9, H_PUT_TCE; papr-tce 7.22",
        says: "A bus address inside a page is refused, or stands for that page's entry; no other entry changes.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 B|R -> H_SUCCESS
            H_PUT_TCE L 0x801 A|RW -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; qemu H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0; allowed H_SUCCESS _; qemu H_SUCCESS A|RW
            H_GET_TCE L 0x1000 -> H_SUCCESS B|R
            ",
        ),
    },
    Clause {
        id: "put/end",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 1; papr-tce 7.23",
        says: "The first bus address behind the window is H_PARAMETER.",
        check: Script(
            "
            H_PUT_TCE L END A|RW -> H_PARAMETER
            H_PUT_TCE L END 0 -> H_PARAMETER
            host taken = 0
            H_PUT_TCE L END-0x1000 A|R -> H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS A|R
            ",
        ),
    },
    Clause {
        id: "put/last-entry",
        spec: "LoPAR 2.9, H_PUT_TCE; papr-tce 7.24",
        says: "The last entry of the window can be written.",
        check: Script(
            "
            H_PUT_TCE L END-0x1000 A|RW -> H_SUCCESS
            H_GET_TCE L END-0x1000 -> H_SUCCESS A|RW
            host hw L END-0x1000 = A|RW
            ",
        ),
    },
    Clause {
        id: "put/far-outside",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 1; papr-tce 7.25",
        says: "Bus addresses at the end of the bus are H_PARAMETER, not wrapped.",
        check: Script(
            "
            H_PUT_TCE L 0xfffffffffffff000 A|RW -> H_PARAMETER
            H_PUT_TCE L START+0x100000000 A|RW -> H_PARAMETER
            H_PUT_TCE L START+0x10000000000000 A|RW -> H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "put/liobn-unknown",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 1; papr-tce 7.26",
        says: "A LIOBN that names no window is H_PARAMETER.",
        check: Script(
            "
            H_PUT_TCE L+0x7f 0 A|RW -> H_PARAMETER
            H_PUT_TCE 0 0 A|RW -> H_PARAMETER
            H_PUT_TCE 0xffffffff 0 A|RW -> H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS 0
            host taken = 0
            ",
        ),
    },
    Clause {
        id: "put/liobn-high-bits",
        spec: "open in LoPAR 2.9, H_PUT_TCE (a 32-bit value); Linux: kvmppc_find_table; QEMU: spapr_tce_find_by_liobn; papr-tce 7.27; bug 52",
        says: "A LIOBN has 32 bits: with other bits the register names no window, or they are ignored.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L+0x100000000 0 A|RW -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER
            H_PUT_TCE L+0xffffffff00000000 0 A|RW -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            H_GET_TCE L 0x1000 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "put/neighbours",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 4; papr-tce 6.4, index mixing",
        says: "A put changes only its own entry.",
        check: Script(
            "
            H_PUT_TCE L 0x4000 A|R -> H_SUCCESS
            H_PUT_TCE L 0x6000 B|W -> H_SUCCESS
            H_PUT_TCE L 0x5000 C|RW -> H_SUCCESS
            H_GET_TCE L 0x4000 -> H_SUCCESS A|R
            H_GET_TCE L 0x5000 -> H_SUCCESS C|RW
            H_GET_TCE L 0x6000 -> H_SUCCESS B|W
            H_GET_TCE L 0x3000 -> H_SUCCESS 0
            H_GET_TCE L 0x7000 -> H_SUCCESS 0
            host hw L 0x4000 = A|R
            host hw L 0x6000 = B|W
            host live L = 3
            ",
        ),
    },
    Clause {
        id: "put/same-page-twice",
        spec: "Linux: mm_iommu_mapped_inc, mm_iommu_mapped_dec; papr-tce 7.70",
        says: "A page that two entries map is pinned twice; each clear releases one pin.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0x1000 A|R -> H_SUCCESS
            host pins A = 2
            H_PUT_TCE L 0 0 -> H_SUCCESS
            host pins A = 1
            host dirty A = 1
            H_PUT_TCE L 0x1000 0 -> H_SUCCESS
            host pins A = 0
            ",
        ),
    },
    Clause {
        id: "put/refused-keeps",
        spec: "LoPAR 2.9, H_PUT_TCE: checks precede the store",
        says: "A refused put takes no pin, not even for a moment that a later clear would reveal.",
        check: Script(
            "
            H_PUT_TCE L END A|RW -> H_PARAMETER
            H_PUT_TCE L+0x7f 0 A|RW -> H_PARAMETER
            host pins A = 0
            host taken = 0
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            host pins A = 1
            H_PUT_TCE L 0 0 -> H_SUCCESS
            host pins A = 0
            ",
        ),
    },
    Clause {
        id: "put/over-poison",
        spec: "Linux: kvmppc_tce_iommu_do_map (old direction NONE); papr-tce 4.5.3; bug 2",
        says: "Mapping over an address without permissions releases nothing.",
        check: Script(
            "
            H_PUT_TCE L 0 A -> H_SUCCESS
            H_PUT_TCE L 0 B|RW -> H_SUCCESS
            host pins A = 0
            host released = 0
            host dirty A = 0
            host hw L 0 = B|RW
            ",
        ),
    },
];
