// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Memory that a process has locked, against its limit.
//!
//! A charge is a value: when it is dropped, by whatever way, it is given back. So the account is
//! at its baseline when everything that was charged is gone.

use crate::errno::Errno;
use crate::sync::{AtomicU64, Ordering};
use std::sync::Arc;

/// Bytes of a page of the host.
pub const HOST_PAGE: u64 = 4096;

/// A process's locked memory (Linux: `mm->locked_vm` and `RLIMIT_MEMLOCK`).
#[derive(Debug)]
pub struct MemLock {
    limit: u64,
    locked: AtomicU64,
}

impl MemLock {
    /// An account with a limit in pages of 4 KiB; `u64::MAX` for a process that may lock anything
    /// (Linux: `CAP_IPC_LOCK`).
    pub fn new(limit: u64) -> Arc<MemLock> {
        Arc::new(MemLock { limit, locked: AtomicU64::new(0) })
    }

    /// Pages locked now.
    pub fn locked(&self) -> u64 {
        self.locked.load(Ordering::Relaxed)
    }

    /// Locks more pages. Errors: [`Errno::Enomem`] above the limit; the account is as before.
    ///
    /// Linux: `account_locked_vm`.
    pub fn charge(self: &Arc<Self>, pages: u64) -> Result<Charge, Errno> {
        let more = |locked: u64| locked.checked_add(pages).filter(|&sum| sum <= self.limit);
        self.locked
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .map_err(|_| Errno::Enomem)?;
        Ok(Charge { account: self.clone(), pages })
    }
}

/// Locked pages; dropping it unlocks them.
#[derive(Debug)]
#[must_use = "dropping a charge gives it back"]
pub struct Charge {
    account: Arc<MemLock>,
    pages: u64,
}

impl Charge {
    /// How many.
    pub fn pages(&self) -> u64 {
        self.pages
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.locked.fetch_sub(self.pages, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_is_given_back_and_a_refused_one_leaves_the_account_alone() {
        let account = MemLock::new(10);
        let first = account.charge(7).expect("below the limit");
        assert_eq!(account.charge(4).err(), Some(Errno::Enomem));
        assert_eq!(account.charge(u64::MAX).err(), Some(Errno::Enomem));
        assert_eq!(account.locked(), 7);
        let second = account.charge(3).expect("up to the limit");
        drop(first);
        assert_eq!(account.locked(), 3);
        drop(second);
        assert_eq!(account.locked(), 0);
    }
}
