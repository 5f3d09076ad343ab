// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The adapter: the hypercalls of its queue, and the state of the connection.
//!
//! A vCPU only checks and queues its requests; the worker does the rest. An *epoch* is the time between two
//! registrations, or between a violation of the protocol and the next handshake. A request belongs to the
//! epoch in which it was sent. At the end of the epoch, waiting requests are dropped, and the one under way
//! can no longer reach guest memory and is not answered: its port is behind a [`Gate`]. So freeing the queue
//! and resetting the device wait neither for a disk nor for the worker.
//!
//! A panic while a request is served is answered (`worker.rs`). A worker that ends in another way is a failed
//! partner in LoPAR's terms: the client gets the transport event, and its later messages are H_CLOSED.

mod save;

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use hcall::vio::CommandQueue;
use hcall::{Status, VioDevice};
use iommu::Ioba;
use saved::{LoadError, Reader, Writer};

use super::backend::{DiskError, DiskSpec, Image};
use super::crq::{self, PutError, Queue};
use super::scsi::{Disk, Target};
use super::worker;
use crate::bus::{Device, Node, Slot};
use crate::dma::{Gate, Port};
use crate::line::Mode;

/// The most waiting requests; the client is granted fewer.
const MOST_WAITING: usize = 2 * super::REQUEST_LIMIT as usize;

/// Formats of commands.
pub(super) const SRP: u8 = 1;
pub(super) const MAD: u8 = 2;
const INLINE: u8 = 6;
const PING: u8 = 0xf5;
const PING_RESPONSE: u8 = 0xf6;

/// A virtual SCSI adapter with its server.
pub struct Vscsi {
    slot: Slot,
    /// The size of each disk in bytes.
    disks: Vec<u64>,
    state: Mutex<State>,
    /// Notified when there is work, at the end, and when a request is complete that is awaited.
    changed: Condvar,
    worker: Mutex<Option<JoinHandle<()>>>,
    pub(super) counters: Counters,
}

/// The counters of an adapter.
#[derive(Default)]
pub(super) struct Counters {
    pub(super) commands: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) read: AtomicU64,
    pub(super) written: AtomicU64,
    pub(super) flushes: AtomicU64,
    violations: AtomicU64,
    lost: AtomicU64,
}

/// The state of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    /// The handshake has not come yet.
    Waiting,
    /// Datagrams and a login are accepted.
    Open,
    /// Commands are accepted.
    LoggedIn,
}

struct State {
    port: Port,
    queue: Option<Queue>,
    connection: Connection,
    epoch: u64,
    /// The gate that ends the worker's access to memory with an epoch.
    gate: Arc<Gate>,
    waiting: VecDeque<Request>,
    /// True while the worker serves a request.
    serving: bool,
    /// True while a thread waits until no request is left.
    awaited: bool,
    stopping: bool,
    /// True if the worker has ended without a request to stop.
    failed: bool,
}

/// A request that the client sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) epoch: u64,
    /// [`SRP`] or [`MAD`].
    pub(super) format: u8,
    pub(super) len: usize,
    pub(super) iu: Ioba,
}

/// The worker's result for a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// The client gets this entry.
    Entry([u8; 16]),
    /// The client gets this entry, and is logged in from now on.
    LoggedIn([u8; 16]),
    /// The client logs out.
    Logout,
    /// The client broke the protocol.
    Violation(String),
    /// The server cannot go on with this connection.
    Failed,
}

impl Vscsi {
    /// Makes the adapter with its disks and starts its worker.
    pub(crate) fn start(slot: Slot, disks: &[DiskSpec]) -> Result<Arc<Vscsi>, DiskError> {
        if disks.len() > super::MOST_DISKS {
            return Err(DiskError::TooMany);
        }
        Vscsi::with(slot, Target::open(disks)?)
    }

    /// Makes the adapter with these images as disks.
    pub(crate) fn with_images(
        slot: Slot,
        images: Vec<Box<dyn Image>>,
    ) -> Result<Arc<Vscsi>, DiskError> {
        if images.len() > super::MOST_DISKS {
            return Err(DiskError::TooMany);
        }
        let disks = images.into_iter().enumerate().map(|(n, image)| Disk::new(n, image, false));
        Vscsi::with(slot, Target::of(disks.collect()))
    }

    fn with(slot: Slot, target: Target) -> Result<Arc<Vscsi>, DiskError> {
        let gate = Arc::new(Gate::default());
        let (port, worker_port) = (slot.port("queue"), slot.port("requests").behind(gate.clone()));
        let state = State {
            port,
            queue: None,
            connection: Connection::Waiting,
            epoch: 0,
            gate,
            waiting: VecDeque::new(),
            serving: false,
            awaited: false,
            stopping: false,
            failed: false,
        };
        let device = Arc::new(Vscsi {
            slot,
            disks: target.sizes(),
            state: Mutex::new(state),
            changed: Condvar::new(),
            worker: Mutex::default(),
            counters: Counters::default(),
        });
        let (own, thread) = (device.clone(), std::thread::Builder::new().name("disk".into()));
        let thread = thread.spawn(move || {
            let _watched = Watched(&own);
            worker::run(&own, worker_port, target);
        });
        let thread = thread.map_err(DiskError::Thread)?;
        *device.worker.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(device)
    }

    /// The state, also after a panic elsewhere: each field is valid at any time.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next request for the worker; `None` at the end.
    pub(super) fn next(&self) -> Option<Request> {
        let mut state = self.state();
        while !state.stopping {
            match state.waiting.pop_front() {
                Some(request) if request.epoch == state.epoch => {
                    state.serving = true;
                    return Some(request);
                }
                Some(_) => {}
                None => {
                    state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        None
    }

    /// True if the client has logged in.
    pub(super) fn logged_in(&self) -> bool {
        self.state().connection == Connection::LoggedIn
    }

    /// Ends a request with the worker's answer.
    pub(super) fn done(&self, request: &Request, answer: Answer) {
        let mut state = self.state();
        state.served(&self.changed);
        if request.epoch != state.epoch {
            return;
        }
        match answer {
            Answer::Entry(entry) => self.tell(&mut state, entry),
            Answer::LoggedIn(entry) => {
                state.connection = Connection::LoggedIn;
                self.tell(&mut state, entry);
            }
            Answer::Logout => self.disconnect(&mut state, crq::PARTNER_LEFT),
            Answer::Violation(why) => {
                self.counters.violations.fetch_add(1, Ordering::Relaxed);
                log::warn!("v-scsi: the client broke the protocol: {why}");
                self.disconnect(&mut state, crq::PARTNER_LEFT);
            }
            Answer::Failed => self.disconnect(&mut state, crq::PARTNER_FAILED),
        }
    }

    /// Closes and reopens our side, which LoPAR 2.9, "Connection Establishment", requires after a violation.
    /// The client gets this transport event, and begins with a handshake again.
    fn disconnect(&self, state: &mut State, why: u8) {
        state.new_epoch();
        let mut event = [0; 16];
        event[..2].copy_from_slice(&[crq::TRANSPORT, why]);
        self.tell(state, event);
    }

    /// Records the end of the worker. Unless it was stopped, there is no server from now on.
    fn worker_ended(&self) {
        let mut state = self.state();
        state.served(&self.changed);
        if !state.stopping {
            log::error!("v-scsi: the thread of the disks has ended; the disks are gone");
            state.failed = true;
            self.disconnect(&mut state, crq::PARTNER_FAILED);
        }
    }

    /// Puts an entry into the client's queue and signals it. An entry for which there is no room is lost,
    /// and counted.
    fn tell(&self, state: &mut State, entry: [u8; 16]) {
        let State { port, queue: Some(queue), .. } = state else { return };
        match queue.put(port, entry) {
            Ok(()) => self.slot.line.raise(),
            Err(PutError::Full | PutError::Fault) => {
                self.counters.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Reports that the worker has ended, however it does.
struct Watched<'a>(&'a Vscsi);

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        self.0.worker_ended();
    }
}

impl State {
    /// The worker has no request under way. A notification costs a system call, so there is none unless one is awaited.
    fn served(&mut self, changed: &Condvar) {
        self.serving = false;
        if self.awaited {
            changed.notify_all();
        }
    }

    /// Drops the waiting requests. The request under way reaches no memory from now on, and is not answered.
    fn new_epoch(&mut self) {
        self.epoch += 1;
        self.gate.begin(self.epoch);
        self.connection = Connection::Waiting;
        self.waiting.clear();
    }
}

impl Device for Vscsi {
    fn slot(&self) -> &Slot {
        &self.slot
    }

    fn node(&self) -> Node {
        self.slot
            .node("v-scsi", "vscsi", "IBM,v-scsi")
            .with("#address-cells", 2u32.to_be_bytes())
            .with("#size-cells", 0u32.to_be_bytes())
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        let Counters { commands, refused, read, written, flushes, violations, lost } =
            &self.counters;
        let rows = [
            ("SCSI commands", commands),
            ("SCSI commands refused", refused),
            ("bytes read from disks", read),
            ("bytes written to disks", written),
            ("flushes", flushes),
            ("violations of the protocol", violations),
            ("responses without room", lost),
        ];
        rows.map(|(name, counter)| (name, counter.load(Ordering::Relaxed))).to_vec()
    }

    /// The request under way reaches no memory afterwards, so the reset does not wait for it.
    fn reset(&self) {
        self.close();
    }

    fn rest(&self, until: Instant) -> io::Result<()> {
        self.wait_for_worker(until)
    }

    /// No vCPU has sent a request meanwhile, so nothing waits.
    fn resume(&self) {}

    fn save(&self, to: &mut Writer<'_>) {
        self.save_state(to);
    }

    fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        self.load_state(from)
    }

    fn stop(&self) {
        self.state().stopping = true;
        self.changed.notify_all();
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker {
            // A worker that panicked needs no further end.
            let _ = worker.join();
        }
    }
}

impl VioDevice for Vscsi {
    /// Signals an entry that the client has not taken. Entries and modes change under one lock.
    fn signal(&self, enabled: bool) {
        if !enabled {
            return self.slot.line.close();
        }
        let mut state = self.state();
        let State { port, queue, .. } = &mut *state;
        let closed = self.slot.line.open() != Mode::Open;
        if closed && queue.as_ref().is_some_and(|queue| queue.has_unread(port)) {
            self.slot.line.pulse();
        }
    }

    fn crq(&self) -> Option<&dyn CommandQueue> {
        Some(self)
    }
}

impl CommandQueue for Vscsi {
    fn register(&self, queue: Ioba, len: u64) -> Result<(), Status> {
        let mut state = self.state();
        let queue = Queue::new(&mut state.port, queue, len)?;
        if state.queue.is_some() {
            return Err(Status::Resource);
        }
        self.slot.line.reset();
        state.new_epoch();
        state.queue = Some(queue);
        if state.failed { Err(Status::Closed) } else { Ok(()) }
    }

    /// Never returns a long busy status, because it waits for nothing.
    fn free(&self) -> Result<(), Status> {
        self.close();
        Ok(())
    }

    fn send(&self, message: [u8; 16]) -> Result<(), Status> {
        let [header, format, ..] = message;
        if header & 0x80 == 0 || header == crq::TRANSPORT {
            return Err(Status::Parameter);
        }
        let mut state = self.state();
        if state.queue.is_none() || state.failed {
            return Err(Status::Closed);
        }
        match header {
            crq::INITIALIZATION => self.initialization(&mut state, format),
            crq::COMMAND if state.connection == Connection::Waiting => return Err(Status::Closed),
            crq::COMMAND => self.command(&mut state, message)?,
            // Reserved headers are ignored.
            _ => {}
        }
        Ok(())
    }

    /// The queue is never suspended, and all pages are always present.
    fn enable(&self) -> Result<(), Status> {
        Ok(())
    }
}

impl Vscsi {
    /// Drops the queue. Afterwards no thread touches the guest's memory.
    fn close(&self) {
        let mut state = self.state();
        self.slot.line.reset();
        state.new_epoch();
        state.queue = None;
    }

    /// A handshake begins a new connection.
    fn initialization(&self, state: &mut State, format: u8) {
        match format {
            crq::INITIALIZE => {
                state.new_epoch();
                state.connection = Connection::Open;
                let mut answer = [0; 16];
                answer[..2].copy_from_slice(&[crq::INITIALIZATION, crq::INITIALIZED]);
                self.tell(state, answer);
            }
            crq::INITIALIZED if state.connection == Connection::Waiting => {
                state.connection = Connection::Open;
            }
            _ => {}
        }
    }

    /// Queues a request, or answers a ping at once.
    fn command(&self, state: &mut State, message: [u8; 16]) -> Result<(), Status> {
        let [_, format, _, status, _, _, len_high, len_low, iu @ ..] = message;
        match format {
            SRP | MAD if state.waiting.len() >= MOST_WAITING => return Err(Status::Dropped),
            SRP | MAD => {
                let len = usize::from(u16::from_be_bytes([len_high, len_low]));
                let (epoch, iu) = (state.epoch, Ioba(u64::from_be_bytes(iu)));
                state.waiting.push_back(Request { epoch, format, len, iu });
                self.changed.notify_all();
            }
            INLINE if status == PING => {
                let mut answer = [0; 16];
                answer[..4].copy_from_slice(&[crq::COMMAND, INLINE, 0, PING_RESPONSE]);
                self.tell(state, answer);
            }
            // Private formats of other systems are ignored.
            _ => {}
        }
        Ok(())
    }
}

impl std::fmt::Debug for Vscsi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vscsi").field("unit", &self.slot.unit).finish_non_exhaustive()
    }
}
