// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! How much of the time a CPU really runs. A thread of the host executes it, and the host gives that
//! thread a processor, or lets it wait for one although the guest has work: that time is stolen.
//!
//! PURR, SPURR and VTB count the used time (Power ISA 3.0B, Book III, chapter 7). Time in which
//! the CPU is away ([`Cpu::set_away`]), for example ceded, is neither used nor stolen.

use crate::Cpu;
use crate::state::time::ticks;
use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// The shortest gap between two looks at the clock that counts as made by the host. Without the host's doing the gap is some
/// microseconds.
pub const GAP: u64 = ticks(Duration::from_micros(500));

/// The time that a CPU used and the time that was stolen from it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// The last look; nothing while the CPU is away.
    last: Option<Look>,
    /// Time that the host gave.
    pub used: Duration,
    /// Time that the host took.
    pub stolen: Duration,
    /// The timebase when the CPU first ran.
    pub(crate) first: u64,
    /// True when a gap ends the run, so that the machine can report it.
    pub watches: bool,
    /// The timebase at the last look for a gap.
    seen: u64,
}

/// A reading of both clocks.
#[derive(Clone, Copy, Debug)]
struct Look {
    wall: Instant,
    /// The host's time that this thread was given.
    thread: Duration,
}

impl Look {
    fn now() -> Look {
        Look { wall: Instant::now(), thread: thread_time() }
    }
}

/// The host's CPU time that this thread was given.
pub(crate) fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let nanos = u32::try_from(time.tv_nsec).unwrap_or(0);
    Duration::new(seconds, nanos)
}

impl Usage {
    /// The CPU is there from now on.
    pub fn begin(&mut self, timebase: u64) {
        if self.first == 0 {
            self.first = timebase.max(1);
        }
        if self.last.is_none() {
            self.last = Some(Look::now());
        }
        self.seen = timebase;
    }

    /// The CPU is away from now on.
    pub fn end(&mut self) {
        self.look();
        self.last = None;
    }

    /// Counts what has passed since the last look.
    pub fn look(&mut self) {
        let Some(last) = self.last else { return };
        let now = Look::now();
        let used = now.thread.saturating_sub(last.thread);
        self.used += used;
        self.stolen += (now.wall - last.wall).saturating_sub(used);
        self.last = Some(now);
    }

    /// True if the host has just made a gap that the machine wants to see.
    #[inline(always)]
    pub fn is_late(&mut self, timebase: u64) -> bool {
        let gap = timebase.wrapping_sub(self.seen);
        self.seen = timebase;
        gap > GAP && self.watches
    }

    /// This usage after a reset of the CPU: the counts stay.
    pub(crate) fn after_reset(&self) -> Usage {
        Usage { last: None, ..*self }
    }
}

impl Cpu {
    /// PURR: timebase ticks for which this CPU was given a processor of the host.
    /// All that pass, unless [`watch_stolen`](Cpu::watch_stolen) was called.
    pub fn purr(&mut self) -> u64 {
        if !self.usage.watches {
            return self.timebase();
        }
        self.usage.look();
        ticks(self.usage.used)
    }

    /// VTB: the same, from the timebase on that it started with.
    pub(crate) fn virtual_timebase(&mut self) -> u64 {
        if !self.usage.watches {
            return self.timebase();
        }
        self.usage.first.wrapping_add(self.purr())
    }

    /// Records that the CPU goes away or is back.
    #[inline(always)]
    pub(crate) fn use_away(&mut self, away: bool) {
        match away {
            _ if !self.usage.watches => {}
            true => self.usage.end(),
            false => self.usage.begin(self.clock.timebase()),
        }
    }

    /// Timebase ticks that were stolen, up to the last time that this CPU went away or came back late.
    pub fn stolen(&self) -> u64 {
        ticks(self.usage.stolen)
    }

    /// Adds to what was stolen: this CPU waited for something that had come so long ago.
    pub fn add_stolen(&mut self, time: Duration) {
        self.usage.stolen += time;
    }

    /// Has [`Cpu::run`] come back with [`Exit::Late`](crate::Exit::Late) when time was stolen. Going in and out
    /// then costs a look at the host's clock of the thread.
    pub fn watch_stolen(&mut self) {
        self.usage.watches = true;
    }
}
