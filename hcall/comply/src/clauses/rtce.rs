// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Redirected DMA: H_PUT_RTCE, H_PUT_RTCE_INDIRECT, H_REMOVE_RTCE. Only a server partition has the second window pane that
//! these calls need. The clauses are about every other partition.

use crate::clause::Check::Script;
use crate::clause::Clause;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "rtce/put",
        spec: "LoPAR 2.9, H_PUT_RTCE, semantics 1; Hypervisor Call Function Table (hcall-rdma)",
        says: "A first LIOBN that is not of a second window pane is H_PARAMETER, and nothing changes. Without hcall-rdma the call may be absent.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_RTCE L 0 L 0x1000 1 -> H_PARAMETER; allowed H_PARAMETER/H_FUNCTION; kvm H_FUNCTION; qemu H_FUNCTION
            H_PUT_RTCE L+0x7f 0 L 0x1000 1 -> H_PARAMETER; allowed H_PARAMETER/H_FUNCTION; kvm H_FUNCTION; qemu H_FUNCTION
            H_PUT_RTCE L 0 L 0x1000 0 -> H_PARAMETER; allowed H_PARAMETER/H_FUNCTION; kvm H_FUNCTION; qemu H_FUNCTION
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            H_GET_TCE L 0x1000 -> H_SUCCESS 0
            host pins A = 1
            ",
        ),
    },
    Clause {
        id: "rtce/put-indirect",
        spec: "LoPAR 2.9, H_PUT_RTCE_INDIRECT, semantics 1; Hypervisor Call Function Table (hcall-multi-tce)",
        says: "A first LIOBN that is not of a second window pane is H_PARAMETER, whatever the list is, and nothing changes.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            poke LIST 0
            H_PUT_RTCE_INDIRECT LIST L L 0x1000 1 -> H_PARAMETER; kvm H_FUNCTION; qemu H_FUNCTION
            H_PUT_RTCE_INDIRECT LIST+8 L L 0x1000 1 -> H_PARAMETER; kvm H_FUNCTION; qemu H_FUNCTION
            H_PUT_RTCE_INDIRECT RAM L+0x7f L 0x1000 513 -> H_PARAMETER; kvm H_FUNCTION; qemu H_FUNCTION
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            H_GET_TCE L 0x1000 -> H_SUCCESS 0
            host pins A = 1
            ",
        ),
    },
    Clause {
        id: "rtce/remove",
        spec: "LoPAR 2.9, H_REMOVE_RTCE, semantics 1; Hypervisor Call Function Table (hcall-rdma)",
        says: "A first LIOBN that is not of a second window pane is H_PARAMETER, and no mapping ends. Without hcall-rdma the call may be absent.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_REMOVE_RTCE L 0 L 0 1 0 -> H_PARAMETER; allowed H_PARAMETER/H_FUNCTION; kvm H_FUNCTION; qemu H_FUNCTION
            H_REMOVE_RTCE L 0 L 0 1 B|RW -> H_PARAMETER; allowed H_PARAMETER/H_FUNCTION; kvm H_FUNCTION; qemu H_FUNCTION
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            host pins A = 1
            ",
        ),
    },
];
