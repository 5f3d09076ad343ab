// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The timebase and the decrementer (Power ISA 3.0B, Book III, chapter 7).

use crate::Cpu;
use std::time::{Duration, Instant};

/// Ticks of the timebase in a second.
pub const TIMEBASE_HZ: u64 = 512_000_000;

/// Cycles in a second, for the performance monitor: what the device tree says, however fast the host is.
pub const CLOCK_HZ: u64 = 1_000_000_000;

/// Width of the decrementer, with its sign bit (`ibm,dec-bits`).
pub const DECREMENTER_BITS: u32 = 56;

/// The clock of a CPU.
#[derive(Clone, Debug)]
pub struct Clock {
    /// When the timebase showed 0; a guest can not write it.
    pub(crate) start: Instant,
    /// When the decrementer shows 0, in timebase ticks.
    pub(crate) expiry: u64,
}

/// Timebase ticks in a span of time: nanoseconds * 512 / 1000.
pub const fn ticks(time: Duration) -> u64 {
    (time.as_nanos() * TIMEBASE_HZ as u128 / 1_000_000_000) as u64
}

impl Clock {
    /// A clock whose timebase shows 0 and whose decrementer is as far away as it can be.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Clock {
        let farthest = (1 << (DECREMENTER_BITS - 1)) - 1;
        Clock { start: Instant::now(), expiry: farthest }
    }
    /// The clock of another CPU: the same timebase, its own decrementer.
    pub(crate) fn sibling(&self) -> Clock {
        Clock { expiry: Clock::new().expiry, ..*self }
    }
    pub(crate) fn timebase(&self) -> u64 {
        ticks(self.start.elapsed())
    }
    /// Cycles since the timebase showed 0.
    pub(crate) fn cycles(&self) -> u64 {
        const { assert!(CLOCK_HZ == 1_000_000_000) };
        self.start.elapsed().as_nanos() as u64
    }
    /// The decrementer, sign-extended.
    pub fn decrementer(&self) -> u64 {
        self.decrementer_at(self.timebase())
    }
    fn decrementer_at(&self, timebase: u64) -> u64 {
        sign_extend(self.expiry.wrapping_sub(timebase))
    }
    /// Sets the decrementer, of which the low 56 bits count.
    pub fn set_decrementer(&mut self, value: u64) {
        self.expiry = self.timebase().wrapping_add(sign_extend(value));
    }
    /// A decrementer exception exists while the decrementer is negative.
    pub fn expired(&self) -> bool {
        self.expired_at(self.timebase())
    }
    /// As [`expired`](Self::expired), for a timebase that has been read.
    pub(crate) fn expired_at(&self, timebase: u64) -> bool {
        self.decrementer_at(timebase) >> 63 != 0
    }
}

fn sign_extend(value: u64) -> u64 {
    let unused = 64 - DECREMENTER_BITS;
    ((value << unused) as i64 >> unused) as u64
}

impl Cpu {
    /// The timebase.
    pub fn timebase(&self) -> u64 {
        self.clock.timebase()
    }

    /// Takes a pause, in which no CPU of the machine ran, out of this CPU's time: the timebase does not show it, and it is
    /// neither used nor stolen. All CPUs of a machine skip the same pause.
    pub fn skip_time(&mut self, pause: Duration) {
        self.clock.start += pause;
        self.usage = self.usage.after_reset();
    }

    /// Time until the decrementer becomes negative; zero when it already is.
    pub fn time_to_decrementer(&self) -> Duration {
        let left = self.clock.decrementer();
        if left >> 63 != 0 {
            return Duration::ZERO;
        }
        let ticks = u128::from(left) + 1;
        let nanos = (ticks * 1_000_000_000).div_ceil(u128::from(TIMEBASE_HZ));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}
