// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The files that a run writes. All are created before it, so that a name that cannot be is reported at once,
//! and written however it ends. One that cannot be written keeps none of the others from being whole. None may be a
//! file that the same command reads ([`paths`] has the rule).

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use paths::output::Files;

use crate::cli::{self, RunArgs};
use crate::dirty::Dirty;
use crate::memory::in_units;
use crate::observe::{History, Observe, TraceFile};
use crate::outlet::{self, Outlet};
use crate::record::Recorder;
use crate::run::Failure;

/// The files that the user asked for.
pub(crate) struct Outputs<'a> {
    args: &'a RunArgs,
    dirty: Option<Outlet>,
    report: Option<Outlet>,
    record: Option<Arc<Recorder>>,
    events: Option<Arc<TraceFile>>,
    /// Errors of single files.
    failures: Vec<Failure>,
}

/// Does something with a file if it is wanted.
fn file<T>(
    what: &'static str,
    path: Option<&Path>,
    with: impl FnOnce(&Path) -> io::Result<T>,
) -> Result<Option<T>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let failed = |source| Failure::Output { what, path: path.to_owned(), source };
    with(path).map(Some).map_err(failed)
}

/// The files of the command that no output may write over.
fn protected(args: &RunArgs) -> Files {
    let mut files = Files::default();
    let mut protect = |what, path: Option<&Path>| path.map_or((), |path| files.protect(what, path));
    protect("the image", args.image.as_deref());
    protect("the initrd", args.initrd.as_deref());
    args.devices.disk.iter().for_each(|disk| protect("a disk", Some(&disk.path)));
    files
}

/// Creates an output if it is wanted.
fn create(
    files: &mut Files,
    what: &'static str,
    path: Option<&Path>,
) -> Result<Option<File>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let failed = |source| Failure::Create { what, path: path.to_owned(), source };
    files.create(&format!("the {what}"), path).map(Some).map_err(failed)
}

/// Writes the device tree to a file, or to standard output.
pub(crate) fn dump_dtb(args: &RunArgs, path: &Path, dtb: &[u8]) -> Result<(), Failure> {
    let to = Some(path).filter(|path| *path != Path::new("-"));
    let failed = |source| Failure::DumpDtb { path: path.to_owned(), source };
    match create(&mut protected(args), "device tree", to)? {
        Some(file) => Outlet::new(file).write_all(dtb).map_err(failed),
        None => {
            outlet::print(dtb);
            Ok(())
        }
    }
}

impl<'a> Outputs<'a> {
    /// Creates them.
    pub(crate) fn create(args: &'a RunArgs) -> Result<Outputs<'a>, Failure> {
        let files = &mut protected(args);
        let dirty = create(files, "dirty log", args.dirty_log.as_deref())?.map(Outlet::new);
        let report = create(files, "report", args.report.as_deref())?.map(Outlet::new);
        let record = create(files, "record", args.record.as_deref())?;
        let events = create(files, "trace", args.trace_file.as_deref())?;
        let record = record.map(|file| Arc::new(Recorder::new(file, args.memory, &args.dma)));
        let events = events.map(|file| Arc::new(TraceFile::new(file, args.trace_limit)));
        Ok(Outputs { args, dirty, report, record, events, failures: Vec::new() })
    }

    /// What has to be observed for them, from now on.
    pub(crate) fn observe(&self) -> Observe {
        Observe {
            trace: self.args.trace,
            stats: self.args.stats.is_some() || self.report.is_some(),
            record: self.record.clone(),
            history: self.report.as_ref().map(|_| Arc::new(History::new())),
            events: self.events.clone(),
        }
    }

    /// Ends the files that were written during the run.
    pub(crate) fn finish(&mut self) {
        let record = |_: &Path| self.record.as_ref().map_or(Ok(()), |record| record.finish());
        let recorded = file("record", self.args.record.as_deref(), record).map(drop);
        let traced = self.finish_trace();
        self.failures.extend([recorded, traced].into_iter().filter_map(Result::err));
    }

    fn finish_trace(&self) -> Result<(), Failure> {
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
        cli::say(&line);
        Ok(())
    }

    /// Writes the page of the run.
    pub(crate) fn write_report(&mut self, page: &str) {
        let Some(mut to) = self.report.take() else { return };
        let write = |_: &Path| to.write_all(page.as_bytes());
        self.failures.extend(file("report", self.args.report.as_deref(), write).err());
    }

    /// Writes the dirty log, if it is wanted.
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

    /// Says what went wrong. Errors: the last thing, which is for the caller to say.
    pub(crate) fn result(&mut self) -> Result<(), Failure> {
        let last = self.failures.pop();
        self.failures.drain(..).for_each(|failure| cli::say(&failure.to_string()));
        last.map_or(Ok(()), Err)
    }
}
