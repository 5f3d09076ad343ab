// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The thread that watches for what ends a run from outside: signals and `--timeout`.
//!
//! It watches until everything is written. Once the run is over a signal does not change how it ended; it
//! keeps a reader that has stalled from holding up the end of the process (`outlet`).

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

use crate::cli;
use crate::exit;
use crate::outlet;
use crate::terminal;
use machine::Control;
use machine::Ending;

/// Milliseconds that the vCPUs of a run which has to stop may take to do so. Each output may hold them up for
/// [`outlet::PATIENCE`]. After it the process ends without its files; a second signal has it end at once.
const GRACE: i32 = 10_000;
const FOR_EVER: i32 = -1;

/// The last signal that came, and where its coming is told.
static SIGNAL: AtomicI32 = AtomicI32::new(0);
static CAME: OnceLock<EventFd> = OnceLock::new();

/// What can happen: the data of the epoll events.
const OVER: u64 = 0;
const SIGNALLED: u64 = 1;
const LATE: u64 = 2;

/// The watching thread; it ends when this is dropped.
#[derive(Debug)]
pub struct Watch {
    over: EventFd,
    /// The vCPUs have stopped.
    run_is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Catches SIGINT, SIGTERM, SIGHUP and SIGXCPU (`ulimit -t`) from now on, and ends the run when one comes
    /// or when `limit` has passed.
    pub fn start(control: Arc<Control>, limit: Option<Duration>) -> io::Result<Watch> {
        let epoll = Epoll::new()?;
        let add = |fd: &dyn AsRawFd, what| {
            // Edge-triggered: nothing needs to be read for an event to be over.
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

    /// The vCPUs have stopped: what follows is not cut short, except by a second signal.
    pub fn run_is_over(&self) {
        self.run_is_over.store(true, Ordering::Relaxed);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.over.write(1).is_ok() {
            // A thread that panicked has said so itself.
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
            Some(LATE) => {} // a signal was faster
            None if run_is_over.load(Ordering::Relaxed) => patience = FOR_EVER,
            Some(_) | None => break,
        }
    }
    terminal::restore();
    cli::say("ended before everything was written: its files are not complete");
    log::logger().flush();
    process::exit(code.into());
}

/// What happened; nothing when the time ran out.
fn wait(epoll: &Epoll, milliseconds: i32) -> Option<u64> {
    let mut event = [EpollEvent::default()];
    loop {
        match epoll.wait(milliseconds, &mut event) {
            Ok(0) => return None,
            Ok(_) => return Some(event[0].data()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                log::warn!("signals and --timeout are not watched any more: {error}");
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

/// Installs the handlers; returns where a signal shows.
fn catch_signals() -> io::Result<&'static EventFd> {
    if CAME.get().is_none() {
        // Another thread may have been faster; its event does as well.
        let _ = CAME.set(EventFd::new(EFD_NONBLOCK)?);
    }
    for number in [SIGINT, SIGTERM, SIGHUP, SIGXCPU] {
        register_signal_handler(number, came).map_err(io::Error::from)?;
    }
    CAME.get().ok_or_else(|| io::Error::other("no event for signals"))
}

/// The handler: does what is allowed in one, a store and a write.
extern "C" fn came(number: c_int, _: *mut siginfo_t, _: *mut c_void) {
    // The kernel repeats SIGXCPU each second of CPU time, which asks for no more haste.
    if number == SIGXCPU && SIGNAL.load(Ordering::Relaxed) != 0 {
        return;
    }
    SIGNAL.store(number, Ordering::Relaxed); // the event orders it
    if let Some(event) = CAME.get() {
        let _ = event.write(1); // fails only when many signals have been told already
    }
}

fn signal_number() -> u8 {
    u8::try_from(SIGNAL.load(Ordering::Relaxed)).unwrap_or_default()
}
