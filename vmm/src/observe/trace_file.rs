// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--trace-file`: calls, accesses and interrupts, in the JSON Trace Event format of Chrome's and Perfetto's viewers.
//!
//! The machine is a process whose threads are the vCPUs, with a slice for each hypercall. Each device is a
//! process whose threads are its ports, with a slice for each DMA access, and its interrupts. An arrow goes from
//! the last hypercall that wrote an entry to the access that used it. The arrow is written together with the access, so
//! that both of its ends are always in the file.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use hcall::{Memory, Regs, Status};
use iommu::{GuestEntry, Ioba, Liobn, Window};
use machine::watcher::Made;
use serde_json::Value;
use vio::DmaAccess;

use super::made::{self, Entries};
use super::output::Output;
use super::stats::nanoseconds;
use crate::outlet::Outlet;

/// The process of the vCPUs. The process of a device has the number of its LIOBN.
const MACHINE: u32 = 1;
/// The thread of a device's interrupts, and that of its first port.
const INTERRUPTS: usize = 0;
const FIRST_PORT: usize = 1;
/// The room that is kept for the end of the file, in bytes.
const END: u64 = 64;
/// The largest number of arrows to one access.
const MOST_ARROWS: usize = 8;
/// The names of the registers of a call whose arguments are not known.
const UNNAMED: [&str; 4] = ["r4", "r5", "r6", "r7"];

/// The file.
#[derive(Debug)]
pub struct TraceFile {
    origin: Instant,
    limit: u64,
    state: Mutex<State>,
}

/// The size of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// The number of bytes of the access.
    pub bytes: u64,
    /// Events in the file.
    pub events: u64,
    /// Events that were left out, because the file would have become too large.
    pub dropped: u64,
}

#[derive(Debug)]
struct State {
    out: Output,
    size: Size,
    arrows: u64,
    origins: Origins,
    /// The threads of the devices' ports that have appeared.
    ports: HashMap<(Liobn, &'static str), usize>,
    /// The text of events before they are written. Its memory is reused.
    text: String,
    /// The number of events in the text.
    pending: u64,
    over: bool,
}

/// The place of a slice.
#[derive(Clone, Copy, Debug)]
struct Track {
    process: u32,
    thread: usize,
}

impl TraceFile {
    /// The trace of a run that begins now. Events that would make the file larger than `limit` bytes are only counted.
    pub(crate) fn new(to: Outlet, limit: u64) -> TraceFile {
        let mut out = Output::new(to);
        let start = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[";
        out.write(format_args!("{start}"));
        let state = State {
            out,
            size: Size { bytes: start.len() as u64, ..Size::default() },
            arrows: 0,
            origins: Origins::new(),
            ports: HashMap::new(),
            text: String::new(),
            pending: 0,
            over: false,
        };
        TraceFile { origin: Instant::now(), limit, state: Mutex::new(state) }
    }

    /// Names the tracks.
    pub(crate) fn name_tracks(&self, machine: &str, cpus: usize, devices: &[(Liobn, String)]) {
        let mut state = self.state();
        state.name("process_name", Track { process: MACHINE, thread: 0 }, machine);
        for cpu in 0..cpus {
            let track = Track { process: MACHINE, thread: cpu };
            state.name("thread_name", track, &format!("vCPU {cpu}"));
        }
        for (liobn, name) in devices {
            let track = Track { process: liobn.0, thread: INTERRUPTS };
            state.name("process_name", track, name);
            state.name("thread_name", track, "interrupts");
        }
        state.put(self.limit);
    }

    /// Writes a hypercall.
    pub(crate) fn call(&self, made: &Made, entries: Option<&Entries>, memory: &Memory) {
        let at = self.at(made.start);
        let track = Track { process: MACHINE, thread: made.server as usize };
        let mut state = self.state();
        state.slice(made.name(), "hypercall", track, at, made.time);
        let text = &mut state.text;
        arguments(text, made);
        if let Some(service) = made::rtas(made, memory) {
            let _ = write!(text, "\"service\":\"{service}\",");
        }
        if let Some(tier) = made.tier {
            let _ = write!(text, "\"tier\":\"{tier}\",");
        }
        let _ = write!(text, "\"status\":\"{}\"}}}}", made.call.status);
        if state.put(self.limit)
            && let (Some(entries), Status::Success) = (entries, made.call.status)
        {
            state.origins.note(entries, Origin { server: made.server, at });
        }
    }

    /// Writes a device's access.
    pub(crate) fn access(&self, access: &DmaAccess) {
        let at = self.at(access.start);
        let DmaAccess { window, port, ioba, len, write, .. } = *access;
        let mut state = self.state();
        let track = state.port(window.liobn(), port);
        let name = if write { "DMA write" } else { "DMA read" };
        state.slice(name, "dma", track, at, access.time);
        let text = &mut state.text;
        let _ = write!(text, "\"liobn\":\"{}\",\"ioba\":\"{ioba}\",", window.liobn());
        let _ = write!(text, "\"bytes\":{len}");
        if let Some(fault) = access.fault {
            let _ = write!(text, ",\"fault\":{}", Value::from(fault.why.to_string()));
        }
        text.push_str("}}");
        let arrows = state.origins.of(&window, ioba, len, at);
        for from in arrows.into_iter().flatten() {
            state.arrow(from, track, at);
        }
        state.put(self.limit);
    }

    /// Writes a device's interrupt.
    pub(crate) fn interrupt(&self, device: Liobn, at: Instant) {
        let at = self.at(at);
        let mut state = self.state();
        let track = Track { process: device.0, thread: INTERRUPTS };
        state.head("interrupt", "interrupt", "i", track, at);
        state.text.push_str(",\"s\":\"t\"}");
        state.put(self.limit);
    }

    /// Ends the file. Errors: the first one of the file.
    pub fn finish(&self) -> io::Result<Size> {
        let mut state = self.state();
        let dropped = state.size.dropped;
        let end = format!("\n],\"otherData\":{{\"dropped\":{dropped}}}}}\n");
        if !std::mem::replace(&mut state.over, true) {
            state.size.bytes += end.len() as u64;
            state.out.write(format_args!("{end}"));
        }
        state.out.finish()?;
        Ok(state.size)
    }

    fn at(&self, time: Instant) -> u64 {
        nanoseconds(time.saturating_duration_since(self.origin))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.text.clear();
        state.pending = 0;
        state
    }
}

impl Drop for TraceFile {
    /// Ends the file, so that it can be read however the run ended.
    fn drop(&mut self) {
        let _ = self.finish();
    }
}

// Writing to a string does not fail, so the result of write! is ignored throughout.

impl State {
    /// Writes the events of the text, all or none. False when they were dropped.
    fn put(&mut self, limit: u64) -> bool {
        let State { out, size, text, pending, over, .. } = self;
        let bytes = size.bytes + text.len() as u64;
        // After the first dropped event all others are dropped: a trace with a gap would mislead.
        if *over || size.dropped > 0 || bytes.saturating_add(END) > limit {
            size.dropped += *pending;
            return false;
        }
        out.write(format_args!("{text}"));
        size.bytes = bytes;
        size.events += *pending;
        true
    }

    /// Writes the common start of every event.
    fn head(&mut self, name: &str, category: &str, phase: &str, track: Track, at: u64) {
        let first = self.size.events + self.pending == 0;
        self.pending += 1;
        let comma = if first { "" } else { "," };
        let Track { process, thread } = track;
        let _ = write!(
            self.text,
            "{comma}\n{{\"name\":\"{name}\",\"cat\":\"{category}\",\"ph\":\"{phase}\",\"pid\":{process},\
             \"tid\":{thread},\"ts\":{}",
            Microseconds(at)
        );
    }

    /// Writes a slice up to its arguments.
    fn slice(&mut self, name: &str, category: &str, track: Track, at: u64, time: Duration) {
        self.head(name, category, "X", track, at);
        let _ = write!(self.text, ",\"dur\":{},\"args\":{{", Microseconds(nanoseconds(time)));
    }

    fn name(&mut self, what: &str, track: Track, name: &str) {
        self.head(what, "__metadata", "M", track, 0);
        let _ = write!(self.text, ",\"args\":{{\"name\":{}}}}}", Value::from(name));
    }

    /// Writes an arrow from the hypercall that began at the origin's time to the access that begins now.
    fn arrow(&mut self, from: Origin, to: Track, at: u64) {
        self.arrows += 1;
        let start = Track { process: MACHINE, thread: from.server as usize };
        self.head("entry", "entry", "s", start, from.at);
        let _ = write!(self.text, ",\"id\":{}}}", self.arrows);
        self.head("entry", "entry", "f", to, at);
        let _ = write!(self.text, ",\"id\":{},\"bp\":\"e\"}}", self.arrows);
    }

    /// The track of a port. It gets its name when the port first appears.
    fn port(&mut self, device: Liobn, port: &'static str) -> Track {
        let next = FIRST_PORT + self.ports.keys().filter(|(of, _)| *of == device).count();
        let thread = *self.ports.entry((device, port)).or_insert(next);
        let track = Track { process: device.0, thread };
        if thread == next {
            self.name("thread_name", track, port);
        }
        track
    }
}

/// Nanoseconds, written as the format requires.
struct Microseconds(u64);

impl std::fmt::Display for Microseconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// Writes arguments by name, and the answers if the call succeeded.
fn arguments(text: &mut String, made: &Made) {
    let mut registers = |names: &[&str], values: &Regs| {
        for (name, value) in names.iter().zip(&values[1..]) {
            let _ = write!(text, "\"{name}\":\"{value:#x}\",");
        }
    };
    match made.call.hcall {
        None => registers(&UNNAMED, &made.asked),
        Some(row) => {
            registers(row.args, &made.asked);
            if made.call.status == Status::Success {
                registers(row.returns, &made.answered);
            }
        }
    }
}

/// The last call that wrote an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Origin {
    server: u32,
    at: u64,
}

/// The last writer of each entry, as far as there is room: several entries share a place, and the last one has it.
#[derive(Debug)]
struct Origins(Box<[(Liobn, GuestEntry, Origin)]>);

impl Origins {
    /// The number of places, a power of two.
    const PLACES: usize = 1 << 16;
    /// The key of an empty place, which is in no window.
    const NOBODY: (Liobn, GuestEntry) = (Liobn(0), GuestEntry(u64::MAX));

    fn new() -> Origins {
        let (liobn, entry) = Origins::NOBODY;
        Origins(vec![(liobn, entry, Origin::default()); Origins::PLACES].into())
    }

    fn place(liobn: Liobn, entry: GuestEntry) -> usize {
        // Windows may begin half a window's length apart.
        let mixed = entry.0 ^ u64::from(liobn.0).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
        mixed as usize % Origins::PLACES
    }

    fn note(&mut self, entries: &Entries, origin: Origin) {
        let liobn = entries.window.liobn();
        for entry in (entries.first.0..).take(entries.count as usize).map(GuestEntry) {
            self.0[Origins::place(liobn, entry)] = (liobn, entry, origin);
        }
    }

    /// The calls that last wrote the entries of an access before it began, each once.
    fn of(&self, window: &Window, ioba: Ioba, len: u64, at: u64) -> [Option<Origin>; MOST_ARROWS] {
        let mut found = [None; MOST_ARROWS];
        let mut count = 0;
        let low_bits = window.page_shift().low_bits();
        let last = ioba.0.saturating_add(len.saturating_sub(1)) & !low_bits;
        let mut page = ioba.0 & !low_bits;
        while page <= last && count < found.len() {
            let Ok(entry) = window.entry(Ioba(page)) else { break };
            let (of, known, origin) = self.0[Origins::place(window.liobn(), entry)];
            let there = (of, known) == (window.liobn(), entry) && origin.at <= at;
            if there && !found.contains(&Some(origin)) {
                found[count] = Some(origin);
                count += 1;
            }
            let Some(next) = page.checked_add(low_bits + 1) else { break };
            page = next;
        }
        found
    }
}
