// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Kicks, by which another thread makes a vCPU leave the guest.
//!
//! The kernel reads `immediate_exit` when KVM_RUN begins, and a signal ends a KVM_RUN that has
//! begun. A store followed by a signal therefore leaves no gap between the two (Linux:
//! `Documentation/virt/kvm/api.rst`, 5, immediate_exit).
#![allow(unsafe_code)]

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};

use kvm_ioctls::VcpuFd;
use libc::{c_int, c_void, siginfo_t};
use vmm_sys_util::signal::{SIGRTMIN, register_signal_handler};

thread_local! {
    /// The kernel's number of this thread.
    // SAFETY: gettid has no preconditions.
    static THREAD: c_int = unsafe { libc::gettid() };
}

/// A vCPU as the target of kicks by other threads.
#[derive(Debug)]
pub struct Kicker {
    /// `immediate_exit` of the vCPU's shared page; `None` once the vCPU is gone. The lock keeps
    /// the page from going while a kick writes to it.
    flag: Mutex<Option<Flag>>,
    /// The kernel's number of the thread that runs the vCPU; 0 before it has run.
    thread: AtomicI32,
}

#[derive(Debug)]
struct Flag(NonNull<u8>);

// SAFETY: the byte is in a page that the process shares with the kernel. Every access to it is
// atomic, and other threads access it only while `Kicker::flag` says that the page exists.
unsafe impl Send for Flag {}

impl Flag {
    fn set(&self, value: u8) {
        // SAFETY: valid for reads and writes: `Kicker::new` got it from the mapped page, and `Kicker::retire`
        // removes it before the page is unmapped. A byte is always aligned. The kernel reads it whole.
        let byte = unsafe { AtomicU8::from_ptr(self.0.as_ptr()) };
        byte.store(value, Ordering::SeqCst);
    }
}

impl Kicker {
    /// The kicker of this vCPU. [`retire`](Self::retire) must come before the vCPU's end.
    pub(super) fn new(fd: &mut VcpuFd) -> io::Result<Kicker> {
        register_signal_handler(SIGRTMIN(), on_signal).map_err(io::Error::from)?;
        let flag = Flag(NonNull::from(&mut fd.get_kvm_run().immediate_exit));
        Ok(Kicker { flag: Mutex::new(Some(flag)), thread: AtomicI32::new(0) })
    }

    /// Makes the current or the next KVM_RUN end soon with EINTR.
    pub fn kick(&self) {
        if let Some(flag) = &*self.flag() {
            flag.set(1);
            signal(self.thread.load(Ordering::SeqCst));
        }
    }

    /// Notes that the calling thread is about to run the vCPU.
    pub(super) fn run_here(&self) {
        let here = THREAD.with(|thread| *thread);
        if self.thread.load(Ordering::Relaxed) != here {
            self.thread.store(here, Ordering::SeqCst);
        }
    }

    /// Notes that a kick has arrived. Its sender set the reason before it, so the reason must be read after this call.
    pub(super) fn arrived(&self) {
        if let Some(flag) = &*self.flag() {
            flag.set(0);
        }
    }

    /// Notes that the vCPU is about to end. Later kicks do nothing.
    pub(super) fn retire(&self) {
        *self.flag() = None;
    }

    fn flag(&self) -> std::sync::MutexGuard<'_, Option<Flag>> {
        self.flag.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends the signal to one of our threads. A signal to a thread that has ended is lost.
fn signal(thread: c_int) {
    if thread != 0 {
        // SAFETY: tgkill takes only numbers, and reaches no process but ours. The signal
        // has a handler.
        unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, SIGRTMIN()) };
    }
}

/// Handles the signal by doing nothing. Its arrival alone ends KVM_RUN.
extern "C" fn on_signal(_: c_int, _: *mut siginfo_t, _: *mut c_void) {}
