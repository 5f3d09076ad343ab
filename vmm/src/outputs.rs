// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The files that a run writes. They are created before the run, so that an impossible name is reported at once,
//! and written however the run ends. A file that cannot be written leaves the others whole. No output may be a
//! file that the command reads ([`paths`] has the rule).

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use iommu::Container;
use paths::output::Files;

use crate::monitor::Place;
use crate::observe::{History, Observe, Recorder, Trace, TraceFile, record};
use crate::outlet::{self, Outlet};
use crate::perf_map;
use machine::boot::Ready;
use machine::dirty::Dirty;
use machine::image::symbols::Symbols;
use machine::memory::in_units;
use power::HostCode;

use crate::failure::Failure;
use crate::options::run::RunArgs;

/// The files that the user asked for.
pub(crate) struct Outputs<'a> {
    args: &'a RunArgs,
    dirty: Option<Outlet>,
    report: Option<Outlet>,
    perf_map: Option<Outlet>,
    record: Option<Arc<Recorder>>,
    events: Option<Arc<TraceFile>>,
    trace: Option<Arc<Trace>>,
    /// The errors of single files.
    failures: Vec<Failure>,
}

/// Does something with a file, if the user asked for it.
fn file<T>(
    what: &'static str,
    path: Option<&Path>,
    with: impl FnOnce(&Path) -> io::Result<T>,
) -> Result<Option<T>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let failed = |source| Failure::Output { what, path: path.to_owned(), source };
    with(path).map(Some).map_err(failed)
}

/// The files of the command that no output may overwrite.
fn protected(args: &RunArgs) -> Files {
    let mut files = Files::default().waiting_while(outlet::may_wait);
    let mut protect = |what, path: Option<&Path>| path.map_or((), |path| files.protect(what, path));
    protect("the image", args.image.as_deref());
    protect("the initrd", args.initrd.as_deref());
    protect("the snapshot", args.restore.as_deref());
    args.devices.disk.iter().for_each(|disk| protect("a disk", Some(&disk.spec.path)));
    protect("standard input", Some(Path::new("/dev/stdin")));
    files
}

/// Creates an output, if the user asked for it; `-` is standard output.
fn create(
    files: &mut Files,
    what: &'static str,
    path: Option<&Path>,
) -> Result<Option<Outlet>, Failure> {
    let Some(path) = path else { return Ok(None) };
    if outlet::is_dash(path) {
        let failed = |source| Failure::Output { what, path: path.to_owned(), source };
        return Outlet::stdout().map(Some).map_err(failed);
    }
    let failed = |source| Failure::Create { what, path: path.to_owned(), source };
    files.create(&format!("the {what}"), path).map(|file| Some(Outlet::new(file))).map_err(failed)
}

/// Writes the device tree to a file, or to standard output.
pub(crate) fn dump_dtb(args: &RunArgs, path: &Path, dtb: &[u8]) -> Result<(), Failure> {
    let to = Some(path).filter(|path| !outlet::is_dash(path));
    let failed = |source| Failure::DumpDtb { path: path.to_owned(), source };
    match create(&mut protected(args), "device tree", to)? {
        Some(mut to) => to.write_all(dtb).map_err(failed),
        None => {
            outlet::print(dtb);
            Ok(())
        }
    }
}

/// The trace for people, if the user asked for it.
fn trace(args: &RunArgs, to: Option<Outlet>) -> Result<Option<Arc<Trace>>, Failure> {
    let Some(filter) = &args.trace else { return Ok(None) };
    let console = Outputs::console(args)?;
    let trace = Trace::new(filter.clone(), to.map(|to| (to, args.trace_limit)), &console);
    let failed = |source| Failure::Host { what: "the trace", source };
    trace.map(|trace| Some(Arc::new(trace))).map_err(failed)
}

impl<'a> Outputs<'a> {
    /// Creates the files.
    pub(crate) fn create(args: &'a RunArgs, ready: &Ready) -> Result<Outputs<'a>, Failure> {
        let dashes = args.files().filter(|(_, path)| outlet::is_dash(path)).count();
        if dashes + usize::from(args.monitor == Some(Place::Stdio)) > 1 {
            return Err(Failure::TwoOnStdout);
        }
        let files = &mut protected(args);
        let dirty = create(files, "dirty log", args.dirty_log.as_deref())?;
        let report = create(files, "report", args.report.as_deref())?;
        let perf_map = args.perf_map.then(perf_map::path);
        let perf_map = create(files, "map for perf", perf_map.as_deref())?;
        let record = create(files, "record", args.record.as_deref())?;
        let events = create(files, "trace", args.trace_file.as_deref())?;
        let lines = create(files, "trace", args.trace_to.as_deref())?;
        let machine = record::machine(args, ready);
        let record = record.map(|to| Arc::new(Recorder::new(to, &machine, args.record_all)));
        let events = events.map(|to| Arc::new(TraceFile::new(to, args.trace_limit)));
        let trace = trace(args, lines)?;
        Ok(Outputs { args, dirty, report, perf_map, record, events, trace, failures: Vec::new() })
    }

    /// The outlet of the guest's console: stdout, or stderr when a file goes to stdout.
    pub(crate) fn console(args: &RunArgs) -> Result<Outlet, Failure> {
        let taken = args.monitor == Some(Place::Stdio)
            || args.files().any(|(_, path)| outlet::is_dash(path));
        let console = if taken { Outlet::stderr() } else { Outlet::stdout() };
        console.map_err(|source| Failure::Host { what: "the console", source })
    }

    /// The observers that the files need.
    pub(crate) fn observe(&self) -> Observe {
        Observe {
            trace: self.trace.clone(),
            stats: self.args.stats.is_some() || self.report.is_some(),
            record: self.record.clone(),
            history: self.report.as_ref().map(|_| Arc::new(History::new())),
            events: self.events.clone(),
            order: Arc::default(),
            notes: Arc::default(),
        }
    }

    /// Records the guest's windows at the end of the run. Call it before they are torn down.
    pub(crate) fn end(&self, container: &Container) {
        if let Some(record) = &self.record {
            record.end(container);
        }
    }

    /// Ends the files that were written during the run.
    pub(crate) fn finish(&mut self) {
        let record = |_: &Path| self.record.as_ref().map_or(Ok(()), |record| record.finish());
        let recorded = file("record", self.args.record.as_deref(), record).map(drop);
        let ended = [recorded, self.finish_trace(), self.finish_events()];
        self.failures.extend(ended.into_iter().filter_map(Result::err));
    }

    fn finish_events(&self) -> Result<(), Failure> {
        let Some(events) = &self.events else { return Ok(()) };
        let size = file("trace", self.args.trace_file.as_deref(), |_| events.finish())?;
        let size = size.unwrap_or_default();
        let mut line = format!("the trace has {} events, {}", size.events, in_units(size.bytes));
        if size.dropped > 0 {
            line += &format!(
                "; {} more are beyond --trace-limit, give it more or trace less",
                size.dropped
            );
        }
        outlet::say(&line);
        Ok(())
    }

    fn finish_trace(&self) -> Result<(), Failure> {
        let Some(trace) = &self.trace else { return Ok(()) };
        let failed = |source| {
            let path = self.args.trace_to.clone().unwrap_or_default();
            Failure::Output { what: "trace", path, source }
        };
        let missing = trace.finish().map_err(failed)?;
        if missing > 0 {
            outlet::say(&format!(
                "{missing} lines of the trace are beyond --trace-limit, give it more or trace less"
            ));
        }
        Ok(())
    }

    /// Writes the page of the run.
    pub(crate) fn write_report(&mut self, page: &str) {
        let Some(mut to) = self.report.take() else { return };
        let write = |_: &Path| to.write_all(page.as_bytes());
        self.failures.extend(file("report", self.args.report.as_deref(), write).err());
    }

    /// Writes the names of translated code, if the user asked for them.
    pub(crate) fn write_perf_map(&mut self, code: &[HostCode], symbols: &Symbols) {
        let Some(mut to) = self.perf_map.take() else { return };
        let write = |_: &Path| to.write_all(perf_map::lines(code, symbols).as_bytes());
        self.failures.extend(file("map for perf", Some(&perf_map::path()), write).err());
    }

    /// Writes the dirty log, if the user asked for it.
    pub(crate) fn write_dirty(&mut self, dirty: impl FnOnce() -> Result<Dirty, Failure>) {
        let Some(to) = self.dirty.take() else { return };
        let path = self.args.dirty_log.as_deref();
        let written = dirty().and_then(|dirty| {
            let mut to = BufWriter::new(to);
            let write = |_: &Path| dirty.write(&mut to).and_then(|()| to.flush());
            file("dirty log", path, write)
        });
        self.failures.extend(written.err());
    }

    /// Reports all errors but the last. Errors: the last one, which the caller reports.
    pub(crate) fn result(&mut self) -> Result<(), Failure> {
        let last = self.failures.pop();
        self.failures.drain(..).for_each(|failure| outlet::say(&failure.to_string()));
        last.map_or(Ok(()), Err)
    }
}
