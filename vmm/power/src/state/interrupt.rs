// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Interrupts as rows, and their delivery (Power ISA 3.0B, Book III, chapter 6).

use crate::{
    Cpu, Exit,
    state::{msr, spr},
    word::Word,
};

/// Why a block did not run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Stop {
    /// It did: go on at NIP.
    Next,
    /// This instruction takes a data storage interrupt; DAR and DSISR are set.
    DataStorage,
    /// This instruction takes a data segment interrupt; DAR is set.
    DataSegment,
    /// This instruction takes a machine check; SRR1, DAR and DSISR bits are set.
    MachineCheck,
    /// This instruction takes an alignment interrupt; DAR is set.
    Alignment,
    /// Program interrupt: illegal instruction.
    Illegal,
    /// Program interrupt: privileged instruction.
    Privileged,
    /// Program interrupt: trap.
    Trap,
    /// Program interrupt: an enabled floating-point exception occurred.
    FloatEnabled,
    /// Floating point is not available.
    FpUnavailable,
    /// VMX is not available.
    VmxUnavailable,
    /// VSX is not available.
    VsxUnavailable,
    /// A facility is off; FSCR\[IC\] has its number.
    FacilityUnavailable,
    /// `sc 0`: the interrupt returns after the instruction.
    SystemCall,
    /// `sc 1`: the machine answers, NIP is after the instruction.
    Hypercall,
    /// This instruction has not completed: events are looked at, then it is executed again.
    Again,
}

/// An interrupt: its vector and the name it is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupt {
    /// Effective address of the handler.
    pub vector: u64,
    /// Name, as in Book III.
    pub name: &'static str,
}

macro_rules! interrupts {
    ($($id:ident $vector:literal $name:literal;)*) => {
        $(#[doc = $name] pub const $id: Interrupt = Interrupt { vector: $vector, name: $name };)*
        /// Every interrupt, by vector.
        pub const INTERRUPTS: &[Interrupt] = &[$($id),*];
    };
}

interrupts! {
    SYSTEM_RESET 0x100 "System Reset";
    MACHINE_CHECK 0x200 "Vocabulary Check";
    DATA_STORAGE 0x300 "Data Storage";
    DATA_SEGMENT 0x380 "Data Segment";
    INSTRUCTION_STORAGE 0x400 "Instruction Storage";
    INSTRUCTION_SEGMENT 0x480 "Instruction Segment";
    EXTERNAL 0x500 "External";
    ALIGNMENT 0x600 "Alignment";
    PROGRAM 0x700 "Program";
    FP_UNAVAILABLE 0x800 "Floating-Point Unavailable";
    DECREMENTER 0x900 "Decrementer";
    DOORBELL 0xa00 "Directed Privileged Doorbell";
    SYSTEM_CALL 0xc00 "System Call";
    TRACE 0xd00 "Trace";
    PERFORMANCE_MONITOR 0xf00 "Performance Monitor";
    VMX_UNAVAILABLE 0xf20 "Vector Unavailable";
    VSX_UNAVAILABLE 0xf40 "VSX Unavailable";
    FACILITY_UNAVAILABLE 0xf60 "Facility Unavailable";
}

/// SRR1 bits of a program interrupt (Book III, 6.5.9).
pub mod program {
    /// Enabled floating-point exception (IBM bit 43).
    pub const FLOAT_ENABLED: u64 = 1 << (63 - 43);
    /// The instruction that caused it is an earlier one (IBM bit 47).
    pub const LATER: u64 = 1 << (63 - 47);
    /// Illegal instruction (IBM bit 44).
    pub const ILLEGAL: u64 = 1 << (63 - 44);
    /// Privileged instruction (IBM bit 45).
    pub const PRIVILEGED: u64 = 1 << (63 - 45);
    /// Trap (IBM bit 46).
    pub const TRAP: u64 = 1 << (63 - 46);
}

/// SRR1 bits of a machine check for an address that is not RAM, as POWER9 has them (Linux:
/// `mce_p9_derror_table` for loads, `mce_p9_ierror_table` for fetches and stores). The book leaves them
/// to the implementation.
pub mod machine_check {
    /// An instruction was fetched.
    pub const FETCH: u64 = 1 << (63 - 36) | 1 << (63 - 44) | 1 << (63 - 45);
    /// A load; DSISR and DAR have the details.
    pub const LOAD: u64 = 1 << (63 - 42);
    /// A store; DAR has the address.
    pub const STORE: u64 = 1 << (63 - 36) | 1 << (63 - 43) | 1 << (63 - 45);
}

/// Vector of `scv 0`; the next level's is 32 bytes on.
const SYSTEM_CALL_VECTORED: u64 = 0x1_7000;

/// The amount that LPCR\[AIL\] = 3 adds to a vector.
const RELOCATED: u64 = 0xc000_0000_0000_4000;
/// Vector of `scv 0` with LPCR\[AIL\] = 3.
const RELOCATED_SCV: u64 = 0xc000_0000_0000_3000;

/// SRR1 bits that an interrupt defines itself: IBM bits 33:36 and 42:47.
const SRR1_INFO: u64 = 0x783f_0000;

const _: () = {
    let mut code = 0;
    while code < Stop::ALL.len() {
        assert!(Stop::ALL[code] as usize == code);
        code += 1;
    }
};

impl Stop {
    /// All of them, each in the place of its code.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    const ALL: [Stop; 16] = [
        Stop::Next,
        Stop::DataStorage,
        Stop::DataSegment,
        Stop::MachineCheck,
        Stop::Alignment,
        Stop::Illegal,
        Stop::Privileged,
        Stop::Trap,
        Stop::FloatEnabled,
        Stop::FpUnavailable,
        Stop::VmxUnavailable,
        Stop::VsxUnavailable,
        Stop::FacilityUnavailable,
        Stop::SystemCall,
        Stop::Hypercall,
        Stop::Again,
    ];

    /// The stop that a byte stands for; no other byte is given.
    #[cfg_attr(not(target_arch = "x86_64"), allow(dead_code))]
    pub(crate) fn of_code(code: u8) -> Stop {
        Stop::ALL[usize::from(code) % Stop::ALL.len()]
    }

    /// The interrupt of a synchronous stop, and its SRR1 bits.
    fn interrupt(self, cpu: &Cpu) -> (Interrupt, u64) {
        match self {
            Stop::DataStorage => (DATA_STORAGE, 0),
            Stop::DataSegment => (DATA_SEGMENT, 0),
            Stop::MachineCheck => (MACHINE_CHECK, cpu.srr1_info),
            Stop::Alignment => (ALIGNMENT, 0),
            Stop::Illegal => (PROGRAM, program::ILLEGAL),
            Stop::Privileged => (PROGRAM, program::PRIVILEGED),
            Stop::Trap => (PROGRAM, program::TRAP),
            Stop::FloatEnabled => (PROGRAM, program::FLOAT_ENABLED),
            Stop::FpUnavailable => (FP_UNAVAILABLE, 0),
            Stop::VmxUnavailable => (VMX_UNAVAILABLE, 0),
            Stop::VsxUnavailable => (VSX_UNAVAILABLE, 0),
            Stop::FacilityUnavailable => (FACILITY_UNAVAILABLE, 0),
            Stop::SystemCall | Stop::Hypercall | Stop::Next | Stop::Again => (SYSTEM_CALL, 0),
        }
    }
}

/// How many interrupts in a row may end no instruction before it is called a loop.
const LOOP_LIMIT: u32 = 64;

impl Cpu {
    /// Delivers a synchronous interrupt that returns to `srr0`.
    pub(crate) fn take_stop(&mut self, stop: Stop, srr0: u64) {
        let (interrupt, info) = stop.interrupt(self);
        self.take(interrupt, srr0, info);
    }

    /// Delivers an interrupt: saves the state, switches the MSR and goes to the vector.
    pub(crate) fn take(&mut self, interrupt: Interrupt, srr0: u64, info: u64) {
        log::trace!("{} interrupt at {srr0:#x}", interrupt.name);
        if interrupt == MACHINE_CHECK && self.msr() & msr::ME == 0 {
            self.dead = Some(Exit::Checkstop { nip: srr0 });
        }
        self.sprs[spr::SRR0] = srr0;
        self.sprs[spr::SRR1] = self.msr() & !SRR1_INFO | info;
        let relocated = self.relocated_vectors(interrupt);
        match relocated {
            true => self.enter(RELOCATED + interrupt.vector, msr::IR | msr::DR),
            false => self.enter(interrupt.vector, 0),
        }
        self.note_interrupt(interrupt, srr0);
        if self.firmware_assisted {
            self.tell_firmware(interrupt, srr0, info);
        }
    }

    /// Has machine checks and system resets end [`run`](Cpu::run) once they are delivered, so that the
    /// machine can go on in its own way: as where firmware has their vectors.
    pub fn set_firmware_assisted(&mut self, on: bool) {
        self.firmware_assisted = on;
    }

    fn tell_firmware(&mut self, interrupt: Interrupt, srr0: u64, info: u64) {
        self.non_maskable = match interrupt {
            MACHINE_CHECK if info == machine_check::FETCH => {
                Some(Exit::MachineCheck { ea: srr0, fetch: true })
            }
            MACHINE_CHECK => Some(Exit::MachineCheck { ea: self.sprs[spr::DAR], fetch: false }),
            SYSTEM_RESET => Some(Exit::SystemReset),
            _ => return,
        };
    }

    /// Goes to a handler; the MSR bits `kept` stay as they are, as ME and HV do.
    fn enter(&mut self, vector: u64, kept: u64) {
        let little = if self.interrupt_little_endian { msr::LE } else { 0 };
        self.set_msr(self.msr() & (msr::ME | msr::HV | kept) | msr::SF | little);
        self.nip = vector;
    }

    /// LPCR\[AIL\] = 3: an interrupt that comes with translation on keeps it on and goes to the high
    /// vectors, but for the two that come with a machine in doubt (Book III, 2.2, 6.4).
    fn relocated_vectors(&self, interrupt: Interrupt) -> bool {
        let translated = self.msr() & (msr::IR | msr::DR) == msr::IR | msr::DR;
        let in_doubt = interrupt == SYSTEM_RESET || interrupt == MACHINE_CHECK;
        self.alternate_interrupt_location && translated && !in_doubt
    }

    /// scv: LR and CTR take the place of SRR0 and SRR1 (Book III, 6.5.27).
    pub(crate) fn scv(&mut self, w: Word) -> Result<(), Stop> {
        self.require_fscr(spr::FSCR_SCV)?;
        self.lr = self.nip & self.ea_mask;
        self.ctr = self.msr() & !SRR1_INFO;
        let offset = 32 * u64::from(w.lev());
        let kept = msr::EE | msr::RI;
        match self.alternate_interrupt_location {
            true => self.enter(RELOCATED_SCV + offset, kept | msr::IR | msr::DR),
            false => self.enter(SYSTEM_CALL_VECTORED + offset, kept),
        }
        Ok(())
    }

    /// Counts interrupts between which no instruction completed.
    fn note_interrupt(&mut self, interrupt: Interrupt, srr0: u64) {
        if self.retired == self.loop_watch.0 {
            self.loop_watch.1 += 1;
            if self.loop_watch.1 >= LOOP_LIMIT {
                self.dead = Some(Exit::InterruptLoop { interrupt, nip: srr0 });
            }
        } else {
            self.loop_watch = (self.retired, 0);
        }
    }
}
