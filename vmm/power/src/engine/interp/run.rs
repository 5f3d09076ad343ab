// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The run loop: blocks, then events, until the machine is needed.

use crate::{
    Cpu,
    engine::{
        answer::{Answer, Asked},
        exit::Exit,
        interp::cache::Cache,
        translate::TRANSLATED,
    },
    isa,
    state::{
        interrupt::{DECREMENTER, DOORBELL, EXTERNAL, PERFORMANCE_MONITOR, Stop, TRACE},
        msr,
        pmu::Kind,
        spr,
    },
};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;

/// Instructions between two looks at events: some ten microseconds. Unoptimised builds may have a
/// frame for each of them.
const SLICE: u64 = if cfg!(debug_assertions) { 256 } else { 4096 };

/// A `look_at` that each block has reached at its end, and that is not the 0 of an instruction that wants
/// events to be looked at.
const AFTER_THIS_BLOCK: u64 = 1;

/// An [`Exit`] in a byte, for the way out of the loop; the CPU has the value of `Kept`.
#[derive(Clone, Copy)]
enum Leave {
    /// A hypercall that the machine has yet to answer.
    Hcall,
    /// One that it was asked about, and has not answered.
    Unanswered,
    Kicked,
    Late,
    Kept,
}

impl Cpu {
    /// Runs until something the machine must handle. Call again to go on.
    pub fn run(&mut self) -> Exit {
        self.run_with(|_| ControlFlow::Break(()))
    }

    /// As [`run`](Self::run), but `answer` answers hypercalls on the way, and [`Exit::Hcall`] is returned when
    /// it breaks off. Translated code calls it: leaving and entering costs as much as a short hypercall.
    pub fn run_with(&mut self, answer: impl FnMut(&mut Cpu) -> ControlFlow<()>) -> Exit {
        let mut asked = Asked::new(answer);
        let outer = self.begin_run(asked.answer());
        // The cache leaves the CPU while it runs, so that blocks and state borrow apart.
        let mut cache = self.cache.take().unwrap_or_else(|| Cache::empty(self));
        cache.enter(self);
        self.set_away(false);
        let leave = self.run_blocks(&mut cache);
        self.set_away(true);
        cache.leave(self);
        self.cache = Some(cache);
        self.end_run(outer);
        asked.resume_panic();
        self.exit(leave)
    }

    /// Runs one instruction, or takes the interrupt it causes; events are not looked at.
    pub fn step(&mut self) -> Option<Exit> {
        self.once(Cpu::traced)
    }

    /// Runs one block, or takes the interrupt that it causes; events are not looked at.
    pub(crate) fn run_block(&mut self) -> Option<Exit> {
        self.once(Cpu::one_block)
    }

    fn once(&mut self, run: impl FnOnce(&mut Cpu, &mut Cache) -> Option<Leave>) -> Option<Exit> {
        let outer = self.begin_run(Answer::NONE);
        let mut cache = self.cache.take().unwrap_or_else(|| Cache::empty(self));
        cache.enter(self);
        self.set_away(false);
        self.settle();
        if self.monitoring {
            self.prepare_counters();
        }
        let first = self.retired;
        let leave = run(self, &mut cache);
        self.tally(self.running, first..self.retired);
        self.set_away(true);
        cache.leave(self);
        self.cache = Some(cache);
        self.end_run(outer);
        leave.map(|leave| self.exit(leave))
    }

    #[inline(always)]
    fn exit(&mut self, leave: Leave) -> Exit {
        match leave {
            Leave::Hcall | Leave::Unanswered => Exit::Hcall,
            Leave::Kicked => Exit::Kicked,
            Leave::Late => Exit::Late,
            Leave::Kept => self.kept().unwrap_or(Exit::Kicked),
        }
    }

    #[inline(always)]
    fn run_blocks(&mut self, cache: &mut Cache) -> Leave {
        loop {
            if self.retired >= self.look_at {
                if let Some(leave) = self.events() {
                    return leave;
                }
                cache.sample(self);
            }
            let leave = if self.msr() & (msr::SE | msr::BE) != 0 || self.slowly {
                self.run_slowly(cache)
            } else {
                self.slice(cache)
            };
            match leave {
                Some(Leave::Hcall) if self.ask().goes_on() => {}
                Some(leave) => return leave,
                None => {}
            }
        }
    }

    /// Runs blocks until the budget is used up or something happens.
    #[inline(always)]
    fn slice(&mut self, cache: &mut Cache) -> Option<Leave> {
        while self.retired < self.look_at {
            let Some(block) = cache.find(self) else {
                return self.fetch_failed();
            };
            if !block.is_translated() {
                self.settle();
            }
            match block.run(self, self.retired) {
                Stop::Next => {}
                Stop::Hypercall if self.stopped_at != TRANSLATED => {
                    self.retired += self.running.len(); // it ends its block
                    if !self.ask().goes_on() {
                        return Some(Leave::Unanswered);
                    }
                }
                stop => return self.stopped(cache, stop),
            }
        }
        None
    }

    /// One instruction if it is traced or a counter is about to raise an alert, else one block; what is
    /// counted of its code is.
    #[cold]
    #[inline(never)]
    fn run_slowly(&mut self, cache: &mut Cache) -> Option<Leave> {
        self.settle();
        let first = self.retired;
        let leave = match self.msr() & (msr::SE | msr::BE) != 0 || self.pmu.single {
            true => self.traced(cache),
            false => self.one_block(cache),
        };
        self.tally(self.running, first..self.retired);
        leave
    }

    /// One block, and none of those after it.
    fn one_block(&mut self, cache: &mut Cache) -> Option<Leave> {
        let block = match cache.find(self) {
            Some(block) => block,
            None => return self.fetch_failed(),
        };
        let look_at = std::mem::replace(&mut self.look_at, AFTER_THIS_BLOCK);
        let stop = block.run(self, self.retired);
        if self.look_at == AFTER_THIS_BLOCK {
            self.look_at = look_at;
        }
        match stop {
            Stop::Next => None,
            stop => self.stopped(cache, stop),
        }
    }

    /// One instruction, then a trace interrupt if the MSR asked for it (Book III, 6.5.15):
    /// SRR1 bit 33 is set and SIAR is the address of the instruction.
    #[inline(never)]
    fn traced(&mut self, cache: &mut Cache) -> Option<Leave> {
        let (step, branch) = (self.msr() & msr::SE != 0, self.msr() & msr::BE != 0);
        if self.has_changes() {
            self.follow_changes();
        }
        let Some((block, word)) = cache.single(self) else {
            return self.fetch_failed();
        };
        let cia = block.start();
        match block.run(self, self.retired) {
            Stop::Next => {}
            stop => return self.stopped(cache, stop),
        }
        let form = isa::decode(word).map(|row| row.form);
        if form.is_some_and(|f| !f.untraced && (step || branch && f.branch)) {
            self.sprs[spr::SIAR] = cia;
            self.take(TRACE, self.nip & self.ea_mask, 1 << (63 - 33));
        }
        None
    }

    /// Acts on a block that did not run to its end.
    #[cold]
    #[inline(never)]
    fn stopped(&mut self, cache: &Cache, stop: Stop) -> Option<Leave> {
        let cia = match self.stopped_at {
            // It has counted the call, and asked.
            TRANSLATED if stop == Stop::Hypercall => {
                self.stopped_at = 0;
                return Some(Leave::Unanswered);
            }
            TRANSLATED => {
                cache.complete(self);
                self.translated.stop_cia
            }
            _ => self.interpreted_up_to(),
        };
        self.stopped_at = 0;
        let next = cia.wrapping_add(4) & self.ea_mask;
        match stop {
            Stop::Hypercall => {
                self.retired += 1;
                return Some(Leave::Hcall);
            }
            Stop::SystemCall => {
                self.retired += 1;
                self.take_stop(stop, next);
            }
            Stop::Again => {
                self.nip = cia & self.ea_mask;
                self.look_at = 0;
            }
            _ => self.take_stop(stop, cia),
        }
        self.interrupted()
    }

    /// Counts what completed of the block that runs; returns the address of the instruction that stopped it.
    fn interpreted_up_to(&mut self) -> u64 {
        let block = self.running;
        let completed = block.completed(self);
        self.retired += completed;
        block.start().wrapping_add(4 * completed)
    }

    /// No instruction can be fetched at NIP.
    #[cold]
    #[inline(never)]
    fn fetch_failed(&mut self) -> Option<Leave> {
        let pc = self.nip & self.pc_mask;
        let (interrupt, info) = self.fetch_interrupt(pc);
        self.take(interrupt, pc, info);
        self.interrupted()
    }

    /// The way out if the CPU can not go on, or firmware handles an interrupt.
    fn interrupted(&self) -> Option<Leave> {
        (self.dead.is_some() || self.non_maskable.is_some()).then_some(Leave::Kept)
    }

    #[cold]
    fn kept(&mut self) -> Option<Exit> {
        let non_maskable = self.non_maskable.take();
        self.dead.or(non_maskable)
    }

    /// Looks at what counters, other threads and the clock want; takes an enabled interrupt.
    #[cold]
    #[inline(never)]
    fn events(&mut self) -> Option<Leave> {
        if self.monitoring {
            self.watch_counters();
        }
        let leave = self.attend();
        self.branch_by_event();
        if self.monitoring {
            self.prepare_counters();
        }
        leave
    }

    fn attend(&mut self) -> Option<Leave> {
        self.look_at = self.retired + SLICE;
        if self.dead.is_some() {
            return Some(Leave::Kept);
        }
        if self.signals.kicked.swap(false, Ordering::Acquire) {
            return Some(Leave::Kicked);
        }
        if self.signals.reset.swap(false, Ordering::Acquire) {
            self.take(crate::state::interrupt::SYSTEM_RESET, self.nip & self.ea_mask, 0);
            self.look_at = self.retired + SLICE;
            return self.interrupted();
        } else if self.msr() & msr::EE != 0 {
            if self.signals.external.load(Ordering::Acquire) {
                self.pmu.note(Kind::Externals);
                self.take(EXTERNAL, self.nip & self.ea_mask, 0);
            } else {
                let now = self.clock.timebase();
                if self.usage.is_late(now) {
                    self.look_at = 0; // an interrupt comes when the machine has seen this
                    return Some(Leave::Late);
                }
                self.take_own(now);
            }
        }
        self.look_at = self.retired + SLICE;
        None
    }

    /// Takes an interrupt that comes from the CPU itself, if one exists at this time.
    #[inline(always)]
    fn take_own(&mut self, timebase: u64) {
        if self.clock.expired_at(timebase) {
            self.take(DECREMENTER, self.nip & self.ea_mask, 0);
        } else if self.sprs[spr::DPDES] != 0 {
            self.sprs[spr::DPDES] = 0;
            self.take(DOORBELL, self.nip & self.ea_mask, 0);
        } else if self.monitor_alerts() {
            self.take(PERFORMANCE_MONITOR, self.nip & self.ea_mask, 0);
        }
    }

    /// True if an interrupt would be taken as soon as MSR\[EE\] allows.
    pub fn interrupt_pending(&self) -> bool {
        self.clock.expired()
            || self.signals.external.load(Ordering::Acquire)
            || self.signals.reset.load(Ordering::Acquire)
            || self.sprs[spr::DPDES] != 0
            || self.monitor_alerts()
    }
}
