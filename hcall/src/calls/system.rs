// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Processor resources and small services: H_SET_SPRG0, H_SET_DABR, H_PAGE_INIT, H_RANDOM,
//! H_SET_MODE, and loads and stores by hypercall (H_LOGICAL_...).

use crate::call::Caller;
use crate::call::rows::hcalls;
use crate::words::status::Status;
use iommu::Gpa;
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend};

hcalls![
    Hcall {
        name: H_SET_SPRG0,
        call: h_set_sprg0(value),
        needs: [ProcessorModes],
        returns: [],
        set: Some("hcall-sprg0"),
        spec: "LoPAR 2.9, H_SET_SPRG0",
    },
    Hcall {
        name: H_SET_DABR,
        call: h_set_dabr(value),
        returns: [],
        // "Yes - if DABR exists": our processor has none, so the set is not promised.
        set: None,
        spec: "LoPAR 2.9, H_SET_DABR",
    },
    Hcall {
        name: H_PAGE_INIT,
        call: h_page_init(flags, destination, source),
        returns: [],
        set: Some("hcall-copy"),
        spec: "LoPAR 2.9, H_PAGE_INIT",
    },
    Hcall {
        name: H_LOGICAL_CI_LOAD,
        call: h_logical_ci_load(size, address),
        returns: [value],
        set: Some("hcall-debug"),
        spec: "LoPAR 2.9, H_LOGICAL_CI_LOAD",
    },
    Hcall {
        name: H_LOGICAL_CI_STORE,
        call: h_logical_ci_store(size, address, value),
        returns: [],
        set: Some("hcall-debug"),
        spec: "LoPAR 2.9, H_LOGICAL_CI_STORE",
    },
    Hcall {
        name: H_LOGICAL_CACHE_LOAD,
        call: h_logical_cache_load(size, address),
        returns: [value],
        // QEMU has these four; LoPAR 2.9 has no function set for them.
        set: None,
        spec: "QEMU: h_logical_load",
    },
    Hcall {
        name: H_LOGICAL_CACHE_STORE,
        call: h_logical_cache_store(size, address, value),
        returns: [],
        set: None,
        spec: "QEMU: h_logical_store",
    },
    Hcall {
        name: H_LOGICAL_ICBI,
        call: h_logical_icbi(address),
        returns: [],
        set: None,
        spec: "QEMU: h_logical_icbi",
    },
    Hcall {
        name: H_LOGICAL_DCBF,
        call: h_logical_dcbf(address),
        returns: [],
        set: None,
        spec: "QEMU: h_logical_dcbf",
    },
    Hcall {
        name: H_RANDOM,
        call: h_random(),
        needs: [RandomNumbers],
        returns: [number],
        set: Some("hcall-random"),
        spec: "LoPAR 2.9, H_RANDOM",
    },
    Hcall {
        name: H_SET_MODE,
        call: h_set_mode(mflags, resource, value1, value2),
        needs: [ProcessorModes],
        returns: [],
        set: Some("hcall-set-mode"),
        spec: "LoPAR 2.9, H_SET_MODE",
    },
];

/// Sets SPRG0. Any value.
fn h_set_sprg0(on: &mut Caller<'_>, value: u64) -> Result<(), Status> {
    on.machine.modes().ok_or(Status::Function)?.set_sprg0(value);
    Ok(())
}

/// Refuses: POWER9 has no data address breakpoint register (Power ISA 3.0B has DAWR in its
/// place). Guests probe with this call for a hypervisor behind `sc 1`; H_PRIVILEGE means that there is
/// none.
fn h_set_dabr(_: &mut Caller<'_>, _value: u64) -> Result<(), Status> {
    Err(Status::Hardware)
}

/// H_PAGE_INIT works on 4 KiB pages, whatever the guest's pages are.
const PAGE: usize = 4096;

/// A flag of LoPAR 2.9, "Page Frame Table Access flags field definition", by its bit number.
const fn flag(bit: u32) -> u64 {
    1 << (63 - bit)
}
const ICACHE_INVALIDATE: u64 = flag(40);
const ICACHE_SYNCHRONIZE: u64 = flag(41);
const ZERO: u64 = flag(48);
const COPY: u64 = flag(49);

/// Zeroes or copies a page. Flags that the call does not define are refused, as LoPAR's debug mode
/// does; the source counts only when it is copied.
fn h_page_init(
    on: &mut Caller<'_>,
    flags: u64,
    destination: Gpa,
    source: Gpa,
) -> Result<(), Status> {
    if flags & !(ICACHE_INVALIDATE | ICACHE_SYNCHRONIZE | ZERO | COPY) != 0 {
        return Err(Status::Parameter);
    }
    let destination = page(on, destination)?;
    let mut content = [0; PAGE];
    if flags & COPY != 0 {
        let source = page(on, source)?;
        on.memory.read_slice(&mut content, source).map_err(|_| Status::Parameter)?;
    }
    if flags & (ZERO | COPY) != 0 {
        on.memory.write_slice(&content, destination).map_err(|_| Status::Parameter)?;
    }
    Ok(()) // the instruction cache is coherent
}

/// The start of a whole page of guest memory, else H_PARAMETER.
fn page(on: &Caller<'_>, address: Gpa) -> Result<GuestAddress, Status> {
    aligned(on, address, PAGE)
}

/// The start of `size` bytes of guest memory at a multiple of their number, else H_PARAMETER.
fn aligned(on: &Caller<'_>, address: Gpa, size: usize) -> Result<GuestAddress, Status> {
    let start = GuestAddress(address.0);
    if address.0.is_multiple_of(size as u64) && on.memory.check_range(start, size) {
        Ok(start)
    } else {
        Err(Status::Parameter)
    }
}

/// The size of an access to cache-inhibited storage, which is at a multiple of it, else H_PARAMETER.
fn inhibited(size: u64, address: u64) -> Result<usize, Status> {
    match size {
        1 | 2 | 4 | 8 if address.is_multiple_of(size) => Ok(size as usize),
        _ => Err(Status::Parameter),
    }
}

/// Loads from cache-inhibited storage, big-endian and low-order justified. RAM is no such storage.
fn h_logical_ci_load(on: &mut Caller<'_>, size: u64, address: u64) -> Result<u64, Status> {
    let size = inhibited(size, address)?;
    let io = on.machine.io_space().ok_or(Status::Parameter)?;
    let mut bytes = [0; 8];
    io.load(address, &mut bytes[8 - size..]).ok_or(Status::Parameter)?;
    Ok(u64::from_be_bytes(bytes))
}

/// Stores the low-order bytes big-endian to cache-inhibited storage.
fn h_logical_ci_store(
    on: &mut Caller<'_>,
    size: u64,
    address: u64,
    value: u64,
) -> Result<(), Status> {
    let size = inhibited(size, address)?;
    let io = on.machine.io_space().ok_or(Status::Parameter)?;
    io.store(address, &value.to_be_bytes()[8 - size..]).ok_or(Status::Parameter)
}

/// 1, 2, 4 or 8 bytes of RAM at a multiple of their number, else H_PARAMETER.
fn operand(on: &Caller<'_>, size: u64, address: Gpa) -> Result<(GuestAddress, usize), Status> {
    match size {
        1 | 2 | 4 | 8 => aligned(on, address, size as usize).map(|start| (start, size as usize)),
        _ => Err(Status::Parameter),
    }
}

/// Loads big-endian from RAM, low-order justified.
fn h_logical_cache_load(on: &mut Caller<'_>, size: u64, address: Gpa) -> Result<u64, Status> {
    let (start, size) = operand(on, size, address)?;
    let mut bytes = [0; 8];
    on.memory.read_slice(&mut bytes[8 - size..], start).map_err(|_| Status::Parameter)?;
    Ok(u64::from_be_bytes(bytes))
}

/// Stores the low-order bytes big-endian to RAM.
fn h_logical_cache_store(
    on: &mut Caller<'_>,
    size: u64,
    address: Gpa,
    value: u64,
) -> Result<(), Status> {
    let (start, size) = operand(on, size, address)?;
    let bytes = value.to_be_bytes();
    on.memory.write_slice(&bytes[8 - size..], start).map_err(|_| Status::Parameter)
}

/// The instruction cache is coherent.
fn h_logical_icbi(_: &mut Caller<'_>, _address: Gpa) -> Result<(), Status> {
    Ok(())
}

/// There is no data cache to flush.
fn h_logical_dcbf(_: &mut Caller<'_>, _address: Gpa) -> Result<(), Status> {
    Ok(())
}

/// A random number.
fn h_random(on: &mut Caller<'_>) -> Result<u64, Status> {
    on.machine.random().ok_or(Status::Function)?.next().ok_or(Status::Hardware)
}

/// Resource: address translation mode of interrupts (LPCR\[AIL\]).
const ADDRESS_TRANSLATION_MODE: u64 = 3;
/// Resource: byte order of interrupts (LPCR\[ILE\]).
const LITTLE_ENDIAN: u64 = 4;

/// Interrupts are taken with translation off, or on at 0xc000000000004000. The values between have
/// left the architecture (Power ISA 3.0B, Book III, LPCR).
const TRANSLATION_OFF: u64 = 0;
const TRANSLATION_ON: u64 = 3;

/// Sets a processor mode: the place and the byte order of interrupts. Breakpoints and
/// watchpoints do not exist.
///
/// LoPAR has H_BAD_MODE when MSR\[EE\] is 1 on a processor. That is not checked: guests set the byte order on their
/// boot processor before they enable interrupts.
fn h_set_mode(
    on: &mut Caller<'_>,
    mflags: u64,
    resource: u64,
    value1: u64,
    value2: u64,
) -> Result<(), Status> {
    let supported = match resource {
        ADDRESS_TRANSLATION_MODE if mflags == TRANSLATION_ON => TRANSLATION_ON,
        ADDRESS_TRANSLATION_MODE => TRANSLATION_OFF,
        LITTLE_ENDIAN => 1,
        _ => return Err(Status::P2),
    };
    if value1 != 0 {
        return Err(Status::P3);
    }
    if value2 != 0 {
        return Err(Status::P4);
    }
    if let Some(status) = Status::unsupported_flag(mflags, supported) {
        return Err(status);
    }
    let modes = on.machine.modes().ok_or(Status::Function)?;
    if resource == LITTLE_ENDIAN {
        modes.set_interrupts_little_endian(mflags == 1);
    } else {
        modes.set_interrupts_relocated(mflags == TRANSLATION_ON);
    }
    Ok(())
}
