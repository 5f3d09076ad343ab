// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Dynamic DMA windows: services of the PCI host bridge ([`Phb`]).

use super::service::{Outputs, services};
use crate::call::Caller;
use crate::machine::Capabilities;
use crate::machine::phb::{Offer, Phb, no_default};
use crate::words::rtas_error::RtasError;
use crate::words::tier::Tier;
use iommu::Liobn;

pub use crate::machine::phb::DEFAULT_PAGE_SIZES;

services![
    Service {
        token: 0x2010,
        name: "ibm,query-pe-dma-window",
        call: query_pe_dma_window(config_addr, buid_hi, buid_lo),
        needs: [Phb],
        returns: [windows_available, max_tces, page_sizes, migration]
            or [windows_available, max_tces_hi, max_tces_lo, page_sizes, migration],
        spec: "LoPAR 2.9, ibm,query-pe-dma-window",
    },
    Service {
        token: 0x2011,
        name: "ibm,create-pe-dma-window",
        call: create_pe_dma_window(config_addr, buid_hi, buid_lo, page_shift, window_shift),
        needs: [Phb],
        returns: [liobn, ioba_hi, ioba_lo],
        spec: "LoPAR 2.9, ibm,create-pe-dma-window",
    },
    Service {
        token: 0x2012,
        name: "ibm,remove-pe-dma-window",
        call: remove_pe_dma_window(liobn),
        needs: [Phb],
        returns: [],
        spec: "LoPAR 2.9, ibm,remove-pe-dma-window",
    },
    Service {
        token: 0x2013,
        name: "ibm,reset-pe-dma-windows",
        call: reset_pe_dma_windows(config_addr, buid_hi, buid_lo),
        needs: [Phb],
        returns: [],
        spec: "LoPAR 2.9, ibm,reset-pe-dma-windows",
    },
];

/// The PE that a call names. Errors: [`RtasError::Parameter`] when there is no bridge of this BUID,
/// or the configuration address has register bits (LoPAR 2.9, `config_addr`).
fn find(
    machine: &mut dyn Capabilities,
    config_addr: u32,
    buid: [u32; 2],
) -> Result<&Phb, RtasError> {
    let [hi, lo] = buid.map(u64::from);
    if config_addr & 0xff00_00ff != 0 {
        return Err(RtasError::Parameter);
    }
    let pe = machine.phb().and_then(|bridge| bridge.pe(hi << 32 | lo, config_addr));
    pe.ok_or(RtasError::Parameter)
}

/// The outputs of a query are 4 or 5.
impl Outputs for Offer {
    fn write(self, to: &mut [u32]) {
        let [hi, lo] = halves(self.max_tces);
        // Windows are not moved to other page sizes, so there is no migration mask.
        let tail = [self.page_sizes, 0];
        match to.len() {
            4 => [self.windows, if hi == 0 { lo } else { u32::MAX }, tail[0], tail[1]].write(to),
            _ => [self.windows, hi, lo, tail[0], tail[1]].write(to),
        }
    }
}

/// Reports how many more windows there can be, and of which sizes.
fn query_pe_dma_window(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
) -> Result<Offer, RtasError> {
    find(on.machine, config_addr, [buid_hi, buid_lo])?.offer(on.container)
}

/// Makes a window.
fn create_pe_dma_window(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
    page_shift: u32,
    window_shift: u32,
) -> Result<[u32; 3], RtasError> {
    let no_more = on.accel.rules(Tier::User).no_more_windows;
    let phb = find(on.machine, config_addr, [buid_hi, buid_lo])?;
    let window = phb.create(on.container, page_shift, window_shift, no_more)?;
    let [ioba_hi, ioba_lo] = halves(window.start().0);
    Ok([window.liobn().0, ioba_hi, ioba_lo])
}

/// Removes a window.
fn remove_pe_dma_window(on: &mut Caller<'_>, liobn: u32) -> Result<[u32; 0], RtasError> {
    let pe = on.machine.phb().and_then(|bridge| bridge.pe_of(Liobn(liobn)));
    let phb = pe.ok_or(RtasError::Parameter)?;
    on.accel.tag("ibm,remove-pe-dma-window");
    phb.remove(on.container, on.agent, Liobn(liobn))?;
    windows_removed(on)
}

/// Restores the default window and removes all others (papr-tce 7.87).
fn reset_pe_dma_windows(
    on: &mut Caller<'_>,
    config_addr: u32,
    buid_hi: u32,
    buid_lo: u32,
) -> Result<[u32; 0], RtasError> {
    let phb = find(on.machine, config_addr, [buid_hi, buid_lo])?;
    on.accel.tag("ibm,reset-pe-dma-windows");
    phb.reset(on.container, on.agent).map_err(no_default)?;
    windows_removed(on)
}

/// Other vCPUs hold removed windows, and their memory, until they leave guest code.
fn windows_removed(on: &mut Caller<'_>) -> Result<[u32; 0], RtasError> {
    if let Some(processors) = on.machine.processors() {
        processors.kick();
    }
    Ok([])
}

/// `ibm,ddw-applicable` of the bridge: the tokens of query, create and remove.
pub fn applicable() -> [u32; 3] {
    let [query, create, remove, _] = SERVICES else { return [0; 3] };
    [query.token, create.token, remove.token]
}

/// `ibm,ddw-extensions` of the bridge: how many follow, the token of reset, and 1 because a query
/// may have the form with the long count.
pub fn extensions() -> [u32; 3] {
    let [_, _, _, reset] = SERVICES else { return [0; 3] };
    [2, reset.token, 1]
}

fn halves(value: u64) -> [u32; 2] {
    // The lower half is what the cast keeps.
    [(value >> 32) as u32, value as u32]
}
