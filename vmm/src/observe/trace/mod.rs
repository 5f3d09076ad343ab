// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--trace`: a line for each hypercall that its [`Filter`] selects, on stderr or in a file (`--trace-to`).
//!
//! `0.002417 cpu0 virtual H_PUT_TCE liobn=0x80000000 ioba=0x1000 tce=0x20003 -> H_SUCCESS displaced=0x0`
//!
//! A line is one write. When the lines and the guest's console go to one terminal or file, `beside.rs` keeps them
//! from tearing each other. Lock order: the console's lock, then that of the trace.

mod beside;
mod filter;
mod line;

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

pub use filter::{Filter, help};
pub(crate) use line::call;

use crate::observe::detail::Detail;
use crate::observe::output::Output;
use crate::outlet::Outlet;
use beside::Beside;
use filter::Subject;
use machine::watcher::Made;

/// The output of the lines.
#[derive(Debug)]
pub struct Trace {
    filter: Filter,
    start: Instant,
    /// The largest size of a file.
    limit: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    out: Output,
    bytes: u64,
    dropped: u64,
    /// The state of the console, if it goes to the output of the lines.
    beside: Option<Beside>,
}

impl Trace {
    /// The trace from now on, to stderr or to a file up to its limit. `console` is the outlet of the console.
    pub(crate) fn new(
        filter: Filter,
        file: Option<(Outlet, u64)>,
        console: &Outlet,
    ) -> io::Result<Trace> {
        let (mut out, limit) = match file {
            Some((file, limit)) => (Output::new(file), limit),
            None => (Output::stderr()?, u64::MAX),
        };
        let beside = out.outlet().is_shared_with(console).then(Beside::default);
        if beside.is_some() {
            out.write_at_once();
        }
        let state = Mutex::new(State { out, bytes: 0, dropped: 0, beside });
        Ok(Trace { filter, start: Instant::now(), limit, state })
    }

    /// Writes the line of a call, if the filter selects it.
    pub(crate) fn call(&self, made: &Made, detail: &Detail) {
        if !self.filter.selects(&Subject::of(made, detail)) {
            return;
        }
        let at = made.start.saturating_duration_since(self.start);
        let line = line::line(made, detail, at);
        let mut state = self.state();
        if state.bytes.saturating_add(line.len() as u64) > self.limit {
            state.dropped += 1;
            return;
        }
        state.bytes += line.len() as u64;
        state.add(line);
    }

    /// Prints output of the guest's console, between lines and never inside one.
    pub(crate) fn around_console(&self, bytes: &[u8], print: &mut dyn FnMut(&[u8])) {
        let State { out, beside, .. } = &mut *self.state();
        match beside {
            Some(beside) => beside.console(bytes, print, &mut |lines| out.write_bytes(lines)),
            None => print(bytes),
        }
    }

    /// Writes the lines that wait. Returns the number of lines that the limit left out. Errors: the first one of
    /// the file.
    pub fn finish(&self) -> io::Result<u64> {
        let State { out, beside, dropped, .. } = &mut *self.state();
        if let Some(beside) = beside {
            out.write_bytes(&beside.finish());
        }
        out.finish().map(|()| *dropped)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn add(&mut self, line: String) {
        let now = match &mut self.beside {
            Some(beside) => beside.line(line.as_bytes(), Instant::now()),
            None => line.into_bytes(),
        };
        self.out.write_bytes(&now);
    }
}
