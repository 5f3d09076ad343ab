// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Supervisor instructions and special-purpose registers (Power ISA 3.0B, Book III, chapters 3
//! to 5, 6.5.27 and 11).

use crate::{
    Cpu, form,
    state::{
        interrupt::Stop,
        spr::{self, SprAccess},
    },
    vocabulary::{Size, Vocabulary},
    word::Word,
};

/// Page sizes by the AP encodings of the device tree
/// (`ibm,processor-radix-AP-encodings`).
const PAGE_SIZES: &[(u64, u64)] = &[(0, 4 << 10), (5, 64 << 10), (1, 2 << 20), (2, 1 << 30)];

impl Cpu {
    /// Nothing is left to do for it, but only a supervisor may ask.
    fn supervisor(&mut self, _: Word) -> Result<(), Stop> {
        self.require_supervisor()
    }

    /// Invalidates the translations that RB and RS select: of radix and process-scoped (R = 1, PRS = 1), one page of the size that
    /// AP names (RIC = 0, IS = 0), or those of a process (IS = 1); else all.
    fn tlbiel(&mut self, w: Word) -> Result<(), Stop> {
        self.require_supervisor()?;
        let rb = self.gpr[w.rb()];
        let is = rb >> 10 & 3;
        // Quadrant 3 is process 0's, whatever RS has.
        let pid = if is == 0 && rb >> 62 != 0 { 0 } else { self.gpr[w.rs()] >> 32 };
        let of_process = w.r() == 1 && w.prs() == 1;
        let one_page = of_process && w.ric() == 0 && is == 0;
        let one_process = of_process && is == 1;
        match PAGE_SIZES.iter().find(|(ap, _)| *ap == rb >> 5 & 7) {
            Some((_, bytes)) if one_page => self.forget_range(rb & !(bytes - 1), *bytes, pid),
            _ if one_process => self.forget_process(pid),
            _ => self.forget_translations(),
        }
        Ok(())
    }

    /// tlbiel on every CPU: the others notice before they enter their next block.
    fn tlbie(&mut self, w: Word) -> Result<(), Stop> {
        self.tlbiel(w)?;
        self.tell_invalidation();
        Ok(())
    }

    /// Waits until the other CPUs have done so.
    fn tlbsync(&mut self, _: Word) -> Result<(), Stop> {
        self.require_supervisor()?;
        self.await_invalidation()
    }

    /// True if a doorbell message is for this thread: a directed privileged one (type 5) whose
    /// tag is our TIR.
    fn is_for_us(&self, w: Word) -> bool {
        let message = self.gpr[w.rb()];
        message >> 27 & 31 == 5 && message & 0x7f == self.sprs[spr::TIR]
    }

    fn send_doorbell(&mut self, w: Word) -> Result<(), Stop> {
        self.require_supervisor()?;
        if self.is_for_us(w) {
            self.sprs[spr::DPDES] = 1;
            self.look_at = 0;
        }
        Ok(())
    }

    fn clear_doorbell(&mut self, w: Word) -> Result<(), Stop> {
        self.require_supervisor()?;
        if self.is_for_us(w) {
            self.sprs[spr::DPDES] = 0;
        }
        Ok(())
    }

    fn rfebb(&mut self, w: Word) -> Result<(), Stop> {
        self.require_facility(spr::FSCR_EBB)?;
        let global_enable = u64::from(w.s()) << 63;
        self.sprs[spr::BESCR] = self.sprs[spr::BESCR] & (u64::MAX >> 1) | global_enable;
        self.nip = self.sprs[spr::EBBRR] & !3;
        self.look_at = 0; // another one may wait
        Ok(())
    }
}

/// Refuses problem state a register that is not for it.
#[inline(always)]
fn require<M: Vocabulary>(m: &mut M, access: SprAccess) -> Result<(), Stop> {
    if access == SprAccess::Supervisor { m.need_supervisor() } else { Ok(()) }
}

crate::isa![
    Insn {
        name: mfspr,
        form: form::x(31, 339),
        asm: "mfspr RT,SPR",
        book: "Book III, Move From Special Purpose Register",
        does: |m, w| {
            match w.spr() as usize {
                spr::LR => {
                    let v = m.lr();
                    m.set_gpr(w.rt(), v);
                }
                spr::CTR => {
                    let v = m.ctr();
                    m.set_gpr(w.rt(), v);
                }
                spr::XER => {
                    let v = m.xer();
                    m.set_gpr(w.rt(), v);
                }
                n => match spr::held(n).map(|spr| spr.read) {
                    Some(access @ (SprAccess::Problem | SprAccess::Supervisor)) => {
                        require(m, access)?;
                        let v = m.held_spr(n);
                        m.set_gpr(w.rt(), v);
                    }
                    _ => m.call(Cpu::mfspr, w)?,
                },
            }
        },
        cases: &[
            "7c6802a6 mfspr r3,8 | lr=5 | r3=5",
            "7c6902a6 mfspr r3,9 | ctr=6 | r3=6",
            "7c6102a6 mfspr r3,1 | so=1 ca=1 ca32=1 r3=-1 | r3=a0040000",
            "7c7f42a6 mfspr r3,287 |  | r3=4e1202",
            "7c7a02a6 mfspr r3,26 | srr0=7 | r3=7",
            "7c7a02a6 mfspr r3,26 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
            "7c6342a6 mfspr r3,259 | msr=8000000000005000 sprg3=9 usprg3=9 | r3=9",
            "7c6002a6 mfspr r3,0 |  | nip=700 srr0=1000 srr1=8000000000081000",
            "7c6402a6 mfspr r3,4 |  | nip=700 srr0=1000 srr1=8000000000081000",
            "7c6012a6 mfspr r3,64 | r3=1 | ",
            "7c6012a6 mfspr r3,64 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000085000 msr=8000000000001000",
            "7c77faa6 mfspr r3,1015 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
            "7c77faa6 mfspr r3,1015 | r3=1 | ",
            "7c6fcaa6 mfspr r3,815 | msr=8000000000005000 | nip=f60 srr0=1000 srr1=8000000000005000 fscr=800000000000000 msr=8000000000001000",
            "7c6302a6 mfspr r3,3 | msr=8000000000005000 fscr=4 dscr=2 udscr=2 | r3=2",
            "7c6302a6 mfspr r3,3 | msr=8000000000005000 | nip=f60 srr0=1000 srr1=8000000000005000 fscr=200000000000000 msr=8000000000001000",
            "7c66caa6 mfspr r3,806 | msr=8000000000005000 | nip=f60 srr0=1000 srr1=8000000000005000 fscr=700000000000000 msr=8000000000001000",
        ],
    },
    Insn {
        name: mtspr,
        form: form::x(31, 467),
        asm: "mtspr SPR,RS",
        book: "Book III, Move To Special Purpose Register",
        does: |m, w| {
            match w.spr() as usize {
                spr::LR => {
                    let v = m.gpr(w.rs());
                    m.set_lr(v);
                }
                spr::CTR => {
                    let v = m.gpr(w.rs());
                    m.set_ctr(v);
                }
                spr::XER => {
                    let v = m.gpr(w.rs());
                    m.set_xer(v);
                }
                n => match spr::held(n).map(|spr| (spr.write, spr.width)) {
                    Some((access @ (SprAccess::Problem | SprAccess::Supervisor), width)) => {
                        require(m, access)?;
                        let v = m.gpr(w.rs());
                        let v = if width == 32 { m.zext(v, Size::Word) } else { v };
                        m.set_held_spr(n, v);
                    }
                    _ => m.call(Cpu::mtspr, w)?,
                },
            }
        },
        cases: &[
            "7c6803a6 mtspr 8,r3 | r3=5 | lr=5",
            "7c6903a6 mtspr 9,r3 | r3=6 | ctr=6",
            "7c6103a6 mtspr 1,r3 | r3=-1 | xer=e00c007f",
            "7c6fcba6 mtspr 815,r3 | r3=7 | tar=7",
            "7c7203a6 mtspr 18,r3 | r3=123456789 | dsisr=23456789",
            "7c6043a6 mtspr 256,r3 | msr=8000000000005000 r3=-1 | vrsave=ffffffff",
            "7c7a03a6 mtspr 26,r3 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
            "7c7f43a6 mtspr 287,r3 | r3=1 | ",
            "7c6c43a6 mtspr 268,r3 | r3=1 | ",
            "7c6c43a6 mtspr 268,r3 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000085000 msr=8000000000001000",
            "7c6003a6 mtspr 0,r3 |  | nip=700 srr0=1000 srr1=8000000000081000",
            "7c6403a6 mtspr 4,r3 |  | ",
            "7c6d03a6 mtspr 13,r3 | msr=8000000000005000 r3=-1 uamor=f000 | amr=f000 uamr=f000",
            "7c7823a6 mtspr 152,r3 | r3=0 | ctrl=0 ctrl_r=0",
            "7c60cba6 mtspr 800,r3 | r3=30 bescr=1 | bescr=31 bescrs=31 bescrr=31",
            "7c62cba6 mtspr 802,r3 | r3=30 bescr=11 | bescr=1 bescrs=1 bescrr=1",
        ],
    },
    Insn {
        name: mftb,
        form: form::x(31, 371).valid(|w| matches!(w.spr(), 268 | 269)),
        asm: "mftb RT,SPR",
        book: "Book II, Move From Time Base; the same as mfspr",
        does: |m, w| {
            m.call(Cpu::mfspr, w)?;
        },
        cases: &["7c6d42e6 mftb r3,269 | r3=-1 | r3=0"],
    },
    Insn {
        name: mfmsr,
        form: form::x(31, 83).zero(form::RA | form::RB),
        asm: "mfmsr RT",
        book: "Book III, Move From Vocabulary State Register",
        does: |m, w| {
            m.call(Cpu::mfmsr, w)?;
        },
        cases: &[
            "7c6000a6 mfmsr r3 |  | r3=8000000000001000",
            "7c6000a6 mfmsr r3 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: mtmsr,
        form: form::x(31, 146).zero(15 << 17 | form::RB).ends(),
        asm: "mtmsr RS,L15",
        book: "Book III, Move To Vocabulary State Register",
        does: |m, w| {
            m.call(Cpu::mtmsr, w)?;
        },
        cases: &[
            "7c600124 mtmsr r3,0 | r3=ffffffff00000002 | msr=8000000000001002",
            "7c600124 mtmsr r3,0 | r3=9931 msr=8000000000001000 | msr=8000000000009930",
            "7c600124 mtmsr r3,0 | r3=4000 | msr=800000000000d030",
            "7c610124 mtmsr r3,1 | r3=ffffffffffffffff | msr=8000000000009002",
            "7c610124 mtmsr r3,1 | r3=0 msr=8000000000001000 | ",
            "7c600124 mtmsr r3,0 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: mtmsrd,
        form: form::x(31, 178).zero(15 << 17 | form::RB).ends(),
        asm: "mtmsrd RS,L15",
        book: "Book III, Move To Vocabulary State Register Doubleword; ME, HV and LE stay",
        does: |m, w| {
            m.call(Cpu::mtmsrd, w)?;
        },
        cases: &[
            "7c600164 mtmsrd r3,0 | r3=2 | msr=1002",
            "7c600164 mtmsrd r3,0 | r3=9000000000000001 | msr=8000000000001000",
            "7c600164 mtmsrd r3,0 | msr=1001 r3=8000000000000000 | msr=8000000000001001",
            "7c600164 mtmsrd r3,0 | r3=8000000000004000 | msr=800000000000d030",
            "7c600164 mtmsrd r3,0 | r3=-1 | msr=800000000280ff36",
            "7c610164 mtmsrd r3,1 | r3=8002 | msr=8000000000009002",
            "7c610164 mtmsrd r3,1 | r3=-1 msr=1000 | msr=9002",
            "7c600164 mtmsrd r3,0 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: rfid,
        form: form::x(19, 18).zero(form::RT | form::RA | form::RB).untraced(),
        asm: "rfid",
        book: "Book III, Return From Interrupt Doubleword; ME and HV stay",
        does: |m, w| {
            m.call(Cpu::rfid, w)?;
        },
        cases: &[
            "4c000024 rfid | srr0=2003 srr1=8000000000000001 | nip=2000 msr=8000000000001001",
            "4c000024 rfid | srr0=123456780 srr1=1000 | nip=23456780 msr=1000",
            "4c000024 rfid | srr0=2000 srr1=9000000000004000 | nip=2000 msr=800000000000d030",
            "4c000024 rfid | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: rfscv,
        form: form::x(19, 82).zero(form::RT | form::RA | form::RB).untraced(),
        asm: "rfscv",
        book: "Book III, Return From System Call Vectored",
        level: V3_0,
        does: |m, w| {
            m.call(Cpu::rfscv, w)?;
        },
        cases: &[
            "4c0000a4 rfscv | lr=2003 ctr=8000000000008002 | nip=2000 msr=8000000000009002",
            "4c0000a4 rfscv | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: scv,
        form: form::sc(17, 1).zero(0x03ff_f01c).untraced(),
        asm: "scv LEV",
        book: "Book I, System Call Vectored; Book III, 6.5.27, FSCR[SCV]",
        level: V3_0,
        does: |m, w| {
            m.call(Cpu::scv, w)?;
        },
        cases: &[
            "440000a1 scv 5 | msr=800000000000d002 fscr=1000 | nip=170a0 lr=1004 ctr=800000000000d002 msr=8000000000009002",
            "44000001 scv 0 |  | nip=f60 srr0=1000 srr1=8000000000001000 fscr=c00000000000000",
        ],
    },
    Insn {
        name: rfebb,
        form: form::x(19, 146).zero(form::RT | form::RA | 15 << 12).ends(),
        asm: "rfebb S",
        book: "Book II, Return From Event-Based Branch; Book III, FSCR[EBB]",
        does: |m, w| {
            m.call(Cpu::rfebb, w)?;
        },
        cases: &[
            "4c000924 rfebb 1 | ebbrr=2003 bescr=5 | nip=2000 bescr=8000000000000005 bescrs=8000000000000005 bescrr=8000000000000005 bescrsu=80000000 bescrru=80000000",
            "4c000124 rfebb 0 | msr=8000000000005000 | nip=f60 srr0=1000 srr1=8000000000005000 fscr=700000000000000 msr=8000000000001000",
        ],
    },
    Insn {
        name: tlbie,
        form: form::x(31, 306).zero(1 << 20),
        asm: "tlbie RB,RS,RIC,PRS,R",
        book: "Book III, TLB Invalidate Entry",
        does: |m, w| {
            m.call(Cpu::tlbie, w)?;
        },
        cases: &[
            "7c8b1a64 tlbie r3,r4,2,1,1 |  | ",
            "7c801a64 tlbie r3,r4,0,0,0 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: tlbiel,
        form: form::x(31, 274).zero(1 << 20),
        asm: "tlbiel RB,RS,RIC,PRS,R",
        book: "Book III, TLB Invalidate Entry Local",
        does: |m, w| {
            m.call(Cpu::tlbiel, w)?;
        },
        cases: &[
            "7c8b1a24 tlbiel r3,r4,2,1,1 |  | ",
            "7c801a24 tlbiel r3,r4,0,0,0 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: tlbsync,
        form: form::x(31, 566).zero(form::RT | form::RA | form::RB),
        asm: "tlbsync",
        book: "Book III, TLB Synchronize",
        does: |m, w| {
            m.call(Cpu::tlbsync, w)?;
        },
        cases: &[
            "7c00046c tlbsync |  | ",
            "7c00046c tlbsync | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: slbie,
        form: form::x(31, 434).zero(form::RT | form::RA),
        asm: "slbie RB",
        book: "Book III, SLB Invalidate Entry; without segments there is none",
        does: |m, w| {
            m.call(Cpu::supervisor, w)?;
        },
        cases: &[
            "7c001b64 slbie r3 |  | ",
            "7c001b64 slbie r3 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: slbia,
        form: form::x(31, 498).zero(3 << 24 | form::RA | form::RB),
        asm: "slbia IH",
        book: "Book III, SLB Invalidate All",
        does: |m, w| {
            m.call(Cpu::supervisor, w)?;
        },
        cases: &[
            "7c6003e4 slbia 3 |  | ",
            "7c0003e4 slbia 0 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: slbsync,
        form: form::x(31, 338).zero(form::RT | form::RA | form::RB),
        asm: "slbsync",
        book: "Book III, SLB Synchronize",
        level: V3_0,
        does: |m, w| {
            m.call(Cpu::supervisor, w)?;
        },
        cases: &[
            "7c0002a4 slbsync |  | ",
            "7c0002a4 slbsync | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: msgsndp,
        form: form::x(31, 142).zero(form::RT | form::RA),
        asm: "msgsndp RB",
        book: "Book III, Message Send Privileged",
        does: |m, w| {
            m.call(Cpu::send_doorbell, w)?;
        },
        cases: &[
            "7c00191c msgsndp r3 | r3=28000000 | dpdes=1",
            "7c00191c msgsndp r3 | r3=28000001 | ",
            "7c00191c msgsndp r3 | r3=20000000 | ",
            "7c00191c msgsndp r3 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
    Insn {
        name: msgclrp,
        form: form::x(31, 174).zero(form::RT | form::RA),
        asm: "msgclrp RB",
        book: "Book III, Message Clear Privileged",
        does: |m, w| {
            m.call(Cpu::clear_doorbell, w)?;
        },
        cases: &[
            "7c00195c msgclrp r3 | r3=28000000 dpdes=1 | dpdes=0",
            "7c00195c msgclrp r3 | r3=0 dpdes=1 | ",
            "7c00195c msgclrp r3 | msr=8000000000005000 | nip=700 srr0=1000 srr1=8000000000045000 msr=8000000000001000",
        ],
    },
];
