// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Why others answer differently: each difference that is known, with the text, both behaviours,
//! and who is right.

/// An explanation, which covers some clauses.
#[derive(Clone, Copy, Debug)]
pub struct Note {
    /// Its number, by which a comparison cites it.
    pub number: u32,
    /// Who differs.
    pub peer: &'static str,
    /// The clauses that show it.
    pub clauses: &'static [&'static str],
    /// What it is about.
    pub title: &'static str,
    /// What the text says.
    pub text: &'static str,
    /// What tcevm does.
    pub ours: &'static str,
    /// What the peer does.
    pub theirs: &'static str,
    /// Who is right.
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

/// Every note. QEMU is 7.2, the one of Debian 12; what is said of it was read in `hw/ppc/spapr_iommu.c`
/// and `spapr_rtas_ddw.c` (papr-tce 2.5 and 3.5) and seen by this suite.
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
            "device/refused",
        ],
        title: "a page outside the partition's memory",
        text: "LoPAR 2.9, H_PUT_TCE semantics 3, H_PUT_TCE_INDIRECT 9, H_STUFF_TCE 5: H_PARAMETER, and nothing changes",
        ours: "H_PARAMETER, and nothing changes",
        theirs: "H_SUCCESS: the value is stored as it is, and looked at when a device uses it",
        right: "tcevm; a guest that errs learns of it only here",
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
        theirs: "H_SUCCESS: stored as they are, ignored when a device uses the entry",
        right: "both",
    },
    Note {
        number: 3,
        peer: "qemu",
        clauses: &["get/unaligned", "put/unaligned", "indirect/unaligned", "stuff/unaligned"],
        title: "a bus address inside a page",
        text: "LoPAR 2.9 is silent: it takes the entry's index",
        ours: "H_PARAMETER, as KVM",
        theirs: "H_SUCCESS on the entry of the page",
        right: "both; a guest cannot rely on either",
    },
    Note {
        number: 4,
        peer: "qemu",
        clauses: &["indirect/count-zero", "stuff/count-zero"],
        title: "a count of 0",
        text: "LoPAR 2.9, H_PUT_TCE_INDIRECT and H_STUFF_TCE: a loop of no turns, then H_SUCCESS",
        ours: "H_SUCCESS, and nothing changes",
        theirs: "H_PARAMETER: the loop's answer keeps the value that it began with",
        right: "tcevm, by the order of the text",
    },
    Note {
        number: 5,
        peer: "qemu",
        clauses: &["indirect/list-outside-ram"],
        title: "a list page outside memory",
        text: "LoPAR 2.9, H_PUT_TCE_INDIRECT semantics 6: H_PARAMETER",
        ours: "H_PARAMETER",
        theirs: "H_SUCCESS: it reads what the bus gives there, which is 0",
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
        theirs: "H_PARAMETER: it knows no such option and finds no such window",
        right: "tcevm",
    },
    Note {
        number: 8,
        peer: "qemu",
        clauses: &["stuff/513", "stuff/whole-window", "stuff/count-huge"],
        title: "more than 512 entries in one H_STUFF_TCE",
        text: "LoPAR 2.9, H_STUFF_TCE semantics 3: H_P4",
        ours: "H_P4",
        theirs: "as many as the window has: H_SUCCESS; more: H_PARAMETER",
        right: "tcevm; Linux guests never ask for more than 512",
    },
    Note {
        number: 9,
        peer: "qemu",
        clauses: &["ddw/create-too-large"],
        title: "a window of 2^32 entries or more",
        text: "LoPAR 2.9, ibm,create-pe-dma-window: an error status",
        ours: "-3, as often as it is asked for",
        theirs: "-1 (bug 61)",
        right: "tcevm",
    },
    Note {
        number: 10,
        peer: "qemu",
        clauses: &[
            "ddw/query",
            "ddw/create-third",
            "ddw/create-bad-shift",
            "ddw/create-too-small",
            "ddw/default-replaced",
            "ddw/reset",
        ],
        title: "how many entries a new window may have",
        text: "LoPAR 2.9, ibm,query-pe-dma-window: the most that the platform can give",
        ours: "the entries whose tables the budget of the machine holds (--table-memory)",
        theirs: "2^31, the most that five outputs hold, whatever memory there is",
        right: "both; Linux makes a window no larger than it needs",
    },
];
