// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Faults that a test or a run injects: what can go wrong in the host, at a moment of one's choice.
//!
//! Each answer is asked for before anything is changed, so a call that fails by an injected fault
//! has changed nothing, exactly as with a real one. Without faults an agent does not ask.

use crate::words::addr::{Gpa, Liobn};

/// The faults. Each has a default that does no harm. Asked from all threads at once.
pub trait Faults: Send + Sync {
    /// There is no memory for a level of a hardware table or a chunk of the view of this window
    /// (`ENOMEM`). Asked once for each level that is missing.
    fn no_memory(&self, _liobn: Liobn) -> bool {
        false
    }

    /// The page is not registered. Asked for each live entry that a call brings to this window.
    fn unregistered(&self, _liobn: Liobn, _gpa: Gpa) -> bool {
        false
    }

    /// Called right before each kill, after the exchanges that it is for. It may sleep: a
    /// delayed kill. Until it returns the displaced pages stay pinned.
    fn before_kill(&self, _liobn: Liobn) {}
}
