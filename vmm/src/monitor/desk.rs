// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The place where clients of the monitor and the thread of the run meet.
//!
//! A client asks and waits. Its question pauses the run, and the run's thread answers it while no vCPU runs. The guest's time
//! does not pass meanwhile.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use machine::{Control, Ending};
use paths::whole::Whole;
use rustix::event::{EventfdFlags, eventfd};
use serde_json::{Value, json};

/// The most events that wait for a client. Further ones are lost.
const MOST_EVENTS: usize = 64;
/// The interval at which a machine that is held checks whether the run has to end.
const TICK: Duration = Duration::from_millis(20);

/// A question about a machine at rest.
#[derive(Debug)]
pub(crate) enum Ask {
    /// Hold the machine until it is released.
    Hold,
    /// Release it.
    Release,
    /// Reset it.
    Reset,
    /// Make every CPU take a system reset interrupt.
    Nmi,
    /// Write a snapshot to a file, which is left here to be finished while the machine runs again.
    Snapshot(PathBuf, Arc<Mutex<Option<Whole>>>),
    /// The registers of all CPUs as text.
    Registers,
    /// The DMA windows as text.
    Windows,
}

/// The text of an answer, or the sentence that refuses.
pub(crate) type Answer = Result<String, String>;

/// The desk.
pub(crate) struct Desk {
    control: Arc<Control>,
    cpus: u32,
    target: &'static str,
    state: Mutex<State>,
    /// Notified when a question comes.
    asked: Condvar,
    /// Notified when an event comes, and at the end of the run.
    news: OwnedFd,
}

#[derive(Default)]
struct State {
    questions: VecDeque<(Ask, SyncSender<Answer>)>,
    held: bool,
    over: bool,
    /// True while a client takes events.
    listens: bool,
    events: VecDeque<Value>,
}

impl Desk {
    /// The desk of a run with this number of vCPUs of this architecture, by QEMU's name of it.
    pub(crate) fn new(
        control: Arc<Control>,
        cpus: u32,
        target: &'static str,
    ) -> std::io::Result<Desk> {
        let news = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Desk { control, cpus, target, state: Mutex::default(), asked: Condvar::new(), news })
    }

    /// Asks, and waits for the answer.
    pub(crate) fn ask(&self, ask: Ask) -> Answer {
        let over = || Err("the run has ended".into());
        let (to, from) = sync_channel(1);
        let mut state = self.state();
        if state.over {
            return over();
        }
        state.questions.push_back((ask, to));
        drop(state);
        self.asked.notify_all();
        self.control.stop(Ending::Paused);
        from.recv().unwrap_or_else(|_| over())
    }

    /// Takes a snapshot. The machine is at rest until the bytes are written, and not until the medium has them.
    pub(crate) fn snapshot(&self, file: PathBuf) -> Answer {
        let written = Arc::default();
        let name = file.display().to_string();
        let said = self.ask(Ask::Snapshot(file, Arc::clone(&written)))?;
        let whole = written.lock().unwrap_or_else(PoisonError::into_inner).take();
        let finished = whole.map_or(Ok(()), Whole::finish);
        finished.map(|()| said).map_err(|error| format!("{name}: cannot write it: {error}"))
    }

    /// Ends the run.
    pub(crate) fn dismiss(&self) {
        self.control.stop(Ending::Dismissed);
    }

    /// The architecture of the guest.
    pub(crate) fn target(&self) -> &'static str {
        self.target
    }

    /// The number of vCPUs.
    pub(crate) fn cpus(&self) -> u32 {
        self.cpus
    }

    /// True while the machine is held.
    pub(crate) fn is_held(&self) -> bool {
        self.state().held
    }

    /// True when the run's thread has to [`serve`](Self::serve) before it runs the machine.
    pub(crate) fn is_busy(&self) -> bool {
        let state = self.state();
        state.held || !state.questions.is_empty()
    }

    /// Answers questions by `answer` until the machine may run, or the run has an ending. No vCPU runs meanwhile.
    pub(crate) fn serve(&self, mut answer: impl FnMut(&Ask) -> Answer) {
        loop {
            let mut state = self.state();
            let Some((ask, to)) = state.questions.pop_front() else {
                let ends = self.control.ending().is_some_and(|ending| ending != Ending::Paused);
                if !state.held || ends {
                    return;
                }
                drop(self.asked.wait_timeout(state, TICK));
                continue;
            };
            let held = state.held;
            match ask {
                Ask::Hold => state.held = true,
                Ask::Release => state.held = false,
                _ => {}
            }
            let now_held = state.held;
            drop(state);
            if held != now_held {
                self.event(if now_held { "STOP" } else { "RESUME" }, None);
            }
            // A client that no longer waits needs no answer.
            let _ = to.send(match ask {
                Ask::Hold | Ask::Release => Ok(String::new()),
                _ => answer(&ask),
            });
        }
    }

    /// Refuses further questions. The run has ended.
    pub(crate) fn close(&self, ending: Option<&Ending>) {
        let (guest, reason) = match ending {
            Some(Ending::PoweredOff | Ending::GuestFailed(_)) => (true, "guest-shutdown"),
            Some(Ending::Rebooted) => (true, "guest-reset"),
            Some(Ending::Crashed(_)) => (true, "guest-panic"),
            Some(Ending::Dismissed) => (false, "host-qmp-quit"),
            Some(Ending::Signal(_)) => (false, "host-signal"),
            _ => (false, "host-ui"),
        };
        self.event("SHUTDOWN", Some(json!({"guest": guest, "reason": reason})));
        let mut state = self.state();
        state.over = true;
        state.questions.clear();
        drop(state);
        self.notify();
    }

    /// Reports an event to the client, if one listens.
    pub(crate) fn event(&self, name: &str, data: Option<Value>) {
        let mut state = self.state();
        if !state.listens || state.events.len() >= MOST_EVENTS {
            return;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let (seconds, microseconds) = (now.as_secs(), now.subsec_micros());
        let timestamp = json!({"seconds": seconds, "microseconds": microseconds});
        let mut event = json!({"event": name, "timestamp": timestamp});
        if let Some(data) = data {
            event["data"] = data;
        }
        state.events.push_back(event);
        drop(state);
        self.notify();
    }

    /// Starts or stops keeping events for a client.
    pub(crate) fn listen(&self, listens: bool) {
        let mut state = self.state();
        state.listens = listens;
        state.events.clear();
    }

    /// The events that wait, and whether the run is over.
    pub(crate) fn take_events(&self) -> (VecDeque<Value>, bool) {
        let mut state = self.state();
        (std::mem::take(&mut state.events), state.over)
    }

    /// True once the run is over.
    pub(crate) fn is_over(&self) -> bool {
        self.state().over
    }

    /// The descriptor that is readable when there are events, or the run is over.
    pub(crate) fn news(&self) -> &OwnedFd {
        &self.news
    }

    /// Clears the notification.
    pub(crate) fn clear_news(&self) {
        let _ = rustix::io::read(&self.news, &mut [0; 8]); // fails only when there is none
    }

    fn notify(&self) {
        // It fails only when many notifications wait already.
        let _ = rustix::io::write(&self.news, &1_u64.to_ne_bytes());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
