// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Frames over stream sockets. Each frame follows its length in 4 bytes, big-endian, as in passt and QEMU's
//! stream back end.
//!
//! With one peer this is a cable. The machine that opened a hub has several peers, and repeats each frame to
//! all others; the hub ends with that machine.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use paths::socket::{Joined, Listening, SocketError, join};
use rustix::event::PollFlags;

use super::super::device::MOST_FRAME;
use super::{NetError, Sink, Wake, Wire};

/// Size in bytes of a frame's length field.
const HEADER: usize = 4;
/// The most bytes that wait for a peer that does not read; further frames are dropped.
const OUTBOX: usize = 1 << 20;
/// The most bytes of one read.
const INBOX: usize = 1 << 16;
/// The most peers of a hub.
const PEERS: usize = 32;

/// The peers of an adapter.
pub(super) struct Hub {
    peers: Mutex<Vec<Arc<Peer>>>,
    /// The listening socket of the hub itself. Its path is removed with it.
    listener: Option<Listening>,
    wake: Arc<Wake>,
}

impl Hub {
    /// Connects to the process that listens on this path.
    pub(super) fn connect(path: &Path, wake: Arc<Wake>) -> Result<Hub, NetError> {
        let failed = |source| NetError::Socket { path: path.into(), source };
        let peer = UnixStream::connect(path).and_then(Peer::new).map_err(failed)?;
        Ok(Hub { peers: Mutex::new(vec![peer]), listener: None, wake })
    }

    /// A cable to the hub, or the hub itself if there is none yet.
    pub(super) fn open(path: &Path, wake: Arc<Wake>) -> Result<Hub, NetError> {
        let failed = |source: SocketError| NetError::Hub { path: path.into(), source };
        let (peers, listener) = match join(path).map_err(failed)? {
            Joined::Connected(stream) => {
                (vec![Peer::new(stream).map_err(SocketError::from).map_err(failed)?], None)
            }
            Joined::Listening(listening) => {
                let nonblocking = listening.listener().set_nonblocking(true);
                nonblocking.map_err(SocketError::from).map_err(failed)?;
                log::info!("{} is a new hub", path.display());
                (Vec::new(), Some(listening))
            }
        };
        Ok(Hub { peers: Mutex::new(peers), listener, wake })
    }

    fn peers(&self) -> MutexGuard<'_, Vec<Arc<Peer>>> {
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends to all peers but one. Returns true if at least one took the frame.
    fn repeat(&self, frame: &[u8], but: Option<&Arc<Peer>>) -> bool {
        let peers = self.peers();
        let others = peers.iter().filter(|peer| but.is_none_or(|but| !Arc::ptr_eq(peer, but)));
        others.filter(|peer| peer.send(frame, &self.wake)).count() > 0
    }

    fn accept(&self) {
        let Some(listening) = &self.listener else { return };
        while let Ok((stream, _)) = listening.listener().accept() {
            match Peer::new(stream) {
                Ok(peer) if self.peers().len() < PEERS => self.peers().push(peer),
                _ => log::warn!("the hub takes no more machines"),
            }
        }
    }

    /// Waits until a peer or the listener is ready.
    fn wait(&self, wake: &Wake, peers: &[Arc<Peer>], inboxes: &[Inbox]) {
        let mut wanted: Vec<(BorrowedFd<'_>, PollFlags)> = Vec::with_capacity(peers.len() + 1);
        for (peer, inbox) in peers.iter().zip(inboxes) {
            let mut flags = PollFlags::empty();
            flags.set(PollFlags::IN, !inbox.waits());
            flags.set(PollFlags::OUT, !peer.outbox().is_empty());
            wanted.push((peer.stream.as_fd(), flags));
        }
        if let Some(listening) = &self.listener {
            wanted.push((listening.listener().as_fd(), PollFlags::IN));
        }
        // poll() reports a peer that hung up even for an empty set of flags, and does so without end. So the
        // peer is left out.
        wanted.retain(|(_, flags)| !flags.is_empty());
        wake.wait(&wanted, inboxes.iter().any(Inbox::waits));
    }
}

impl Wire for Hub {
    fn send(&self, frame: &[u8]) -> bool {
        self.repeat(frame, None)
    }

    fn run(&self, wake: &Wake, sink: &Weak<dyn Sink>) {
        let (mut peers, mut inboxes) = (Vec::<Arc<Peer>>::new(), Vec::<Inbox>::new());
        while !wake.stopped() {
            self.accept();
            // Removes the peers that are gone, keeps the order of the others, and appends the new ones.
            let gone: Vec<bool> = peers.iter().map(|peer| peer.is_gone()).collect();
            let mut left = gone.iter();
            inboxes.retain(|_| !left.next().is_some_and(|gone| *gone));
            self.peers().retain(|peer| !peer.is_gone());
            peers.clone_from(&self.peers());
            inboxes.resize_with(peers.len(), Inbox::default);
            self.wait(wake, &peers, &inboxes);
            let Some(sink) = sink.upgrade() else { return };
            for (peer, inbox) in peers.iter().zip(&mut inboxes) {
                peer.flush();
                inbox.read(peer);
                inbox.repeat(|frame| _ = self.repeat(frame, Some(peer)));
                inbox.deliver(&*sink);
            }
        }
    }
}

/// The other end of a socket.
struct Peer {
    stream: UnixStream,
    outbox: Mutex<Vec<u8>>,
    gone: AtomicBool,
}

impl Peer {
    fn new(stream: UnixStream) -> io::Result<Arc<Peer>> {
        stream.set_nonblocking(true)?;
        Ok(Arc::new(Peer { stream, outbox: Mutex::default(), gone: false.into() }))
    }

    fn outbox(&self) -> MutexGuard<'_, Vec<u8>> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    fn leave(&self, why: &dyn std::fmt::Display) {
        if !self.gone.swap(true, Ordering::Relaxed) {
            log::warn!("the network peer is gone: {why}");
        }
    }

    /// Sends a frame, now or when the peer reads again. Returns false if the frame is dropped.
    fn send(&self, frame: &[u8], wake: &Wake) -> bool {
        // The length of a frame is checked where the frame is made.
        let header = (frame.len() as u32).to_be_bytes();
        let mut outbox = self.outbox();
        if self.is_gone() || outbox.len() + HEADER + frame.len() > OUTBOX {
            return false;
        }
        let mut sent = 0;
        if outbox.is_empty() {
            let parts = [IoSlice::new(&header), IoSlice::new(frame)];
            sent = match (&self.stream).write_vectored(&parts) {
                Ok(sent) => sent,
                Err(error) if is_nothing(&error) => 0,
                Err(error) => {
                    self.leave(&error);
                    return false;
                }
            };
        }
        let first = outbox.is_empty();
        outbox.extend_from_slice(&header[sent.min(HEADER)..]);
        outbox.extend_from_slice(&frame[sent.saturating_sub(HEADER)..]);
        if first && !outbox.is_empty() {
            wake.wake();
        }
        true
    }

    /// Sends the bytes that wait.
    fn flush(&self) {
        let mut outbox = self.outbox();
        while !outbox.is_empty() && !self.is_gone() {
            match (&self.stream).write(&outbox) {
                Ok(sent) => _ = outbox.drain(..sent),
                Err(error) if is_nothing(&error) => return,
                Err(error) => self.leave(&error),
            }
        }
    }
}

fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// The bytes that a peer sent: frames, perhaps with the beginning of another one.
#[derive(Default)]
struct Inbox {
    /// The buffer, and the number of its bytes in use. It is zeroed once, not before each read.
    room: Vec<u8>,
    used: usize,
    /// The ends of the frames that were repeated, and of those that were delivered.
    repeated: usize,
    delivered: usize,
}

impl Inbox {
    fn bytes(&self) -> &[u8] {
        &self.room[..self.used]
    }

    /// True when a whole frame waits for the guest.
    fn waits(&self) -> bool {
        next(self.bytes(), self.delivered).is_some()
    }

    /// Reads the bytes that have arrived, unless a frame waits for the guest.
    fn read(&mut self, peer: &Peer) {
        if self.waits() {
            return;
        }
        self.room.copy_within(self.delivered..self.used, 0);
        self.used -= self.delivered;
        (self.repeated, self.delivered) = (self.repeated - self.delivered, 0);
        if self.room.len() < self.used + INBOX {
            self.room.resize(self.used + INBOX, 0);
        }
        let read = (&peer.stream).read(&mut self.room[self.used..]);
        self.used += *read.as_ref().unwrap_or(&0);
        match read {
            Ok(0) => peer.leave(&"it closed the connection"),
            Err(error) if !is_nothing(&error) => peer.leave(&error),
            _ if self.is_garbled() => peer.leave(&"it sent a frame that is too long"),
            _ => {}
        }
    }

    fn is_garbled(&self) -> bool {
        let mut at = 0;
        while let Some((_, end)) = next(self.bytes(), at) {
            at = end;
        }
        length(self.bytes(), at).is_some_and(|len| len as u64 > MOST_FRAME)
    }

    fn repeat(&mut self, mut to: impl FnMut(&[u8])) {
        let mut at = self.repeated;
        while let Some((frame, end)) = next(self.bytes(), at) {
            to(frame);
            at = end;
        }
        self.repeated = at;
    }

    fn deliver(&mut self, sink: &dyn Sink) {
        if !self.waits() {
            return;
        }
        let mut at = self.delivered;
        let mut frames = std::iter::from_fn(|| {
            let (frame, end) = next(self.bytes(), at)?;
            at = end;
            Some(frame)
        });
        for _ in 0..sink.receive(&mut frames) {
            if let Some((_, end)) = next(self.bytes(), self.delivered) {
                self.delivered = end;
            }
        }
    }
}

/// The length of the frame that begins at `at`, if the length has arrived.
fn length(bytes: &[u8], at: usize) -> Option<usize> {
    let header = bytes.get(at..)?.first_chunk::<HEADER>()?;
    usize::try_from(u32::from_be_bytes(*header)).ok()
}

/// The frame that begins at `at`, if it has arrived, and its end.
fn next(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let start = at + HEADER;
    let end = start.checked_add(length(bytes, at)?)?;
    Some((bytes.get(start..end)?, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Takes(usize, Mutex<Vec<Vec<u8>>>);

    impl Sink for Takes {
        fn receive(&self, frames: &mut dyn Iterator<Item = &[u8]>) -> usize {
            let taken: Vec<_> = frames.take(self.0).map(<[u8]>::to_vec).collect();
            let count = taken.len();
            self.1.lock().unwrap().extend(taken);
            count
        }
    }

    fn wire(frames: &[&[u8]]) -> Vec<u8> {
        let wired = |frame: &&[u8]| [&(frame.len() as u32).to_be_bytes(), *frame].concat();
        frames.iter().flat_map(wired).collect()
    }

    fn peers() -> (Arc<Peer>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Peer::new(ours).unwrap(), theirs)
    }

    // QEMU's and passt's format: a 32-bit length in network order before each frame.
    #[test]
    fn frames_arrive_whole_however_they_are_cut() {
        let bytes = wire(&[b"one", b"", b"three"]);
        for cut in 0..bytes.len() {
            let (peer, mut theirs) = peers();
            let (mut inbox, sink) = (Inbox::default(), Takes(9, Mutex::default()));
            let mut repeated = 0;
            for part in [&bytes[..cut], &bytes[cut..]] {
                theirs.write_all(part).unwrap();
                inbox.read(&peer);
                inbox.repeat(|_| repeated += 1);
                inbox.deliver(&sink);
            }
            assert_eq!(*sink.1.lock().unwrap(), [&b"one"[..], b"", b"three"]);
            assert_eq!(repeated, 3);
        }
    }

    #[test]
    fn what_is_not_taken_is_offered_again_and_repeated_once() {
        let (peer, mut theirs) = peers();
        theirs.write_all(&wire(&[b"a", b"b", b"c"])).unwrap();
        let (mut inbox, sink) = (Inbox::default(), Takes(1, Mutex::default()));
        let mut repeated = 0;
        for n in 1..=3 {
            inbox.read(&peer);
            inbox.repeat(|_| repeated += 1);
            inbox.deliver(&sink);
            assert_eq!(sink.1.lock().unwrap().len(), n);
            assert_eq!(inbox.waits(), n < 3);
        }
        assert_eq!(repeated, 3);
    }

    #[test]
    fn a_length_that_cannot_be_ends_the_connection() {
        let (peer, mut theirs) = peers();
        theirs.write_all(&wire(&[b"good"])).unwrap();
        theirs.write_all(&u32::MAX.to_be_bytes()).unwrap();
        Inbox::default().read(&peer);
        assert!(peer.is_gone());
    }

    #[test]
    fn a_peer_that_does_not_read_loses_frames_and_nobody_waits() {
        let (peer, theirs) = peers();
        let wake = Wake::new().unwrap();
        let frame = [7; 1500];
        let sent = (0..10_000).filter(|_| peer.send(&frame, &wake)).count();
        assert!((OUTBOX / 1504..10_000).contains(&sent), "{sent}");
        drop(theirs);
        assert!(!peer.send(&frame, &wake));
    }
}
