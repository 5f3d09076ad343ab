// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The state that the threads of the process share with the threads of the vCPUs: the end of the run, console input,
//! and the start of a vCPU that waits for it. They share no other state.
//!
//! A vCPU's thread reads this state when it is kicked, when it idles and when the guest reads the
//! console, and on the path of no other hypercall.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use hcall::RtasError;

use crate::ending::Ending;
use crate::modes::Modes;
use crate::section::{LoadError, Reader, Saved, Writer};

/// The bytes of console input that may wait for the guest. The reader of a file or a pipe waits at this limit.
pub const PIPED_LIMIT: usize = 4 << 10;
/// The bytes of console input from a terminal that may wait for the guest. Ctrl-A x is seen only once all bytes before
/// it are read, so this is as much as a user may paste to a guest that does not read.
pub const TYPED_LIMIT: usize = 16 << 20;

/// Makes a vCPU leave the guest soon.
pub type Kick = Box<dyn Fn() + Send + Sync>;

/// The shared state.
pub struct Control {
    state: Mutex<State>,
    /// Notified when an idle wait may end, and when there is room for input.
    changed: Condvar,
    /// The kicks, one for each vCPU.
    kicks: Vec<Kick>,
    /// A further effect of input: the console's interrupt.
    on_input: OnceLock<Kick>,
}

#[derive(Default)]
struct State {
    ending: Option<Ending>,
    cpus: Vec<Cpu>,
    input: VecDeque<u8>,
    /// True when there is input for which the guest has not been woken.
    news: bool,
    modes: Modes,
    /// The vCPU that has the area of machine checks, until it has read its log.
    error_log: Option<u32>,
}

/// The start of a vCPU: its address, and r3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// The real address of its first instruction.
    pub entry: u64,
    /// The first argument.
    pub r3: u64,
}

/// A vCPU, as the other threads know it.
struct Cpu {
    life: Life,
    /// True when its current or next wait ends at once (LoPAR 2.9, H_PROD).
    prodded: bool,
    /// True when its external interrupt line is high.
    interrupted: bool,
    /// The time at which it first had something to do in its current wait.
    ready: Option<Instant>,
}

enum Life {
    /// Stopped, from reset or since it stopped itself, until another vCPU starts it.
    Stopped,
    /// Started, but its thread has not seen that yet.
    Starting(Start),
    Running,
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").finish_non_exhaustive()
    }
}

impl Control {
    /// The state before a run, with a kick for each vCPU. The first vCPU runs, the others are
    /// stopped.
    pub fn new(kicks: Vec<Kick>) -> Control {
        let cpus = reset_cpus(kicks.len());
        let state = Mutex::new(State { cpus, ..State::default() });
        Control { state, changed: Condvar::new(), kicks, on_input: OnceLock::new() }
    }

    /// Asks the run to end. The first ending stays, unless it is a reboot or a pause. A pause replaces nothing.
    pub fn stop(&self, ending: Ending) {
        let mut state = self.state();
        match &state.ending {
            None => state.ending = Some(ending),
            Some(first) if first.is_passing() && ending != Ending::Paused => {
                state.ending = Some(ending);
            }
            Some(_) => {}
        }
        drop(state);
        self.changed.notify_all();
        self.kicks.iter().for_each(|kick| kick());
    }

    /// Resets the state to that at the start: the first vCPU runs, the others are stopped, no mode is set. The ending
    /// and unread input stay.
    pub fn reset(&self) {
        let mut state = self.state();
        let (input, ending) = (std::mem::take(&mut state.input), state.ending.take());
        let news = !input.is_empty();
        *state =
            State { cpus: reset_cpus(self.kicks.len()), input, news, ending, ..State::default() };
    }

    /// Clears the ending after a reboot. False when the run has another ending meanwhile.
    pub fn restart(&self) -> bool {
        let mut state = self.state();
        state.ending.take_if(|ending| *ending == Ending::Rebooted).is_some()
    }

    /// Clears the ending of a run that was stopped with [`Ending::Quit`] or [`Ending::Paused`], so that it can
    /// continue. False when the run has another ending.
    pub fn resume(&self) -> bool {
        let resumes = |ending: &mut Ending| matches!(ending, Ending::Quit | Ending::Paused);
        self.state().ending.take_if(resumes).is_some()
    }

    /// Ends a pause.
    pub fn unpause(&self) {
        self.state().ending.take_if(|ending| *ending == Ending::Paused);
    }

    /// The ending, if the run has to end.
    pub fn ending(&self) -> Option<Ending> {
        self.state().ending.clone()
    }

    /// Starts a stopped vCPU.
    ///
    /// Errors (LoPAR 2.9, start-cpu): [`RtasError::Parameter`] when there is no such vCPU,
    /// [`RtasError::Hardware`] when it is not stopped.
    pub fn start_cpu(&self, server: u32, start: Start) -> Result<(), RtasError> {
        let mut state = self.state();
        match state.cpu(server).map(|cpu| &mut cpu.life) {
            Some(life @ Life::Stopped) => *life = Life::Starting(start),
            Some(_) => return Err(RtasError::Hardware),
            None => return Err(RtasError::Parameter),
        }
        self.changed.notify_all();
        Ok(())
    }

    /// Notes that a vCPU has stopped itself. After the last running vCPU no other can be started, and
    /// the run has to end.
    pub fn cpu_stopped(&self, server: u32) {
        let mut state = self.state();
        if let Some(cpu) = state.cpu(server) {
            (cpu.life, cpu.prodded) = (Life::Stopped, false);
        }
        if state.free_error_log(server) {
            self.changed.notify_all();
        }
        if state.cpus.iter().all(|cpu| matches!(cpu.life, Life::Stopped)) {
            drop(state);
            self.stop(Ending::Crashed("it stopped its last CPU".into()));
        }
    }

    /// True for a vCPU that runs, or ran when the run ended.
    pub(crate) fn is_running(&self, server: u32) -> bool {
        self.state().cpu(server).is_some_and(|cpu| matches!(cpu.life, Life::Running))
    }

    /// True for a stopped vCPU; `None` when there is no such vCPU.
    pub fn is_stopped(&self, server: u32) -> Option<bool> {
        self.state().cpu(server).map(|cpu| matches!(cpu.life, Life::Stopped))
    }

    /// Ends the current or the next wait of a vCPU. False when there is no
    /// such vCPU.
    pub fn prod(&self, server: u32) -> bool {
        let mut state = self.state();
        let Some(cpu) = state.cpu(server) else { return false };
        cpu.prodded = true;
        cpu.is_ready();
        self.changed.notify_all();
        true
    }

    /// Sets the level of a vCPU's external interrupt line. A high level ends its wait.
    pub fn interrupt(&self, server: u32, level: bool) {
        if let Some(cpu) = self.state().cpu(server) {
            cpu.interrupted = level;
            if level {
                cpu.is_ready();
            }
        }
        if level {
            self.changed.notify_all();
        }
    }

    /// The modes of all vCPUs.
    pub fn modes(&self) -> Modes {
        self.state().modes
    }

    /// Changes the modes and makes every vCPU take them. Returns the changed modes.
    pub fn change_modes(&self, change: impl FnOnce(&mut Modes)) -> Modes {
        let mut state = self.state();
        change(&mut state.modes);
        let modes = state.modes;
        drop(state);
        self.kick();
        modes
    }

    /// Makes every vCPU that runs guest code leave it for a moment.
    pub fn kick(&self) {
        self.kicks.iter().for_each(|kick| kick());
    }

    /// Sets a call for each arrival of input. It can be set once.
    pub fn on_input(&self, act: Kick) {
        let _only_once = self.on_input.set(act);
    }

    fn input_came(&self) {
        if let Some(act) = self.on_input.get() {
            act();
        }
    }

    /// Waits until a vCPU is prodded, the run has to end, or `limit` has passed. Returns the time from that event
    /// until the host ran the vCPU again.
    pub fn wait_for_prod(&self, server: u32, limit: Duration) -> Duration {
        let waits = |state: &mut State| !state.take_prod(server) && state.ending.is_none();
        self.wait(server, limit, waits).1
    }

    /// Waits while `waits` is true. Returns the state, and the time from the event until the host ran
    /// the vCPU again.
    fn wait(
        &self,
        server: u32,
        limit: Duration,
        mut waits: impl FnMut(&mut State) -> bool,
    ) -> (MutexGuard<'_, State>, Duration) {
        let start = Instant::now();
        let waits = |state: &mut State| {
            let goes_on = waits(state);
            // The event was for another vCPU.
            if goes_on && let Some(cpu) = state.cpu(server) {
                cpu.ready = None;
            }
            goes_on
        };
        let waited = self.changed.wait_timeout_while(self.state(), limit, waits);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let ready = state.cpu(server).and_then(|cpu| cpu.ready);
        let elapsed = start.elapsed();
        // Without an event the wait should have ended at the limit.
        let until_ready = ready.map_or(limit, |ready| limit.min(ready - start));
        (state, elapsed.saturating_sub(until_ready))
    }

    /// Waits until another vCPU starts this one; `None` when the run ends first.
    pub fn wait_for_start(&self, server: u32) -> Option<Start> {
        let mut state = self.state();
        while state.ending.is_none() {
            let life = &mut state.cpu(server)?.life;
            if let &mut Life::Starting(start) = life {
                *life = Life::Running;
                return Some(start);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Takes the area of machine checks for this vCPU, and waits while another vCPU has it. False
    /// when this vCPU already has it.
    ///
    /// Errors: the ending, when the run ends first.
    pub fn hold_error_log(&self, server: u32) -> Result<bool, Ending> {
        let mut state = self.state();
        loop {
            if let Some(ending) = &state.ending {
                return Err(ending.clone());
            }
            match state.error_log {
                Some(holder) if holder == server => return Ok(false),
                Some(_) => {}
                None => {
                    state.error_log = Some(server);
                    return Ok(true);
                }
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives the area back. False when this vCPU does not have it.
    pub fn release_error_log(&self, server: u32) -> bool {
        let freed = self.state().free_error_log(server);
        if freed {
            self.changed.notify_all();
        }
        freed
    }

    /// Gives input to the guest, and waits while `limit` bytes are unread. False when the run ends; a pause and a
    /// reboot are no end.
    pub fn push_input(&self, mut bytes: &[u8], limit: usize) -> bool {
        while !bytes.is_empty() {
            let mut state = self.state();
            while state.input.len() >= limit && !state.is_over() {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            if state.is_over() {
                return false;
            }
            let room = limit - state.input.len();
            let (fits, rest) = bytes.split_at(room.min(bytes.len()));
            state.input.extend(fits);
            state.news = true;
            state.cpus.iter_mut().for_each(Cpu::is_ready);
            self.changed.notify_all();
            drop(state);
            self.input_came(); // before the wait for more room
            bytes = rest;
        }
        true
    }

    /// Takes as much input as fits. Returns the number of bytes.
    pub fn take_input(&self, buf: &mut [u8]) -> usize {
        let mut state = self.state();
        let len = state.input.len().min(buf.len());
        for (place, byte) in buf.iter_mut().zip(state.input.drain(..len)) {
            *place = byte;
        }
        state.news = !state.input.is_empty();
        self.changed.notify_all();
        len
    }

    /// Waits until there is new input, the vCPU has an external interrupt or is prodded, the
    /// run has to end, or `limit` has passed.
    ///
    /// Input wakes the guest once, as an edge-triggered interrupt does: a guest that idles again
    /// without reading it sleeps.
    ///
    /// Returns the time from that event until the host ran the vCPU again.
    pub fn idle(&self, server: u32, limit: Duration) -> Duration {
        let nothing = |state: &mut State| {
            !state.take_prod(server)
                && !state.is_interrupted(server)
                && !state.news
                && state.ending.is_none()
        };
        let (mut state, late) = self.wait(server, limit, nothing);
        state.news = false;
        late
    }

    /// The state under its lock. A panic of another thread cannot have left it half changed, because it is plain data.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The vCPUs at reset: the first one runs, the others are stopped.
fn reset_cpus(count: usize) -> Vec<Cpu> {
    let life = |n| if n == 0 { Life::Running } else { Life::Stopped };
    let cpu = |n| Cpu { life: life(n), prodded: false, interrupted: false, ready: None };
    (0..count).map(cpu).collect()
}

impl Cpu {
    fn is_ready(&mut self) {
        self.ready.get_or_insert_with(Instant::now);
    }
}

impl State {
    fn cpu(&mut self, server: u32) -> Option<&mut Cpu> {
        self.cpus.get_mut(usize::try_from(server).ok()?)
    }

    /// True when the run has an ending after which it does not go on.
    fn is_over(&self) -> bool {
        self.ending.as_ref().is_some_and(|ending| !ending.is_passing())
    }

    fn is_interrupted(&mut self, server: u32) -> bool {
        self.cpu(server).is_some_and(|cpu| cpu.interrupted)
    }

    /// Takes the area of machine checks from this vCPU. False when it does not have it.
    fn free_error_log(&mut self, server: u32) -> bool {
        self.error_log.take_if(|holder| *holder == server).is_some()
    }

    /// True when the vCPU was prodded. Clears the prod.
    fn take_prod(&mut self, server: u32) -> bool {
        self.cpu(server).is_some_and(|cpu| std::mem::take(&mut cpu.prodded))
    }
}

/// The modes, the lives of the vCPUs, the levels of their interrupt lines, and the unread input. The levels are here as well
/// as in the controller, because this part is loaded after it.
impl Saved for &Control {
    const NAME: &'static str = "control";

    fn save(&mut self, to: &mut Writer<'_>) {
        let state = self.state();
        state.modes.save(to);
        to.u32(state.cpus.len() as u32); // one for each vCPU
        for cpu in &state.cpus {
            let start = match &cpu.life {
                Life::Stopped => (0, None),
                Life::Starting(start) => (1, Some(*start)),
                Life::Running => (2, None),
            };
            to.u8(start.0);
            to.option(start.1, |to, Start { entry, r3 }| {
                to.u64(entry);
                to.u64(r3);
            });
            to.bool(cpu.prodded);
            to.bool(cpu.interrupted);
        }
        to.option(state.error_log, Writer::u32);
        to.bool(state.news);
        let (first, second) = state.input.as_slices();
        to.bytes(&[first, second].concat());
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let modes = Modes::load(from)?;
        let mut cpus = reset_cpus(self.kicks.len());
        if from.u32()? as usize != cpus.len() {
            return Err(LoadError::Other("its number of CPUs"));
        }
        for cpu in &mut cpus {
            let life = from.u8()?;
            let start = from.option(|from| Ok(Start { entry: from.u64()?, r3: from.u64()? }))?;
            cpu.life = match (life, start) {
                (0, None) => Life::Stopped,
                (1, Some(start)) => Life::Starting(start),
                (2, None) => Life::Running,
                _ => return Err(LoadError::Damaged),
            };
            (cpu.prodded, cpu.interrupted) = (from.bool()?, from.bool()?);
        }
        let error_log = from.option(Reader::u32)?;
        let news = from.bool()?;
        let input = from.bytes(TYPED_LIMIT)?.into();
        let mut state = self.state();
        let ending = state.ending.take();
        *state = State { ending, cpus, input, news, modes, error_log };
        drop(state);
        self.changed.notify_all();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;

    use super::*;

    /// So long that a test which waits for it has failed.
    const FOR_EVER: Duration = Duration::from_secs(3600);

    fn control() -> (Arc<Control>, Arc<AtomicU32>) {
        let kicks = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&kicks);
        let kick = move || {
            count.fetch_add(1, Ordering::Relaxed);
        };
        (Arc::new(Control::new(vec![Box::new(kick)])), kicks)
    }

    fn two_cpus() -> Control {
        Control::new(vec![Box::new(|| ()), Box::new(|| ())])
    }

    const START: Start = Start { entry: 0x1000, r3: 7 };

    // LoPAR 2.9, start-cpu: a processor that is not stopped cannot be started.
    #[test]
    fn a_stopped_cpu_starts_once() {
        let control = two_cpus();
        assert_eq!(control.start_cpu(0, START), Err(RtasError::Hardware));
        assert_eq!(control.start_cpu(2, START), Err(RtasError::Parameter));
        assert_eq!(control.start_cpu(1, START), Ok(()));
        assert_eq!(control.start_cpu(1, START), Err(RtasError::Hardware));
        assert_eq!(control.wait_for_start(1), Some(START));
        assert_eq!(control.start_cpu(1, START), Err(RtasError::Hardware));
    }

    #[test]
    fn a_start_during_the_wait_and_the_end_of_the_run_end_it() {
        let control = Arc::new(two_cpus());
        let wait = |control: &Arc<Control>| {
            let control = Arc::clone(control);
            thread::spawn(move || control.wait_for_start(1))
        };
        let waiting = wait(&control);
        control.start_cpu(1, START).unwrap();
        assert_eq!(waiting.join().unwrap(), Some(START));
        let waiting = wait(&control);
        control.stop(Ending::Quit);
        assert_eq!(waiting.join().unwrap(), None);
    }

    #[test]
    fn a_cpu_that_stopped_itself_can_be_started_again_and_the_last_one_ends_the_run() {
        let control = two_cpus();
        assert_eq!(
            [0, 1, 2].map(|server| control.is_stopped(server)),
            [Some(false), Some(true), None]
        );
        control.start_cpu(1, START).unwrap();
        assert_eq!(control.is_stopped(1), Some(false), "it will run");
        assert_eq!(control.wait_for_start(1), Some(START));
        control.cpu_stopped(0);
        assert_eq!((control.is_stopped(0), control.ending()), (Some(true), None));
        control.start_cpu(0, START).unwrap();
        assert_eq!(control.wait_for_start(0), Some(START));
        control.cpu_stopped(1);
        control.cpu_stopped(0);
        assert!(matches!(control.ending(), Some(Ending::Crashed(_))));
    }

    // LoPAR 2.9, H_PROD: the prod bit is set first, and the next H_CEDE resets it.
    #[test]
    fn a_prod_ends_one_wait_of_its_cpu_now_or_later() {
        let control = Arc::new(two_cpus());
        assert!(control.prod(1) && !control.prod(2));
        control.idle(0, Duration::from_millis(1)); // the prod is not for CPU 0
        control.idle(1, FOR_EVER);
        let waits = thread::spawn({
            let control = Arc::clone(&control);
            move || control.wait_for_prod(1, FOR_EVER)
        });
        control.prod(1);
        waits.join().unwrap();
        control.wait_for_prod(1, Duration::from_millis(1)); // once only
    }

    // LoPAR 2.9, FWNMI: processors serialize, waiting for ibm,nmi-interlock.
    #[test]
    fn the_area_of_machine_checks_has_one_holder_and_the_others_wait() {
        let control = Arc::new(two_cpus());
        assert!(!control.release_error_log(0), "no vCPU has it");
        assert_eq!(control.hold_error_log(0), Ok(true));
        assert_eq!(control.hold_error_log(0), Ok(false), "the same one again");
        assert!(!control.release_error_log(1), "it is another's");
        let hold = |control: &Arc<Control>| {
            let control = Arc::clone(control);
            thread::spawn(move || control.hold_error_log(1))
        };
        let waiting = hold(&control);
        assert!(control.release_error_log(0));
        assert_eq!(waiting.join().unwrap(), Ok(true));
        // A CPU that stops itself keeps nothing.
        control.cpu_stopped(1);
        assert_eq!(control.hold_error_log(0), Ok(true));
        let waiting = hold(&control);
        control.stop(Ending::Quit);
        assert_eq!(waiting.join().unwrap(), Err(Ending::Quit));
    }

    #[test]
    fn the_first_reason_to_stop_stays_and_kicks() {
        let (control, kicks) = control();
        assert_eq!(control.ending(), None);
        control.stop(Ending::Quit);
        control.stop(Ending::PoweredOff);
        assert_eq!(control.ending(), Some(Ending::Quit));
        assert_eq!(kicks.load(Ordering::Relaxed), 2);
        control.idle(0, FOR_EVER); // no longer sleeps
    }

    #[test]
    fn input_before_the_wait_is_not_lost() {
        let (control, _) = control();
        assert!(control.push_input(b"ab", PIPED_LIMIT));
        control.idle(0, FOR_EVER);
        control.idle(0, Duration::from_millis(1)); // woken once only
        let mut buf = [0; 16];
        assert_eq!(control.take_input(&mut buf[..1]), 1);
        control.idle(0, FOR_EVER); // "b" is left, so the guest is woken again
        assert_eq!(control.take_input(&mut buf), 1);
        assert_eq!(buf[0], b'b');
    }

    #[test]
    fn input_during_the_wait_ends_it() {
        let (control, _) = control();
        let idle = thread::spawn({
            let control = Arc::clone(&control);
            move || control.idle(0, FOR_EVER)
        });
        control.push_input(b"x", PIPED_LIMIT);
        idle.join().unwrap();
    }

    #[test]
    fn a_full_queue_holds_the_reader_until_the_guest_reads() {
        let (control, _) = control();
        let sent: Vec<u8> = (0..=255).cycle().take(3 * PIPED_LIMIT).collect();
        let reader = thread::spawn({
            let (control, sent) = (Arc::clone(&control), sent.clone());
            move || control.push_input(&sent, PIPED_LIMIT)
        });
        let mut seen = Vec::new();
        let mut buf = [0; 16];
        while seen.len() < sent.len() {
            let len = control.take_input(&mut buf);
            seen.extend_from_slice(&buf[..len]);
        }
        assert!(reader.join().unwrap());
        assert_eq!(seen, sent);
    }

    #[test]
    fn a_stop_frees_a_waiting_reader() {
        let (control, _) = control();
        let reader = thread::spawn({
            let control = Arc::clone(&control);
            move || control.push_input(&[0; PIPED_LIMIT + 1], PIPED_LIMIT)
        });
        control.stop(Ending::Quit);
        assert!(!reader.join().unwrap());
    }
}
