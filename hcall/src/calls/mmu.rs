// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Address translation of the guest: H_REGISTER_PROC_TBL.

use crate::call::Caller;
use crate::call::rows::hcalls;
use crate::machine::modes::ProcessTableRange;
use crate::words::status::Status;

hcalls![Hcall {
    name: H_REGISTER_PROC_TBL,
    call: h_register_proc_tbl(flags, base, page_size, table_size),
    needs: [ProcessorModes],
    returns: [],
    // Found by the radix bit of `ibm,architecture-vec-5`.
    set: None,
    spec: "LoPAR 2.9, H_REGISTER_PROCESS_TABLE",
}];

/// Flags 59 to 63.
const CHANGE: u64 = 0x10;
const REGISTER: u64 = 0x08;
const RADIX: u64 = 0x04;
const SEGMENTS_BY_PROCESS: u64 = 0x02;
const SHOOT_DOWN_BY_INSTRUCTIONS: u64 = 0x01;

/// The base is a guest real address, aligned to this.
const BASE_ALIGNMENT: u64 = 4096;
/// Four bits of an effective address select a quadrant; a real address has none of them.
const REAL_ADDRESS: u64 = u64::MAX >> 4;
/// log2 of the largest table's bytes, less 12.
const LARGEST: u64 = 24;

/// Registers the process table, or removes it. Only radix trees are offered. The guest may invalidate by
/// instructions or not.
///
/// A table that is partly outside of RAM is accepted, as by hardware: a walk outside of RAM finds nothing.
fn h_register_proc_tbl(
    on: &mut Caller<'_>,
    flags: u64,
    base: u64,
    page_size: u64,
    table_size: u64,
) -> Result<(), Status> {
    let defined = CHANGE | REGISTER | RADIX | SEGMENTS_BY_PROCESS | SHOOT_DOWN_BY_INSTRUCTIONS;
    if flags & !defined != 0 || flags & RADIX == 0 && flags & (CHANGE | REGISTER) != CHANGE {
        return Err(Status::Parameter);
    }
    if flags & CHANGE == 0 {
        return Ok(());
    }
    let table = if flags & REGISTER == 0 {
        None
    } else if !base.is_multiple_of(BASE_ALIGNMENT) || base & !REAL_ADDRESS != 0 {
        return Err(Status::P2);
    } else if page_size != 0 {
        return Err(Status::P3);
    } else if table_size > LARGEST {
        return Err(Status::P4);
    } else {
        Some(ProcessTableRange { base, bytes: 1 << (table_size + 12) })
    };
    on.machine.modes().ok_or(Status::Function)?.set_process_table(table);
    Ok(())
}
