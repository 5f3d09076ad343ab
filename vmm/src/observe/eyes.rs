// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What devices do, told to whoever observes the run.

use std::sync::Arc;
use std::time::Instant;

use iommu::Liobn;
use vio::{Access, Node, Observer};

use super::Observe;
use super::timeline::What;

/// The eyes on the devices.
#[derive(Debug)]
pub(crate) struct Eyes {
    observe: Observe,
    /// Whose interrupt sources.
    sources: Vec<(u32, Liobn)>,
}

impl Eyes {
    /// On these devices; none when nobody wants to know.
    pub(crate) fn new(observe: &Observe, nodes: &[Node]) -> Option<Arc<Eyes>> {
        let sources = nodes.iter().map(|node| (node.source, node.window.liobn())).collect();
        let wanted = observe.history.is_some() || observe.events.is_some();
        wanted.then(|| Arc::new(Eyes { observe: observe.clone(), sources }))
    }

    /// A device signals.
    pub(crate) fn interrupt(&self, source: u32) {
        let device = self.sources.iter().find(|(known, _)| *known == source);
        let Some(&(_, device)) = device else { return };
        let now = Instant::now();
        if let Some(history) = &self.observe.history {
            history.device(What::Interrupts, device, now, 1);
        }
        if let Some(events) = &self.observe.events {
            events.interrupt(device, now);
        }
    }
}

impl Observer for Eyes {
    fn accessed(&self, access: &Access) {
        if let Some(history) = &self.observe.history {
            let (what, more) = match (access.fault, access.write) {
                (Some(_), _) => (What::Faults, 1),
                (None, true) => (What::Written, access.len),
                (None, false) => (What::Read, access.len),
            };
            history.device(what, access.window.liobn(), access.start, more);
        }
        if let Some(events) = &self.observe.events {
            events.access(access);
        }
    }
}
