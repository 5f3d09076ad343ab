// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The areas that a virtual processor registers with H_REGISTER_VPA, and the hypervisor's writes to them
//! (LoPAR 2.9, "Virtual Processor Areas").

mod saved;

use crate::words::status::Status;
use iommu::Gpa;
use ram::GuestMemory as Memory;
use std::sync::{Mutex, MutexGuard, PoisonError};
use vm_memory::{Be16, Be32, Be64, Bytes, GuestAddress, GuestMemoryBackend};

pub use saved::SavedAreas;

/// The VPA and the SLB shadow buffer are inside one of these.
const PAGE: u64 = 4096;
/// The smallest VPA.
const VPA_MIN: u64 = 640;
/// The smallest SLB shadow buffer.
const SLB_SHADOW_MIN: u64 = 8;

/// Byte offsets of variables of the VPA.
mod vpa {
    pub(super) const SIZE: u64 = 0x4;
    /// Not architected: KVM and QEMU report here that the processor is shared
    /// (Linux: `LPPACA_OLD_SHARED_PROC`).
    pub(super) const OLD_STATUS: u64 = 0x9;
    pub(super) const SHARED: u8 = 2;
    pub(super) const LOG_MASK: u64 = 0xb8;
    pub(super) const DISPATCHES: u64 = 0x100;
    /// Dispatches on another physical processor than the last one.
    pub(super) const DISPERSION: u64 = 0x104;
    /// Wait interval 3: from ready until a physical processor is free. Linux: `enqueue_dispatch_tb`.
    pub(super) const WAITED_TO_RUN: u64 = 0x158;
    /// Wait interval 1. Linux: `wait_ready_tb`. Interval 2, for capacity, is always 0: capacity is not capped.
    pub(super) const WAITED_TO_BE_READY: u64 = 0x168;
    pub(super) const COUNTERS_END: usize = 0x170;
    pub(super) const LOG_INDEX: u64 = 0x218;
}

/// Dispatch trace log: an entry.
const LOG_ENTRY: u64 = 48;
/// Dispatched at the next instruction for its time slice.
const DISPATCH_REASON: u8 = 7;

/// The reason why a virtual processor did not run, as a number of the dispatch trace log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preemption {
    /// A call of H_CEDE.
    Cede = 2,
    /// A call of H_CONFER.
    Confer = 3,
    /// The host ran something else.
    TimeSlice = 4,
}

impl Preemption {
    /// The bit of the log's mask that enables it.
    fn enabled_by(self) -> u8 {
        match self {
            Preemption::Cede | Preemption::Confer => 1,
            Preemption::TimeSlice => 2,
        }
    }
}

/// A moment in the time and in the program of a vCPU, as a log entry reports it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The timebase register.
    pub timebase: u64,
    /// Ticks of the timebase in which the processor was ready and did not run, since it started.
    pub stolen: u64,
    /// The physical processor that runs it.
    pub processor: u16,
    /// The address at which the processor continues.
    pub srr0: u64,
    /// The MSR with which it continues.
    pub srr1: u64,
}

/// The registered areas of a virtual processor, and its dispatch count. They are locked, because
/// other processors read the count, and may register areas for a processor that is stopped.
#[derive(Debug, Default)]
pub struct Areas(Mutex<State>);

#[derive(Clone, Copy, Debug)]
struct State {
    /// Odd while the processor is not dispatched.
    dispatches: u32,
    /// Ticks stolen until the last dispatch, and the physical processor of that dispatch.
    stolen: u64,
    processor: u16,
    vpa: Option<GuestAddress>,
    slb_shadow: Option<GuestAddress>,
    log: Option<Log>,
}

impl Default for State {
    /// A stopped processor is not dispatched.
    fn default() -> State {
        let (vpa, slb_shadow, log) = (None, None, None);
        State { dispatches: 1, stolen: 0, processor: 0, vpa, slb_shadow, log }
    }
}

#[derive(Clone, Copy, Debug)]
struct Log {
    start: GuestAddress,
    entries: u64,
}

/// An error means that the memory of an area is gone: the area is not written.
type Written = Result<(), vm_memory::GuestMemoryError>;

fn at(area: GuestAddress, offset: u64) -> GuestAddress {
    GuestAddress(area.0 + offset) // an area is in memory: no overflow
}

impl Areas {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The dispatch count: odd while the processor is not dispatched.
    pub fn dispatches(&self) -> u32 {
        self.state().dispatches
    }

    /// Records that the processor stopped running.
    pub fn preempted(&self, memory: &Memory) {
        let mut state = self.state();
        state.dispatches = state.dispatches.wrapping_add(1) | 1;
        state.count(memory);
    }

    /// Records that the processor runs again: after a wait for this reason from this moment on, or, with
    /// `None`, after its start. If the present moment is unknown, the dispatch is counted and no time is.
    pub fn dispatched(
        &self,
        memory: &Memory,
        waited: Option<(Preemption, Moment)>,
        now: Option<Moment>,
    ) {
        let mut state = self.state();
        let Some(now) = now else { return state.dispatched(memory) };
        let Some((why, since)) = waited else {
            (state.stolen, state.processor) = (now.stolen, now.processor);
            return state.dispatched(memory);
        };
        let passed = now.timebase.saturating_sub(since.timebase);
        let late = state.late(memory, now);
        let to_be_ready = passed.saturating_sub(now.stolen.saturating_sub(since.stolen));
        state.dispatched(memory);
        let _ = state.add(memory, vpa::WAITED_TO_BE_READY, to_be_ready);
        let _ = state.log_wait(memory, why, [late, to_be_ready], now);
    }

    /// Records a preemption and a dispatch if time was stolen from the processor while it was ready.
    pub fn preempted_meanwhile(&self, memory: &Memory, now: Moment) {
        let mut state = self.state();
        let late = state.late(memory, now);
        if late > 0 {
            state.dispatches = state.dispatches.wrapping_add(1) | 1;
            state.dispatched(memory);
            let _ = state.log_wait(memory, Preemption::TimeSlice, [late, 0], now);
        }
    }
}

/// Registrations. Errors: [`Status::Parameter`] for an invalid area, [`Status::Resource`] when the VPA is needed
/// or missing.
impl Areas {
    pub(crate) fn register_vpa(&self, memory: &Memory, area: Gpa) -> Result<(), Status> {
        self.state().register_vpa(memory, area)
    }

    pub(crate) fn register_slb_shadow(&self, memory: &Memory, area: Gpa) -> Result<(), Status> {
        self.state().register_slb_shadow(memory, area)
    }

    pub(crate) fn register_log(&self, memory: &Memory, area: Gpa) -> Result<(), Status> {
        self.state().register_log(memory, area)
    }

    pub(crate) fn deregister_vpa(&self) -> Result<(), Status> {
        self.state().deregister_vpa()
    }

    pub(crate) fn deregister_log(&self) -> Result<(), Status> {
        self.state().log = None;
        Ok(())
    }

    pub(crate) fn deregister_slb_shadow(&self) -> Result<(), Status> {
        self.state().slb_shadow = None;
        Ok(())
    }
}

impl State {
    fn count(&self, memory: &Memory) {
        if let Some(vpa) = self.vpa {
            let _ = memory.write_obj(Be32::from(self.dispatches), at(vpa, vpa::DISPATCHES));
        }
    }

    fn dispatched(&mut self, memory: &Memory) {
        self.dispatches = self.dispatches.wrapping_add(1) & !1;
        self.count(memory);
    }

    /// Adds the ticks stolen since the last dispatch, and counts a change of the physical processor; returns the
    /// ticks.
    fn late(&mut self, memory: &Memory, now: Moment) -> u64 {
        let late = now.stolen.saturating_sub(self.stolen);
        let _ = self.add(memory, vpa::WAITED_TO_RUN, late);
        if now.processor != self.processor {
            let _ = self.disperse(memory);
        }
        (self.stolen, self.processor) = (now.stolen, now.processor);
        late
    }

    fn disperse(&self, memory: &Memory) -> Written {
        let Some(vpa) = self.vpa else { return Ok(()) };
        let place = at(vpa, vpa::DISPERSION);
        let sum: Be32 = memory.read_obj(place)?;
        memory.write_obj(Be32::from(sum.to_native().wrapping_add(1)), place)
    }

    /// Adds ticks to an accumulator of the VPA.
    fn add(&self, memory: &Memory, accumulator: u64, ticks: u64) -> Written {
        let Some(vpa) = self.vpa else { return Ok(()) };
        let place = at(vpa, accumulator);
        let sum: Be64 = memory.read_obj(place)?;
        memory.write_obj(Be64::from(sum.to_native().wrapping_add(ticks)), place)
    }

    /// Writes an entry of the dispatch trace log, if the mask enables such waits. The ticks are those of wait
    /// intervals 3 and 1.
    fn log_wait(&self, memory: &Memory, why: Preemption, ticks: [u64; 2], now: Moment) -> Written {
        let (Some(vpa), Some(log)) = (self.vpa, self.log) else { return Ok(()) };
        if memory.read_obj::<u8>(at(vpa, vpa::LOG_MASK))? & why.enabled_by() == 0 {
            return Ok(());
        }
        let [late, to_be_ready] = ticks.map(|ticks| ticks.min(u32::MAX.into()) as u32);
        let index: Be64 = memory.read_obj(at(vpa, vpa::LOG_INDEX))?;
        let index = index.to_native();
        let mut entry = [0; LOG_ENTRY as usize];
        entry[0] = DISPATCH_REASON;
        entry[1] = why as u8;
        entry[0x2..0x4].copy_from_slice(&now.processor.to_be_bytes());
        entry[0x4..0x8].copy_from_slice(&late.to_be_bytes());
        entry[0xc..0x10].copy_from_slice(&to_be_ready.to_be_bytes());
        entry[0x10..0x18].copy_from_slice(&now.timebase.to_be_bytes());
        entry[0x20..0x28].copy_from_slice(&now.srr0.to_be_bytes());
        entry[0x28..0x30].copy_from_slice(&now.srr1.to_be_bytes());
        memory.write_slice(&entry, at(log.start, index % log.entries * LOG_ENTRY))?;
        memory.write_obj(Be64::from(index.wrapping_add(1)), at(vpa, vpa::LOG_INDEX))
    }

    fn register_vpa(&mut self, memory: &Memory, area: Gpa) -> Result<(), Status> {
        let size: Be16 = length(memory, area)?;
        let start = whole(memory, area, size.to_native().into(), VPA_MIN)?;
        self.vpa = Some(start);
        let counters = [0; vpa::COUNTERS_END - vpa::DISPATCHES as usize];
        let _ = memory.write_slice(&counters, at(start, vpa::DISPATCHES));
        let _ = memory.write_obj(vpa::SHARED, at(start, vpa::OLD_STATUS));
        self.count(memory);
        Ok(())
    }

    fn register_slb_shadow(&mut self, memory: &Memory, area: Gpa) -> Result<(), Status> {
        let size: Be32 = length(memory, area)?;
        let start = whole(memory, area, size.to_native().into(), SLB_SHADOW_MIN)?;
        self.vpa.ok_or(Status::Resource)?;
        self.slb_shadow = Some(start);
        Ok(())
    }

    fn register_log(&mut self, memory: &Memory, area: Gpa) -> Result<(), Status> {
        let size: Be32 = length(memory, area)?;
        let size: u64 = size.to_native().into();
        let entries = size / LOG_ENTRY;
        let start = in_memory(memory, area, size).filter(|_| entries > 0);
        let start = start.ok_or(Status::Parameter)?;
        self.vpa.ok_or(Status::Resource)?;
        self.log = Some(Log { start, entries });
        Ok(())
    }

    fn deregister_vpa(&mut self) -> Result<(), Status> {
        if self.log.is_some() || self.slb_shadow.is_some() {
            return Err(Status::Resource);
        }
        self.vpa = None;
        Ok(())
    }
}

/// The start of an area, if all of it is memory.
fn in_memory(memory: &Memory, area: Gpa, size: u64) -> Option<GuestAddress> {
    let len = usize::try_from(size).ok()?;
    memory.check_range(GuestAddress(area.0), len).then_some(GuestAddress(area.0))
}

/// The length field of an area, which is in the area itself.
fn length<T: vm_memory::ByteValued>(memory: &Memory, area: Gpa) -> Result<T, Status> {
    let place = area.0.checked_add(vpa::SIZE).ok_or(Status::Parameter)?;
    memory.read_obj(GuestAddress(place)).map_err(|_| Status::Parameter)
}

/// The start of an area that has at least `min` bytes, is memory, and is inside one page.
fn whole(memory: &Memory, area: Gpa, size: u64, min: u64) -> Result<GuestAddress, Status> {
    let fits = size >= min && area.0 % PAGE + size <= PAGE;
    in_memory(memory, area, size).filter(|_| fits).ok_or(Status::Parameter)
}
