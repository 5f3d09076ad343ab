// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The thread that watches for the ends of a run that come from outside: signals and `--timeout`.
//!
//! It watches until everything is written. After the end of the run a signal does not change the ending; it
//! keeps a stalled reader from holding up the end of the process (`outlet`).

use std::io;
use std::os::fd::AsRawFd;
use std::process;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use libc::{EFD_NONBLOCK, SIGHUP, SIGINT, SIGTERM, SIGXCPU, c_int, c_void, siginfo_t};
use vmm_sys_util::epoll::{ControlOperation, Epoll, EpollEvent, EventSet};
use vmm_sys_util::eventfd::EventFd;
use vmm_sys_util::signal::register_signal_handler;
use vmm_sys_util::timerfd::TimerFd;

use crate::exit;
use crate::outlet;
use crate::terminal;
use machine::Control;
use machine::Ending;

/// Milliseconds that the vCPUs may take to stop. Each output may hold them up for
/// [`outlet::PATIENCE`]. After this time the process ends without its files; a second signal ends it at once.
const GRACE: i32 = 10_000;
const FOR_EVER: i32 = -1;

/// The number of the last signal, and the event that reports it to the thread.
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static CAME: OnceLock<EventFd> = OnceLock::new();

/// The events that the thread waits for: the data of the epoll events.
const OVER: u64 = 0;
const SIGNALLED: u64 = 1;
const LATE: u64 = 2;

/// The watching thread. It ends when this is dropped.
#[derive(Debug)]
pub struct Watch {
    over: EventFd,
    /// The vCPUs have stopped.
    run_is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Catches SIGINT, SIGTERM, SIGHUP and SIGXCPU (`ulimit -t`) from now on. Ends the run at the first of them,
    /// or when `limit` has passed.
    pub fn start(control: Arc<Control>, limit: Option<Duration>) -> io::Result<Watch> {
        let epoll = Epoll::new()?;
        let add = |fd: &dyn AsRawFd, what| {
            // The events are edge-triggered, so nothing has to be read to clear one.
            let event = EpollEvent::new(EventSet::IN | EventSet::EDGE_TRIGGERED, what);
            epoll.ctl(ControlOperation::Add, fd.as_raw_fd(), event)
        };
        let over = EventFd::new(EFD_NONBLOCK)?;
        add(&over, OVER)?;
        add(catch_signals()?, SIGNALLED)?;
        let timer = limit.map(timer).transpose()?;
        timer.iter().try_for_each(|timer| add(timer, LATE))?;
        let run_is_over = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&run_is_over);
        let watch = move || {
            let _timer = timer; // armed while the thread watches
            watch(&epoll, &control, limit.unwrap_or_default(), &done);
        };
        let thread = thread::Builder::new().name("watch".into()).spawn(watch)?;
        Ok(Watch { over, run_is_over, thread: Some(thread) })
    }

    /// Notes that the vCPUs have stopped. The writing of files is then cut short only by a second signal.
    pub fn run_is_over(&self) {
        self.run_is_over.store(true, Ordering::Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.over.write(1).is_ok() {
            // A panic of the thread has already been reported.
            let _ = self.thread.take().map(JoinHandle::join);
        }
    }
}

fn watch(epoll: &Epoll, control: &Control, limit: Duration, run_is_over: &AtomicBool) {
    let ending = match wait(epoll, FOR_EVER) {
        Some(SIGNALLED) => Ending::Signal(signal_number()),
        Some(LATE) => Ending::TimedOut(limit),
        _ => return,
    };
    let code = exit::code(&ending);
    control.stop(ending);
    outlet::hurry();
    let mut patience = GRACE;
    loop {
        match wait(epoll, patience) {
            Some(OVER) => return,
            Some(LATE) => {} // a signal came first
            None if run_is_over.load(Ordering::Relaxed) => patience = FOR_EVER,
            Some(_) | None => break,
        }
    }
    terminal::restore();
    for place in plugin::busy() {
        outlet::say(&format!("{place} has not returned"));
    }
    outlet::say("ended before everything was written: its files are not complete");
    log::logger().flush();
    process::exit(code.into());
}

/// The next event; none when the time ran out.
fn wait(epoll: &Epoll, milliseconds: i32) -> Option<u64> {
    let mut event = [EpollEvent::default()];
    loop {
        match epoll.wait(milliseconds, &mut event) {
            Ok(0) => return None,
            Ok(_) => return Some(event[0].data()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                log::warn!("signals and --timeout are no longer watched: {error}");
                return Some(OVER);
            }
        }
    }
}

fn timer(limit: Duration) -> io::Result<TimerFd> {
    let mut timer = TimerFd::new()?;
    timer.reset(limit, None)?;
    Ok(timer)
}

/// Installs the handlers. Returns the event that they signal.
fn catch_signals() -> io::Result<&'static EventFd> {
    if CAME.get().is_none() {
        // Another thread may have set its event first; that one serves as well.
        let _ = CAME.set(EventFd::new(EFD_NONBLOCK)?);
    }
    for number in [SIGINT, SIGTERM, SIGHUP, SIGXCPU] {
        register_signal_handler(number, came).map_err(io::Error::from)?;
    }
    CAME.get().ok_or_else(|| io::Error::other("no event for signals"))
}

/// Handles a signal with operations that a handler may use: a store and a write.
extern "C" fn came(number: c_int, _: *mut siginfo_t, _: *mut c_void) {
    // The kernel repeats SIGXCPU in each second of CPU time. A repetition is no second signal.
    if number == SIGXCPU && SIGNAL.load(Ordering::Relaxed) != 0 {
        return;
    }
    SIGNAL.store(number, Ordering::Relaxed); // the event orders it
    if let Some(event) = CAME.get() {
        let _ = event.write(1); // fails only when many signals have been reported already
    }
}

fn signal_number() -> u8 {
    u8::try_from(SIGNAL.load(Ordering::Relaxed)).unwrap_or_default()
}
