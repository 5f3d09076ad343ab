// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Device accesses through the entries: the other side of every mapping.

use crate::clause::Check::Script;
use crate::clause::Clause;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "device/read-write",
        spec: "LoPAR 2.9, TCE Definition; papr-tce 7.8",
        says: "Through a read-write entry a device reads and writes its page, at the offset of the bus address.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 A|RW -> H_SUCCESS
            host device-read 0x1000 = A
            host device-write 0x1abc = A+0xabc
            host device-read 0x2000 = -1
            host device-read 0xfff = -1
            ",
        ),
    },
    Clause {
        id: "device/read-only",
        spec: "LoPAR 2.9, TCE Definition; papr-tce 7.9",
        says: "Through a read-only entry a write faults.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 A|R -> H_SUCCESS
            host device-read 0x1000 = A
            host device-write 0x1000 = -1
            ",
        ),
    },
    Clause {
        id: "device/write-only",
        spec: "LoPAR 2.9, TCE Definition; papr-tce 7.10; bug 66",
        says: "Through a write-only entry a read faults.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 A|W -> H_SUCCESS
            host device-write 0x1000 = A
            host device-read 0x1000 = -1
            ",
        ),
    },
    Clause {
        id: "device/replaced",
        spec: "Linux: \"Release replaced TCE\"; papr-tce 4.5.7 and 7.11",
        says: "After a replacement the device reaches only the new page, though the bridge had cached the old one.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            host device-read 0 = A
            H_PUT_TCE L 0 B|RW -> H_SUCCESS
            host device-read 0 = B
            host device-write 0 = B
            ",
        ),
    },
    Clause {
        id: "device/narrowed",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 4; Linux: iommu_tce_kill; papr-tce 7.13",
        says: "After read-write became read-only a write faults, though the bridge had cached the permission to write.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            host device-write 0 = A
            H_PUT_TCE L 0 A|R -> H_SUCCESS
            host device-write 0 = -1
            host device-read 0 = A
            ",
        ),
    },
    Clause {
        id: "device/cleared",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3 and 4; Linux: iommu_tce_kill; papr-tce 7.15 and 7.18; bug 53",
        says: "After a clear, with or without an address, the device faults.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            host device-read 0 = A
            H_PUT_TCE L 0 0 -> H_SUCCESS
            host device-read 0 = -1
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            host device-read 0 = A
            H_PUT_TCE L 0 B -> H_SUCCESS
            host device-read 0 = -1
            ",
        ),
    },
    Clause {
        id: "device/stuffed",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 6; Linux: iommu_tce_kill; papr-tce 7.69; bug 7",
        says: "After 512 entries were cleared at once the device reaches none of their pages, though it had used them.",
        check: Script(
            "
            fill LIST 512 M|RW+I*0x1000
            H_PUT_TCE_INDIRECT L 0 LIST 512 -> H_SUCCESS
            repeat 512 host device-read I*0x1000 = M+I*0x1000
            H_STUFF_TCE L 0 0 512 -> H_SUCCESS
            repeat 512 host device-read I*0x1000 = -1
            ",
        ),
    },
    Clause {
        id: "device/listed",
        spec: "LoPAR 2.9, H_PUT_TCE_INDIRECT, semantics 10; Linux: iommu_tce_kill; papr-tce 7.55; bug 7",
        says: "After a list replaced 512 entries the device reaches the new pages.",
        check: Script(
            "
            fill LIST 512 M|RW+I*0x1000
            H_PUT_TCE_INDIRECT L 0 LIST 512 -> H_SUCCESS
            repeat 512 host device-read I*0x1000 = M+I*0x1000
            fill LIST 512 A|R
            H_PUT_TCE_INDIRECT L 0 LIST 512 -> H_SUCCESS
            repeat 512 host device-read I*0x1000 = A
            repeat 512 host device-write I*0x1000 = -1
            ",
        ),
    },
    Clause {
        id: "device/empty-was-cached",
        spec: "Linux: iommu_tce_kill; papr-tce 4.2",
        says: "A new mapping is used at once, also where the device had found the entry empty before.",
        check: Script("host device-read 0 = -1\nH_PUT_TCE L 0 A|R -> H_SUCCESS\nhost device-read 0 = A"),
    },
    Clause {
        id: "device/refused",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 3; papr-tce 7.99; papr-tce 8.8",
        says: "After a refused call the device reaches the page that it reached before; where the value is accepted, it reaches nothing.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 A|RW -> H_SUCCESS
            H_PUT_TCE L 0 RAM|RW -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            host device-read 0 = -1
            H_PUT_TCE L 0x1000 RAM|RW -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            [lopar] host device-read 0x1000 = A
            [kvm] host device-read 0x1000 = -1
            [qemu] host device-read 0x1000 = -1
            H_GET_TCE L 0x1000 -> H_SUCCESS A|RW; kvm H_SUCCESS RAM|RW; qemu H_SUCCESS RAM|RW
            ",
        ),
    },
    Clause {
        id: "device/reserved-bits",
        spec: "open in LoPAR 2.9, TCE Definition; QEMU: spapr_tce_translate_iommu; papr-tce 7.21",
        says: "Where reserved bits are accepted, the device reaches the page itself, at an address that the bits do not change.",
        check: Script(
            "
            H_PUT_TCE L 0x1000 B|R -> H_SUCCESS
            H_PUT_TCE L 0 A|0x4|RW -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            [lopar] host device-read 0 = -1
            [kvm] host device-read 0 = A
            [qemu] host device-read 0 = A
            H_GET_TCE L 0 -> H_SUCCESS 0; allowed H_SUCCESS _; kvm H_SUCCESS A|0x4|RW; qemu H_SUCCESS A|0x4|RW
            H_GET_TCE L 0x1000 -> H_SUCCESS B|R
            ",
        ),
    },
    Clause {
        id: "device/second-window",
        spec: "LoPAR 2.9, ibm,create-pe-dma-window; Linux: pnv_pci_ioda2_create_table; papr-tce 3.4 and 7.28; bug 58",
        says: "Through a second window at 2^59 a device reaches pages of 64 KiB, at the right offsets.",
        check: Script(
            "
            rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo
            H_PUT_TCE L2 S2+0x30000 A|RW -> H_SUCCESS
            host device-read S2+0x3abcd = A+0xabcd
            host device-read S2+0x2ffff = -1
            host device-read 0x30000 = -1
            H_GET_TCE L2 S2+0x30000 -> H_SUCCESS A|RW
            rtas ibm,remove-pe-dma-window L2 -> 0
            host device-read S2+0x3abcd = -1
            ",
        ),
    },
];
