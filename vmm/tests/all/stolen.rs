// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Time in which the host does not run a CPU that has work is reported to the guest. A stopped process stands
//! for a host that gives no processor.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use crate::support::asm;
use crate::support::{Files, arg, tcevm};
use rustix::process::{Pid, Signal, kill_process};

const VPA: u64 = 0x19_0000;
const REGISTER_VPA: u64 = 1 << 45;

const PURR: u32 = 309;
const TB: u32 = 268;

/// 50 ms at 512 MHz.
const ENOUGH: u64 = 25_600_000;

/// mfspr RT,SPR.
fn mfspr(rt: u32, spr: u32) -> u32 {
    31 << 26 | rt << 21 | (spr & 31) << 16 | (spr >> 5) << 11 | 339 << 1
}

/// mtmsrd RS,1: the bits EE and RI.
fn mtmsrd1(rs: u32) -> u32 {
    31 << 26 | rs << 21 | 1 << 16 | 178 << 1
}

/// ld RT,D(RA).
fn ld(rt: u32, d: u16, ra: u32) -> u32 {
    58 << 26 | rt << 21 | ra << 16 | u32::from(d)
}

/// subf RT,RA,RB: RB less RA.
fn subf(rt: u32, ra: u32, rb: u32) -> u32 {
    31 << 26 | rt << 21 | ra << 16 | rb << 11 | 40 << 1
}

/// cmpld RA,RB.
fn cmpld(ra: u32, rb: u32) -> u32 {
    31 << 26 | 1 << 21 | ra << 16 | rb << 11 | 32 << 1
}

/// blt to this many words from here.
fn blt(words: i32) -> u32 {
    0x4180_0000 | ((words * 4) as u32 & 0xfffc)
}

/// Waits until the VPA reports enough stolen time (LoPAR 2.9, offset 0x158). If PURR has counted that time,
/// the guest hangs.
fn guest() -> Vec<u8> {
    let mut code = asm::hcall(0xdc, &[REGISTER_VPA, 0, VPA]);
    code.extend([asm::li(9, 0), asm::ori(9, 0x8000), mtmsrd1(9)]); // interrupts are enabled
    code.extend([mfspr(20, PURR), mfspr(21, TB)]);
    code.extend(asm::print("ready\n"));
    code.extend(asm::load(8, VPA));
    code.extend(asm::load(11, ENOUGH));
    code.extend([ld(10, 0x158, 8), cmpld(10, 11), blt(-2)]);
    code.extend([mfspr(22, PURR), mfspr(23, TB)]);
    // The difference between the elapsed time and the used time.
    code.extend([subf(22, 20, 22), subf(23, 21, 23), subf(23, 22, 23), cmpld(23, 11), blt(0)]);
    code.extend(asm::print("stolen\n"));
    code.extend(asm::power_off());
    let mut elf = asm::guest(code).and_zeros(VPA, 0x1000);
    elf.segments[2].data = vec![0, 0, 0, 0, 640_u16.to_be_bytes()[0], 640_u16.to_be_bytes()[1]];
    elf.bytes()
}

#[test]
fn a_cpu_that_the_host_does_not_run_counts_stolen_time_and_no_use() {
    let files = Files::new();
    let image = files.write("guest", guest());
    let mut command = tcevm();
    command.args(["run", arg(&image), "-m", "16M", "--timeout", "60"]).stdout(Stdio::piped());
    let mut tcevm = command.spawn().unwrap();
    let mut console = tcevm.stdout.take().unwrap();
    let mut ready = [0; 6];
    console.read_exact(&mut ready).unwrap();
    let signal = |signal| kill_process(Pid::from_child(&tcevm), signal).unwrap();
    signal(Signal::STOP);
    std::thread::sleep(Duration::from_millis(200));
    signal(Signal::CONT);
    let mut rest = String::new();
    console.read_to_string(&mut rest).unwrap();
    assert_eq!((rest.as_str(), tcevm.wait().unwrap().code()), ("stolen\n", Some(0)));
}
