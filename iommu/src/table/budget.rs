// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Accounts with a limit: memory for what a guest makes the host keep.
//!
//! A charge is a value: when it is dropped, by whatever way, it is given back. So an account is at its
//! baseline when everything that was charged is gone. Accounts are asked only where memory is about to
//! be allocated, which is rare, and never by a call that finds its memory there.

use crate::sync::{AtomicU64, Ordering};
use crate::words::error::Error;
use std::sync::Arc;

/// An amount that may be used, and how much of it is.
///
/// Of a [`Container`](crate::Container): bytes for the windows that a guest creates.
#[derive(Debug)]
pub struct Budget {
    limit: u64,
    charged: AtomicU64,
}

impl Budget {
    /// An account with this limit, of which nothing is used.
    pub fn new(limit: u64) -> Arc<Budget> {
        Arc::new(Budget { limit, charged: AtomicU64::new(0) })
    }

    /// The most that may be charged.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The amount that is charged now.
    pub fn charged(&self) -> u64 {
        self.charged.load(Ordering::Relaxed)
    }

    /// Charges some more. Errors: [`Error::OverBudget`] above the limit; the account is as before.
    pub fn charge(self: &Arc<Self>, amount: u64) -> Result<Charge, Error> {
        let more = |charged: u64| charged.checked_add(amount).filter(|&sum| sum <= self.limit);
        self.charged
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
            .map_err(|_| Error::OverBudget)?;
        Ok(Charge { budget: self.clone(), amount })
    }
}

/// An amount that is in use; dropping it gives it back.
#[derive(Debug)]
#[must_use = "dropping a charge gives it back"]
pub struct Charge {
    budget: Arc<Budget>,
    amount: u64,
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.budget.charged.fetch_sub(self.amount, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_is_given_back_and_a_refused_one_leaves_the_account_alone() {
        let budget = Budget::new(10);
        let first = budget.charge(7).expect("below the limit");
        assert_eq!(budget.charge(4).err(), Some(Error::OverBudget));
        assert_eq!(budget.charge(u64::MAX).err(), Some(Error::OverBudget));
        assert_eq!(budget.charged(), 7);
        let second = budget.charge(3).expect("up to the limit");
        drop(first);
        assert_eq!(budget.charged(), 3);
        drop(second);
        assert_eq!(budget.charged(), 0);
    }
}
