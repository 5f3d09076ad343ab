// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The function that answers the hypercalls of a CPU while it runs. Translated code calls it, and so does the loop.
#![allow(unsafe_code)]

use crate::{Cpu, engine::interp::block::Place, interrupt::Stop};
use std::{
    any::Any,
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    ptr,
    sync::atomic::{Ordering, fence},
};

/// The end of a hypercall, in the two registers of results.
#[repr(C)]
pub(crate) struct Answered {
    /// The [`Stop`] with which translated code leaves: a hypercall that was not answered, or none.
    stop: u64,
    /// 0 if translated code need not leave.
    leaves: u64,
}

impl Answered {
    const NOT: Answered = Answered { stop: Stop::Hypercall as u64, leaves: 1 };

    /// True if the call was answered, and the CPU goes on.
    #[inline(always)]
    pub(crate) fn goes_on(&self) -> bool {
        self.stop == Stop::Next as u64
    }
}

/// A closure that answers, and the function that calls it.
#[derive(Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) ask: extern "C" fn(&mut Cpu, *mut ()) -> Answered,
    pub(crate) closure: *mut (),
}

// SAFETY: only a CPU that runs asks, and its thread has put the answer there: see `Asked::answer`.
unsafe impl Send for Answer {}

impl Answer {
    /// Nothing answers.
    pub(crate) const NONE: Answer = Answer { ask: unanswered, closure: ptr::null_mut() };
}

extern "C" fn unanswered(_: &mut Cpu, _: *mut ()) -> Answered {
    Answered::NOT
}

/// A closure that answers hypercalls during a run.
pub(crate) struct Asked<F> {
    answer: F,
    /// It has panicked, which must not unwind through translated code.
    panic: Option<Box<dyn Any + Send>>,
}

impl<F: FnMut(&mut Cpu) -> ControlFlow<()>> Asked<F> {
    pub(crate) fn new(answer: F) -> Asked<F> {
        Asked { answer, panic: None }
    }

    /// The answer for a CPU to keep while it runs, which is no longer than this value lives: each run begins with an
    /// answer of its own, and the answer of the run around it is put back at its end.
    pub(crate) fn answer(&mut self) -> Answer {
        Answer { ask: ask::<F>, closure: ptr::from_mut(self).cast() }
    }

    /// Goes on with a panic of the closure, now that the run is over.
    pub(crate) fn resume_panic(self) {
        if let Some(panic) = self.panic {
            resume_unwind(panic);
        }
    }
}

/// Has the hypercall before NIP answered. All registers of the CPU are right, and so is the count of instructions.
extern "C" fn ask<F>(cpu: &mut Cpu, closure: *mut ()) -> Answered
where
    F: FnMut(&mut Cpu) -> ControlFlow<()>,
{
    // SAFETY: `Asked::answer` made the pointer from this type, and the run that it was made for is not over. The closure is
    // not running: a run inside it has an answer of its own.
    let asked: &mut Asked<F> = unsafe { &mut *closure.cast() };
    fence(Ordering::Acquire); // `sc` synchronizes the context
    cpu.follow_watched_if_any(); // a hypercall may signal another CPU
    cpu.vectors.settle();
    let (nip, epoch, run) = (cpu.nip, cpu.mmu.epoch, cpu.run_under_way());
    let answered = catch_unwind(AssertUnwindSafe(|| (asked.answer)(cpu)));
    if cpu.answer.closure != closure {
        let answer = Answer { ask: ask::<F>, closure };
        cpu.go_on_with(Run { answer, ..run }); // it is another CPU, or was reset
    }
    match answered {
        Ok(ControlFlow::Continue(())) => {
            // Whatever else has changed has `look_at` be 0.
            let same = cpu.nip == nip && cpu.mmu.epoch == epoch && !cpu.has_changes();
            Answered { stop: Stop::Next as u64, leaves: u64::from(!same) }
        }
        Ok(ControlFlow::Break(())) => Answered::NOT,
        Err(panic) => {
            asked.panic = Some(panic);
            Answered::NOT
        }
    }
}

/// A run that is under way, as far as the CPU keeps it.
#[derive(Clone, Copy)]
pub(crate) struct Run {
    answer: Answer,
    running: Place,
    entrance: usize,
}

impl Cpu {
    /// The run that is under way.
    #[inline(always)]
    fn run_under_way(&self) -> Run {
        let (answer, running, entrance) = (self.answer, self.running, self.translated.entrance());
        Run { answer, running, entrance }
    }

    /// Begins a run with another answer. Returns the run in whose hypercall it is, if it is in one.
    pub(crate) fn begin_run(&mut self, answer: Answer) -> Run {
        let outer = self.run_under_way();
        self.answer = answer;
        outer
    }

    /// Ends a run.
    pub(crate) fn end_run(&mut self, outer: Run) {
        if outer.running.is_none() {
            self.answer = Answer::NONE;
        } else {
            self.go_on_with(outer);
            self.set_away(false);
        }
    }

    /// Goes on with a run after a hypercall in which the CPU has done something else.
    #[cold]
    #[inline(never)]
    fn go_on_with(&mut self, run: Run) {
        (self.answer, self.running) = (run.answer, run.running);
        self.translated.come_back(run.entrance);
        self.look_at = 0;
    }

    /// Has the hypercall before NIP answered.
    #[inline(always)]
    pub(crate) fn ask(&mut self) -> Answered {
        let Answer { ask, closure } = self.answer;
        ask(self, closure)
    }
}
