// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! How a hypercall is made and answered.

use crate::clause::Check::Script;
use crate::clause::Clause;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "abi/privilege",
        spec: "LoPAR 2.9, Hypervisor Call Interrupt; papr-tce 7.1",
        says: "In problem state every TCE call is H_PRIVILEGE and changes nothing.",
        check: Script(
            "
            H_PUT_TCE L 0 B|R -> H_SUCCESS
            poke LIST A|RW
            [!kvm] user H_PUT_TCE L 0 A|RW -> H_PRIVILEGE
            [!kvm] user H_GET_TCE L 0 -> H_PRIVILEGE
            [!kvm] user H_STUFF_TCE L 0 A|RW 1 -> H_PRIVILEGE
            [!kvm] user H_PUT_TCE_INDIRECT L 0 LIST 1 -> H_PRIVILEGE
            H_GET_TCE L 0 -> H_SUCCESS B|R
            ",
        ),
    },
    Clause {
        id: "abi/privilege-first",
        spec: "LoPAR 2.9, Hypervisor Call Interrupt",
        says: "In problem state H_PRIVILEGE takes precedence over the check of the token.",
        check: Script(
            "
            [!kvm] user 0x4fc L 0 -> H_PRIVILEGE
            0x4fc L 0 -> H_FUNCTION
            H_PUT_TCE L 0 A|R -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|R
            ",
        ),
    },
    Clause {
        id: "abi/token-low-bits",
        spec: "LoPAR 2.9, Hypervisor Call Function Table; papr-tce 7.2",
        says: "A token that is not a multiple of 4 is H_FUNCTION, not the call below it.",
        check: Script(
            "
            0x21 L 0 A|RW -> H_FUNCTION
            0x22 L 0 A|RW -> H_FUNCTION
            0x23 L 0 A|RW -> H_FUNCTION
            H_GET_TCE L 0 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "abi/token-unknown",
        spec: "LoPAR 2.9, Hypervisor Call Function Table; papr-tce 7.3",
        says: "A token that LoPAR does not define is H_FUNCTION.",
        check: Script(
            "
            0x4fc L 0 A|RW -> H_FUNCTION
            0x0 L 0 A|RW -> H_FUNCTION
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            ",
        ),
    },
    Clause {
        id: "abi/token-high-bits",
        spec: "LoPAR 2.9, Hypervisor Call Interrupt",
        says: "The token is all 64 bits of r3: bits above the low word are not ignored.",
        check: Script(
            "
            0x100000020 L 0 A|RW -> H_FUNCTION
            0x8000000000000020 L 0 A|RW -> H_FUNCTION
            0xffffffffffffffff L 0 A|RW -> H_FUNCTION
            H_GET_TCE L 0 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "abi/sign-extended",
        spec: "LoPAR 2.9, Hypervisor Call Return Code Table; papr-tce 7.4",
        says: "A negative status fills all 64 bits of r3.",
        check: Script(
            "
            H_GET_TCE L END -> -4
            H_PUT_TCE L END A|RW -> -4
            H_PUT_TCE L END-0x1000 A|RW -> 0
            H_GET_TCE L END-0x1000 -> 0 A|RW
            ",
        ),
    },
    Clause {
        id: "abi/spare-arguments",
        spec: "LoPAR 2.9, Hypervisor Call Interrupt",
        says: "The content of registers that hold no arguments is ignored.",
        check: Script(
            "
            H_PUT_TCE L 0 A|R -1 -1 -1 -1 -1 -1 -> H_SUCCESS
            H_GET_TCE L 0 -1 -1 -1 -1 -1 -1 -1 -> H_SUCCESS A|R
            H_STUFF_TCE L 0 0 1 -1 -1 -1 -1 -1 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "abi/registers-get",
        spec: "LoPAR 2.9, Hypervisor Call Interrupt; papr-tce 7.5 and 7.6",
        says: "After H_GET_TCE the guest continues behind the sc instruction with r1, r2, r13 to r31, LR, CR2 to CR4, FPSCR, floating-point and vector registers unchanged.",
        check: Script("H_PUT_TCE L 0 A|RW -> H_SUCCESS\nchecked H_GET_TCE L 0 -> H_SUCCESS A|RW"),
    },
    Clause {
        id: "abi/registers-put",
        spec: "LoPAR 2.9, Hypervisor Call Interrupt; papr-tce 7.5 and 7.6",
        says: "After H_PUT_TCE the guest continues behind the sc instruction with r1, r2, r13 to r31, LR, CR2 to CR4, FPSCR, floating-point and vector registers unchanged.",
        check: Script(
            "
            checked H_PUT_TCE L 0 A|RW -> H_SUCCESS
            checked H_PUT_TCE L 0 B|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS B|RW
            ",
        ),
    },
    Clause {
        id: "abi/registers-multi",
        spec: "LoPAR 2.9, Hypervisor Call Interrupt; papr-tce 7.5 and 7.6",
        says: "After H_PUT_TCE_INDIRECT and H_STUFF_TCE of 512 entries r1, r2, r13 to r31, LR, CR2 to CR4, FPSCR, floating-point and vector registers are unchanged.",
        check: Script(
            "
            fill LIST 512 M|RW+I*0x1000
            checked H_PUT_TCE_INDIRECT L 0 LIST 512 -> H_SUCCESS
            H_GET_TCE L 0x1ff000 -> H_SUCCESS M+0x1ff000|RW
            checked H_STUFF_TCE L 0 0 512 -> H_SUCCESS
            H_GET_TCE L 0x1ff000 -> H_SUCCESS 0
            ",
        ),
    },
    Clause {
        id: "abi/registers-refused",
        spec: "LoPAR 2.9, Hypervisor Call Interrupt; papr-tce 7.4",
        says: "After a call that is refused r1, r2, r13 to r31, LR, CR2 to CR4, FPSCR, floating-point and vector registers are unchanged.",
        check: Script(
            "
            checked H_PUT_TCE L END A|RW -> H_PARAMETER
            checked H_GET_TCE L END -> H_PARAMETER
            checked 0x4fc -> H_FUNCTION
            checked H_PUT_TCE L 0 A|R -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|R
            ",
        ),
    },
    Clause {
        id: "abi/too-hard",
        spec: "Linux: H_TOO_HARD; papr-tce 7.7",
        says: "H_TOO_HARD passes between the layers of a hypervisor only: a call that a lower layer leaves to an upper one gets an ordinary status.",
        check: Script(
            "
            H_PUT_TCE L+0x7f 0 A|RW -> H_PARAMETER
            H_GET_TCE L+0x7f 0 -> H_PARAMETER
            H_STUFF_TCE L+0x7f 0 0 1 -> H_PARAMETER
            H_PUT_TCE_INDIRECT L+0x7f 0 LIST 1 -> H_PARAMETER
            H_PUT_TCE L 0 RAM|RW -> H_PARAMETER; kvm H_SUCCESS; qemu H_SUCCESS
            H_PUT_TCE L 0 A|0x800|RW -> H_PARAMETER; allowed H_PARAMETER/H_SUCCESS; kvm H_SUCCESS; qemu H_SUCCESS
            H_PUT_TCE L 0 B|R -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS B|R
            ",
        ),
    },
    Clause {
        id: "abi/repeatable",
        spec: "LoPAR 2.9, Hypervisor Call Performance Classes (H_BUSY backs out); papr-tce 5.7 and 8.7",
        says: "A repeated call gives the same answer, and every count stays the same.",
        check: Script(
            "
            repeat 3 H_PUT_TCE L 0 A|RW -> H_SUCCESS
            poke LIST A|RW B|RW
            repeat 3 H_PUT_TCE_INDIRECT L 0 LIST 2 -> H_SUCCESS
            repeat 3 H_GET_TCE L 0x1000 -> H_SUCCESS B|RW
            host pins A = 1
            host pins B = 1
            repeat 3 H_STUFF_TCE L 0 0 2 -> H_SUCCESS
            host pins A = 0
            host pins B = 0
            ",
        ),
    },
    Clause {
        id: "abi/function-sets",
        spec: "LoPAR 2.9, Hypervisor Call Function Table: hcall-tce, hcall-multi-tce",
        says: "All calls of both sets exist: none is H_FUNCTION. QEMU promises hcall-multi-tce without H_PUT_RTCE_INDIRECT.",
        check: Script(
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS A|RW
            H_STUFF_TCE L 0 0 1 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS 0
            poke LIST B|R
            H_PUT_TCE_INDIRECT L 0 LIST 1 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS B|R
            H_PUT_RTCE_INDIRECT LIST L L 0 1 -> H_PARAMETER; kvm H_FUNCTION; qemu H_FUNCTION
            ",
        ),
    },
];
