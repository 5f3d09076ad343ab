// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The cost and the sums of a run, for `--stats`.
//!
//! [`Calls`] counts while the guest runs, the machine keeps its [`Summary`], and [`Statistics`] is both at the end. A
//! statistic is a row of [`ROWS`](rows::ROWS), which has its place in the text for people and in the object for
//! programs. A number alone is a [`Number`](rows::Number), which the page of `--report` shows, too.

mod calls;
mod histogram;
pub mod rows;
mod sections;

use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use machine::summary::Summary;
use serde_json::Value;

pub use calls::{CallStats, Calls, HALF, MOST};
pub use histogram::Histogram;
pub(crate) use histogram::nanoseconds;

/// The statistics of a run.
#[derive(Debug)]
pub struct Statistics {
    /// The sums of the machine.
    pub machine: Summary,
    /// The sums of each hypercall.
    pub calls: Calls,
    /// The time from the first instruction to the last, on the host's clock.
    pub elapsed: Duration,
}

impl Statistics {
    /// One JSON object for programs. A change that breaks readers changes "version".
    pub fn object(&self) -> Value {
        rows::object(self)
    }

    /// Millions of guest instructions per second of the host's clock, of all CPUs of the guest together. Hypercalls are
    /// included, idle time is not. The rate falls when the host runs something else.
    pub fn mips(&self) -> Option<f64> {
        self.rate(self.elapsed.saturating_sub(self.machine.idle))
    }

    /// Millions of guest instructions per second of CPU time, of one CPU of the guest. Hypercalls are included. Other
    /// load of the host does not change the rate.
    pub fn mips_of_cpu(&self) -> Option<f64> {
        self.rate(self.machine.cpu)
    }

    /// The percentage of the guest's instructions that ran translated, where there is a translator.
    pub fn translated_percent(&self) -> Option<f64> {
        let (ran, all) = (self.machine.translation?.ran, self.machine.instructions?);
        Some(100.0 * ran as f64 / all.max(1) as f64)
    }

    fn rate(&self, time: Duration) -> Option<f64> {
        let (seconds, instructions) = (time.as_secs_f64(), self.machine.instructions? as f64);
        Some(if seconds > 0.0 { instructions / seconds / 1e6 } else { 0.0 })
    }
}

/// The statistics as lines for people.
impl Display for Statistics {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        rows::text(self, f)
    }
}
