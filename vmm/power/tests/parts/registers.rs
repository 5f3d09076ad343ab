// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Registers by name.

use power::{
    Cpu, GuestMemory, msr,
    registers::{find, names, views},
    spr,
};
use std::{collections::BTreeSet, sync::Arc};
use vm_memory::GuestAddress;

fn cpu() -> Cpu {
    let ram = GuestMemory::from_ranges(&[(GuestAddress(0), 0x1_0000)]).expect("RAM");
    let mut cpu = Cpu::new(Arc::new(ram));
    cpu.set_msr(msr::SF | msr::ME);
    cpu
}

#[test]
fn every_name_is_found_once() {
    let all: Vec<String> = names().chain(views()).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    // 32 GPRs, 64 VSRs, five others and the SPRs; 32 VRs, 32 FPRs, 8 CR fields, 5 bits of XER.
    assert_eq!(names().count(), 32 + 64 + 5 + spr::SPRS.len());
    assert_eq!(views().count(), 32 + 32 + 8 + 5);
    for name in names() {
        assert_eq!(find(&name).map(|place| place.whole()), Some(name));
    }
    for name in views() {
        let whole = find(&name).map(|place| place.whole()).expect("a place");
        assert!(names().any(|of| of == whole), "{name} is a part of {whole}");
    }
    for name in ["", "r", "r32", "r01", "r-1", "vs64", "v32", "f32", "cr8", "spr8", "R3", "r3 "] {
        assert!(find(name).is_none(), "{name:?}");
        assert_eq!(cpu().register(name), None);
        assert_eq!(cpu().set_register(name, 0), None);
    }
}

#[test]
fn a_register_holds_its_width_of_what_was_set() {
    let mut cpu = cpu();
    for name in names().chain(views()) {
        let place = find(&name).expect("a place");
        let ordinary = match spr::by_name(&place.whole()) {
            Some(spr) => matches!(spr.keep, spr::Keep::Value) || matches!(&*name, "lr" | "ctr"),
            None => !matches!(&*name, "msr" | "vscr"),
        };
        for value in [u128::MAX, 0x0123_4567_89ab_cdef_0011_2233_4455_6677, 0] {
            let held = value & u128::MAX >> (128 - place.bits);
            cpu.set_register(&name, value).expect("a register");
            if ordinary || place.bits == 1 {
                assert_eq!(cpu.register(&name), Some(held), "{name}");
            }
        }
    }
}

#[test]
fn a_part_is_some_bits_of_its_register() {
    let mut cpu = cpu();
    cpu.set_register("vs3", 0x1111 << 64 | 0x2222).expect("a register");
    assert_eq!(cpu.register("f3"), Some(0x1111));
    cpu.set_register("f3", 0x3333).expect("a register");
    assert_eq!(cpu.register("vs3"), Some(0x3333 << 64 | 0x2222));
    cpu.set_register("v31", 7).expect("a register");
    assert_eq!(cpu.register("vs63"), Some(7));
    cpu.set_register("cr", 0x1234_5678).expect("a register");
    assert_eq!((cpu.register("cr0"), cpu.register("cr7")), (Some(1), Some(8)));
    cpu.set_register("cr2", 0xf).expect("a register");
    assert_eq!(cpu.cr(), 0x12f4_5678);
    // Book I, 3.2.2: SO is bit 32 of the register, CA32 bit 45.
    cpu.set_register("xer", 0).expect("a register");
    cpu.set_register("so", 1).expect("a register");
    cpu.set_register("ca32", 1).expect("a register");
    assert_eq!(cpu.xer(), 1 << 31 | 1 << 18);
}
