// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The interrupts of a function: messages (MSI-X), and its pin (INTx).
//!
//! A message is a write of a number to the bridge's window for messages. The bridge makes it an interrupt only if the number
//! is one of the sources of the function's PE, so that a guest that writes another one into a table interrupts nothing
//! (IODA: the MSI is checked against its PE). While the bridge drops DMA of the PE it drops messages as well.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vio::{IrqSink, Upstream};

use crate::msix::{Message, Msix};

/// The bus address to which messages are written (QEMU: `SPAPR_PCI_MSI_WINDOW`).
pub const MESSAGES: u64 = 0x400_0000_0000;

/// The interrupts of one function. Any thread may raise them.
pub struct Interrupts {
    msix: Mutex<Msix>,
    /// The state of the pin. Locked after `msix` where both are.
    pin: Mutex<Pin>,
    sources: Sources,
    sink: Arc<dyn IrqSink>,
    upstream: Arc<dyn Upstream>,
    sent: AtomicU64,
    dropped: AtomicU64,
}

/// The interrupt sources of a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The source of the first MSI-X vector; the others follow.
    pub messages: u32,
    /// The number of vectors.
    pub count: u16,
    /// The source of the pin.
    pub pin: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Pin {
    /// The function wants it raised.
    raised: bool,
    /// The guest uses messages, or has disabled the pin.
    disabled: bool,
}

impl Pin {
    fn level(self) -> bool {
        self.raised && !self.disabled
    }
}

impl Interrupts {
    pub(crate) fn new(
        sources: Sources,
        sink: Arc<dyn IrqSink>,
        upstream: Arc<dyn Upstream>,
    ) -> Interrupts {
        Interrupts {
            msix: Mutex::new(Msix::new(sources.count)),
            pin: Mutex::default(),
            sources,
            sink,
            upstream,
            sent: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// The sources.
    pub fn sources(&self) -> Sources {
        self.sources
    }

    /// Sends the message of a vector. The function has stored the data that the guest will read before the call. A
    /// masked vector is sent when it is unmasked; while MSI-X is disabled nothing is sent.
    pub fn notify(&self, vector: u16) {
        let message = self.msix().notify(usize::from(vector));
        if let Some(message) = message {
            self.send(message);
        }
    }

    /// True when the guest uses MSI-X: the function notifies vectors, and does not raise its pin.
    pub fn uses_messages(&self) -> bool {
        self.msix().is_enabled()
    }

    /// Raises or lowers the pin. It stays raised until the function lowers it.
    pub fn set_pin(&self, raised: bool) {
        self.change_pin(|pin| pin.raised = raised);
    }

    /// True when the function wants its pin raised.
    pub fn is_raised(&self) -> bool {
        self.pin().raised
    }

    /// The number of messages that were sent, and of those that the bridge dropped.
    pub fn counts(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.dropped.load(Ordering::Relaxed))
    }

    pub(crate) fn reset(&self) {
        self.msix().reset();
        self.change_pin(|pin| *pin = Pin::default());
    }

    /// Config space has changed: enable and mask of MSI-X, and whether the pin is disabled.
    pub(crate) fn configured(&self, enabled: bool, masked: bool, pin_disabled: bool) {
        let ready = self.msix().control(enabled, masked);
        self.change_pin(|pin| pin.disabled = pin_disabled || enabled);
        self.send_all(ready);
    }

    pub(crate) fn write_table(&self, offset: usize, from: &[u8]) {
        let ready = self.msix().write_table(offset, from);
        self.send_all(ready);
    }

    pub(crate) fn msix(&self) -> MutexGuard<'_, Msix> {
        self.msix.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pin(&self) -> MutexGuard<'_, Pin> {
        self.pin.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the pin. The level reaches the controller under the lock, so that the last change is the last level.
    fn change_pin(&self, change: impl FnOnce(&mut Pin)) {
        let mut pin = self.pin();
        let before = pin.level();
        change(&mut pin);
        if pin.level() != before {
            self.sink.set_level(self.sources.pin, pin.level());
        }
    }

    fn send_all(&self, vectors: u64) {
        for vector in (0..u64::BITS as usize).filter(|n| vectors >> n & 1 != 0) {
            let message = self.msix().message(vector);
            if let Some(message) = message {
                self.send(message);
            }
        }
    }

    fn send(&self, message: Message) {
        let number = message.data.wrapping_sub(self.sources.messages);
        let own = message.address == MESSAGES && number < u32::from(self.sources.count);
        if own && self.upstream.passes() {
            self.sent.fetch_add(1, Ordering::Relaxed);
            self.sink.pulse(message.data);
        } else {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl std::fmt::Debug for Interrupts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Interrupts").field("sources", &self.sources).finish_non_exhaustive()
    }
}
