// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The files that a run writes. All are created before it, so that a name that cannot be is told at once,
//! and written however it ends.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use crate::cli::{self, RunArgs};
use crate::dirty::Dirty;
use crate::memory::in_units;
use crate::observe::{History, Observe, TraceFile};
use crate::record::Recorder;
use crate::run::Failure;

/// The files that the user asked for.
pub(crate) struct Outputs<'a> {
    args: &'a RunArgs,
    dirty: Option<File>,
    report: Option<File>,
    record: Option<Arc<Recorder>>,
    events: Option<Arc<TraceFile>>,
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

impl<'a> Outputs<'a> {
    /// Creates them.
    pub(crate) fn create(args: &'a RunArgs) -> Result<Outputs<'a>, Failure> {
        let create = |path: &Path| File::create(path);
        let record = |path: &Path| Recorder::create(path, args.memory, &args.dma).map(Arc::new);
        let events = |path: &Path| TraceFile::create(path, args.trace_limit).map(Arc::new);
        Ok(Outputs {
            args,
            dirty: file("dirty log", args.dirty_log.as_deref(), create)?,
            report: file("report", args.report.as_deref(), create)?,
            record: file("record", args.record.as_deref(), record)?,
            events: file("trace", args.trace_file.as_deref(), events)?,
        })
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
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        let record = |_: &Path| self.record.as_ref().map_or(Ok(()), |record| record.finish());
        file("record", self.args.record.as_deref(), record)?;
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
    pub(crate) fn write_report(&mut self, page: &str) -> Result<(), Failure> {
        let Some(mut to) = self.report.take() else { return Ok(()) };
        let write = |_: &Path| to.write_all(page.as_bytes());
        file("report", self.args.report.as_deref(), write).map(drop)
    }

    /// Writes the dirty log, if it is wanted.
    pub(crate) fn write_dirty(
        &mut self,
        dirty: impl FnOnce() -> Result<Dirty, Failure>,
    ) -> Result<(), Failure> {
        let Some(to) = self.dirty.take() else { return Ok(()) };
        let (dirty, mut to) = (dirty()?, BufWriter::new(to));
        let write = |_: &Path| dirty.write(&mut to).and_then(|()| to.flush());
        file("dirty log", self.args.dirty_log.as_deref(), write).map(drop)
    }
}
