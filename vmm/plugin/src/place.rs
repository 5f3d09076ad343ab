// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The plug-in in which a thread is, and the one that does not return.

use std::cell::Cell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

/// A function of a plug-in. It lives as long as the process, so that a signal handler can read it.
#[derive(Debug)]
pub(crate) struct Place {
    /// The file.
    pub(crate) file: String,
    /// The function.
    pub(crate) function: &'static str,
    /// Calls that began and calls that returned. Threads may lose a count to each other: these serve a message.
    began: AtomicU64,
    returned: AtomicU64,
}

/// All places.
static PLACES: Mutex<Vec<&'static Place>> = Mutex::new(Vec::new());

thread_local! {
    static HERE: Cell<Option<&'static Place>> = const { Cell::new(None) };
}

impl Place {
    /// A place for a function of a file.
    pub(crate) fn new(file: &str, function: &'static str) -> &'static Place {
        let (began, returned) = (AtomicU64::new(0), AtomicU64::new(0));
        let place = Box::leak(Box::new(Place { file: file.into(), function, began, returned }));
        PLACES.lock().unwrap_or_else(PoisonError::into_inner).push(place);
        place
    }

    /// Makes a call of the plug-in, in which the calling thread is meanwhile.
    pub(crate) fn during<T>(&'static self, call: impl FnOnce() -> T) -> T {
        let outer = HERE.replace(Some(self));
        self.began.store(self.began.load(Relaxed) + 1, Relaxed);
        let done = call();
        self.returned.store(self.returned.load(Relaxed) + 1, Relaxed);
        HERE.set(outer);
        done
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the plug-in {}", self.function, self.file)
    }
}

/// The place in which the calling thread is.
pub(crate) fn here() -> Option<&'static Place> {
    HERE.get()
}

/// The functions of plug-ins that were called and have not returned, as text for people.
pub fn busy() -> Vec<String> {
    let places = PLACES.lock().unwrap_or_else(PoisonError::into_inner);
    let inside = places.iter().filter(|p| p.began.load(Relaxed) != p.returned.load(Relaxed));
    inside.map(|place| place.to_string()).collect()
}
