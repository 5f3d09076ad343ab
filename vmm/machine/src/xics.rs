// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The interrupt controller: PAPR's legacy controller (XICS). It has no registers, because the guest reaches it
//! only by hypercalls and RTAS.
//!
//! The interrupt that is presented to a processor is computed from the state of all sources after each
//! change. There are few sources, and changes are rare. All state is behind one lock,
//! which is taken before that of [`Control`] and never by a TCE hypercall.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hcall::machine::presentation::{IPI, LEAST_FAVOURED, PresentationController};
use hcall::machine::sources::{SourceController, Xive};

use crate::control::Control;
use crate::section::{LoadError, Reader, Saved, Writer};

/// Raises and lowers the external interrupt line of a vCPU.
pub type ExternalLine = Box<dyn Fn(bool) + Send + Sync>;

/// The interrupt controller of a machine: sources, and what it presents to each vCPU.
pub struct Xics {
    state: Mutex<State>,
    lines: Vec<ExternalLine>,
    control: Arc<Control>,
}

#[derive(Default)]
struct State {
    servers: Vec<Presentation>,
    sources: BTreeMap<u32, Source>,
}

/// The interrupts that a processor lets through, and the level of its line.
#[derive(Clone, Copy)]
struct Presentation {
    cppr: u8,
    mfrr: u8,
    line: bool,
}

/// An interrupt source.
#[derive(Clone, Copy)]
struct Source {
    xive: Xive,
    /// The priority that is restored when the source is enabled again.
    saved: u8,
    /// The requests of the source: a level, or a pulse that was not accepted yet.
    level: bool,
    pulse: bool,
    /// True when the interrupt was accepted and not ended.
    in_service: bool,
}

/// An interrupt that a processor could accept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    priority: u8,
    source: u32,
}

impl Xics {
    /// A controller for one processor per line, with these sources, all masked.
    pub fn new(lines: Vec<ExternalLine>, sources: &[u32], control: Arc<Control>) -> Xics {
        let state = State::at_reset(lines.len(), sources.iter().copied());
        Xics { state: Mutex::new(state), lines, control }
    }

    /// Resets the controller to its state at the start.
    pub fn reset(&self) {
        let mut state = self.state();
        let sources: Vec<_> = state.sources.keys().copied().collect();
        *state = State::at_reset(self.lines.len(), sources);
        self.lines.iter().for_each(|line| line(false));
    }

    /// Requests one interrupt for a device. Several requests before it is accepted are one. A source that does
    /// not exist interrupts no processor.
    pub fn pulse(&self, source: u32) {
        self.change_source(source, |source| source.pulse = true);
    }

    /// Sets the level of a device. A high level requests interrupts until it is low.
    pub fn set_level(&self, source: u32, level: bool) {
        self.change_source(source, |source| source.level = level);
    }

    fn change_source<R>(&self, source: u32, change: impl FnOnce(&mut Source) -> R) -> Option<R> {
        let mut state = self.state();
        let result = state.sources.get_mut(&source).map(change)?;
        self.update_lines(&mut state);
        Some(result)
    }

    fn change_server<R>(
        &self,
        server: u32,
        change: impl FnOnce(&mut Presentation) -> R,
    ) -> Option<R> {
        let mut state = self.state();
        let result = state.server(server).map(change)?;
        self.update_lines(&mut state);
        Some(result)
    }

    /// Changes the lines of the vCPUs whose level has changed.
    fn update_lines(&self, state: &mut State) {
        for (server, line) in (0..).zip(&self.lines) {
            let level = state.best(server).is_some();
            let Some(presentation) = state.server(server) else { continue };
            if std::mem::replace(&mut presentation.line, level) != level {
                line(level);
                self.control.interrupt(server, level);
            }
        }
    }

    /// The state under its lock. A panic of another thread cannot have left it half changed, because it is plain data.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn at_reset(servers: usize, sources: impl IntoIterator<Item = u32>) -> State {
        let server = Presentation { cppr: 0, mfrr: LEAST_FAVOURED, line: false };
        let xive = Xive { server: 0, priority: LEAST_FAVOURED };
        let source =
            Source { xive, saved: LEAST_FAVOURED, level: false, pulse: false, in_service: false };
        let sources = sources.into_iter().map(|number| (number, source)).collect();
        State { servers: vec![server; servers], sources }
    }

    fn server(&mut self, server: u32) -> Option<&mut Presentation> {
        self.servers.get_mut(usize::try_from(server).ok()?)
    }

    /// The most favoured interrupt that a processor lets through now.
    fn best(&self, server: u32) -> Option<Candidate> {
        let &Presentation { cppr, mfrr, .. } = self.servers.get(usize::try_from(server).ok()?)?;
        let wanting = self.sources.iter().filter(|(_, source)| {
            (source.level || source.pulse) && !source.in_service && source.xive.server == server
        });
        let sources = wanting
            .map(|(&number, source)| Candidate { priority: source.xive.priority, source: number });
        let all = sources.chain([Candidate { priority: mfrr, source: IPI }]);
        all.filter(|candidate| candidate.priority < cppr).min()
    }

    fn xirr(&self, server: u32) -> Option<u32> {
        let &Presentation { cppr, .. } = self.servers.get(usize::try_from(server).ok()?)?;
        let source = self.best(server).map_or(0, |best| best.source);
        Some(u32::from(cppr) << 24 | source)
    }
}

impl PresentationController for Xics {
    fn accept(&self, server: u32) -> Option<u32> {
        let mut state = self.state();
        let xirr = state.xirr(server)?;
        if let Some(best) = state.best(server) {
            state.server(server)?.cppr = best.priority;
            // An IPI stays requested until the guest resets its MFRR.
            if let Some(source) = state.sources.get_mut(&best.source) {
                (source.pulse, source.in_service) = (false, true);
            }
            self.update_lines(&mut state);
        }
        Some(xirr)
    }

    fn poll(&self, server: u32) -> Option<(u32, u8)> {
        let mut state = self.state();
        let xirr = state.xirr(server)?;
        Some((xirr, state.server(server)?.mfrr))
    }

    fn set_cppr(&self, server: u32, cppr: u8) -> Option<()> {
        self.change_server(server, |presentation| presentation.cppr = cppr)
    }

    fn end(&self, server: u32, xirr: u32) -> Option<()> {
        let [cppr, ..] = xirr.to_be_bytes();
        let number = xirr & 0xff_ffff;
        let mut state = self.state();
        if cppr < state.server(server)?.cppr {
            return None;
        }
        match state.sources.get_mut(&number) {
            Some(source) => source.in_service = false,
            None if number == IPI => {}
            None => return None,
        }
        state.server(server)?.cppr = cppr;
        self.update_lines(&mut state);
        Some(())
    }

    fn set_mfrr(&self, server: u32, mfrr: u8) -> Option<()> {
        self.change_server(server, |presentation| presentation.mfrr = mfrr)
    }
}

impl SourceController for Xics {
    fn set_xive(&self, source: u32, xive: Xive) -> Option<()> {
        if usize::try_from(xive.server).is_ok_and(|server| server >= self.lines.len()) {
            return None;
        }
        self.change_source(source, |source| (source.xive, source.saved) = (xive, xive.priority))
    }

    fn xive(&self, source: u32) -> Option<Xive> {
        self.state().sources.get(&source).map(|source| source.xive)
    }

    fn set_enabled(&self, source: u32, enabled: bool) -> Option<()> {
        self.change_source(source, |source| {
            if !enabled && source.xive.priority != LEAST_FAVOURED {
                source.saved = source.xive.priority;
            }
            source.xive.priority = if enabled { source.saved } else { LEAST_FAVOURED };
        })
    }
}

impl Saved for &Xics {
    const NAME: &'static str = "xics";

    fn save(&mut self, to: &mut Writer<'_>) {
        let state = self.state();
        to.u32(state.servers.len() as u32); // one for each vCPU
        for server in &state.servers {
            to.u8(server.cppr);
            to.u8(server.mfrr);
        }
        to.u32(state.sources.len() as u32); // one for each device
        for (&number, source) in &state.sources {
            to.u32(number);
            to.u32(source.xive.server);
            to.u8(source.xive.priority);
            to.u8(source.saved);
            [source.level, source.pulse, source.in_service].iter().for_each(|is| to.bool(*is));
        }
    }

    /// Loads all but the lines, which follow from the rest of the state.
    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let mut state = self.state();
        if from.u32()? as usize != state.servers.len() {
            return Err(LoadError::Other("its number of CPUs"));
        }
        let mut loaded = State::at_reset(state.servers.len(), state.sources.keys().copied());
        for (server, now) in loaded.servers.iter_mut().zip(&state.servers) {
            *server = Presentation { cppr: from.u8()?, mfrr: from.u8()?, line: now.line };
        }
        if from.u32()? as usize != loaded.sources.len() {
            return Err(LoadError::Other("its interrupt sources"));
        }
        for (&number, source) in &mut loaded.sources {
            let (found, server) = (from.u32()?, from.u32()?);
            if found != number || server as usize >= loaded.servers.len() {
                return Err(LoadError::Other("its interrupt sources"));
            }
            source.xive = Xive { server, priority: from.u8()? };
            source.saved = from.u8()?;
            (source.level, source.pulse) = (from.bool()?, from.bool()?);
            source.in_service = from.bool()?;
        }
        *state = loaded;
        self.update_lines(&mut state);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    const DISK: u32 = 0x1101;
    const NET: u32 = 0x1102;

    fn xics() -> (Xics, Vec<Arc<AtomicBool>>) {
        let levels: Vec<_> = (0..2).map(|_| Arc::new(AtomicBool::new(false))).collect();
        let line = |level: &Arc<AtomicBool>| -> ExternalLine {
            let level = Arc::clone(level);
            Box::new(move |on| level.store(on, Ordering::Relaxed))
        };
        let lines = levels.iter().map(line).collect();
        let control = Arc::new(Control::new(vec![Box::new(|| ()), Box::new(|| ())]));
        (Xics::new(lines, &[DISK, NET], control), levels)
    }

    fn on(level: &AtomicBool) -> bool {
        level.load(Ordering::Relaxed)
    }

    #[test]
    fn a_pulse_waits_for_cppr_and_priority_and_is_one_interrupt() {
        let (xics, lines) = xics();
        xics.pulse(DISK);
        xics.set_cppr(0, 0xff).unwrap();
        assert!(!on(&lines[0]), "masked");
        xics.set_xive(DISK, Xive { server: 0, priority: 5 }).unwrap();
        assert!(on(&lines[0]) && !on(&lines[1]));
        xics.pulse(DISK);
        assert_eq!(xics.poll(0), Some((0xff00_1101, 0xff)));
        assert_eq!(xics.accept(0), Some(0xff00_1101));
        assert!(!on(&lines[0]));
        assert_eq!(xics.accept(0), Some(0x0500_0000), "spurious");
        xics.end(0, 0xff00_1101).unwrap();
        assert!(!on(&lines[0]), "both pulses were one");
    }

    #[test]
    fn a_pulse_in_service_comes_after_the_end_and_a_level_comes_again() {
        let (xics, lines) = xics();
        xics.set_cppr(1, 0xff).unwrap();
        xics.set_xive(NET, Xive { server: 1, priority: 4 }).unwrap();
        xics.pulse(NET);
        xics.accept(1).unwrap();
        xics.pulse(NET);
        assert!(!on(&lines[1]));
        xics.end(1, 0xff00_1102).unwrap();
        assert_eq!(xics.accept(1), Some(0xff00_1102));
        xics.set_level(NET, true);
        xics.end(1, 0xff00_1102).unwrap();
        assert!(on(&lines[1]));
        xics.set_level(NET, false);
        assert!(!on(&lines[1]));
    }

    #[test]
    fn the_most_favoured_interrupt_goes_first_and_only_a_more_favoured_one_interrupts_it() {
        let (xics, lines) = xics();
        xics.set_cppr(0, 0xff).unwrap();
        xics.set_xive(DISK, Xive { server: 0, priority: 6 }).unwrap();
        xics.set_xive(NET, Xive { server: 0, priority: 5 }).unwrap();
        xics.pulse(DISK);
        xics.pulse(NET);
        assert_eq!(xics.accept(0), Some(0xff00_1102));
        assert!(!on(&lines[0]), "6 is not more favoured than 5");
        xics.set_mfrr(0, 4).unwrap();
        assert_eq!(xics.accept(0), Some(0x0500_0002));
        xics.set_mfrr(0, LEAST_FAVOURED).unwrap();
        xics.end(0, 0x0500_0002).unwrap();
        xics.end(0, 0xff00_1102).unwrap();
        assert_eq!(xics.accept(0), Some(0xff00_1101));
    }

    // LoPAR 2.9, H_EOI: the source must exist, and the priority must not be more favoured than the CPPR.
    #[test]
    fn what_is_not_there_is_told() {
        let (xics, _) = xics();
        xics.set_cppr(0, 5).unwrap();
        assert_eq!(xics.end(0, 0xff00_0007), None);
        assert_eq!(xics.end(0, 0x0400_1101), None);
        assert_eq!(xics.end(0, 0x0500_1101), Some(()));
        assert_eq!(xics.accept(2), None);
        assert_eq!(xics.set_mfrr(2, 4), None);
        assert_eq!(xics.set_xive(7, Xive { server: 0, priority: 5 }), None);
        assert_eq!(xics.set_xive(DISK, Xive { server: 2, priority: 5 }), None);
        xics.pulse(7);
    }

    // LoPAR 2.9, ibm,int-off and ibm,int-on: the priority is saved and restored.
    #[test]
    fn a_source_that_is_off_keeps_its_priority() {
        let (xics, lines) = xics();
        xics.set_cppr(0, 0xff).unwrap();
        xics.set_xive(DISK, Xive { server: 0, priority: 5 }).unwrap();
        xics.set_enabled(DISK, false).unwrap();
        xics.set_enabled(DISK, false).unwrap();
        assert_eq!(xics.xive(DISK), Some(Xive { server: 0, priority: LEAST_FAVOURED }));
        xics.pulse(DISK);
        assert!(!on(&lines[0]));
        xics.set_enabled(DISK, true).unwrap();
        assert!(on(&lines[0]));
        assert_eq!(xics.xive(DISK), Some(Xive { server: 0, priority: 5 }));
    }
}
