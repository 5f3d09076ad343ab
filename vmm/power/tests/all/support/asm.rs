// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The instructions of the program around the trials.

/// An instruction word under construction: `ld(3, 8, 4)` is `ld r3,8(r4)`.
fn d_form(op: u32, r6: u32, r11: u32, imm: i32) -> u32 {
    op << 26 | r6 << 21 | r11 << 16 | (imm as u32 & 0xffff)
}

fn x_form(xo: u32, r6: u32, r11: u32, r16: u32) -> u32 {
    31 << 26 | r6 << 21 | r11 << 16 | r16 << 11 | xo << 1
}

pub(crate) fn addi(rt: u32, ra: u32, si: i32) -> u32 {
    d_form(14, rt, ra, si)
}
pub(crate) fn addis(rt: u32, ra: u32, si: i32) -> u32 {
    d_form(15, rt, ra, si)
}
pub(crate) fn ori(ra: u32, rs: u32, ui: u32) -> u32 {
    d_form(24, rs, ra, ui as i32)
}
pub(crate) fn ld(rt: u32, ds: i32, ra: u32) -> u32 {
    d_form(58, rt, ra, ds)
}
pub(crate) fn std(rs: u32, ds: i32, ra: u32) -> u32 {
    d_form(62, rs, ra, ds)
}
pub(crate) fn cmpld(ra: u32, rb: u32) -> u32 {
    x_form(32, 1, ra, rb)
}
pub(crate) fn mtspr(spr: u32, rs: u32) -> u32 {
    x_form(467, rs, spr & 31, spr >> 5)
}
pub(crate) fn mfspr(rt: u32, spr: u32) -> u32 {
    x_form(339, rt, spr & 31, spr >> 5)
}
pub(crate) fn mtcr(rs: u32) -> u32 {
    x_form(144, rs, 0xff >> 4, (0xff & 15) << 1) // FXM = 0xff
}
pub(crate) fn mfcr(rt: u32) -> u32 {
    x_form(19, rt, 0, 0)
}
/// Saves a GPR in a vector-scalar register, which no instruction under test uses.
pub(crate) fn mtvsrd(vs: u32, ra: u32) -> u32 {
    x_form(179, vs, ra, 0)
}
pub(crate) fn mfvsrd(ra: u32, vs: u32) -> u32 {
    x_form(51, vs, ra, 0)
}
/// The quadword at `16 * dq` from `ra`.
pub(crate) fn lxv(vs: u32, offset: i32, ra: u32) -> u32 {
    d_form(61, vs & 31, ra, offset | (vs >> 5 << 3) as i32 | 1)
}
pub(crate) fn stxv(vs: u32, offset: i32, ra: u32) -> u32 {
    d_form(61, vs & 31, ra, offset | (vs >> 5 << 3) as i32 | 5)
}
pub(crate) fn lfd(frt: u32, offset: i32, ra: u32) -> u32 {
    d_form(50, frt, ra, offset)
}
pub(crate) fn stfd(frs: u32, offset: i32, ra: u32) -> u32 {
    d_form(54, frs, ra, offset)
}
/// Moves between VSCR and v0.
pub(crate) const MTVSCR_V0: u32 = 4 << 26 | 0x644;
pub(crate) const MFVSCR_V0: u32 = 4 << 26 | 0x604;
/// Moves between FPSCR, all of it, and f0.
pub(crate) const MTFSF_F0: u32 = 63 << 26 | 1 << 25 | 711 << 1;
pub(crate) const MFFS_F0: u32 = 63 << 26 | 583 << 1;
pub(crate) const BCTAR: u32 = 19 << 26 | 20 << 21 | 560 << 1;
pub(crate) const SC: u32 = 17 << 26 | 2;

/// `b` from one address to another.
pub(crate) fn b(from: u64, to: u64) -> u32 {
    18 << 26 | (to.wrapping_sub(from) as u32 & 0x03ff_fffc)
}
/// `beq` from one address to another.
pub(crate) fn beq(from: u64, to: u64) -> u32 {
    16 << 26 | 12 << 21 | 2 << 16 | (to.wrapping_sub(from) as u32 & 0xfffc)
}
/// Loads a 32-bit address that is below 2 GiB.
pub(crate) fn li32(rt: u32, value: u64) -> [u32; 2] {
    [addis(rt, 0, (value >> 16) as i32), ori(rt, rt, value as u32 & 0xffff)]
}
