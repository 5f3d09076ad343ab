// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--record`: the machine, and its TCE calls with everything that changes DMA windows, as a script that `tcevm replay`
//! plays (the language is that of [`comply::script`]). The file is written as the calls happen, and none of it is kept
//! in memory.
//!
//! *Order.* A call on a window is made and recorded under one lock ([`Observe::order`](crate::observe::Observe)),
//! so the file has such calls in the order in which they happened, however vCPUs race. A replay that makes them one
//! after another gets their answers. Calls never overlap, so only the guest can change the input of a call while it is
//! made. A list that was rewritten meanwhile is read back from the window, if the call succeeded and so stored
//! it; the answer of a call that failed is left open.
//!
//! *Contents.* A list is a `poke` before its call. A call whose answer depends on more than windows and memory cannot
//! be played; with `--record-all` it is a comment, otherwise it is left out. At the end the file has a digest of
//! each window, by which a replay of the library shows that it came to equal entries.

use std::fmt::Write as _;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use comply::direct::Setup;
use comply::host;
use comply::script::{Code, Recorded};
use hcall::tokens::H_RTAS;
use hcall::{Hcall, Status};
use iommu::Container;

use crate::observe::detail::Detail;
use crate::observe::made::{Entries, is_tce};
use crate::observe::output::Output;
use crate::observe::rtas::Rtas;
use crate::observe::trace;
use crate::options::plugins::PlatformValue;
use crate::options::run::RunArgs;
use crate::outlet::Outlet;
use machine::boot::Ready;
use machine::watcher::Made;

/// The number of entries in one `poke`.
const POKE: usize = 64;
/// The number of cells of each kind that a block in a script may have.
const CELLS: usize = 8;
/// The RTAS calls that change windows.
const CHANGES: [&str; 3] =
    ["ibm,create-pe-dma-window", "ibm,remove-pe-dma-window", "ibm,reset-pe-dma-windows"];

/// The file, shared by all vCPUs.
#[derive(Debug)]
pub struct Recorder {
    /// True when other calls are recorded, too, as comments.
    all: bool,
    file: Mutex<File>,
}

#[derive(Debug)]
struct File {
    out: Output,
    /// True when a call is missing. The windows at the end are then not those of a replay.
    cut: bool,
}

/// The lines of a call.
enum Line {
    /// Steps that can be played.
    Played(String),
    /// None, although the call changed windows; the text says why.
    Lost(&'static str),
    /// None, because the call has nothing to do with windows.
    Other,
}

/// The machine of a run.
pub(crate) fn machine(args: &RunArgs, ready: &Ready) -> Recorded {
    let defaults = Setup::default();
    let (dma, nodes) = (&args.dma, ready.devices.nodes());
    let setup = Setup {
        ram: args.memory.bytes(),
        cpus: args.smp,
        window: ready.dma_window,
        devices: nodes.windows().collect(),
        // The names of the profiles are equal in both crates.
        profile: dma.profile.name.parse().unwrap_or(defaults.profile),
        tier: dma.accel,
        platform: dma.platform.as_ref().map_or(defaults.platform, PlatformValue::kind),
        table_memory: Some(dma.config().table_memory(args.memory)),
        ..defaults
    };
    Recorded::new(setup, !dma.inject.is_empty())
}

impl Recorder {
    /// Creates the record. It begins with the description of the machine.
    pub(crate) fn new(to: Outlet, machine: &Recorded, all: bool) -> Recorder {
        let mut out = Output::new(to);
        let version = env!("CARGO_PKG_VERSION");
        out.write(format_args!(
            "# recorded by tcevm {version}; play it by: tcevm replay FILE\n{machine}"
        ));
        Recorder { all, file: Mutex::new(File { out, cut: false }) }
    }

    /// Records a call and its answer.
    pub(crate) fn call(&self, made: &Made, detail: &Detail, container: &Container) {
        let line = match made.call.hcall {
            Some(row) if is_tce(row) => tce_call(row, made, detail, container),
            Some(row) if row.token == H_RTAS => window_call(made, detail),
            _ => Line::Other,
        };
        let comment = || format!("# cpu {} {}\n", made.server, trace::call(made, detail));
        let (lines, cut) = match line {
            Line::Played(lines) => (lines, false),
            Line::Lost(why) => (format!("# {why}:\n{}", comment()), true),
            Line::Other if self.all => (comment(), false),
            Line::Other => return,
        };
        let mut file = self.file();
        file.cut |= cut;
        file.out.write(format_args!("{lines}"));
    }

    /// Records that the machine was reset.
    pub(crate) fn reset(&self) {
        self.file().out.write(format_args!("reset\n"));
    }

    /// Records the windows at the end of the run, before they are torn down.
    pub(crate) fn end(&self, container: &Container) {
        let mut file = self.file();
        if file.cut {
            return;
        }
        let windows = container.windows();
        file.out.write(format_args!("host windows = {}\n", windows.len()));
        for window in windows.iter() {
            let (liobn, view) = (window.window().liobn(), host::view(window));
            file.out.write(format_args!("host view {liobn} = {view:#x}\n"));
        }
    }

    /// Writes the buffered rest. Errors: the first one of the file.
    pub fn finish(&self) -> io::Result<()> {
        self.file().out.finish()
    }

    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The lines of a TCE call, with its list before it.
fn tce_call(row: &Hcall, made: &Made, detail: &Detail, container: &Container) -> Line {
    let Made { server, asked, answered, call, .. } = made;
    if call.status == Status::Busy {
        return Line::Lost("the run ended in this call");
    }
    let done = call.status == Status::Success;
    let stored = || Entries::of(asked, container).map(|entries| entries.load(container));
    let list = if done && detail.raced { stored() } else { detail.list.clone() };
    let mut lines = list.map_or(String::new(), |list| pokes(row, made, &list));
    // The status is H_PRIVILEGE only for a call from problem state.
    let user = if call.status == Status::Privilege { "user " } else { "" };
    // Writing to a string does not fail, here and below.
    let _ = write!(lines, "cpu {server} {user}{}", row.name);
    asked[1..=row.args.len()].iter().for_each(|arg| _ = write!(lines, " {arg:#x}"));
    if !done && detail.raced {
        lines += " -> _ # the list was rewritten meanwhile\n";
        return Line::Played(lines);
    }
    let _ = write!(lines, " -> {}", Code(call.status.code()));
    if done {
        answered[1..=row.returns.len()].iter().for_each(|out| _ = write!(lines, " {out:#x}"));
    }
    lines.push('\n');
    Line::Played(lines)
}

/// The lines that put a list where the call reads it.
fn pokes(row: &Hcall, made: &Made, list: &[u64]) -> String {
    let mut lines = String::new();
    let at = row.arg(&made.asked, "list").unwrap_or_default();
    for (at, some) in (at..).step_by(8 * POKE).zip(list.chunks(POKE)) {
        let _ = write!(lines, "poke {at:#x}");
        some.iter().for_each(|tce| _ = write!(lines, " {tce:#x}"));
        lines.push('\n');
    }
    lines
}

/// The line of an RTAS call that changes windows, by the name of the call.
fn window_call(made: &Made, detail: &Detail) -> Line {
    let Some(rtas) = detail.rtas.as_ref().filter(|_| made.call.status == Status::Success) else {
        return Line::Other;
    };
    let name = rtas.service().map_or("", |service| service.name);
    match CHANGES.contains(&name) {
        _ if detail.raced => Line::Lost("the guest rewrote this call while it was made"),
        // RTAS refuses a block with more cells than a script can have.
        true if rtas.inputs().len() <= CELLS && rtas.outputs().len() < CELLS => {
            Line::Played(rtas_line(made.server, name, rtas))
        }
        _ => Line::Other,
    }
}

fn rtas_line(server: u32, name: &str, rtas: &Rtas) -> String {
    let mut line = format!("cpu {server} rtas {name}");
    rtas.inputs().iter().for_each(|input| _ = write!(line, " {input:#x}"));
    let _ = write!(line, " -> {}", rtas.status());
    for out in rtas.outputs() {
        // The outputs of a call that failed mean nothing, but their number does.
        let _ = if rtas.status() == 0 { write!(line, " {out:#x}") } else { write!(line, " _") };
    }
    line.push('\n');
    line
}
