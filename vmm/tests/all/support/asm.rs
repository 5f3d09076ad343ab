// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A few instructions, and guests made of them. All run in the state in which the CPU starts: big-endian,
//! 32-bit.
//!
//! Encodings: Power ISA 3.0B, Book I, the D, MD and I forms.

use super::elf::Elf;

pub fn li(rt: u32, value: i16) -> u32 {
    14 << 26 | rt << 21 | u32::from(value as u16)
}

pub fn lis(rt: u32, value: u16) -> u32 {
    15 << 26 | rt << 21 | u32::from(value)
}

pub fn ori(rt: u32, value: u16) -> u32 {
    24 << 26 | rt << 21 | rt << 16 | u32::from(value)
}

pub fn oris(rt: u32, value: u16) -> u32 {
    25 << 26 | rt << 21 | rt << 16 | u32::from(value)
}

/// sldi RT,RT,32 (rldicr RT,RT,32,31).
pub fn sldi32(rt: u32) -> u32 {
    30 << 26 | rt << 21 | rt << 16 | 0x1f << 6 | 1 << 2 | 1 << 1
}

/// ori 0,0,0.
pub const NOP: u32 = 24 << 26;

/// sc 1: the hypercall.
pub const SC1: u32 = 0x4400_0022;

/// b with a displacement in words, which may be negative.
pub fn b(words: i32) -> u32 {
    18 << 26 | ((words * 4) as u32 & 0x03ff_fffc)
}

/// Loads a 64-bit constant.
pub fn load(rt: u32, value: u64) -> Vec<u32> {
    let half = |n: u32| (value >> (16 * n)) as u16;
    vec![lis(rt, half(3)), ori(rt, half(2)), sldi32(rt), oris(rt, half(1)), ori(rt, half(0))]
}

/// A hypercall with its arguments in r4 and up.
pub fn hcall(token: u64, args: &[u64]) -> Vec<u32> {
    let mut words = load(3, token);
    for (register, value) in (4..).zip(args) {
        words.extend(load(register, *value));
    }
    words.push(SC1);
    words
}

/// Prints a text with H_PUT_TERM_CHAR, at most 16 bytes a call.
pub fn print(text: &str) -> Vec<u32> {
    let call = |chunk: &[u8]| {
        let mut bytes = [0; 16];
        bytes[..chunk.len()].copy_from_slice(chunk);
        let half = |i: usize| u64::from_be_bytes(bytes[i..i + 8].try_into().unwrap());
        hcall(0x58, &[0, chunk.len() as u64, half(0), half(8)])
    };
    text.as_bytes().chunks(16).flat_map(call).collect()
}

/// Addresses at which guests are linked, and of the RTAS arguments of power-off.
pub const BASE: u64 = 0x10_0000;
const RTAS_ARGS: u64 = 0x18_0000;

/// RTAS power-off: token, 2 arguments, 1 return value.
pub fn power_off() -> Vec<u32> {
    hcall(0xf000, &[RTAS_ARGS])
}

/// A guest of these instructions, with the arguments of power-off as its data.
pub fn guest(words: impl IntoIterator<Item = u32>) -> Elf {
    let code = words.into_iter().flat_map(u32::to_be_bytes).collect();
    let mut elf = Elf::fixed(BASE, code).and_zeros(RTAS_ARGS, 32);
    let (_, token) = hcall::rtas_tokens().find(|(name, _)| *name == "power-off").unwrap();
    elf.segments[1].data = [token, 2, 1, u32::MAX, u32::MAX].map(u32::to_be_bytes).concat();
    elf
}

/// A guest that prints a text and powers off.
pub fn hello(text: &str) -> Vec<u8> {
    guest([print(text), power_off()].concat()).bytes()
}

/// mr RA,RS.
pub fn mr(ra: u32, rs: u32) -> u32 {
    31 << 26 | rs << 21 | ra << 16 | rs << 11 | 444 << 1
}

/// Prints the console input without end.
pub fn echo() -> Vec<u32> {
    let mut words = hcall(0x54, &[0]); // answers length and text in r4 to r6
    words.extend([mr(7, 6), mr(6, 5), mr(5, 4), li(4, 0), li(3, 0x58), SC1]);
    words.push(b(-(words.len() as i32)));
    words
}

/// H_CEDE without end.
pub fn cede() -> Vec<u32> {
    let mut words = hcall(0xe0, &[]);
    words.push(b(-(words.len() as i32)));
    words
}

/// mtctr RS.
pub fn mtctr(rs: u32) -> u32 {
    31 << 26 | rs << 21 | 9 << 16 | 467 << 1
}

/// bctr.
pub const BCTR: u32 = 19 << 26 | 20 << 21 | 528 << 1;
