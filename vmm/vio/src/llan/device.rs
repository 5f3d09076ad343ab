// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The adapter: the hypercalls, and the arrival of frames.

mod save;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use hcall::vio::{Descriptor, FilterChange, LogicalLan, Mac, Multicast, Reply};
use hcall::{Status, VioDevice};
use iommu::{Direction, Ioba};
use saved::{LoadError, Reader, Writer};

use super::backend::{Link, NetError, NetSpec, PATIENCE, Sink};
use super::buffers::{BufferPlace, HANDLE, Message, Pools, ReceiveQueue, is_receive_buffer};
use super::checksum::{self, Segment};
use super::filter::{FILTERS, Filter};
use crate::bus::{Device, DeviceConfig, DeviceError, Node, Slot};
use crate::dma::Port;
use crate::fault::Fault;

/// The buffer list and the filter list are a page each, whatever the TCE page.
const PAGE: u64 = 4096;
/// Offset of the counter of dropped frames in the buffer list.
const DROPPED: u64 = PAGE - 8;
/// Least frame: two addresses and a type.
const LEAST_FRAME: u64 = 14;
/// ILLAN attributes (LoPAR 2.9, H_ILLAN_ATTRIBUTES) that are always 1, and those that a closed adapter may change. All
/// others are unimplemented: 0, and ignored.
const FIXED: u64 = checksum::PADDED | checksum::NON_ZERO;
const OPTIONS: u64 = checksum::IPV4 | checksum::IPV6;
/// The most bytes of a frame: LoPAR's least value of `ibm,max-virtual-dma-size`.
pub(crate) const MOST_FRAME: u64 = 128 << 10;

/// A logical LAN adapter.
pub struct Llan {
    slot: Slot,
    built_in: Mac,
    link: Link,
    state: Mutex<State>,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    sent: AtomicU64,
    refused: AtomicU64,
    received: AtomicU64,
    dropped: AtomicU64,
}

struct State {
    port: Port,
    mac: Mac,
    filter: Filter,
    attributes: u64,
    open: Option<Open>,
    /// The buffer in which a frame is gathered.
    frame: Vec<u8>,
    /// Set while frames of the back end wait for a buffer.
    waiting: Option<Waiting>,
    /// True while the adapter takes no frames.
    resting: bool,
    /// True while the guest has a new entry whose interrupt was not raised yet.
    unsignalled: bool,
}

#[derive(Clone, Copy)]
struct Waiting {
    since: Instant,
    /// True if the back end was asked to try again.
    told: bool,
}

/// The structures that the guest registered.
struct Open {
    list: Ioba,
    queue: ReceiveQueue,
    pools: Pools,
    dropped: u64,
}

impl Llan {
    /// Makes the adapter and starts its back end. The slot's number determines its address, unless one is
    /// given.
    fn start(slot: Slot, spec: &NetSpec) -> Result<Arc<Llan>, NetError> {
        // A locally administered address; the other bytes are those of QEMU.
        let built_in = spec.mac.unwrap_or([0x52, 0x54, 0, 0x12, 0x34, 0x54 + slot.number]);
        let state = State {
            port: slot.port("frames"),
            mac: built_in,
            filter: Filter::default(),
            attributes: FIXED,
            open: None,
            frame: Vec::with_capacity(MOST_FRAME as usize),
            waiting: None,
            resting: false,
            unsignalled: false,
        };
        let link = Link::open(&spec.to)?;
        let (state, counters) = (Mutex::new(state), Counters::default());
        let device = Arc::new(Llan { slot, built_in, link, state, counters });
        let sink: Weak<Llan> = Arc::downgrade(&device);
        device.link.start(sink)?;
        Ok(device)
    }

    /// The state, also after a panic elsewhere: each field is valid at any time.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeviceConfig for NetSpec {
    fn build(&self, slot: Slot) -> Result<Arc<dyn Device>, DeviceError> {
        Ok(Llan::start(slot, self)?)
    }
}

impl Device for Llan {
    fn slot(&self) -> &Slot {
        &self.slot
    }

    fn node(&self) -> Node {
        self.slot
            .node("l-lan", "network", "IBM,l-lan")
            .with("local-mac-address", self.built_in)
            .with("ibm,mac-address-filters", (FILTERS as u32).to_be_bytes())
            .with("ibm,illan-options", [])
            .with("max-frame-size", (MOST_FRAME as u32).to_be_bytes())
            .with("address-bits", 48u32.to_be_bytes())
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        let Counters { sent, refused, received, dropped } = &self.counters;
        let counter = |of: &AtomicU64| of.load(Ordering::Relaxed);
        vec![
            ("frames sent", counter(sent)),
            ("frames the back end dropped", counter(refused)),
            ("frames received", counter(received)),
            ("frames without a buffer", counter(dropped)),
        ]
    }

    fn reset(&self) {
        let _always = self.free();
        let mut state = self.state();
        (state.mac, state.attributes) = (self.built_in, FIXED);
        state.resting = false;
    }

    /// A frame is received under the lock, so none is under way afterwards. The interrupt of the last ones is raised.
    fn rest(&self, _: Instant) -> io::Result<()> {
        let mut state = self.state();
        state.resting = true;
        self.raise_new(&mut state);
        Ok(())
    }

    fn resume(&self) {
        self.state().resting = false;
        self.link.resume();
    }

    fn save(&self, to: &mut Writer<'_>) {
        self.save_state(to);
    }

    fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        self.load_state(from)
    }

    fn stop(&self) {
        self.link.stop();
    }
}

impl VioDevice for Llan {
    /// The adapter cannot see how far the guest has read its receive queue (LoPAR 2.9, "Receive Queue": the
    /// guest keeps its own pointer and writes nothing into it). So an event is signalled if any frame came
    /// while signals were off.
    fn signal(&self, enabled: bool) {
        self.slot.line.signal(enabled);
    }

    fn lan(&self) -> Option<&dyn LogicalLan> {
        Some(self)
    }
}

impl LogicalLan for Llan {
    fn register(
        &self,
        list: Ioba,
        queue: Descriptor,
        filters: Ioba,
        mac: Mac,
    ) -> Result<(), Status> {
        let mut state = self.state();
        let State { port, .. } = &mut *state;
        for page in [list, filters] {
            port.page(page, PAGE)?;
        }
        let (at, len) = (queue.address(), queue.len());
        let queue = ReceiveQueue::new(queue).ok_or(Status::Parameter)?;
        port.whole(at, len, Direction::FromDevice)?;
        if state.open.is_some() {
            return Err(Status::Resource);
        }
        let State { port, .. } = &mut *state;
        let written = port
            .write(list, &[0; PAGE as usize])
            .and_then(|()| port.write(filters, &[0; PAGE as usize]))
            .and_then(|()| port.write(list, &queue.descriptor().0.to_be_bytes()));
        written.map_err(|_| Status::Parameter)?;
        self.slot.line.reset();
        state.mac = mac;
        state.filter = Filter::default();
        state.open = Some(Open { list, queue, pools: Pools::default(), dropped: 0 });
        Ok(())
    }

    fn free(&self) -> Result<(), Status> {
        let mut state = self.state();
        self.slot.line.reset();
        state.open = None;
        if state.waiting.take().is_some() {
            self.link.resume();
        }
        Ok(())
    }

    fn add_buffer(&self, buffer: Descriptor) -> Result<(), Status> {
        let mut state = self.state();
        let State { port, open, waiting, .. } = &mut *state;
        if !is_receive_buffer(buffer) {
            return Err(Status::Parameter);
        }
        port.whole(buffer.address(), buffer.len(), Direction::FromDevice)?;
        let open = open.as_mut().ok_or(Status::Resource)?;
        // More buffers than the queue can report would only fill our memory.
        if open.pools.count() as u64 >= open.queue.entries() {
            return Err(Status::Resource);
        }
        let enough = open.pools.add(buffer).map_err(|_| Status::Resource)?;
        if let Some(waiting) = waiting.as_mut().filter(|waiting| enough && !waiting.told) {
            waiting.told = true;
            self.link.resume();
        }
        Ok(())
    }

    fn free_buffer(&self, size: u64) -> Result<(), Status> {
        let mut state = self.state();
        let State { port, open, .. } = &mut *state;
        let open = open.as_mut().ok_or(Status::NotFound)?;
        let buffer = open.pools.take_exactly(size).ok_or(Status::NotFound)?;
        // A buffer that is no longer mapped is removed all the same.
        if open.give_back(port, buffer).is_ok() {
            self.slot.line.raise();
        }
        Ok(())
    }

    fn send(&self, buffers: &[Descriptor; 6]) -> Result<(), Status> {
        let mut state = self.state();
        let mut frame = std::mem::take(&mut state.frame);
        let gathered = state.gather(buffers, &mut frame);
        let ready = gathered.and_then(|()| match state.open {
            Some(_) => state.checksum(buffers[0], &mut frame),
            None => Err(Status::Dropped),
        });
        drop(state);
        let sent = ready.and_then(|()| self.hand_over(&frame));
        self.state().frame = frame; // its memory is reused
        sent
    }

    fn multicast(&self, change: Multicast, filter: FilterChange) -> Reply {
        self.state().filter.change(change, filter)
    }

    fn set_mac(&self, mac: Mac) {
        self.state().mac = mac;
    }

    /// LoPAR 2.9, H_ILLAN_ATTRIBUTES: `reset` is applied first. Bits that cannot be changed, or not while the
    /// adapter is open, stay and make the answer H_CONSTRAINED; unimplemented bits are ignored.
    fn attributes(&self, reset: u64, set: u64) -> Reply {
        let mut state = self.state();
        let wanted = (state.attributes & !reset | set) & (FIXED | OPTIONS);
        let changes = wanted ^ state.attributes;
        let allowed = if state.open.is_some() { 0 } else { OPTIONS };
        state.attributes ^= changes & allowed;
        let all = changes & !allowed == 0;
        let status = if all { Status::Success } else { Status::Constrained };
        Reply { value: state.attributes, status }
    }
}

/// The result for a frame from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Received {
    /// The guest has a new entry to read.
    Told,
    /// The frame is not for this adapter, or fits no buffer of any size that the guest gives.
    Dropped,
    /// There is no buffer for it at the moment.
    Later,
}

impl Llan {
    fn hand_over(&self, frame: &[u8]) -> Result<(), Status> {
        if self.link.send(frame) {
            self.counters.sent.fetch_add(1, Ordering::Relaxed);
            Ok(())
        } else {
            self.counters.refused.fetch_add(1, Ordering::Relaxed);
            Err(Status::Dropped)
        }
    }
}

impl Sink for Llan {
    /// Receives frames, with one interrupt for all of them. The lock is held for one frame at a time, so that
    /// the guest can add buffers meanwhile.
    fn receive(&self, frames: &mut dyn Iterator<Item = &[u8]>) -> usize {
        let mut taken = 0;
        for frame in frames {
            let mut state = self.state();
            if state.resting {
                break;
            }
            match self.receive_one(&mut state, frame) {
                Ok(Received::Later) => {
                    let since = state.waiting.map_or_else(Instant::now, |waiting| waiting.since);
                    state.waiting = Some(Waiting { since, told: false });
                    break;
                }
                received => state.unsignalled |= received == Ok(Received::Told),
            }
            taken += 1;
        }
        self.raise_new(&mut self.state());
        taken
    }
}

impl Llan {
    /// Raises the interrupt of the entries that are new since the last one.
    fn raise_new(&self, state: &mut State) {
        if std::mem::take(&mut state.unsignalled) {
            self.slot.line.raise();
        }
    }

    /// Receives a frame. A fault loses the frame.
    fn receive_one(&self, state: &mut State, frame: &[u8]) -> Result<Received, Fault> {
        let State { port, mac, filter, attributes, open: Some(open), waiting, .. } = state else {
            return Ok(Received::Dropped);
        };
        let to = frame.first_chunk::<6>().filter(|_| frame.len() as u64 >= LEAST_FRAME);
        if !to.is_some_and(|to| filter.accepts(*to, *mac)) {
            return Ok(Received::Dropped);
        }
        let needed = frame.len() as u64 + HANDLE;
        let patient = waiting.is_none_or(|waiting| waiting.since.elapsed() < PATIENCE);
        let buffer = match open.pools.take(needed, patient) {
            BufferPlace::Buffer(buffer) => buffer,
            BufferPlace::Later => return Ok(Received::Later),
            BufferPlace::Nowhere => {
                self.counters.dropped.fetch_add(1, Ordering::Relaxed);
                open.dropped = open.dropped.wrapping_add(1);
                port.write(Ioba(open.list.0 + DROPPED), &open.dropped.to_be_bytes())?;
                return Ok(Received::Dropped);
            }
        };
        *waiting = None;
        let mut handle = [0; 8];
        port.read(buffer, &mut handle)?;
        let written = port.write(Ioba(buffer.0 + HANDLE), frame);
        // No frame has 4 GiB. A buffer that took only a part of the frame is returned without a message.
        let good = is_verified(frame, *attributes);
        let message = written.is_ok().then_some(Message { len: frame.len() as u32, good });
        open.tell(port, handle, message)?;
        self.counters.received.fetch_add(u64::from(message.is_some()), Ordering::Relaxed);
        Ok(Received::Told)
    }
}

impl Open {
    fn tell(
        &mut self,
        port: &mut Port,
        handle: [u8; 8],
        message: Option<Message>,
    ) -> Result<(), Fault> {
        if self.queue.put(port, handle, message)? {
            port.write(self.list, &self.queue.descriptor().0.to_be_bytes())?;
        }
        Ok(())
    }

    fn give_back(&mut self, port: &mut Port, buffer: Ioba) -> Result<(), Fault> {
        let mut handle = [0; 8];
        port.read(buffer, &mut handle)?;
        self.tell(port, handle, None)
    }
}

/// True if the guest relies on us for a frame's checksum, and the checksum is right. A frame with a wrong one
/// is passed on for the guest to count.
fn is_verified(frame: &[u8], attributes: u64) -> bool {
    attributes & OPTIONS != 0
        && Segment::of(frame)
            .is_some_and(|segment| attributes & segment.attribute != 0 && segment.is_good())
}

impl State {
    /// Serves the control bits of a frame's first buffer (LoPAR 2.9, "Summary of H_SEND_LOGICAL_LAN Semantics
    /// with Checksum Offload"). Errors: H_PARAMETER for a request that the attributes do not allow, H_DROPPED
    /// for a frame without a checksum from another address.
    fn checksum(&self, first: Descriptor, frame: &mut [u8]) -> Result<(), Status> {
        let (missing, good) = (first.has(checksum::NO_CHECKSUM), first.has(checksum::GOOD));
        if !missing && !good {
            return Ok(());
        }
        let segment = Segment::of(frame).filter(|_| good).ok_or(Status::Parameter)?;
        if self.attributes & segment.attribute == 0 {
            return Err(Status::Parameter);
        }
        if missing {
            let from = frame.get(6..12);
            from.filter(|from| *from == self.mac).ok_or(Status::Dropped)?;
            checksum::generate(frame);
        }
        Ok(())
    }

    /// Reads the frame that lies in these buffers. Errors: H_PARAMETER.
    fn gather(&mut self, buffers: &[Descriptor; 6], frame: &mut Vec<u8>) -> Result<(), Status> {
        frame.clear();
        for buffer in buffers.iter().take_while(|buffer| !buffer.is_empty()) {
            let start = frame.len();
            let end = start as u64 + buffer.len();
            if !buffer.is_valid() || end > MOST_FRAME {
                return Err(Status::Parameter);
            }
            frame.resize(end as usize, 0);
            let read = self.port.read(buffer.address(), &mut frame[start..]);
            read.map_err(|_| Status::Parameter)?;
        }
        if (frame.len() as u64) < LEAST_FRAME { Err(Status::Parameter) } else { Ok(()) }
    }
}

impl std::fmt::Debug for Llan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Llan").field("unit", &self.slot.unit).finish_non_exhaustive()
    }
}
