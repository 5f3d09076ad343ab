// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Small x86-64 guests, byte by byte (Intel SDM, volume 2), and a check that this host can run them.

use super::elf::{Elf, PF_RW, PF_X, Segment, at, patched};
use tests::skip;

pub const EM_X86_64: u8 = 62;

/// No x86-64 guest runs on another host: the test is skipped.
#[cfg(not(target_arch = "x86_64"))]
pub fn kvm(test: &str) -> bool {
    skip(test, "x86-64 guests need an x86-64 host");
    false
}

/// True if the host has KVM; otherwise the test is skipped.
#[cfg(target_arch = "x86_64")]
pub fn kvm(test: &str) -> bool {
    match machine::kvm::host::open() {
        Ok(_) => true,
        Err(why) => {
            skip(test, &why.to_string());
            false
        }
    }
}

/// Registers by their number in an instruction.
pub const RAX: u8 = 0;
/// r3 to r12 at the gate (X86-GATE.md, "A call").
pub const GATE: [u8; 10] = [7, 6, 2, 1, 8, 9, 10, 11, 12, 13];

/// mov r64, imm64.
pub fn mov(register: u8, value: u64) -> Vec<u8> {
    let mut code = vec![0x48 | register >> 3, 0xb8 | register & 7];
    code.extend(value.to_le_bytes());
    code
}

/// out 0x5c, al.
pub const OUT: [u8; 2] = [0xe6, 0x5c];
/// A jump to itself.
pub const SPIN: [u8; 2] = [0xeb, 0xfe];
pub const HLT: [u8; 1] = [0xf4];

/// A hypercall with this token and these arguments.
pub fn hcall(token: u64, args: &[u64]) -> Vec<u8> {
    let values = [token].into_iter().chain(args.iter().copied());
    let set = GATE.iter().zip(values).flat_map(|(register, value)| mov(*register, value));
    set.chain(OUT).collect()
}

/// Moves rax to memory at an address.
pub fn store(address: u64) -> Vec<u8> {
    let mut code = vec![0x48, 0xa3]; // mov moffs64, rax
    code.extend(address.to_le_bytes());
    code
}

/// Moves memory at an address to rax.
pub fn load(address: u64) -> Vec<u8> {
    let mut code = vec![0x48, 0xa1];
    code.extend(address.to_le_bytes());
    code
}

pub const BASE: u64 = 0x10_0000;
const RTAS_ARGS: u64 = 0x18_0000;

pub fn power_off() -> Vec<u8> {
    hcall(0xf000, &[RTAS_ARGS])
}

/// An ELF file with this code, the arguments of power-off, and more data.
pub fn guest_with(code: &[u8], data: Vec<(u64, Vec<u8>)>) -> Vec<u8> {
    let (_, token) = hcall::rtas_tokens().find(|(name, _)| *name == "power-off").unwrap();
    let args = [token, 2, 1, u32::MAX, u32::MAX, 0].map(u32::to_be_bytes).concat();
    let segment = |(addr, data): (u64, Vec<u8>), flags| {
        let memsz = data.len() as u64;
        Segment { addr, data, memsz, flags }
    };
    let mut elf = Elf::fixed(BASE, code.to_vec());
    elf.big = false;
    elf.segments[0].flags = PF_X | PF_RW;
    elf.segments.push(segment((RTAS_ARGS, args), PF_RW));
    elf.segments.extend(data.into_iter().map(|part| segment(part, PF_RW)));
    patched(&elf.bytes(), at::MACHINE, &[EM_X86_64, 0])
}

pub fn guest(parts: &[&[u8]]) -> Vec<u8> {
    guest_with(&parts.concat(), Vec::new())
}
