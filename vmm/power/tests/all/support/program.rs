// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The program that QEMU runs, a static ELF file. For each record it loads the state, runs the trial's code,
//! and stores the state; at the end it writes all records to its standard output. A signal (a trap, an
//! illegal word, a bad address) is an outcome too: its handler records the number and continues with the next
//! record.

use super::asm::*;
use super::record::{self, Endian};

/// Address of the code: below 32 MiB, so that `ba` reaches it.
pub(crate) const CODE: u64 = 0x0100_0000;
/// Address of the records.
pub(crate) const DATA: u64 = 0x0110_0000;
/// Size in bytes of the code around the trials.
const PRELUDE: u64 = 0x800;
/// The addresses of the code that records outcomes.
pub(crate) const PADS: std::ops::Range<u64> = CODE..CODE + PRELUDE;
/// Size in bytes of zeroed memory after the records: signal stack and arguments of system calls.
const SCRATCH: u64 = 0x2_0000;

/// Seconds after which a signal ends a program that does not stop; it needs one or two.
const MOST_SECONDS: i32 = 300;

/// Outcome of an instruction that continues at the next one.
pub(crate) const NEXT: u64 = 0;
/// Outcomes of a branch forward and a branch back.
pub(crate) const FORWARD: u64 = 1;
pub(crate) const BACK: u64 = 2;
/// A number that is added to that of a signal.
pub(crate) const SIGNAL: u64 = 0x100;

/// Signals that a trial may end in.
pub(crate) const SIGILL: u64 = 4;
pub(crate) const SIGTRAP: u64 = 5;
pub(crate) const SIGBUS: u64 = 7;
pub(crate) const SIGFPE: u64 = 8;
pub(crate) const SIGSEGV: u64 = 11;

/// Addresses of a trial's code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stub {
    /// First word: the pad for branches back.
    pub(crate) start: u64,
    /// The instructions under test.
    pub(crate) first: u64,
    pub(crate) count: u64,
}

/// Words before the instructions under test.
const BEFORE: u64 = 4;

impl Stub {
    pub(crate) fn new(start: u64, count: u64) -> Stub {
        Stub { start, first: start + 4 * BEFORE, count }
    }
    /// Address of the last instruction under test.
    pub(crate) fn last(self) -> u64 {
        self.first + 4 * (self.count - 1)
    }
    /// Address after the stub.
    pub(crate) fn end(self) -> u64 {
        self.last() + 12
    }
    /// The pad that handles an outcome.
    pub(crate) fn pad(self, outcome: u64) -> u64 {
        match outcome {
            NEXT => self.last() + 4,
            FORWARD => self.last() + 8,
            _ => self.start,
        }
    }
    /// The outcome of a next address.
    pub(crate) fn outcome(self, nip: u64) -> Option<u64> {
        [NEXT, FORWARD, BACK].into_iter().find(|outcome| self.pad(*outcome) == nip)
    }
}

/// Values that the program keeps in registers that no instruction under test uses.
#[derive(Clone, Copy)]
enum Spare {
    /// r31 after the trial.
    R31,
    /// Address of the record.
    Record,
    /// TAR before the trial.
    Tar,
    R31Before,
    Outcome,
}

/// The kind of instructions under test.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Instructions that use no vector-scalar register: the program keeps its values there.
    Fixed,
    /// Instructions of the floating-point, VMX and VSX facilities: they use no LR, CTR and TAR.
    Vector,
}

impl Kind {
    /// The SPR that holds a value while vector instructions are under test. A signal changes LR.
    fn spr(spare: Spare) -> u32 {
        match spare {
            Spare::Record => SPR_VRSAVE,
            Spare::Tar => SPR_TAR,
            Spare::R31 | Spare::R31Before => SPR_CTR,
            Spare::Outcome => SPR_LR,
        }
    }
    fn put(self, spare: Spare, r: u32) -> u32 {
        match self {
            Kind::Fixed => mtvsrd(spare as u32, r),
            Kind::Vector => mtspr(Kind::spr(spare), r),
        }
    }
    fn get(self, r: u32, spare: Spare) -> u32 {
        match self {
            Kind::Fixed => mfvsrd(r, spare as u32),
            Kind::Vector => mfspr(r, Kind::spr(spare)),
        }
    }
}

const SPR_XER: u32 = 1;
const SPR_LR: u32 = 8;
const SPR_CTR: u32 = 9;
const SPR_VRSAVE: u32 = 256;
const SPR_TAR: u32 = 815;

/// Code under construction, at [`CODE`].
struct Code(Vec<u32>);

impl Code {
    fn here(&self) -> u64 {
        CODE + 4 * self.0.len() as u64
    }
    fn emit(&mut self, words: &[u32]) {
        self.0.extend_from_slice(words);
    }
    fn system_call(&mut self, number: i32) {
        self.emit(&[addi(0, 0, number), SC]);
    }
    fn ld_all(&mut self, last: u32) {
        self.0.extend((0..=last).map(|r| ld(r, record::gpr(r as usize) as i32, 31)));
    }
    fn std_all(&mut self, last: u32) {
        self.0.extend((0..=last).map(|r| std(r, record::gpr(r as usize) as i32, 31)));
    }
}

/// Loads a record's state and jumps to its stub. After the last record it jumps to `exit`.
fn load_state(code: &mut Code, kind: Kind, end: u64, exit: u64) {
    code.emit(&[kind.get(31, Spare::Record)]);
    code.emit(&li32(30, end));
    code.emit(&[cmpld(31, 30)]);
    code.emit(&[beq(code.here(), exit)]);
    code.emit(&[ld(0, record::STUB as i32, 31), mtspr(SPR_TAR, 0)]);
    if kind == Kind::Fixed {
        code.emit(&[ld(0, record::TAR as i32, 31), kind.put(Spare::Tar, 0)]);
        code.emit(&[ld(0, record::LR as i32, 31), mtspr(SPR_LR, 0)]);
        code.emit(&[ld(0, record::CTR as i32, 31), mtspr(SPR_CTR, 0)]);
    }
    code.emit(&[ld(0, record::gpr(31) as i32, 31), kind.put(Spare::R31Before, 0)]);
    code.emit(&[ld(0, record::CR as i32, 31), mtcr(0)]);
    code.emit(&[ld(0, record::XER as i32, 31), mtspr(SPR_XER, 0)]);
    if kind == Kind::Vector {
        code.emit(&[lxv(32, record::VSCR as i32, 31), MTVSCR_V0]);
        code.emit(&[lfd(0, record::FPSCR as i32, 31), MTFSF_F0]);
        code.0.extend((0..64).map(|n| lxv(n, record::vsr(n as usize) as i32, 31)));
    }
    code.ld_all(30);
    code.emit(&[BCTAR]);
}

/// Stores the state; r31 and the outcome are in their spare registers.
fn store_state(code: &mut Code, kind: Kind) {
    code.emit(&[kind.get(31, Spare::Record)]);
    code.std_all(30);
    code.emit(&[kind.get(0, Spare::R31), std(0, record::gpr(31) as i32, 31)]);
    code.emit(&[kind.get(0, Spare::Outcome), std(0, record::OUTCOME as i32, 31)]);
    code.emit(&[mfcr(0), std(0, record::CR as i32, 31)]);
    code.emit(&[mfspr(0, SPR_XER), std(0, record::XER as i32, 31)]);
    if kind == Kind::Vector {
        code.0.extend((0..64).map(|n| stxv(n, record::vsr(n as usize) as i32, 31)));
        code.emit(&[MFVSCR_V0, stxv(32, record::VSCR as i32, 31)]);
        code.emit(&[MFFS_F0, stfd(0, record::FPSCR as i32, 31)]);
        return;
    }
    for (spr, at) in [(SPR_LR, record::LR), (SPR_CTR, record::CTR), (SPR_TAR, record::TAR)] {
        code.emit(&[mfspr(0, spr), std(0, at as i32, 31)]);
    }
}

/// Linux: system call numbers of powerpc.
const SYS_EXIT: i32 = 1;
const SYS_WRITE: i32 = 4;
const SYS_ALARM: i32 = 27;
const SYS_RT_SIGACTION: i32 = 173;
const SYS_SIGALTSTACK: i32 = 185;
/// Linux: SA_SIGINFO | SA_ONSTACK | SA_NODEFER. A handler never returns.
const SA_FLAGS: u64 = 4 | 0x0800_0000 | 0x4000_0000;

/// Installs the handler. `scratch` holds a stack_t, then a sigaction.
fn catch_signals(code: &mut Code, scratch: u64) {
    code.emit(&li32(3, scratch));
    code.emit(&[addi(4, 0, 0)]);
    code.system_call(SYS_SIGALTSTACK);
    for signal in [SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV] {
        code.emit(&[addi(3, 0, signal as i32)]);
        code.emit(&li32(4, scratch + 24));
        code.emit(&[addi(5, 0, 0), addi(6, 0, 8)]);
        code.system_call(SYS_RT_SIGACTION);
    }
}

/// The arguments of [`catch_signals`]'s system calls, then a stack.
fn scratch(at: u64, handler: u64, endian: Endian) -> Vec<u8> {
    let stack = at + 0x1000;
    let words = [stack, 0, SCRATCH - 0x1000, handler, SA_FLAGS, 0, 0];
    let mut bytes: Vec<u8> = words.iter().flat_map(|w| endian.double(*w)).collect();
    bytes.resize(SCRATCH as usize, 0);
    bytes
}

/// The whole program's memory image: code at [`CODE`] and records at [`DATA`].
pub(crate) struct Program {
    pub(crate) code: Vec<u8>,
    pub(crate) data: Vec<u8>,
    pub(crate) entry: u64,
    pub(crate) endian: Endian,
}

impl Program {
    /// Puts the program around trials. The records contain everything but the address of the stub.
    pub(crate) fn new(
        kind: Kind,
        stubs: &[(Stub, Vec<u32>)],
        records: Vec<u8>,
        endian: Endian,
    ) -> Program {
        let end = DATA + records.len() as u64;
        let mut code = Code(Vec::new());
        let exit = code.here();
        code.emit(&[addi(3, 0, 1)]);
        code.emit(&li32(4, DATA));
        code.emit(&li32(5, records.len() as u64));
        code.system_call(SYS_WRITE);
        code.emit(&[addi(3, 0, 0)]);
        code.system_call(SYS_EXIT);
        let next = code.here();
        load_state(&mut code, kind, end, exit);
        let pads = [NEXT, FORWARD, BACK].map(|outcome| {
            let pad = code.here();
            code.emit(&[kind.put(Spare::R31, 31), addi(31, 0, outcome as i32)]);
            code.emit(&[kind.put(Spare::Outcome, 31)]);
            let store = CODE + PRELUDE / 2;
            code.emit(&[b(code.here(), store)]);
            pad
        });
        code.0.resize((PRELUDE / 8) as usize, 0); // up to the address of the pads
        store_state(&mut code, kind);
        let advance = code.here();
        code.emit(&[addi(31, 31, record::SIZE as i32), kind.put(Spare::Record, 31)]);
        code.emit(&[b(code.here(), next)]);
        let handler = code.here();
        code.emit(&[kind.get(31, Spare::Record), addi(3, 3, SIGNAL as i32)]);
        code.emit(&[std(3, record::OUTCOME as i32, 31)]);
        code.emit(&[b(code.here(), advance)]);
        let entry = code.here();
        catch_signals(&mut code, end);
        code.emit(&[addi(3, 0, MOST_SECONDS)]);
        code.system_call(SYS_ALARM);
        code.emit(&li32(31, DATA));
        code.emit(&[kind.put(Spare::Record, 31)]);
        code.emit(&[b(code.here(), next)]);
        assert!(code.here() <= CODE + PRELUDE, "the prelude is {:#x} long", code.here() - CODE);
        code.0.resize((PRELUDE / 4) as usize, 0);
        for (stub, words) in stubs {
            assert_eq!(code.here(), stub.start);
            code.emit(&[b(stub.start, pads[BACK as usize])]);
            code.emit(&[kind.get(31, Spare::Tar), mtspr(SPR_TAR, 31)]);
            code.emit(&[kind.get(31, Spare::R31Before)]);
            code.emit(words);
            code.emit(&[b(code.here(), pads[NEXT as usize])]);
            code.emit(&[b(code.here(), pads[FORWARD as usize])]);
        }
        assert!(code.here() <= DATA, "too many trials for one program");
        let code = code.0.iter().flat_map(|w| endian.word(*w)).collect();
        let mut data = records;
        data.extend(scratch(end, handler, endian));
        Program { code, data, entry, endian }
    }

    /// Address of the first stub.
    pub(crate) const fn first_stub() -> u64 {
        CODE + PRELUDE
    }

    /// The ELF file. Both byte orders have ELFv2 in their flags, so that the entry and the signal handler are
    /// code addresses and not function descriptors.
    pub(crate) fn elf(&self) -> Vec<u8> {
        let e = self.endian;
        let half = |v: u16| if e == Endian::Little { v.to_le_bytes() } else { v.to_be_bytes() };
        let mut file = vec![0x7f, b'E', b'L', b'F', 2, if e == Endian::Little { 1 } else { 2 }, 1];
        file.resize(16, 0);
        file.extend([half(2), half(21)].concat()); // ET_EXEC, EM_PPC64
        file.extend(e.word(1));
        file.extend([e.double(self.entry), e.double(64), e.double(0)].concat());
        file.extend(e.word(2)); // ELFv2
        for v in [64, 56, 2, 64, 0, 0] {
            file.extend(half(v));
        }
        let code_at = 0x1000;
        let data_at = (code_at + self.code.len()).next_multiple_of(0x1000);
        for (flags, at, address, bytes) in
            [(5, code_at, CODE, &self.code), (6, data_at, DATA, &self.data)]
        {
            file.extend([e.word(1), e.word(flags)].concat()); // PT_LOAD
            let length = bytes.len() as u64;
            for v in [at as u64, address, address, length, length, 0x1000] {
                file.extend(e.double(v));
            }
        }
        file.resize(code_at, 0);
        file.extend(&self.code);
        file.resize(data_at, 0);
        file.extend(&self.data);
        file
    }
}
