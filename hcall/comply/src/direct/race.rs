// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A list that is rewritten while H_PUT_TCE_INDIRECT reads it.

use super::{Direct, Setup};
use crate::run::Target;
use crate::script::How;
use hcall::tokens::H_PUT_TCE_INDIRECT;
use hcall::{Regs, Status};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use vm_memory::{Bytes, GuestAddress};

const LIST: u64 = 0x40e_0000;
const GOOD: u64 = 0x400_0003;

/// One vCPU loops over a list of four entries while another flips one of them between a page, a page outside
/// memory, and malformed ones. Each call succeeds or is refused, the accounting holds, and of the entries
/// that are never bad either all are stored or none.
pub fn list_race(setup: &Setup, turns: u64) -> Result<(), String> {
    let mut machine = Direct::new(setup)?;
    let memory = machine.memory().clone();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for value in [GOOD, 1 << 50 | 3, 0x400_0007, 0x400_0800, 4].iter().cycle() {
                if over.load(Ordering::Relaxed) {
                    break;
                }
                // The address is in the machine's memory; a store that failed would only weaken the race.
                let _ = memory.write_obj(value.to_be(), GuestAddress(LIST + 8));
            }
        });
        let ended = calls(&mut machine, turns);
        over.store(true, Ordering::Relaxed);
        ended
    })?;
    machine.sound()
}

fn calls(machine: &mut Direct, turns: u64) -> Result<(), String> {
    for turn in 0..turns {
        for n in [0, 2, 3] {
            machine.write(LIST + 8 * n, &GOOD.to_be_bytes())?;
        }
        let mut regs: Regs = [H_PUT_TCE_INDIRECT, 0x8000_0000, 0, LIST, 4, 0, 0, 0, 0, 0];
        machine.hcall(How::Plainly, &mut regs)?;
        let status = Status::from_reg(regs[0]);
        if !matches!(status, Some(Status::Success | Status::Parameter)) {
            return Err(format!("a list that changes was answered {status:?}"));
        }
        // A check of the whole table takes as long as hundreds of calls.
        let foreign = if turn % 256 == 0 { machine.container().audit().foreign } else { 0 };
        if foreign != 0 {
            return Err(format!("{foreign} entries map what is no guest memory"));
        }
    }
    Ok(())
}
