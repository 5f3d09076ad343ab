// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Registers of devices where there is no RAM (Power ISA 3.0B, Book II, 1.6.2, caching inhibited storage). IBM bit n of a
//! register is `1 << (63 - n)`.

use crate::guest::{DATA, END, Guest};
use power::{Io, msr};
use std::sync::{Arc, Mutex};

/// MSR of a new guest: 64-bit, machine checks enabled.
const MSR: u64 = msr::SF | msr::ME;
/// The page of the device.
const PAGE: u64 = 0x2000_8000_0000;

const fn bit(n: u32) -> u64 {
    1 << (63 - n)
}

/// A page of registers in which each byte reads as its own offset, and a log of all accesses: address, bytes, whether it
/// was a store.
#[derive(Default)]
struct Registers(Mutex<Vec<(u64, Vec<u8>, bool)>>);

impl Io for Registers {
    fn contains(&self, ra: u64) -> bool {
        (PAGE..PAGE + 0x1000).contains(&ra)
    }

    fn read(&self, ra: u64, to: &mut [u8]) {
        for (byte, at) in to.iter_mut().zip(ra..) {
            *byte = at as u8;
        }
        self.0.lock().unwrap().push((ra, to.to_vec(), false));
    }

    fn write(&self, ra: u64, from: &[u8]) {
        self.0.lock().unwrap().push((ra, from.to_vec(), true));
    }
}

impl Registers {
    fn take(&self) -> Vec<(u64, Vec<u8>, bool)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

fn guest(mode: u64, code: &[u32]) -> (Guest, Arc<Registers>) {
    let mut guest = Guest::in_mode(mode, code);
    let io = Arc::new(Registers::default());
    guest.cpu.set_io(io.clone());
    guest.cpu.gpr[6] = PAGE + 8;
    (guest, io)
}

#[test]
fn loads_of_every_size_and_byte_order_reach_the_device() {
    // lbz, lhz, lwz, ld r5,0(r6); lwbrx r5,0,r6
    let words = [0x88a6_0000, 0xa0a6_0000, 0x80a6_0000, 0xe8a6_0000, 0x7ca0_342c];
    let big = [0x08, 0x0809, 0x0809_0a0b, 0x0809_0a0b_0c0d_0e0f, 0x0b0a_0908];
    let little = [0x08, 0x0908, 0x0b0a_0908, 0x0f0e_0d0c_0b0a_0908, 0x0809_0a0b];
    for (mode, values) in [(MSR, big), (MSR | msr::LE, little)] {
        for (word, value) in words.into_iter().zip(values) {
            let (mut guest, io) = guest(mode, &[word]);
            guest.run();
            assert_eq!(guest.cpu.gpr[5], value, "{word:#x}");
            assert_eq!(io.take().len(), 1);
        }
    }
}

#[test]
fn stores_of_every_size_and_byte_order_reach_the_device() {
    // stb, sth, stw, std r5,0(r6); stwbrx r5,0,r6
    let words = [0x98a6_0000, 0xb0a6_0000, 0x90a6_0000, 0xf8a6_0000, 0x7ca0_352c];
    for (mode, reversed) in [(MSR, 4), (MSR | msr::LE, 0)] {
        for (n, word) in words.into_iter().enumerate() {
            let (mut guest, io) = guest(mode, &[word]);
            guest.cpu.gpr[5] = 0x0102_0304_0506_0708;
            guest.run();
            let mut bytes = 0x0102_0304_0506_0708u64.to_le_bytes()[..[1, 2, 4, 8, 4][n]].to_vec();
            // Little-endian stores and the reversed store in big-endian mode begin with the low byte.
            if (reversed == 4) != (n == 4) {
                bytes.reverse();
            }
            assert_eq!(io.take(), [(PAGE + 8, bytes, true)], "{word:#x}");
        }
    }
}

// Book II, 1.6.2 lets such an access be more than one; here it is one for each byte.
#[test]
fn an_access_that_is_not_aligned_is_one_for_each_byte() {
    let (mut guest, io) = guest(MSR, &[0x80a6_0000, 0x90a6_0000]);
    guest.cpu.gpr[6] = PAGE + 3;
    guest.run();
    assert_eq!(guest.cpu.gpr[5], 0x0304_0506);
    let taken = io.take();
    let loads: Vec<_> = (3..7).map(|n| (PAGE + n, vec![n as u8], false)).collect();
    let stores: Vec<_> = (3..7).rev().map(|n| (PAGE + n, vec![n as u8], true)).collect();
    assert_eq!(taken, [loads, stores].concat());
}

#[test]
fn a_vector_is_a_load_for_each_doubleword() {
    let (mut guest, io) = guest(MSR | msr::VEC, &[0x7c20_30ce]); // lvx v1,0,r6
    guest.cpu.gpr[6] = PAGE + 0x10;
    guest.run();
    let load = |n: u8| (PAGE + u64::from(n), (n..n + 8).collect(), false);
    assert_eq!(io.take(), [load(0x10), load(0x18)]);
}

// Book III, 6.5.3: DSISR bit 37, and bit 38 for a store; 6.5.8 for dcbz.
#[test]
fn what_needs_cached_storage_takes_an_interrupt_and_does_not_reach_the_device() {
    // lwarx r5,0,r6; stwcx. r5,0,r6; lq r4,0(r6); stq r4,0(r6); dcbz 0,r6
    let words = [
        (0x7ca0_3028, 0x300, bit(37)),
        (0x7ca0_312d, 0x300, bit(37) | bit(38)),
        (0xe086_0000, 0x300, bit(37)),
        (0xf886_0002, 0x300, bit(37) | bit(38)),
        (0x7c00_37ec, 0x600, 0),
    ];
    for (word, vector, dsisr) in words {
        let (mut guest, io) = guest(MSR, &[word]);
        guest.cpu.gpr[6] = PAGE + 0x20;
        assert_eq!(guest.run(), vector, "{word:#x}");
        assert_eq!((guest.spr("dar"), guest.spr("dsisr")), (PAGE + 0x20, dsisr), "{word:#x}");
        assert_eq!(io.take(), []);
    }
}

#[test]
fn outside_the_devices_and_for_fetches_it_stays_a_machine_check() {
    for at in [PAGE - 8, PAGE + 0x1000, END] {
        let (mut guest, io) = guest(MSR, &[0xe8a6_0000]);
        guest.cpu.gpr[6] = at;
        assert_eq!(guest.run(), 0x200, "{at:#x}");
        assert_eq!(io.take(), []);
    }
    let (mut guest, io) = guest(MSR, &[0x7cc9_03a6, 0x4e80_0420]); // mtctr r6; bctr
    assert_eq!(guest.run(), 0x200);
    assert_eq!(guest.spr("srr0"), PAGE + 8);
    assert_eq!(io.take(), []);
}

// The translation of the page is not kept as RAM's, and neither does RAM's become the device's.
#[test]
fn ram_and_devices_alternate_in_a_loop() {
    // mtctr r7; stw r7,0(r6); lwz r5,0(r6); stw r7,0(r8); lwz r9,0(r8); bdnz -16
    let code = [0x7ce9_03a6, 0x90e6_0000, 0x80a6_0000, 0x90e8_0000, 0x8128_0000, 0x4200_fff0];
    let (mut guest, io) = guest(MSR, &code);
    (guest.cpu.gpr[7], guest.cpu.gpr[8]) = (200, DATA);
    guest.run();
    assert_eq!((guest.cpu.gpr[5], guest.cpu.gpr[9]), (0x0809_0a0b, 200));
    assert_eq!(io.take().len(), 400);
}

// With radix trees, Linux maps such a page with the attributes for I/O, which are ignored: real addresses decide.
#[test]
fn a_sibling_has_the_devices_too_and_a_reset_keeps_them() {
    let (mut guest, io) = guest(MSR, &[0x88a6_0000]);
    let mut sibling = guest.cpu.sibling();
    sibling.set_msr(MSR);
    sibling.set_nip(crate::guest::AT);
    sibling.gpr[6] = PAGE;
    assert_eq!(sibling.run(), power::Exit::Hcall);
    guest.cpu.reset();
    guest.cpu.set_msr(MSR);
    guest.cpu.set_nip(crate::guest::AT);
    guest.cpu.gpr[6] = PAGE + 1;
    guest.run();
    assert_eq!((sibling.gpr[5], guest.cpu.gpr[5]), (0, 1));
    assert_eq!(io.take().len(), 2);
}
