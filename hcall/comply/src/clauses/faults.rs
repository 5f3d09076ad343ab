// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Calls while the host fails: H_HARDWARE, H_BUSY, no memory, too hard.

use super::exchange::why;
use crate::clause::Check::{Faults, Host};
use crate::clause::Clause;
use crate::direct::{Direct, Setup};
use crate::expect;
use crate::host::Fact;
use crate::run::Target;
use crate::script::How;
use hcall::Regs;
use hcall::tokens::{H_PUT_TCE, H_PUT_TCE_INDIRECT, H_STUFF_TCE};
use iommu::{GuestEntry, Liobn};

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "faults/hardware",
        spec: "LoPAR 2.9, Hypervisor Call Return Code Table: H_HARDWARE; papr-tce 1.1, atomicity",
        says: "A call that ends in H_HARDWARE has changed nothing; the same call works when the fault is gone.",
        check: Faults(
            "hardware:count=4",
            "
            poke LIST A|RW
            H_PUT_TCE L 0 A|RW -> H_HARDWARE
            H_PUT_TCE_INDIRECT L 0 LIST 1 -> H_HARDWARE
            H_STUFF_TCE L 0 A|RW 1 -> H_HARDWARE
            H_GET_TCE L 0 -> H_HARDWARE
            H_GET_TCE L 0 -> H_SUCCESS 0
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            host pins A = 1
            ",
        ),
    },
    Clause {
        id: "faults/busy",
        spec: "LoPAR 2.9, Hypervisor Call Return Code Table: H_BUSY; papr-tce 1.1, class",
        says: "A call that ends in H_BUSY has changed nothing and can be repeated.",
        check: Faults(
            "busy:count=4",
            "
            poke LIST B|RW
            H_PUT_TCE L 0 A|RW -> H_BUSY
            H_PUT_TCE_INDIRECT L 0 LIST 1 -> H_BUSY
            H_STUFF_TCE L 0 A|RW 1 -> H_BUSY
            H_GET_TCE L 0 -> H_BUSY
            H_GET_TCE L 0 -> H_SUCCESS 0
            host taken = 0
            H_PUT_TCE_INDIRECT L 0 LIST 1 -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS B|RW
            host pins B = 1
            ",
        ),
    },
    Clause {
        id: "faults/no-memory",
        spec: "LoPAR 2.9, Hypervisor Call Return Code Table (H_Hardware); Linux: kvm_spapr_get_tce_page; papr-tce 4.6, 5.1 and 7.75; bug 49",
        says: "Without memory for the table the call fails and changes nothing: no value is lost silently, and no pin remains.",
        check: Faults(
            "nomem:count=2",
            "
            H_PUT_TCE L 0 A|RW -> H_HARDWARE/H_NO_MEM/H_NOT_ENOUGH_RESOURCES/H_SUCCESS
            H_PUT_TCE L 0 B|RW -> H_SUCCESS/H_HARDWARE
            H_PUT_TCE L 0 C|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS C|RW
            host pins A = 0
            host pins B = 0
            host pins C = 1
            ",
        ),
    },
    Clause {
        id: "faults/too-hard",
        spec: "Linux: H_TOO_HARD; papr-tce 5.7 and 7.7",
        says: "A call that is too hard for a tier is carried out by the next one; the guest gets the answer, and the counts are right.",
        check: Faults(
            "toohard",
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            H_PUT_TCE L 0 B|RW -> H_SUCCESS
            poke LIST A|R C|W
            H_PUT_TCE_INDIRECT L 0 LIST 2 -> H_SUCCESS
            H_GET_TCE L 0x1000 -> H_SUCCESS C|W
            H_PUT_TCE L END A|RW -> H_PARAMETER
            host pins A = 1
            host pins B = 0
            H_STUFF_TCE L 0 0 2 -> H_SUCCESS
            host pins A = 0
            host pins C = 0
            host taken = 4
            host released = 4
            ",
        ),
    },
    Clause {
        id: "faults/too-hard-now-and-then",
        spec: "Linux: H_TOO_HARD, kvmppc_h_put_tce; papr-tce 5.7 and 8.7",
        says: "When only some of the calls are too hard, all get their answers, and the counts are right.",
        check: Faults(
            "toohard:prob=0.5,seed=3",
            "
            repeat 64 H_PUT_TCE L I*0x1000 A|RW -> H_SUCCESS
            repeat 64 H_PUT_TCE L I*0x1000 B|R -> H_SUCCESS
            repeat 64 H_GET_TCE L I*0x1000 -> H_SUCCESS B|R
            host pins A = 0
            host pins B = 64
            ",
        ),
    },
    Clause {
        id: "faults/unregistered",
        spec: "Linux: mm_iommu_lookup, kvmppc_tce_iommu_do_map; papr-tce 2.3, 5.5 and 7.33; bugs 14 and 16",
        says: "A page that is not registered for DMA is left to the next tier or refused; a refusal reaches the guest, and changes nothing.",
        check: Faults(
            "unregistered:count=1",
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS/H_HARDWARE/H_PARAMETER
            H_PUT_TCE L 0 B|RW -> H_SUCCESS
            H_GET_TCE L 0 -> H_SUCCESS B|RW
            host pins A = 0
            host pins B = 1
            ",
        ),
    },
    Clause {
        id: "faults/slow-kill",
        spec: "Linux: iommu_tce_kill; papr-tce 4.5.7 and 7.73; bug 45",
        says: "While a slow kill is under way, the displaced page is neither released nor dirty; after it the device reaches only the new page.",
        check: Faults(
            "delayed-kill:us=2000",
            "
            H_PUT_TCE L 0 A|RW -> H_SUCCESS
            host device-write 0 = A
            H_PUT_TCE L 0 B|RW -> H_SUCCESS
            host pins-at-kill A = 1
            host dirty-at-kill A = 0
            host device-write 0 = B
            ",
        ),
    },
    Clause {
        id: "faults/success-is-kept",
        spec: "LoPAR 2.9, Hypervisor Call Return Code Table; Linux: kvmppc_h_put_tce; papr-tce 4.6 and 7.75; bug 49",
        says: "At whatever place a fault comes, H_SUCCESS means that view and hardware have the new entries, and any other answer that they have the old ones.",
        check: Host(success_is_kept),
    },
];

const L: u64 = 0x8000_0000;
const LIST: u64 = 0x40e_0000;
const A: u64 = 0x400_0000;
const B: u64 = 0x401_0000;
const RW: u64 = 3;

/// The first two entries as the guest and as the hardware have them.
type Entries = [(u64, u64); 2];

fn entries(machine: &mut Direct) -> Result<Entries, String> {
    let window = machine.container().window(Liobn(0x8000_0000)).map_err(why)?;
    let mut of = |n: u64| {
        let hardware = machine.host(Fact::Hw, &[L, n << 12])?;
        Ok::<_, String>((window.view().load(GuestEntry(n)).0, hardware))
    };
    Ok([of(0)?, of(1)?])
}

/// Makes a call. Its answer and the entries agree: these values after success, else the old ones.
fn call(machine: &mut Direct, args: &[u64], new: [u64; 2]) -> Result<(), String> {
    let before = entries(machine)?;
    let mut regs: Regs = [0; 10];
    regs[..args.len()].copy_from_slice(args);
    machine.hcall(How::Plainly, &mut regs)?;
    let wanted = if regs[0] == 0 { new.map(|tce| (tce, tce)) } else { before };
    expect!(entries(machine)?, wanted);
    machine.sound()
}

fn success_is_kept(setup: &Setup) -> Result<(), String> {
    for fault in ["nomem", "unregistered", "hardware", "busy", "toohard"] {
        for nth in 1..=8 {
            let fault = format!("{fault}:nth={nth}").parse()?;
            let mut machine = Direct::new(&Setup { faults: vec![fault], ..setup.clone() })?;
            let list = [A | RW, B | 1].map(u64::to_be_bytes);
            machine.write(LIST, list.as_flattened())?;
            let one = entries(&mut machine)?[1].0;
            call(&mut machine, &[H_PUT_TCE, L, 0, A | RW], [A | RW, one])?;
            call(&mut machine, &[H_PUT_TCE, L, 0, B | RW], [B | RW, one])?;
            call(&mut machine, &[H_PUT_TCE_INDIRECT, L, 0, LIST, 2], [A | RW, B | 1])?;
            call(&mut machine, &[H_STUFF_TCE, L, 0, 0, 2], [0, 0])?;
        }
    }
    Ok(())
}
