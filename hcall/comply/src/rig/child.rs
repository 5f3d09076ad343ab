// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A machine in a process of its own. Its time and its output are bounded, and nothing of it stays behind.

use super::{Ran, Transcript};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// The time that a machine has to power off after the last line of the image.
const POWER_OFF: Duration = Duration::from_secs(3);
/// The time in which the output of a process that ended is read.
const LAST_OUTPUT: Duration = Duration::from_secs(2);
/// The most of its error output that is reported.
const MOST_SAID: usize = 2048;

/// Runs a machine to its end, which comes within `limit`. Errors: it does not start.
pub(super) fn run(mut command: Command, name: &str, limit: Duration) -> Result<Ran, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
    let printed: Arc<Mutex<Transcript>> = Arc::default();
    let said: Arc<Mutex<Vec<u8>>> = Arc::default();
    let output = copied(child.stdout.take(), Arc::clone(&printed));
    let errors = copied(child.stderr.take(), Last(Arc::clone(&said)));
    let ended = wait(&mut child, &printed, limit);
    // Processes that the command started hold its output open.
    if let Some(group) = Pid::from_raw(child.id().cast_signed()) {
        // The group may be gone; then there is nothing to end.
        let _ = kill_process_group(group, Signal::KILL);
    }
    let status = child.wait().map_err(|error| format!("{name}: {error}"))?;
    // A process that left the group may still hold the output; what came up to now is taken.
    let _ = output.recv_timeout(LAST_OUTPUT);
    let _ = errors.recv_timeout(LAST_OUTPUT);
    let ran = Ran::of(&lock(&printed));
    let said = String::from_utf8_lossy(&lock(&said)).trim().to_owned();
    let died = why(ended, status, limit).map(|why| match said.is_empty() {
        true => format!("{name} {why}"),
        false => format!("{name} {why}: {said}"),
    });
    Ok(Ran { died, ..ran })
}

/// The way in which a machine came to its end.
enum Ended {
    ByItself,
    AfterTheImage,
    TooLong,
    TooMuch,
}

fn wait(child: &mut Child, printed: &Mutex<Transcript>, limit: Duration) -> Ended {
    let start = Instant::now();
    let mut image_ended = None;
    loop {
        // A child that cannot be waited for is ended as one that takes too long.
        match child.try_wait() {
            Ok(Some(_)) => return Ended::ByItself,
            Ok(None) if start.elapsed() <= limit => {}
            _ => return Ended::TooLong,
        }
        let (full, over) = {
            let printed = lock(printed);
            (printed.is_full(), printed.has_ended())
        };
        if full {
            return Ended::TooMuch;
        }
        if over && image_ended.get_or_insert_with(Instant::now).elapsed() > POWER_OFF {
            return Ended::AfterTheImage;
        }
        thread::sleep(Duration::from_millis(5));
    }
}

fn why(ended: Ended, status: ExitStatus, limit: Duration) -> Option<String> {
    match ended {
        Ended::AfterTheImage => None,
        Ended::ByItself if status.success() => None,
        Ended::ByItself => Some(format!("ended with {status}")),
        Ended::TooLong => Some(format!("did not power off in {} s", limit.as_secs())),
        Ended::TooMuch => Some("printed more than an image does".into()),
    }
}

/// Copies an output in a thread of its own, to its end. The receiver gets a message then.
fn copied(from: Option<impl Read + Send + 'static>, to: impl Sink) -> Receiver<()> {
    let (over, ended) = channel();
    if let Some(mut from) = from {
        thread::spawn(move || {
            let mut piece = [0; 4096];
            // After an error the output up to there is kept.
            while let Ok(count @ 1..) = from.read(&mut piece) {
                to.take(&piece[..count]);
            }
            let _ = over.send(()); // the run may have ended without it
        });
    }
    ended
}

trait Sink: Send + 'static {
    fn take(&self, bytes: &[u8]);
}

impl Sink for Arc<Mutex<Transcript>> {
    fn take(&self, bytes: &[u8]) {
        // Writing to a transcript does not fail.
        let _ = lock(self).write_all(bytes);
    }
}

/// Keeps the end of what comes.
struct Last(Arc<Mutex<Vec<u8>>>);

impl Sink for Last {
    fn take(&self, bytes: &[u8]) {
        let mut all = lock(&self.0);
        all.extend_from_slice(bytes);
        let more = all.len().saturating_sub(MOST_SAID);
        all.drain(..more);
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
