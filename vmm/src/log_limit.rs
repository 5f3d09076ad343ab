// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The log, in bounded amounts: neither a guest nor a peer can fill the host's disk with messages.
//!
//! Messages are limited by call site (file and line of the `log` macro). The limit sits where every message passes, so
//! it holds for every present and future message. A site writes [`BURST`]
//! messages at once and one each [`PERIOD`] after that. Further messages are counted, and the next message of
//! the site, or the end of the process, reports the count.
//!
//! Debug and trace messages are not limited, because they are written only if the user asks for them.

use std::collections::BTreeMap;
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};

use log::{Level, LevelFilter, Log, Metadata, Record};

/// The number of messages that a site may write at once.
pub const BURST: u32 = 10;
/// The interval between messages of a site that has written its burst.
pub const PERIOD: Duration = Duration::from_secs(1);
/// The number of characters of a message that the report at the end of the process repeats.
const EXCERPT: usize = 120;

/// A call site of a `log` macro: file and line.
type Site = (&'static str, u32);

/// A logger whose call sites are limited. Its memory is bounded by the number of call sites in the program.
pub struct Limited<L> {
    inner: L,
    origin: Instant,
    /// The lock is held only while a message is counted, never while one is written.
    sites: Mutex<BTreeMap<Site, Bucket>>,
}

/// The account of a site.
#[derive(Debug, Default)]
struct Bucket {
    /// The time at which the site has its whole burst again.
    whole: Duration,
    /// The number of messages since the last one that was written.
    left_out: u64,
    /// The last message that was written.
    last: Option<(Level, String)>,
}

impl Bucket {
    /// The number of messages that were left out before this one; none when this one is left out, too.
    fn admit(&mut self, now: Duration) -> Option<u64> {
        let from = self.whole.max(now);
        if from - now > PERIOD * (BURST - 1) {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.whole = from + PERIOD;
        Some(std::mem::take(&mut self.left_out))
    }
}

impl<L: Log> Limited<L> {
    /// Limits the messages that reach `inner`.
    pub fn new(inner: L) -> Limited<L> {
        Limited { inner, origin: Instant::now(), sites: Mutex::default() }
    }

    fn count(&self, record: &Record<'_>) -> Option<u64> {
        let site = (record.file_static().unwrap_or_default(), record.line().unwrap_or_default());
        let mut sites = self.sites.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let bucket = sites.entry(site).or_default();
        let before = bucket.admit(self.origin.elapsed())?;
        let excerpt = record.args().to_string().chars().take(EXCERPT).collect();
        bucket.last = Some((record.level(), excerpt));
        Some(before)
    }

    /// The counts that no message has reported. Empty while another thread counts: the thread that ends the process
    /// must not wait for a lock.
    fn take_left_out(&self) -> Vec<(u64, Level, String)> {
        let mut sites = match self.sites.try_lock() {
            Ok(sites) => sites,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Vec::new(),
        };
        let left = sites.values_mut().filter(|bucket| bucket.left_out > 0);
        let take = |bucket: &mut Bucket| {
            let (level, excerpt) = bucket.last.clone()?;
            Some((std::mem::take(&mut bucket.left_out), level, excerpt))
        };
        left.filter_map(take).collect()
    }
}

impl<L: Log> Log for Limited<L> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.inner.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.inner.enabled(record.metadata()) {
            return;
        }
        if record.level() > LevelFilter::Info {
            return self.inner.log(record);
        }
        match self.count(record) {
            None => {}
            Some(0) => self.inner.log(record),
            Some(more) => {
                let metadata = record.metadata().clone();
                self.inner.log(
                    &Record::builder()
                        .metadata(metadata)
                        .module_path(record.module_path())
                        .file(record.file())
                        .line(record.line())
                        .args(format_args!("{} ({more} more like it were left out)", record.args()))
                        .build(),
                );
            }
        }
    }

    /// Reports the messages that were left out and not reported yet.
    fn flush(&self) {
        for (more, level, excerpt) in self.take_left_out() {
            self.inner.log(
                &Record::builder()
                    .level(level)
                    .target(module_path!())
                    .module_path(Some(module_path!()))
                    .args(format_args!("{more} more like this were left out: {excerpt}"))
                    .build(),
            );
        }
        self.inner.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    /// A logger that keeps its messages.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl Log for Kept {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.level() <= Level::Debug
        }
        fn log(&self, record: &Record<'_>) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
        fn flush(&self) {}
    }

    fn say(log: &impl Log, level: Level, line: u32, text: &str) {
        let record = |args| {
            log.log(
                &Record::builder()
                    .level(level)
                    .file_static(Some("a.rs"))
                    .line(Some(line))
                    .args(args)
                    .build(),
            );
        };
        record(format_args!("{text}"));
    }

    #[test]
    fn a_bucket_has_a_burst_then_one_message_a_period() {
        let mut bucket = Bucket::default();
        let mut admitted = |at: u64| bucket.admit(Duration::from_millis(at));
        for n in 0..u64::from(BURST) {
            assert_eq!(admitted(n), Some(0));
        }
        assert_eq!((admitted(20), admitted(500), admitted(999)), (None, None, None));
        assert_eq!(admitted(1000), Some(3), "a period later, with the count");
        assert_eq!((admitted(1001), admitted(2000)), (None, Some(1)));
        // After a quiet time the site has one whole burst again, and no more.
        let all = (0..100).filter(|n| admitted(1_000_000 + n).is_some()).count();
        assert_eq!(all, BURST as usize);
    }

    #[test]
    fn a_site_that_floods_is_cut_and_the_others_are_not() {
        let kept = Kept::default();
        let log = Limited::new(kept.clone());
        for n in 0..100_000 {
            say(&log, Level::Warn, 7, &format!("flood {n}"));
        }
        say(&log, Level::Error, 8, "something else");
        log.flush();
        log.flush(); // once only
        let lines = kept.0.lock().unwrap().clone();
        assert_eq!(lines[0], "flood 0");
        assert!(lines.iter().any(|line| line == "something else"));
        // Each message that was left out is in exactly one count.
        let counts = lines.iter().filter(|line| line.contains("more like")).map(|line| {
            let words: Vec<_> = line.split(|c: char| !c.is_ascii_digit()).collect();
            let words: Vec<u64> = words.iter().filter_map(|word| word.parse().ok()).collect();
            if line.contains("like this") { words[0] } else { words[1] }
        });
        let shown = lines.iter().filter(|line| line.starts_with("flood")).count() as u64;
        assert_eq!(counts.sum::<u64>() + shown, 100_000, "{lines:?}");
    }

    #[test]
    fn what_the_user_asked_for_is_whole_and_what_is_not_wanted_is_not_counted() {
        let kept = Kept::default();
        let log = Limited::new(kept.clone());
        (0..50).for_each(|_| say(&log, Level::Debug, 1, "debug"));
        (0..50).for_each(|_| say(&log, Level::Trace, 2, "trace"));
        log.flush();
        assert_eq!(kept.0.lock().unwrap().len(), 50);
    }
}
