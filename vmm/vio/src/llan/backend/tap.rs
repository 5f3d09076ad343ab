// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A TAP device of the host: one read or write is one frame.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Weak;

use rustix::event::PollFlags;

use super::{NetError, Sink, Wake, Wire};

/// The most frames that are read before the guest gets an interrupt.
const BATCH: usize = 64;
/// The most bytes of a frame of a TAP device.
const FRAME: usize = 1 << 16;

pub(super) struct Tap(File);

impl Tap {
    pub(super) fn open(name: &str) -> Result<Tap, NetError> {
        let failed = |source| NetError::Tap { name: name.into(), source };
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
        let file = options.open("/dev/net/tun").map_err(failed)?;
        attach(&file, name).map_err(failed)?;
        Ok(Tap(file))
    }

    /// Reads the frames that have arrived, up to a batch. Returns their lengths; the frames lie [`FRAME`]
    /// bytes apart.
    fn read(&self, buffer: &mut [u8]) -> Vec<usize> {
        let frames = buffer.chunks_mut(FRAME);
        frames.map_while(|place| (&self.0).read(place).ok().filter(|&len| len > 0)).collect()
    }
}

/// Attaches the file to the TAP device of this name, without the header of packet information.
#[allow(unsafe_code)] // the tree has no safe crate that sets the name of a TUN device
fn attach(file: &File, name: &str) -> io::Result<()> {
    let mut request = [0u8; size_of::<libc::ifreq>()];
    // struct ifreq: a zero-terminated name, then the flags for TUNSETIFF.
    if name.len() >= libc::IFNAMSIZ {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name is too long"));
    }
    request[..name.len()].copy_from_slice(name.as_bytes());
    let flags = (libc::IFF_TAP | libc::IFF_NO_PI) as u16;
    request[libc::IFNAMSIZ..libc::IFNAMSIZ + 2].copy_from_slice(&flags.to_ne_bytes());
    // SAFETY: TUNSETIFF reads and writes one `struct ifreq`; `request` has its size and outlives the call.
    let status = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, request.as_mut_ptr()) };
    if status < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

impl Wire for Tap {
    fn send(&self, frame: &[u8]) -> bool {
        (&self.0).write(frame).is_ok_and(|len| len == frame.len())
    }

    fn run(&self, wake: &Wake, sink: &Weak<dyn Sink>) {
        let mut buffer = vec![0; BATCH * FRAME];
        let (mut lengths, mut taken) = (Vec::new(), 0);
        while !wake.stopped() {
            if taken == lengths.len() {
                wake.wait(&[(self.0.as_fd(), PollFlags::IN)], false);
                (lengths, taken) = (self.read(&mut buffer), 0);
            } else {
                wake.wait(&[], true);
            }
            let Some(sink) = sink.upgrade() else { return };
            let frames = buffer.chunks(FRAME).zip(&lengths).skip(taken);
            taken += sink.receive(&mut frames.map(|(place, &len)| &place[..len]));
        }
    }
}
