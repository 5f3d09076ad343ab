// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The floating-point status and control register (Power ISA 3.0B, Book I, 4.6.10).

use crate::{
    form,
    state::{
        facility::Vectors,
        fpscr::{
            C, DRN, ENABLES, EXCEPTIONS, FI, FPCC, FR, FX, NI_RN, RN, WRITABLE, raised, summed,
        },
        interrupt::Stop,
    },
    word::Word,
};

/// The bits that control results, binary and decimal.
const CONTROL: u64 = DRN | ENABLES | NI_RN;

/// FRT <- the bits of FPSCR under `shown`; then those under `mask` become those of `new`. None of
/// them can be an exception that becomes an enabled one.
fn exchange(c: &mut Vectors, w: Word, shown: u64, mask: u64, new: u64) -> Result<(), Stop> {
    c.fp()?;
    let old = c.fpscr;
    c.fpscr = summed(old & !mask | new & mask);
    c.set_fpr(w.rt(), old & shown);
    Ok(())
}

/// FPSCR <- a value; FX is as the value says. An exception and its enable bit that are both 1
/// interrupt (Book III, 6.5.9).
fn write(c: &mut Vectors, fpscr: u64) -> Result<(), Stop> {
    c.fpscr = summed(fpscr);

    c.float_trap(c.fpscr & EXCEPTIONS)
}

/// A bit by its number, if it can be written by itself.
fn bit(n: usize) -> u64 {
    (1 << 31 >> n) & WRITABLE
}

/// The four bits of field `n` of the low word.
fn field(n: u32) -> u64 {
    0xf000_0000 >> (4 * n)
}

crate::isa![
    Insn {
        name: mffs,
        form: form::xrc(63, 583).zero(form::RA | form::RB),
        asm: "mffs[.] FRT",
        book: "Book I, Move From FPSCR",
        does: |m, w| {
            m.float(
                |c, w| {
                    exchange(c, w, u64::MAX, 0, 0)?;

                    Ok(())
                },
                w,
            )?;
        },
        cases: &[
            "fc60048e mffs f3 | fpscr=702064002 | f3=702064002",
            "fc60048f mffs. f3 | fpscr=d0000040 | f3=d0000040 cr1=d",
            "fc60048e mffs f3 | fpscr=c4000010 msr=8000000002803800 | f3=c4000010",
            "fc60048e mffs f3 | msr=8000000002801000 | nip=800"
        ],
    },
    Insn {
        name: mffsce,
        form: form::x(63, 583).with(form::RA, 1 << 16).zero(form::RB),
        asm: "mffsce FRT",
        book: "Book I, Move From FPSCR & Clear Enables",
        level: V3_0,
        does: |m, w| {
            m.float(|c, w| exchange(c, w, u64::MAX, ENABLES, 0), w)?;
        },
        cases: &["fc61048e mffsce f3 | fpscr=420640fa | f3=420640fa fpscr=2064002"],
    },
    Insn {
        name: mffscdrn,
        form: form::x(63, 583).with(form::RA, 20 << 16),
        asm: "mffscdrn FRT,FRB",
        book: "Book I, Move From FPSCR Control & Set DRN",
        level: V3_0,
        does: |m, w| {
            m.float(|c, w| exchange(c, w, CONTROL, DRN, c.fpr(w.rb())), w)?;
        },
        cases: &[
            "fc742c8e mffscdrn f3,f5 | fpscr=302064052 f5=ffffffffffffffff | f3=300000052 fpscr=702064052"
        ],
    },
    Insn {
        name: mffscdrni,
        form: form::x(63, 583).with(form::RA, 21 << 16).zero(3 << 14),
        asm: "mffscdrni FRT,DRM",
        book: "Book I, Move From FPSCR Control & Set DRN Immediate",
        level: V3_0,
        does: |m, w| {
            m.float(|c, w| exchange(c, w, CONTROL, DRN, u64::from(w.drm()) << 32), w)?;
        },
        cases: &["fc752c8e mffscdrni f3,5 | fpscr=302064052 | f3=300000052 fpscr=502064052"],
    },
    Insn {
        name: mffscrn,
        form: form::x(63, 583).with(form::RA, 22 << 16),
        asm: "mffscrn FRT,FRB",
        book: "Book I, Move From FPSCR Control & Set RN",
        level: V3_0,
        does: |m, w| {
            m.float(|c, w| exchange(c, w, CONTROL, RN, c.fpr(w.rb())), w)?;
        },
        cases: &[
            "fc762c8e mffscrn f3,f5 | fpscr=302064052 f5=fffffffffffffffd | f3=300000052 fpscr=302064051"
        ],
    },
    Insn {
        name: mffscrni,
        form: form::x(63, 583).with(form::RA, 23 << 16).zero(7 << 13),
        asm: "mffscrni FRT,RM",
        book: "Book I, Move From FPSCR Control & Set RN Immediate",
        level: V3_0,
        does: |m, w| {
            m.float(|c, w| exchange(c, w, CONTROL, RN, w.rm().into()), w)?;
        },
        cases: &["fc770c8e mffscrni f3,1 | fpscr=302064052 | f3=300000052 fpscr=302064051"],
    },
    Insn {
        name: mffsl,
        form: form::x(63, 583).with(form::RA, 24 << 16).zero(form::RB),
        asm: "mffsl FRT",
        book: "Book I, Move From FPSCR Lightweight",
        level: V3_0,
        does: |m, w| {
            m.float(|c, w| exchange(c, w, CONTROL | FR | FI | C | FPCC, 0, 0), w)?;
        },
        cases: &["fc78048e mffsl f3 | fpscr=3a3064052 | f3=300064052"],
    },
    Insn {
        name: mcrfs,
        form: form::x(63, 64).zero(form::AFTER_BF | 3 << 16 | form::RB),
        asm: "mcrfs BF,BFA",
        book: "Book I, Move to Condition Register from FPSCR",
        does: |m, w| {
            m.float_compare(
                |c, w| {
                    c.fp()?;
                    let shown = c.fpscr >> (28 - 4 * w.bfa()) & 15;
                    c.fpscr = summed(c.fpscr & !(field(w.bfa()) & (EXCEPTIONS | FX)));
                    Ok(shown)
                },
                w,
            )?;
        },
        cases: &[
            "fd800080 mcrfs cr3,cr0 | fpscr=bb8ff102 | cr3=b fpscr=2b8ff102",
            "fd840080 mcrfs cr3,cr1 | fpscr=bb8ff102 | cr3=b fpscr=b08ff102",
            "fd880080 mcrfs cr3,cr2 | fpscr=bb8ff102 | cr3=8 fpscr=bb0ff102",
            "fd8c0080 mcrfs cr3,cr3 | fpscr=bb8ff102 | cr3=f fpscr=bb87f102",
            "fd900080 mcrfs cr3,cr4 | fpscr=bb8ff102 | cr3=f",
            "fd940080 mcrfs cr3,cr5 | fpscr=bb8ff102 | cr3=1 fpscr=bb8ff002"
        ],
    },
    Insn {
        name: mtfsf,
        form: form::xrc(63, 711),
        asm: "mtfsf[.] FLM,FRB,L6,W15",
        book: "Book I, Move To FPSCR Fields",
        does: |m, w| {
            m.float(
                |c, w| {
                    c.fp()?;
                    let fields = (0..8)
                        .filter(|n| w.flm() << n & 0x80 != 0)
                        .fold(0, |all, n| all | field(n));
                    let mask = match (w.l6(), w.w15()) {
                        (1, _) => u64::MAX,
                        (_, 1) => fields << 32,
                        _ => fields,
                    };
                    let mask = mask & WRITABLE;
                    write(c, c.fpscr & !mask | c.fpr(w.rb()) & mask)
                },
                w,
            )?;
        },
        cases: &[
            "fdfe2d8e mtfsf 255,f5,0,0 | f5=ffffffffffffffff msr=8000000002803000 | fpscr=fffff7ff",
            "fd022d8e mtfsf 129,f5,0,0 | f5=ffffffffffffffff fpscr=2000 | fpscr=9000200f",
            "fc032d8e mtfsf 1,f5,0,1 | f5=ffffffffffffffff fpscr=2000 | fpscr=700002000",
            "fe002d8f mtfsf. 0,f5,1,0 | f5=382000002 fpscr=2000 | fpscr=382000002 cr1=8",
            "fc102d8e mtfsf 8,f5,0,0 | f5=1000000 fpscr=80 msr=8000000002803800 | fpscr=80",
            "fdfe2d8e mtfsf 255,f5,0,0 | f5=4000010 msr=8000000002803800 | fpscr=44000010 nip=700 srr0=1000 srr1=8000000002903800"
        ],
    },
    Insn {
        name: mtfsfi,
        form: form::xrc(63, 134).zero(form::AFTER_BF | 15 << 17 | 1 << 11),
        asm: "mtfsfi[.] BFN,U,W15",
        book: "Book I, Move To FPSCR Field Immediate",
        does: |m, w| {
            m.float(
                |c, w| {
                    c.fp()?;
                    let high = if w.w15() == 1 { 32 } else { 0 };
                    let mask = field(w.bf()) << high & WRITABLE;
                    let new = u64::from(w.u()) << (28 - 4 * w.bf()) << high;
                    write(c, c.fpscr & !mask | new & mask)
                },
                w,
            )?;
        },
        cases: &[
            "fc00f10c mtfsfi 0,15,0 | fpscr=2000 | fpscr=90002000",
            "fc80210d mtfsfi. 1,2,0 | fpscr=8 | fpscr=42000008 cr1=4",
            "ff81d10c mtfsfi 7,13,1 |  | fpscr=500000000",
            "ff80110c mtfsfi 7,1,0 | fpscr=2 | fpscr=1"
        ],
    },
    Insn {
        name: mtfsb0,
        form: form::xrc(63, 70).zero(form::RA | form::RB),
        asm: "mtfsb0[.] BTF",
        book: "Book I, Move To FPSCR Bit 0",
        does: |m, w| {
            m.float(
                |c, w| {
                    c.fp()?;
                    c.fpscr = summed(c.fpscr & !bit(w.rt()));

                    Ok(())
                },
                w,
            )?;
        },
        cases: &[
            "fce0008c mtfsb0 7 | fpscr=e1000080 | fpscr=80000080",
            "fc40008d mtfsb0. 2 | fpscr=a1000000 | cr1=a"
        ],
    },
    Insn {
        name: mtfsb1,
        form: form::xrc(63, 38).zero(form::RA | form::RB),
        asm: "mtfsb1[.] BTF",
        book: "Book I, Move To FPSCR Bit 1",
        does: |m, w| {
            m.float(
                |c, w| {
                    c.fp()?;
                    write(c, raised(c.fpscr, bit(w.rt())))
                },
                w,
            )?;
        },
        cases: &[
            "fea0004c mtfsb1 21 | fpscr=80 | fpscr=e0000480",
            "ffe0004d mtfsb1. 31 |  | fpscr=1",
            "fc20004c mtfsb1 1 |  |",
            "fc60004d mtfsb1. 3 | fpscr=40 msr=8000000002803800 | fpscr=d0000040 cr1=d nip=700"
        ],
    },
];
