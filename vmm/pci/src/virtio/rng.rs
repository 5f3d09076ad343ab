// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! virtio-rng: random bytes of the host (virtio 1.3, 5.4).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::rand::{GetRandomFlags, getrandom};
use vio::Port;

use super::chain::Chain;
use super::device::{self, Virtio};
use super::model::{Kind, Model};
use super::queue::RingError;
use crate::description::Description;
use crate::function::{Function, FunctionConfig, FunctionError};
use crate::slot::Slot;

const KIND: Kind = Kind { number: 4, node: "unknown-legacy-device", class: 0xff_0000 };
const ENTRIES: u16 = 64;
/// The most bytes for one request; a driver that wants more asks again.
const MOST: usize = 4096;

/// A source of random bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rng;

#[derive(Default)]
struct Source {
    bytes: AtomicU64,
}

impl FunctionConfig for Rng {
    fn describe(&self) -> Description {
        device::describe(KIND, 1)
    }

    fn build(&self, slot: Slot) -> Result<Arc<dyn Function>, FunctionError> {
        Virtio::build(slot, &[ENTRIES], |_| Ok(Arc::new(Source::default())))
    }
}

impl Model for Source {
    fn features(&self) -> u64 {
        0
    }

    fn config(&self) -> Vec<u8> {
        Vec::new()
    }

    /// A request has at least one byte to fill. A host without entropy yet gives none, which a driver takes for a failure.
    fn serve(&self, _: usize, chain: &mut Chain, port: &mut Port) -> Result<u32, RingError> {
        if chain.data_in.is_empty() {
            return Err(RingError::Request("no buffer for random bytes"));
        }
        let mut bytes = [0; MOST];
        let wanted = usize::try_from(chain.data_in.len()).unwrap_or(MOST).min(MOST);
        let got = getrandom(&mut bytes[..wanted], GetRandomFlags::NONBLOCK).unwrap_or(0);
        let given = chain.data_in.give(port, &bytes[..got]).unwrap_or(0);
        self.bytes.fetch_add(given as u64, Ordering::Relaxed);
        Ok(given as u32) // at most `MOST`
    }

    fn counters(&self) -> Vec<(&'static str, u64)> {
        vec![("random bytes", self.bytes.load(Ordering::Relaxed))]
    }
}
