// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The thread that serves the requests of a device, one after the other, and the queues in turn.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

/// The work of a device's thread.
#[derive(Debug, Default)]
pub(super) struct Worker {
    state: Mutex<State>,
    /// Notified when the thread has something to do, and when it is idle and that is awaited.
    changed: Condvar,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct State {
    /// The queues that were notified, a bit for each.
    pending: u64,
    /// True while the thread waits for work.
    idle: bool,
    resting: bool,
    stopping: bool,
}

impl Worker {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts the thread. `serve` serves these queues until they are empty or it [should pause](Self::pauses).
    pub(super) fn start(
        self: &Arc<Self>,
        name: &str,
        mut serve: impl FnMut(u64) + Send + 'static,
    ) -> io::Result<()> {
        let own = self.clone();
        let thread = std::thread::Builder::new().name(name.into());
        let thread = thread.spawn(move || {
            while let Some(queues) = own.next() {
                serve(queues);
            }
        })?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// The queues that were notified; `None` at the end.
    fn next(&self) -> Option<u64> {
        let mut state = self.state();
        while !state.stopping {
            if state.pending != 0 && !state.resting {
                return Some(std::mem::take(&mut state.pending));
            }
            state.idle = true;
            if state.resting {
                self.changed.notify_all();
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle = false;
        }
        state.idle = true;
        None
    }

    /// The queues of this mask have work.
    pub(super) fn notify(&self, queues: u64) {
        let mut state = self.state();
        state.pending |= queues;
        // The thread looks at the mask again before it waits.
        if state.idle {
            self.changed.notify_all();
        }
    }

    /// True when the thread is to return after the request under way.
    pub(super) fn pauses(&self) -> bool {
        let state = self.state();
        state.resting || state.stopping
    }

    /// Waits until no request is under way. None begins until [`resume`](Self::resume).
    pub(super) fn rest(&self, until: Instant) -> io::Result<()> {
        let mut state = self.state();
        state.resting = true;
        let patience = until.saturating_duration_since(Instant::now());
        let waited = self.changed.wait_timeout_while(state, patience, |state| !state.idle);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if state.idle {
            Ok(())
        } else {
            Err(io::Error::new(io::ErrorKind::TimedOut, "a virtio device has requests under way"))
        }
    }

    /// Ends the rest, with these queues to look at.
    pub(super) fn resume(&self, queues: u64) {
        let mut state = self.state();
        state.resting = false;
        state.pending |= queues;
        self.changed.notify_all();
    }

    /// Ends the thread after the request under way.
    pub(super) fn stop(&self) {
        self.state().stopping = true;
        self.changed.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A thread that panicked needs no further end.
            let _ = thread.join();
        }
    }
}
