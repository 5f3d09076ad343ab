// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Memory that a process has locked, against its limit.

use crate::linux::errno::Errno;
use crate::table::budget::{Budget, Charge};
use std::sync::Arc;

/// Bytes of a page of the host.
pub const HOST_PAGE: u64 = 4096;

/// A process's locked memory (Linux: `mm->locked_vm` and `RLIMIT_MEMLOCK`): a budget of pages.
#[derive(Debug)]
pub struct MemLock(Arc<Budget>);

impl MemLock {
    /// An account with a limit in pages of 4 KiB; `u64::MAX` for a process that may lock anything
    /// (Linux: `CAP_IPC_LOCK`).
    pub fn new(limit: u64) -> Arc<MemLock> {
        Arc::new(MemLock(Budget::new(limit)))
    }

    /// Pages locked now.
    pub fn locked(&self) -> u64 {
        self.0.charged()
    }

    /// Locks more pages. Errors: [`Errno::Enomem`] above the limit; the account is as before.
    ///
    /// Linux: `account_locked_vm`.
    pub fn charge(&self, pages: u64) -> Result<Charge, Errno> {
        Ok(self.0.charge(pages)?)
    }
}
