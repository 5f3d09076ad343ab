// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! virtio-net: a network adapter on the back ends of l-lan (virtio 1.3, 5.1).
//!
//! One pair of queues: a back end is one connection with one thread, so more pairs would only share it. The guest may leave
//! checksums and segmentation to us (`offload.rs`); checksums of arriving TCP segments are verified, so that the guest need
//! not. Frames that arrive are never larger than the station behind the back end sends them, so segments are not put
//! together.
//!
//! Without a filter for addresses all frames are received, as from a hub: the guest drops those of others.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;

use hcall::vio::Mac;
use saved::{LoadError, Reader, Writer};
use vio::llan::NetSpec;
use vio::llan::backend::{Link, Sink};
use vio::llan::checksum::Segment;
use vio::{Fault, Port};
use virtio_bindings::virtio_net::{
    VIRTIO_NET_F_CSUM, VIRTIO_NET_F_GUEST_CSUM, VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_HOST_TSO6,
    VIRTIO_NET_F_MAC, VIRTIO_NET_F_MRG_RXBUF, VIRTIO_NET_F_STATUS, VIRTIO_NET_HDR_F_DATA_VALID,
    VIRTIO_NET_S_LINK_UP,
};

use super::chain::Chain;
use super::core::Core;
use super::device::{self, Virtio};
use super::model::{Kind, Model};
use super::offload::{HEADER, Header, Malformed};
use super::queue::RingError;
use super::transport::bit;
use crate::description::Description;
use crate::function::{Function, FunctionConfig, FunctionError};
use crate::slot::Slot;

const KIND: Kind = Kind { number: 1, node: "ethernet", class: 0x02_0000 };
/// The most entries of a queue.
const ENTRIES: u16 = 256;
/// The queue of received frames; the other one is for frames to send.
const RECEIVE: usize = 0;
/// The most bytes of a frame, before it is cut.
const MOST_FRAME: usize = 128 << 10;
/// Least frame: two addresses and a type.
const LEAST_FRAME: usize = 14;
/// The most buffers of a frame.
const MOST_BUFFERS: usize = 64;

/// A network adapter on PCI.
#[derive(Clone, Debug)]
pub struct Net(pub NetSpec);

struct Adapter {
    core: Arc<Core>,
    mac: Mac,
    link: Link,
    sending: Mutex<Sending>,
    receiving: Mutex<Receiving>,
    /// True while frames of the back end wait for buffers.
    waiting: AtomicBool,
    features: AtomicU64,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    sent: AtomicU64,
    refused: AtomicU64,
    received: AtomicU64,
    dropped: AtomicU64,
}

/// The buffers in which a frame is gathered and cut.
#[derive(Default)]
struct Sending {
    frame: Vec<u8>,
    piece: Vec<u8>,
}

struct Receiving {
    port: Port,
    /// The buffers of a frame.
    chains: Vec<Chain>,
    /// True while the adapter takes no frames.
    resting: bool,
}

/// The result for a frame from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Received {
    Given,
    Dropped,
    /// There are not enough buffers for it at the moment.
    Later,
}

impl FunctionConfig for Net {
    fn describe(&self) -> Description {
        device::describe(KIND, 2)
    }

    fn build(&self, slot: Slot) -> Result<Arc<dyn Function>, FunctionError> {
        let (number, link) = (slot.number, Link::open(&self.0.to)?);
        // A locally administered address, of another row than those of l-lan.
        let mac = self.0.mac.unwrap_or([0x52, 0x54, 0, 0x12, 0x35, number]);
        Virtio::build(slot, &[ENTRIES; 2], |core| Adapter::start(core, mac, link))
    }
}

impl Adapter {
    fn start(core: &Arc<Core>, mac: Mac, link: Link) -> Result<Arc<dyn Model>, FunctionError> {
        let port = core.gated_port(RECEIVE, "frames");
        let chains = (0..MOST_BUFFERS).map(|_| Chain::default()).collect();
        let adapter = Arc::new(Adapter {
            core: core.clone(),
            mac,
            link,
            sending: Mutex::default(),
            receiving: Mutex::new(Receiving { port, chains, resting: false }),
            waiting: AtomicBool::new(false),
            features: AtomicU64::new(0),
            counters: Counters::default(),
        });
        let sink: Weak<Adapter> = Arc::downgrade(&adapter);
        adapter.link.start(sink)?;
        Ok(adapter)
    }

    fn count(&self, counter: fn(&Counters) -> &AtomicU64, by: u64) {
        counter(&self.counters).fetch_add(by, Ordering::Relaxed);
    }

    fn has(&self, feature: u32) -> bool {
        self.features.load(Ordering::Relaxed) & bit(feature) != 0
    }

    fn receiving(&self) -> MutexGuard<'_, Receiving> {
        self.receiving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gathers a frame and sends it. A frame that is malformed, or that a fault cuts off, is dropped.
    fn send(&self, chain: &mut Chain, port: &mut Port) -> Option<()> {
        let mut header = [0; HEADER];
        let len = usize::try_from(chain.out.len()).ok()?.checked_sub(HEADER)?;
        if !(LEAST_FRAME..=MOST_FRAME).contains(&len) {
            return None;
        }
        let mut sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        let Sending { frame, piece } = &mut *sending;
        frame.resize(len, 0);
        chain.out.take(port, &mut header).ok()?;
        chain.out.take(port, frame).ok()?;
        let mut pass_on = |frame: &[u8]| {
            let sent = self.link.send(frame);
            self.count(if sent { |c| &c.sent } else { |c| &c.refused }, 1);
        };
        let sent = Header::read(&header).send(frame, piece, &mut pass_on);
        sent.map_err(|Malformed| log::debug!("virtio-net: a header does not fit its frame")).ok()
    }

    /// Takes buffers for this many bytes. `Ok` has their number.
    fn place(&self, chains: &mut [Chain], bytes: u64) -> Result<usize, Received> {
        let most = if self.has(VIRTIO_NET_F_MRG_RXBUF) { chains.len() } else { 1 };
        let (mut count, mut room) = (0, 0);
        while room < bytes {
            if count == most {
                self.core.put_back(RECEIVE, &chains[..count]);
                return Err(Received::Dropped);
            }
            if !self.core.pop(RECEIVE, &mut chains[count]) {
                self.core.put_back(RECEIVE, &chains[..count]);
                return Err(Received::Later);
            }
            room += chains[count].data_in.len();
            count += 1;
        }
        Ok(count)
    }

    fn receive_one(&self, receiving: &mut Receiving, frame: &[u8]) -> Received {
        let Receiving { port, chains, .. } = receiving;
        if !self.core.is_running() || frame.len() < LEAST_FRAME {
            return Received::Dropped;
        }
        let bytes = (HEADER + frame.len()) as u64;
        let mut placed = self.place(chains, bytes);
        // Buffers that came before the guest was asked for a notification are seen now, all others are notified.
        if placed == Err(Received::Later) {
            self.waiting.store(true, Ordering::SeqCst);
            if self.core.listen(RECEIVE) {
                placed = self.place(chains, bytes);
            }
        }
        match placed {
            Ok(count) => {
                self.waiting.store(false, Ordering::SeqCst);
                self.core.quiet(RECEIVE);
                self.fill(port, &mut chains[..count], frame)
            }
            Err(Received::Later) if !self.core.is_running() => Received::Dropped,
            Err(why) => why,
        }
    }

    /// Fills buffers that are large enough. A fault loses the frame; its buffers are returned empty.
    fn fill(&self, port: &mut Port, chains: &mut [Chain], frame: &[u8]) -> Received {
        let good = self.has(VIRTIO_NET_F_GUEST_CSUM)
            && Segment::of(frame).is_some_and(|segment| segment.is_good());
        let mut header = [0; HEADER];
        header[0] = if good { VIRTIO_NET_HDR_F_DATA_VALID as u8 } else { 0 };
        header[10..].copy_from_slice(&(chains.len() as u16).to_le_bytes()); // at most `MOST_BUFFERS`
        let mut lengths = [0; MOST_BUFFERS];
        let filled = fill(port, chains, [&header, frame], &mut lengths);
        if filled.is_err() {
            lengths.fill(0);
        }
        self.core.push_all(RECEIVE, chains.iter().zip(lengths));
        match filled {
            Ok(()) => Received::Given,
            Err(_) => Received::Dropped,
        }
    }
}

/// Writes parts, one after the other, into buffers. `lengths` gets the number of bytes in each.
fn fill(
    port: &mut Port,
    chains: &mut [Chain],
    parts: [&[u8]; 2],
    lengths: &mut [u32],
) -> Result<(), Fault> {
    let mut at = 0;
    for mut part in parts {
        while let Some(chain) = chains.get_mut(at).filter(|_| !part.is_empty()) {
            port.admit(chain.epoch);
            let given = chain.data_in.give(port, part)?;
            lengths[at] += given as u32; // at most a frame
            part = &part[given..];
            at += usize::from(!part.is_empty());
        }
    }
    Ok(())
}

impl Sink for Adapter {
    /// Receives frames, with one interrupt for all of them.
    fn receive(&self, frames: &mut dyn Iterator<Item = &[u8]>) -> usize {
        let mut taken = 0;
        for frame in frames {
            let mut receiving = self.receiving();
            if receiving.resting {
                break;
            }
            match self.receive_one(&mut receiving, frame) {
                Received::Later => break,
                Received::Given => self.count(|counters| &counters.received, 1),
                Received::Dropped => self.count(|counters| &counters.dropped, 1),
            }
            taken += 1;
        }
        self.core.signal(RECEIVE);
        taken
    }
}

impl Model for Adapter {
    fn features(&self) -> u64 {
        [
            VIRTIO_NET_F_CSUM,
            VIRTIO_NET_F_GUEST_CSUM,
            VIRTIO_NET_F_HOST_TSO4,
            VIRTIO_NET_F_HOST_TSO6,
            VIRTIO_NET_F_MAC,
            VIRTIO_NET_F_MRG_RXBUF,
            VIRTIO_NET_F_STATUS,
        ]
        .into_iter()
        .fold(0, |features, feature| features | bit(feature))
    }

    /// `struct virtio_net_config`: address, status, the number of pairs.
    fn config(&self) -> Vec<u8> {
        let link_up = (VIRTIO_NET_S_LINK_UP as u16).to_le_bytes();
        [&self.mac[..], &link_up, &1u16.to_le_bytes()].concat()
    }

    fn start(&self, features: u64) {
        self.features.store(features, Ordering::Relaxed);
    }

    fn reset(&self) {
        self.features.store(0, Ordering::Relaxed);
        if self.waiting.swap(false, Ordering::SeqCst) {
            self.link.resume();
        }
    }

    fn serve(&self, _: usize, chain: &mut Chain, port: &mut Port) -> Result<u32, RingError> {
        if self.send(chain, port).is_none() {
            self.count(|counters| &counters.refused, 1);
        }
        Ok(0)
    }

    /// New buffers: frames that wait for some are tried again.
    fn takes(&self, queue: usize) -> bool {
        if queue == RECEIVE && self.waiting.swap(false, Ordering::SeqCst) {
            self.link.resume();
        }
        queue == RECEIVE
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        let Counters { sent, refused, received, dropped } = &self.counters;
        let rows = [
            ("frames sent", sent),
            ("frames not sent", refused),
            ("frames received", received),
            ("frames dropped", dropped),
        ];
        rows.map(|(name, counter)| (name, counter.load(Ordering::Relaxed))).to_vec()
    }

    /// A frame is received under the lock, so none is under way afterwards. The interrupt of the last ones is raised.
    fn rest(&self, _: Instant) -> io::Result<()> {
        self.receiving().resting = true;
        self.core.signal(RECEIVE);
        Ok(())
    }

    fn resume(&self) {
        self.receiving().resting = false;
        self.link.resume();
    }

    fn save(&self, to: &mut Writer<'_>) {
        to.raw(&self.mac);
    }

    fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let same = from.array()? == self.mac;
        if same { Ok(()) } else { Err(LoadError::Other("the address of a network adapter")) }
    }

    fn stop(&self) {
        self.link.stop();
    }
}
