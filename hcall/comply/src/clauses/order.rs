// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The order around an entry: exchange, kill, dirty, release.

use crate::clause::Check::Script;
use crate::clause::Clause;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "order/replace",
        spec: "Linux: iommu_tce_xchg_no_kill, iommu_tce_kill; papr-tce 4.5.7 and 7.73; bug 45",
        says: "At the kill the new entry is in place, and the old page is still pinned and not yet dirty.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0 B|RW -> H_SUCCESS
            host kills = 1
            host hw-at-kill L 0 = B|RW
            host pins-at-kill A = 1
            host pins-at-kill B = 1
            host dirty-at-kill A = 0
            host dirty A = 1
            host pins A = 0
            ",
        ),
    },
    Clause {
        id: "order/clear",
        spec: "Linux: iommu_tce_xchg_no_kill, iommu_tce_kill; papr-tce 7.73",
        says: "At the kill after a clear the entry is clear, and the old page is still pinned and not yet dirty.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0 0 -> H_SUCCESS
            host hw-at-kill L 0 = 0
            host pins-at-kill A = 1
            host dirty-at-kill A = 0
            ",
        ),
    },
    Clause {
        id: "order/list",
        spec: "Linux: iommu_tce_xchg_no_kill; papr-tce 4.2 and 7.73; bug 45",
        says: "A list exchanges all its entries, kills once, and releases after that.",
        check: Script(
            "
            poke LIST A|RW A|R B|RW
            H_PUT_TCE_INDIRECT L 0 LIST 3 -> H_SUCCESS
            poke LIST C|RW C|RW C|RW
            H_PUT_TCE_INDIRECT L 0 LIST 3 -> H_SUCCESS
            host kills = 1
            host hw-at-kill L 0x2000 = C|RW
            host pins-at-kill A = 2
            host pins-at-kill B = 1
            host pins-at-kill C = 3
            host dirty-at-kill A = 0
            host pins A = 0
            host dirty A = 1
            ",
        ),
    },
    Clause {
        id: "order/stuff",
        spec: "Linux: iommu_tce_xchg_no_kill, iommu_tce_kill; papr-tce 7.59 and 7.73",
        says: "512 entries are cleared with one kill, before any is released.",
        check: Script(
            "
            fill LIST 512 A|W
            H_PUT_TCE_INDIRECT L 0 LIST 512 -> H_SUCCESS
            H_STUFF_TCE L 0 0 512 -> H_SUCCESS
            host kills = 1
            host killed L 0 = 1
            host killed L 0x1ff000 = 1
            host pins-at-kill A = 512
            host dirty-at-kill A = 0
            host pins A = 0
            host dirty A = 1
            ",
        ),
    },
    Clause {
        id: "order/kill-exact",
        spec: "Linux: iommu_tce_kill (entry, pages); papr-tce 7.31; bug 7",
        says: "The kill covers the entries of the call, and no others.",
        check: Script(
            "
            H_PUT_TCE L 0x7000 A|RW -> H_SUCCESS
            host killed L 0x6000 = 0
            host killed L 0x7000 = 1
            host killed L 0x8000 = 0
            poke LIST A|RW B|RW C|RW
            H_PUT_TCE_INDIRECT L 0x20000 LIST 3 -> H_SUCCESS
            host killed L 0x1f000 = 0
            host killed L 0x20000 = 1
            host killed L 0x22000 = 1
            host killed L 0x23000 = 0
            ",
        ),
    },
    Clause {
        id: "order/refused",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 1; papr-tce 6.4",
        says: "A call that is refused kills nothing.",
        check: Script(
            "H_PUT_TCE L END A|RW -> H_PARAMETER\nhost kills = 0\nH_GET_TCE L 0 -> H_SUCCESS 0\nhost kills = 0",
        ),
    },
    Clause {
        id: "order/map-kills",
        spec: "papr-tce 4.2, exchange: either flag; Linux: iommu_tce_kill",
        says: "Mapping an empty entry kills it too, because the bridge may have cached the empty entry.",
        check: Script(
            "H_PUT_TCE L 0 A|RW -> H_SUCCESS\nhost killed L 0 = 1\nhost hw-at-kill L 0 = A|RW\nhost pins-at-kill A = 1",
        ),
    },
    Clause {
        id: "order/balance",
        spec: "Linux: kvmppc_tce_iommu_do_map, kvmppc_tce_iommu_mapped_dec; papr-tce 4.5.2 and 7.70",
        says: "Over a sequence of puts, lists and stuffing each pin that is taken is released, and no other.",
        check: Script(
            "
            fill LIST 512 M|RW+I*0x1000
            H_PUT_TCE_INDIRECT L 0 LIST 512 -> H_SUCCESS
            repeat 512 H_PUT_TCE L I*0x1000 A|R -> H_SUCCESS
            H_PUT_TCE_INDIRECT L 0x100000 LIST 512 -> H_SUCCESS
            H_STUFF_TCE L 0 0 512 -> H_SUCCESS
            H_STUFF_TCE L 0x200000 0 256 -> H_SUCCESS
            host live L = 0
            host pins A = 0
            host pins M = 0
            host taken = 1536
            host released = 1536
            ",
        ),
    },
];
