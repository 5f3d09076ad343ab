// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The function: registers, interrupts, and a thread for the clock of each requester.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use saved::{LoadError, Reader, Writer};

use super::requester::{DONE, FAILED, Requester};
use crate::description::{Bar, Description, Identity, Vectors, Width};
use crate::function::{Function, FunctionConfig, FunctionError};
use crate::interrupts::Interrupts;
use crate::slot::Slot;

/// The number of requesters, and of vectors.
pub const REQUESTERS: usize = 4;

/// The upper half has the version and the number of requesters.
const IDENTITY: u64 = 0x4358_4554 | 1 << 32 | (REQUESTERS as u64) << 48;
/// Bytes between the registers of two requesters; those of the first begin there, too.
const STRIDE: u64 = 0x100;
/// The register of pin interrupts.
const INTERRUPTS: u64 = 8;

/// The configuration of an exerciser.
#[derive(Clone, Copy, Debug, Default)]
pub struct Exerciser;

impl FunctionConfig for Exerciser {
    fn describe(&self) -> Description {
        let registers = Bar { number: 0, size: 0x1000, width: Width::Bits32, prefetchable: false };
        let vectors = Bar { number: 2, width: Width::Bits64, ..registers };
        Description {
            name: "exerciser",
            identity: Identity {
                vendor: 0x1d1d,
                device: 0x7ce0,
                class: 0xff_0000,
                revision: 1,
                subsystem_vendor: 0x1d1d,
                subsystem: 0x7ce0,
            },
            bars: vec![registers, vectors],
            vectors: Some(Vectors { count: REQUESTERS as u16, bar: 2, table: 0, pending: 0x800 }),
            intx: true,
            capabilities: Vec::new(),
        }
    }

    fn build(&self, slot: Slot) -> Result<Arc<dyn Function>, FunctionError> {
        const NAMES: [&str; REQUESTERS] =
            ["requester 0", "requester 1", "requester 2", "requester 3"];
        let interrupts = slot.interrupts.clone();
        let unit = |name| Unit {
            requester: Mutex::new(Requester::new(slot.port(name))),
            changed: Condvar::new(),
            turn: Mutex::default(),
        };
        let shared = Arc::new(Shared {
            units: NAMES.map(unit),
            waiting: AtomicU8::new(0),
            stopped: AtomicBool::new(false),
            interrupts,
        });
        let function = ExerciserFunction { slot, shared, threads: Mutex::default() };
        for (number, name) in NAMES.into_iter().enumerate() {
            let shared = function.shared.clone();
            let clock = thread::Builder::new().name(name.into());
            let clock = clock.spawn(move || shared.clock(number))?;
            function.threads().push(clock);
        }
        Ok(Arc::new(function))
    }
}

/// A requester, and the event that its clock has something to do.
struct Unit {
    requester: Mutex<Requester>,
    changed: Condvar,
    /// Held by a vCPU that waits for the requester. The clock passes it after each operation: a lock is not fair, and a
    /// clock of short periods would keep vCPUs out for long.
    turn: Mutex<()>,
}

impl Unit {
    /// The requester, for a vCPU, which waits for at most one operation.
    fn lock(&self) -> MutexGuard<'_, Requester> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.requester.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The requester, for its clock, after a vCPU that waits has had it.
    fn give_way<'a>(&'a self, requester: MutexGuard<'a, Requester>) -> MutexGuard<'a, Requester> {
        drop(requester);
        drop(self.turn.lock().unwrap_or_else(PoisonError::into_inner));
        self.requester.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The part that the clocks share with the vCPUs.
struct Shared {
    units: [Unit; REQUESTERS],
    /// The requesters whose pin interrupt waits.
    waiting: AtomicU8,
    stopped: AtomicBool,
    interrupts: Arc<Interrupts>,
}

impl Shared {
    /// Makes operations whenever the clock of a requester wants one, until the function stops.
    fn clock(&self, number: usize) {
        let unit = &self.units[number];
        let mut requester = unit.lock();
        while !self.stopped.load(Ordering::Acquire) {
            let Some(period) = requester.period() else {
                let changed = unit.changed.wait(requester);
                requester = changed.unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            // A change of a register begins a new period.
            let waited = unit.changed.wait_timeout(requester, period);
            let (back, over) = waited.unwrap_or_else(PoisonError::into_inner);
            requester = back;
            if over.timed_out() && requester.period().is_some() && requester.operate() {
                self.signal(number);
            }
            requester = unit.give_way(requester);
        }
    }

    /// Signals the end of an operation.
    fn signal(&self, number: usize) {
        if self.interrupts.uses_messages() {
            self.interrupts.notify(number as u16);
        } else {
            self.waiting.fetch_or(1 << number, Ordering::AcqRel);
            self.interrupts.set_pin(true);
        }
    }

    /// Clears pin interrupts. One that comes meanwhile raises the pin again.
    fn clear(&self, mask: u64) {
        let left = self.waiting.fetch_and(!(mask as u8), Ordering::AcqRel) & !(mask as u8);
        if left == 0 {
            self.interrupts.set_pin(false);
            if self.waiting.load(Ordering::Acquire) != 0 {
                self.interrupts.set_pin(true);
            }
        }
    }

    fn register(&self, offset: u64) -> u64 {
        match unit_of(offset) {
            Some((number, register)) => self.units[number].lock().register(register),
            None if offset == 0 => IDENTITY,
            None if offset == INTERRUPTS => self.waiting.load(Ordering::Acquire).into(),
            None => 0,
        }
    }

    fn set_register(&self, offset: u64, value: u64) {
        if let Some((number, register)) = unit_of(offset) {
            let unit = &self.units[number];
            let mut requester = unit.lock();
            let signals = requester.set(register, value) && requester.operate();
            drop(requester);
            unit.changed.notify_one();
            if signals {
                self.signal(number);
            }
        } else if offset == INTERRUPTS {
            self.clear(value);
        }
    }
}

/// The requester and the number of its register at an offset.
fn unit_of(offset: u64) -> Option<(usize, usize)> {
    let number = usize::try_from(offset / STRIDE).ok()?.checked_sub(1)?;
    (number < REQUESTERS).then_some((number, (offset % STRIDE / 8) as usize))
}

struct ExerciserFunction {
    slot: Slot,
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl ExerciserFunction {
    fn threads(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls `change` with each requester; its clock looks at the requester again.
    fn each(&self, mut change: impl FnMut(&mut Requester)) {
        for unit in &self.shared.units {
            change(&mut unit.lock());
            unit.changed.notify_one();
        }
    }

    fn sum(&self, register: usize) -> u64 {
        self.shared.units.iter().map(|unit| unit.lock().register(register)).sum()
    }
}

/// True for an access of a whole register or one of its halves.
fn is_register(bar: u8, offset: u64, len: usize) -> bool {
    bar == 0 && matches!(len, 4 | 8) && offset.is_multiple_of(len as u64)
}

impl Function for ExerciserFunction {
    fn slot(&self) -> &Slot {
        &self.slot
    }

    fn read(&self, bar: u8, offset: u64, to: &mut [u8]) {
        to.fill(0);
        if is_register(bar, offset, to.len()) {
            let bytes = self.shared.register(offset & !7).to_le_bytes();
            let from = (offset & 7) as usize;
            to.copy_from_slice(&bytes[from..from + to.len()]);
        }
    }

    fn write(&self, bar: u8, offset: u64, from: &[u8]) {
        if is_register(bar, offset, from.len()) {
            let mut bytes = match from.len() {
                4 if offset & !7 != INTERRUPTS => self.shared.register(offset & !7).to_le_bytes(),
                _ => [0; 8],
            };
            let at = (offset & 7) as usize;
            bytes[at..at + from.len()].copy_from_slice(from);
            self.shared.set_register(offset & !7, u64::from_le_bytes(bytes));
        }
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        vec![("operations", self.sum(DONE)), ("failed operations", self.sum(FAILED))]
    }

    fn reset(&self) {
        self.each(Requester::reset);
        self.shared.waiting.store(0, Ordering::Release);
    }

    /// No operation is under way once its requester is unlocked, so there is nothing to wait for.
    fn rest(&self, _: Instant) -> io::Result<()> {
        self.each(|requester| requester.resting = true);
        Ok(())
    }

    fn resume(&self) {
        self.each(|requester| requester.resting = false);
    }

    fn save(&self, to: &mut Writer<'_>) {
        self.each(|requester| requester.save(to));
        to.u8(self.shared.waiting.load(Ordering::Acquire));
    }

    fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let mut loaded = Vec::new();
        for _ in 0..REQUESTERS {
            loaded.push(Requester::load(from)?);
        }
        let waiting = from.u8()?;
        LoadError::unless(waiting >> REQUESTERS == 0)?;
        self.shared.waiting.store(waiting, Ordering::Release);
        let mut loaded = loaded.into_iter();
        self.each(|requester| {
            if let Some(registers) = loaded.next() {
                requester.loaded(registers);
            }
        });
        Ok(())
    }

    fn stop(&self) {
        self.shared.stopped.store(true, Ordering::Release);
        self.each(|_| ()); // under each lock, so that no clock misses it
        for thread in self.threads().drain(..) {
            let _it_has_ended = thread.join();
        }
    }
}
