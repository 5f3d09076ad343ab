// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The thread that talks to the monitor's client, on a socket or on standard input and output.
//!
//! There is one client at a time; another one gets a sentence. The thread reads only when the client has taken its last answer,
//! so for a client that floods or does not read, one command, one answer and a few events are kept.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use paths::socket::{self, Joined, Listening, SocketError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;

use super::Desk;
use super::qmp::{self, Protocol, Step};

/// The longest time for which the end of the run waits for a client to take its last answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// The bytes that are written to standard output at once: a pipe with room takes them without blocking.
const AT_ONCE: usize = 4096;

/// The server. It ends when this is dropped, which follows [`Desk::close`].
#[derive(Debug)]
pub(crate) struct Server(Option<JoinHandle<()>>);

impl Drop for Server {
    fn drop(&mut self) {
        // A panic of the thread has already been reported.
        let _ = self.0.take().map(JoinHandle::join);
    }
}

/// Listens on a UNIX socket.
pub(crate) fn listen(path: &Path) -> Result<Listening, SocketError> {
    match socket::join(path)? {
        Joined::Listening(listening) => Ok(listening),
        Joined::Connected(_) => {
            let why = "another process listens there; name another path";
            Err(io::Error::new(ErrorKind::AddrInUse, why).into())
        }
    }
}

impl Server {
    /// Serves clients of a socket.
    pub(crate) fn on_socket(desk: Arc<Desk>, socket: Listening) -> io::Result<Server> {
        socket.listener().set_nonblocking(true)?;
        Server::start(move || {
            let listener = socket.listener();
            let mut next = None;
            while let Some(stream) = next.take().or_else(|| next_client(&desk, listener)) {
                let link = || Link::to_stream(&stream);
                let end = link().and_then(|link| talk(&desk, link, Some(listener)));
                desk.listen(false);
                match end {
                    Ok(End::Run) => return,
                    Ok(End::Client(follower)) => next = follower,
                    Err(error) => log::debug!("the monitor's client is gone: {error}"),
                }
            }
        })
    }

    /// Serves standard input and output.
    pub(crate) fn on_stdio(desk: Arc<Desk>) -> io::Result<Server> {
        let link = Link::to_stdio()?;
        Server::start(move || {
            if let Err(error) = talk(&desk, link, None) {
                log::debug!("the monitor's client is gone: {error}");
            }
            desk.listen(false);
        })
    }

    fn start(serve: impl FnOnce() + Send + 'static) -> io::Result<Server> {
        Ok(Server(Some(thread::Builder::new().name("monitor".into()).spawn(serve)?)))
    }
}

/// The connection to a client.
struct Link {
    input: File,
    output: File,
    /// The most bytes of a write.
    at_once: usize,
}

impl Link {
    fn to_stream(stream: &UnixStream) -> io::Result<Link> {
        stream.set_nonblocking(true)?;
        let file = || stream.as_fd().try_clone_to_owned().map(File::from);
        Ok(Link { input: file()?, output: file()?, at_once: usize::MAX })
    }

    /// These streams may be shared with other processes, so they stay as they are.
    fn to_stdio() -> io::Result<Link> {
        let file = |fd: BorrowedFd<'_>| fd.try_clone_to_owned().map(File::from);
        let (input, output) = (file(io::stdin().as_fd())?, file(io::stdout().as_fd())?);
        Ok(Link { input, output, at_once: AT_ONCE })
    }
}

/// Waits for a client; none at the end of the run.
fn next_client(desk: &Desk, listener: &UnixListener) -> Option<UnixStream> {
    loop {
        if desk.is_over() {
            return None;
        }
        let mut fds =
            [PollFd::new(desk.news(), PollFlags::IN), PollFd::new(listener, PollFlags::IN)];
        wait(&mut fds, None);
        desk.clear_news();
        match listener.accept() {
            Ok((stream, _)) => return Some(stream),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => {
                log::warn!("the monitor cannot accept a client: {error}");
                thread::sleep(Duration::from_millis(100)); // the process may be out of descriptors
            }
        }
    }
}

/// The reason for which a talk ended.
enum End {
    /// The run is over.
    Run,
    /// The client is gone; the next one may be there.
    Client(Option<UnixStream>),
}

/// Talks to a client.
fn talk(desk: &Desk, link: Link, listener: Option<&UnixListener>) -> io::Result<End> {
    let protocol = Protocol::default();
    let mut client = Client { link, protocol, output: line(&qmp::greeting()), is_last: false };
    let mut until = None;
    loop {
        let is_over = client.prepare(desk);
        if is_over {
            let until = *until.get_or_insert_with(|| Instant::now() + PATIENCE);
            if client.output.is_empty() || Instant::now() >= until {
                return Ok(End::Run);
            }
        } else if client.output.is_empty() && client.is_last {
            return Ok(End::Client(None));
        }
        let happened = client.wait(desk, listener, until);
        if !happened.is_empty() && !client.transfer()? {
            return Ok(End::Client(None));
        }
        if let Some(follower) = listener.and_then(|listener| client.follower(listener)) {
            return Ok(End::Client(Some(follower)));
        }
    }
}

/// A client.
struct Client {
    link: Link,
    protocol: Protocol,
    /// Bytes that the client has not taken yet: an answer, and events.
    output: Vec<u8>,
    /// True when the connection ends behind the output.
    is_last: bool,
}

impl Client {
    /// Runs the next command and takes events, if the client has taken everything so far. True once the run is over.
    fn prepare(&mut self, desk: &Desk) -> bool {
        if !self.output.is_empty() {
            return desk.is_over();
        }
        match self.protocol.step(desk) {
            _ if self.is_last => {}
            Step::Wait => {}
            Step::Answer(answer) => self.output = line(&answer),
            Step::Last(answer) => (self.output, self.is_last) = (line(&answer), true),
        }
        let (events, is_over) = desk.take_events();
        events.iter().for_each(|event| self.output.extend(line(event)));
        is_over
    }

    /// Waits until bytes can be read, or, while there is output, written. Returns what happened on the connection, which is nothing
    /// when something else did.
    fn wait(
        &self,
        desk: &Desk,
        listener: Option<&UnixListener>,
        until: Option<Instant>,
    ) -> PollFlags {
        let mut fds = vec![match self.output.is_empty() {
            true => PollFd::new(&self.link.input, PollFlags::IN),
            false => PollFd::new(&self.link.output, PollFlags::OUT),
        }];
        fds.push(PollFd::new(desk.news(), PollFlags::IN));
        fds.extend(listener.map(|listener| PollFd::new(listener, PollFlags::IN)));
        wait(&mut fds, until);
        desk.clear_news();
        fds[0].revents()
    }

    /// The next client, when this one is gone. Others are answered with a sentence.
    ///
    /// A client that comes after this one has gone is not turned away: the look at this connection follows the
    /// acceptance of the other one.
    fn follower(&self, listener: &UnixListener) -> Option<UnixStream> {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut link = [PollFd::new(&self.link.input, PollFlags::empty())];
            wait(&mut link, Some(Instant::now()));
            if link[0].revents().contains(PollFlags::HUP) {
                return Some(stream);
            }
            // A client that does not read it has the connection closed all the same.
            let busy = line(&qmp::busy());
            let _ = stream.set_nonblocking(true).and_then(|()| stream.write_all(&busy));
        }
        None
    }

    /// Reads, or writes while there is output. False when the client is gone.
    fn transfer(&mut self) -> io::Result<bool> {
        let moved = match self.output.is_empty() {
            true => self.read(),
            false => self.write(),
        };
        match moved {
            Ok(count) => Ok(count > 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(true),
            Err(error) if error.kind() == ErrorKind::Interrupted => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        let mut bytes = [0; AT_ONCE];
        let room = self.protocol.room().min(AT_ONCE);
        let count = self.link.input.read(&mut bytes[..room])?;
        self.protocol.receive(&bytes[..count]);
        Ok(count)
    }

    fn write(&mut self) -> io::Result<usize> {
        let some = self.output.len().min(self.link.at_once);
        let count = self.link.output.write(&self.output[..some])?;
        self.output.drain(..count);
        Ok(count)
    }
}

fn line(value: &Value) -> Vec<u8> {
    format!("{value}\r\n").into_bytes()
}

/// Waits for an event, at most until this time.
fn wait(fds: &mut [PollFd<'_>], until: Option<Instant>) {
    let left = until.map(|until| until.saturating_duration_since(Instant::now()));
    let left = left.and_then(|left| Timespec::try_from(left).ok());
    // An interrupted wait is as good as an event.
    let _ = poll(fds, left.as_ref());
}
