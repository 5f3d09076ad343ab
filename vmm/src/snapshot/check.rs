// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The check of a snapshot's RAM against the checksums of its state.
//!
//! It reads all pages that are no holes, so a restore that waited for it would not be lazy. Damage that it finds ends the
//! run with an error.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use machine::ram_file::RamFile;
use machine::{Control, Ending};
use vmm_sys_util::signal::register_signal_handler;

use super::SnapshotError;
use crate::exit;
use crate::outlet;
use crate::terminal;

/// The part of a snapshot in messages.
const RAM: &str = "its RAM";

/// A check under way, or its result.
#[derive(Debug)]
pub(crate) struct Check(Option<JoinHandle<Result<(), SnapshotError>>>);

impl Check {
    /// Checks RAM at once.
    pub(super) fn now(ram: &RamFile) -> Result<Check, SnapshotError> {
        ram.check(|| true).map_err(|_| SnapshotError::Damaged(RAM))?;
        watch_file();
        Ok(Check(None))
    }

    /// Starts the check. It ends the run if it finds damage.
    pub(super) fn start(ram: RamFile, control: &Arc<Control>) -> Check {
        watch_file();
        let control = Arc::clone(control);
        let check = move || {
            // A run that is stopped from outside does not wait for the check.
            let checked = ram.check(outlet::may_wait);
            checked.map_err(|_| {
                control.stop(Ending::Dismissed);
                SnapshotError::Damaged(RAM)
            })
        };
        match thread::Builder::new().name("snapshot".into()).spawn(check) {
            Ok(thread) => Check(Some(thread)),
            Err(error) => {
                log::warn!("the snapshot's RAM is not checked: {error}");
                Check(None)
            }
        }
    }

    /// Waits for the result.
    pub(crate) fn result(self) -> Result<(), SnapshotError> {
        let panicked = |_| SnapshotError::Read(io::Error::other("its check failed"));
        self.0.map_or(Ok(()), |thread| thread.join().map_err(panicked)?)
    }
}

/// Makes a page of the mapped file that cannot be read an end with a message. The kernel sends SIGBUS for one, when
/// the medium fails, or when another program has cut the file.
///
/// The signal comes at an access to guest RAM, where the thread holds no lock of the C library, so the handler may do what
/// the thread itself might do there.
fn watch_file() {
    extern "C" fn unread(_: libc::c_int, _: *mut libc::siginfo_t, _: *mut libc::c_void) {
        terminal::restore();
        outlet::say(
            "a page of the snapshot can no longer be read: the file was cut, or its medium fails",
        );
        std::process::exit(exit::SETUP_FAILED.into());
    }
    if let Err(error) = register_signal_handler(libc::SIGBUS, unread) {
        log::debug!("a page that cannot be read ends the process: {error}");
    }
}
