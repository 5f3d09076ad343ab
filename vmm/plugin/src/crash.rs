// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A crash of a plug-in: the signal's message says in which function of which file it was.
//!
//! A signal that the plug-in's own code caused comes on the thread that made the call, while that thread is
//! [`here`](crate::place::here). The handler writes the message, without memory of its own, and leaves the rest to the
//! handler that was there before. Any other crash is passed on without a word.
#![allow(unsafe_code)]

use std::io::Write;
use std::sync::OnceLock;
use std::{mem, ptr};

use libc::{SA_NODEFER, SA_ONSTACK, SA_SIGINFO, c_int, c_void, sigaction, siginfo_t};

use crate::place;

/// The signals of a crash, with their names.
const SIGNALS: [(c_int, &str); 5] = [
    (libc::SIGSEGV, "SIGSEGV"),
    (libc::SIGBUS, "SIGBUS"),
    (libc::SIGILL, "SIGILL"),
    (libc::SIGFPE, "SIGFPE"),
    (libc::SIGABRT, "SIGABRT"),
];

/// The handlers before ours, in the order of [`SIGNALS`].
static BEFORE: OnceLock<[sigaction; SIGNALS.len()]> = OnceLock::new();
/// Runs before the message.
static FIRST: OnceLock<fn()> = OnceLock::new();

/// Reports crashes of plug-ins from now on. `first` runs before the message; it takes no lock that a thread in a plug-in holds.
pub fn report_crashes(first: fn()) {
    let _ = FIRST.set(first); // a second caller is the same program
    if BEFORE.get().is_some() {
        return;
    }
    // SAFETY: a `sigaction` of zeros is one without flags and handler, which the call replaces.
    let mut before: [sigaction; SIGNALS.len()] = unsafe { mem::zeroed() };
    for ((signal, _), before) in SIGNALS.iter().zip(&mut before) {
        // SAFETY: a null action asks for the present one.
        unsafe { sigaction(*signal, ptr::null(), before) };
    }
    if BEFORE.set(before).is_err() {
        return;
    }
    for (signal, _) in SIGNALS {
        // SAFETY: as above; the handler keeps to what its comment says, and is for three arguments.
        unsafe {
            let mut action: sigaction = mem::zeroed();
            action.sa_sigaction = crashed as *const () as usize;
            action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
            sigaction(signal, &action, ptr::null_mut());
        }
    }
}

/// Names the plug-in, restores the earlier handler and returns: the instruction then faults once more, for that handler.
/// `abort` raises its signal once more itself.
extern "C" fn crashed(signal: c_int, info: *mut siginfo_t, _: *mut c_void) {
    let Some(at) = SIGNALS.iter().position(|(number, _)| *number == signal) else { return };
    if let Some(place) = place::here() {
        if let Some(first) = FIRST.get() {
            first();
        }
        let (name, fault) = (SIGNALS[at].1, signal != libc::SIGABRT);
        let mut text = [0; 512];
        let mut left = &mut text[..];
        // A message that is too long is cut.
        let _ = write!(left, "tcevm: {place} crashed: {name}");
        if fault {
            // SAFETY: the kernel gives a handler with SA_SIGINFO a valid structure, and these signals have an address.
            let address = unsafe { (*info).si_addr() } as usize;
            let _ = write!(left, " at {address:#x}");
        }
        let _ = writeln!(left);
        let length = 512 - left.len();
        // SAFETY: the text is as long. A message that cannot be written is lost.
        unsafe { libc::write(2, text.as_ptr().cast(), length) };
    }
    if let Some(before) = BEFORE.get() {
        // SAFETY: the action was the process' own.
        unsafe { sigaction(signal, &before[at], ptr::null_mut()) };
    }
}
