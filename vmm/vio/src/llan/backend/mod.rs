// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The back ends for an adapter's frames: a TAP device ([`tap`]), a stream socket, or a hub of several
//! ([`stream`]).
//!
//! A back end sends from the vCPU's thread without waiting, and receives on a thread of its own. A frame that
//! cannot be sent is dropped, as on a real network. A frame for which the guest has no buffer is kept, and
//! the thread waits until the guest gives one. So a fast sender is slowed down and need not retransmit.

pub mod stream;
pub mod tap;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use hcall::vio::Mac;
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};

use crate::commas;

/// A back end as the user names it: `tap=NAME`, `socket=PATH` or `hub=PATH`, and `,mac=ADDRESS`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetSpec {
    /// The back end.
    pub to: To,
    /// The adapter's address; without it we choose one.
    pub mac: Option<Mac>,
}

/// A back end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// A TAP device of the host.
    Tap(String),
    /// A UNIX stream socket on which another process listens.
    Socket(PathBuf),
    /// A UNIX stream socket on which the first of several machines listens.
    Hub(PathBuf),
}

/// The form of a `--net`.
pub const NET_HELP: &str = "tap=NAME, socket=PATH or hub=PATH, then if wanted ,mac=ADDRESS";

/// The error of a `--net` that does not parse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum NetSpecError {
    #[error("write {NET_HELP}")]
    Kind,
    #[error(
        "not an address of one station; write six hexadecimal bytes, for example 52:54:00:12:34:56"
    )]
    Mac,
}

impl FromStr for NetSpec {
    type Err = NetSpecError;

    /// A name may contain commas; a doubled comma begins no option.
    fn from_str(text: &str) -> Result<NetSpec, NetSpecError> {
        let mut parts = commas::split(text);
        let mac = parts.pop_if(|part| part.starts_with("mac=") && text != part);
        let mac = mac.map(|part| parse_mac(&part["mac=".len()..]).ok_or(NetSpecError::Mac));
        let (to, mac) = (parts.join(","), mac.transpose()?);
        let (kind, value) = to.split_once('=').ok_or(NetSpecError::Kind)?;
        let to = match kind {
            _ if value.is_empty() => return Err(NetSpecError::Kind),
            "tap" => To::Tap(value.into()),
            "socket" => To::Socket(value.into()),
            "hub" => To::Hub(value.into()),
            _ => return Err(NetSpecError::Kind),
        };
        Ok(NetSpec { to, mac })
    }
}

/// The address of one station: six hexadecimal bytes between colons.
pub fn parse_mac(text: &str) -> Option<Mac> {
    let mut mac = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut mac {
        let part = parts.next().filter(|part| part.len() == 2)?;
        *byte = u8::from_str_radix(part, 16).ok()?;
    }
    // The low bit of the first byte marks groups.
    (parts.next().is_none() && mac[0] & 1 == 0).then_some(mac)
}

/// The reason why a back end cannot be opened.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum NetError {
    #[error(
        "cannot open the TAP device {name}: {source}; make one with `ip tuntap add {name} mode tap user \
         $USER` and `ip link set {name} up`"
    )]
    Tap { name: String, source: io::Error },
    #[error(
        "cannot connect to the socket {}: {source}; start what listens there first, for example \
         `passt -f -s {}`", path.display(), path.display()
    )]
    Socket { path: PathBuf, source: io::Error },
    #[error("cannot open the hub {}: {source}", path.display())]
    Hub { path: PathBuf, source: paths::socket::SocketError },
    #[error("the host has no thread for the network: {0}")]
    Thread(io::Error),
}

/// The time that a frame waits for the guest to return a buffer of its size, before it takes a larger one.
pub const PATIENCE: Duration = Duration::from_millis(20);

/// A receiver of frames from outside.
pub trait Sink: Send + Sync {
    /// Takes frames in order, as many as it can, and returns their number. The caller offers the rest again
    /// after a [`Link::resume`], or after [`PATIENCE`].
    fn receive(&self, frames: &mut dyn Iterator<Item = &[u8]>) -> usize;
}

/// A connection to the outside.
trait Wire: Send + Sync {
    /// Sends a frame without waiting. Returns false if the frame is dropped.
    fn send(&self, frame: &[u8]) -> bool;
    /// Receives until there is no sink or [`Wake::stopped`].
    fn run(&self, wake: &Wake, sink: &Weak<dyn Sink>);
}

/// A way for other threads to wake the receiving one.
pub(crate) struct Wake {
    event: OwnedFd,
    stop: std::sync::atomic::AtomicBool,
}

impl Wake {
    fn new() -> io::Result<Wake> {
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        Ok(Wake { event, stop: false.into() })
    }

    fn wake(&self) {
        // A full counter wakes the thread as well.
        let _ = rustix::io::write(&self.event, &1u64.to_ne_bytes());
    }

    fn stopped(&self) -> bool {
        self.stop.load(std::sync::atomic::Ordering::Acquire)
    }

    /// Waits until one of these is ready or [`wake`](Wake::wake) is called. While frames wait for the guest,
    /// the wait ends after [`PATIENCE`]. Returns the ready events.
    fn wait(&self, wanted: &[(BorrowedFd<'_>, PollFlags)], frames_wait: bool) -> Vec<PollFlags> {
        let own = [(self.event.as_fd(), PollFlags::IN)];
        let all = own.iter().chain(wanted);
        let mut fds: Vec<_> =
            all.map(|(fd, flags)| PollFd::from_borrowed_fd(*fd, *flags)).collect();
        let patience = Timespec { tv_sec: 0, tv_nsec: PATIENCE.subsec_nanos().into() };
        // After an interrupted wait nothing is ready.
        if poll(&mut fds, frames_wait.then_some(&patience)).is_err() {
            return vec![PollFlags::empty(); wanted.len()];
        }
        if !fds[0].revents().is_empty() {
            let _ = rustix::io::read(&self.event, &mut [0; 8]);
        }
        fds[1..].iter().map(PollFd::revents).collect()
    }
}

/// An open back end with its thread.
pub struct Link {
    wire: Arc<dyn Wire>,
    wake: Arc<Wake>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Link {
    /// Opens the back end. It receives nothing before [`start`](Self::start).
    pub fn open(to: &To) -> Result<Link, NetError> {
        let wake = Arc::new(Wake::new().map_err(NetError::Thread)?);
        let wire: Arc<dyn Wire> = match to {
            To::Tap(name) => Arc::new(tap::Tap::open(name)?),
            To::Socket(path) => Arc::new(stream::Hub::connect(path, wake.clone())?),
            To::Hub(path) => Arc::new(stream::Hub::open(path, wake.clone())?),
        };
        Ok(Link { wire, wake, thread: Mutex::default() })
    }

    /// Starts to pass received frames to the sink.
    pub fn start(&self, sink: Weak<dyn Sink>) -> Result<(), NetError> {
        let (wire, wake) = (self.wire.clone(), self.wake.clone());
        let thread = thread::Builder::new().name("net".into());
        let thread = thread.spawn(move || wire.run(&wake, &sink)).map_err(NetError::Thread)?;
        *self.thread.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread);
        Ok(())
    }

    /// Sends a frame without waiting. Returns false if the frame is dropped.
    pub fn send(&self, frame: &[u8]) -> bool {
        self.wire.send(frame)
    }

    /// Wakes the thread because the sink may have room again.
    pub fn resume(&self) {
        self.wake.wake();
    }

    /// Ends the thread.
    pub fn stop(&self) {
        self.wake.stop.store(true, std::sync::atomic::Ordering::Release);
        self.wake.wake();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != thread::current().id())
        {
            // A thread that panicked has nothing left to end.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spec_says_where_and_who() {
        let spec = |text: &str| text.parse::<NetSpec>();
        assert_eq!(spec("tap=tap0").unwrap(), NetSpec { to: To::Tap("tap0".into()), mac: None });
        assert_eq!(spec("socket=/a,b").unwrap().to, To::Socket("/a,b".into()));
        assert_eq!(spec("socket=/a,,mac=b").unwrap().to, To::Socket("/a,mac=b".into()));
        let hub = spec("hub=/h,mac=52:54:00:aB:00:01").unwrap();
        assert_eq!(hub.to, To::Hub("/h".into()));
        assert_eq!(hub.mac, Some([0x52, 0x54, 0, 0xab, 0, 1]));
        for wrong in ["", "tap", "tap=", "user=x", "socket"] {
            assert_eq!(spec(wrong), Err(NetSpecError::Kind), "{wrong}");
        }
        for wrong in ["1", "01:00:00:00:00:01", "2:0:0:0:0:1", "02:00:00:00:00:01:02", ""] {
            assert_eq!(spec(&format!("tap=t,mac={wrong}")), Err(NetSpecError::Mac), "{wrong}");
        }
    }
}
