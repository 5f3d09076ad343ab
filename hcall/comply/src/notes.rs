// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Known differences of other implementations: for each the text, both behaviours, and a judgement.

/// The explanation of a difference, which covers some clauses.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// Its number, which a comparison cites.
    pub number: u32,
    /// The implementation that differs.
    pub peer: &'static str,
    /// The clauses that show it.
    pub clauses: &'static [&'static str],
    /// The subject of the difference, as a heading.
    pub title: &'static str,
    /// The text of the specification.
    pub text: &'static str,
    /// The behaviour of tcevm.
    pub ours: &'static str,
    /// The behaviour of the peer.
    pub theirs: &'static str,
    /// The judgement: which behaviour is right.
    pub right: &'static str,
}

/// The notes about a peer.
pub fn all(peer: &str) -> impl Iterator<Item = &'static Note> {
    NOTES.iter().filter(move |note| note.peer == peer)
}

/// The note that explains a difference of a peer in a clause.
pub fn of(peer: &str, clause: &str) -> Option<&'static Note> {
    all(peer).find(|note| note.clauses.contains(&clause))
}

/// The clauses at which a known peer ends its process (QEMU 7.2 to 10: a failed assertion, bug 61). An image runs them
/// last.
pub const FATAL: [&str; 1] = ["ddw/create-too-large"];

/// Every note. QEMU is version 7.2, as in Debian 12. The statements about it come from `hw/ppc/spapr_iommu.c`
/// and `spapr_rtas_ddw.c` (papr-tce 2.5 and 3.5) and were confirmed by this suite.
pub const NOTES: &[Note] = &[
    Note {
        number: 1,
        peer: "qemu",
        clauses: &[
            "abi/too-hard",
            "put/outside-ram",
            "put/outside-ram-far",
            "put/outside-ram-over-live",
            "indirect/bad-entry",
            "indirect/bad-entry-first",
            "indirect/bad-entry-last",
            "stuff/map-outside-ram",
            "stuff/p4-before-address",
            "device/refused",
        ],
        title: "a page outside the partition's memory",
        text: "LoPAR 2.9, H_PUT_TCE semantics 3, H_PUT_TCE_INDIRECT 9, H_STUFF_TCE 5: H_PARAMETER, and nothing changes",
        ours: "H_PARAMETER, and nothing changes",
        theirs: "H_SUCCESS: the value is stored unchanged, and checked when a device uses it",
        right: "tcevm; a guest learns of its error only here",
    },
    Note {
        number: 2,
        peer: "qemu",
        clauses: &[
            "put/reserved-bits",
            "indirect/bad-bits",
            "stuff/reserved-mapped",
            "device/reserved-bits",
            "ddw/unaligned-page",
        ],
        title: "reserved bits, or address bits below the page, beside permissions",
        text: "LoPAR 2.9 is silent; Linux's iommu_tce_put_param_check refuses them",
        ours: "H_PARAMETER",
        theirs: "H_SUCCESS: stored unchanged, ignored when a device uses the entry",
        right: "both",
    },
    Note {
        number: 3,
        peer: "qemu",
        clauses: &["get/unaligned", "put/unaligned", "indirect/unaligned", "stuff/unaligned"],
        title: "a bus address inside a page",
        text: "LoPAR 2.9 is silent: it uses the entry's index",
        ours: "H_PARAMETER, as KVM",
        theirs: "H_SUCCESS on the entry of the page",
        right: "both; a guest cannot rely on either",
    },
    Note {
        number: 4,
        peer: "qemu",
        clauses: &["indirect/count-zero", "stuff/count-zero"],
        title: "a count of 0",
        text: "LoPAR 2.9, H_PUT_TCE_INDIRECT and H_STUFF_TCE: a loop without iterations, then H_SUCCESS",
        ours: "H_SUCCESS, and nothing changes",
        theirs: "H_PARAMETER: the status keeps its initial value, since the loop does not run",
        right: "tcevm, by the order of the text",
    },
    Note {
        number: 5,
        peer: "qemu",
        clauses: &["indirect/list-outside-ram"],
        title: "a list page outside memory",
        text: "LoPAR 2.9, H_PUT_TCE_INDIRECT semantics 6: H_PARAMETER",
        ours: "H_PARAMETER",
        theirs: "H_SUCCESS: it reads the value that the bus returns there, which is 0",
        right: "tcevm",
    },
    Note {
        number: 6,
        peer: "qemu",
        clauses: &["indirect/crossing", "stuff/crossing"],
        title: "a range that runs over the window's end",
        text: "LoPAR 2.9, H_PUT_TCE_INDIRECT semantics 5, H_STUFF_TCE 4: H_PARAMETER before anything is stored",
        ours: "H_PARAMETER, and nothing changes",
        theirs: "H_PARAMETER, but the entries up to the end are written",
        right: "tcevm",
    },
    Note {
        number: 7,
        peer: "qemu",
        clauses: &["indirect/negative-liobn"],
        title: "a negative LIOBN, the multi-table option off",
        text: "LoPAR 2.9, H_PUT_TCE_INDIRECT, negative LIOBN, semantics 1: H_FUNCTION",
        ours: "H_FUNCTION",
        theirs: "H_PARAMETER: it does not have the option, and no window has this LIOBN",
        right: "tcevm",
    },
    Note {
        number: 8,
        peer: "qemu",
        clauses: &["stuff/513", "stuff/whole-window", "stuff/count-huge"],
        title: "more than 512 entries in one H_STUFF_TCE",
        text: "LoPAR 2.9, H_STUFF_TCE semantics 3: H_P4",
        ours: "H_P4",
        theirs: "up to the size of the window: H_SUCCESS; more: H_PARAMETER",
        right: "tcevm; Linux guests never pass more than 512",
    },
    Note {
        number: 9,
        peer: "qemu",
        clauses: &["ddw/create-too-large"],
        title: "a window of 2^32 entries or more",
        text: "LoPAR 2.9, ibm,create-pe-dma-window: an error status",
        ours: "-3, each time",
        theirs: "-1 (bug 61)",
        right: "tcevm",
    },
    Note {
        number: 10,
        peer: "qemu",
        clauses: &[
            "ddw/query",
            "ddw/query-counts",
            "ddw/query-forms",
            "ddw/query-other-bridge",
            "ddw/none-left",
            "ddw/create-bad-shift",
            "ddw/create-too-small",
            "ddw/default-replaced",
            "ddw/reset",
        ],
        title: "the most entries of a new window",
        text: "LoPAR 2.9, ibm,query-pe-dma-window: the most that the platform can give",
        ours: "the number of entries whose tables fit into the machine's budget",
        theirs: "2^31, the most that five outputs hold, whatever memory there is",
        right: "both; Linux makes a window no larger than it needs",
    },
    Note {
        number: 11,
        peer: "qemu",
        clauses: &["ddw/create-third"],
        title: "more windows than possible",
        text: "LoPAR 2.9, ibm,create-pe-dma-window: -3",
        ours: "-3",
        theirs: "-1 (rtas_ibm_create_pe_dma_window)",
        right: "tcevm",
    },
    Note {
        number: 12,
        peer: "qemu",
        clauses: &["abi/function-sets", "rtce/put", "rtce/put-indirect", "rtce/remove"],
        title: "the calls for redirected DMA",
        text: "LoPAR 2.9, Hypervisor Call Function Table: hcall-multi-tce contains H_PUT_RTCE_INDIRECT; semantics 1 of all three calls: H_PARAMETER where no second window pane is",
        ours: "H_PARAMETER",
        theirs: "H_FUNCTION: the calls do not exist, although hcall-multi-tce is promised",
        right: "tcevm for H_PUT_RTCE_INDIRECT; both for the others, whose set hcall-rdma neither promises",
    },
];
