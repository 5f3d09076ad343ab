// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The bus behind the bridge: functions by device number, and by the bus addresses of their BARs.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use saved::{LoadError, Reader, Writer};
use vio::{DeviceReport, Host, Observer};

use crate::config::ConfigError;
use crate::description::{Description, Vectors};
use crate::function::{Function, FunctionConfig, FunctionError};
use crate::interrupts::Sources;
use crate::msix::ENTRY;
use crate::slot::{Place, Slot};
use iommu::Window;

/// Most functions of a bus: device numbers 1 to 31. Number 0 is left free, because config address 0 names the bridge's own
/// windows.
pub const MOST_FUNCTIONS: usize = 31;

/// The most bytes of a function's name in a saved state.
const LONGEST_NAME: usize = 32;

/// Why a function could not be made.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum BusError {
    #[error("a PCI function is not possible: {0}")]
    Config(#[from] ConfigError),
    #[error("a PCI bus has at most {MOST_FUNCTIONS} functions; leave some away")]
    Full,
    #[error(transparent)]
    Function(FunctionError),
}

/// The facts about a function that the device tree has.
#[derive(Clone, Debug)]
pub struct Node {
    /// The device number.
    pub number: u8,
    /// The function.
    pub description: Description,
    /// Its interrupt sources.
    pub sources: Sources,
    /// The window that its PE has at the start.
    pub window: Window,
}

/// A BAR that answers.
#[derive(Clone, Copy, Debug)]
struct Region {
    start: u64,
    size: u64,
    function: usize,
    bar: u8,
}

/// The functions.
#[derive(Default)]
pub struct Bus {
    buid: u64,
    functions: Vec<Arc<dyn Function>>,
    /// The BARs that answer, by function and number. Replaced whenever config space changes.
    regions: ArcSwap<Vec<Region>>,
    /// Locked while config space is written, before the locks of slots, so that `regions` has the last state.
    changing: Mutex<()>,
}

impl Bus {
    /// A bus without functions, behind the bridge of this unit address.
    pub fn new(buid: u64) -> Bus {
        let (functions, regions) = (Vec::new(), ArcSwap::default());
        Bus { buid, functions, regions, changing: Mutex::default() }
    }

    /// The unit address of the bridge.
    pub fn buid(&self) -> u64 {
        self.buid
    }

    /// Adds a function. Functions are added in the order of their numbers.
    pub fn add(
        &mut self,
        host: &Host<'_>,
        place: &Place,
        config: &dyn FunctionConfig,
    ) -> Result<(), BusError> {
        if self.functions.len() >= MOST_FUNCTIONS {
            return Err(BusError::Full);
        }
        let slot = Slot::new(host, place, config.describe())?;
        self.functions.push(config.build(slot).map_err(BusError::Function)?);
        Ok(())
    }

    /// The function of a device number.
    pub fn find(&self, number: u8) -> Option<&dyn Function> {
        self.functions.iter().find(|function| function.slot().number == number).map(|f| &**f)
    }

    /// True when there is no function.
    pub fn is_empty(&self) -> bool {
        self.functions.is_empty()
    }

    /// Reads config space of a function. That of a stopped PE is all ones.
    pub fn read_config(&self, function: &dyn Function, offset: usize, to: &mut [u8]) {
        let slot = function.slot();
        if !slot.control().passes_io() {
            return to.fill(0xff);
        }
        let touched: Vec<_> = {
            let config = slot.config();
            config.read(offset, to, slot.interrupts.is_raised());
            config.touched(offset, to.len()).collect()
        };
        for part in touched {
            function.read_capability(part.capability, part.offset, &mut to[part.bytes]);
        }
    }

    /// Writes config space of a function, unless its PE is stopped.
    pub fn write_config(&self, function: &dyn Function, offset: usize, from: &[u8]) {
        let slot = function.slot();
        if !slot.control().passes_io() {
            return;
        }
        let touched: Vec<_> = {
            let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
            let mut config = slot.config();
            config.write(offset, from);
            slot.configured(&config);
            let touched = config.touched(offset, from.len()).collect();
            drop(config);
            self.map();
            touched
        };
        for part in touched {
            function.wrote_capability(part.capability, part.offset, part.bytes.len());
        }
    }

    /// Finds the BARs that answer.
    fn map(&self) {
        let mut regions = Vec::new();
        for (function, model) in self.functions.iter().enumerate() {
            let config = model.slot().config();
            if config.has_memory() {
                regions.extend(config.bars().map(|(bar, start)| Region {
                    start,
                    size: bar.size,
                    function,
                    bar: bar.number,
                }));
            }
        }
        self.regions.store(Arc::new(regions));
    }

    /// A load from a bus address of memory, of 1 to 8 bytes. Bytes at which no BAR answers, or whose PE is stopped, are all
    /// ones.
    pub fn read(&self, address: u64, to: &mut [u8]) {
        to.fill(0xff);
        self.each(address, to.len(), |function, bar, offset, bytes| {
            read_bar(function, bar, offset, &mut to[bytes]);
        });
    }

    /// A store to a bus address of memory, of 1 to 8 bytes. Bytes at which no BAR answers are dropped.
    pub fn write(&self, address: u64, from: &[u8]) {
        self.each(address, from.len(), |function, bar, offset, bytes| {
            write_bar(function, bar, offset, &from[bytes]);
        });
    }

    /// Calls `access` for each BAR that has bytes of an access: with its function, its number, the offset in it, and the
    /// bytes. Each byte goes to the first BAR that has it.
    fn each(
        &self,
        address: u64,
        len: usize,
        mut access: impl FnMut(&dyn Function, u8, u64, std::ops::Range<usize>),
    ) {
        let regions = self.regions.load();
        let mut done = 0;
        while done < len {
            let at = address.wrapping_add(done as u64);
            let found = regions.iter().find(|region| at.wrapping_sub(region.start) < region.size);
            let Some(region) = found else {
                done += 1;
                continue;
            };
            let offset = at - region.start;
            let here = usize::try_from(region.size - offset).unwrap_or(len).min(len - done);
            if let Some(function) = self.functions.get(region.function)
                && function.slot().control().passes_io()
            {
                access(&**function, region.bar, offset, done..done + here);
            }
            done += here;
        }
    }

    /// The nodes of the device tree, in the order of device numbers.
    pub fn nodes(&self) -> Vec<Node> {
        let node = |function: &Arc<dyn Function>| {
            let slot = function.slot();
            let (number, description) = (slot.number, slot.description.clone());
            Node { number, description, sources: slot.interrupts.sources(), window: *slot.window() }
        };
        self.functions.iter().map(node).collect()
    }

    /// The sums of each function.
    pub fn reports(&self) -> Vec<DeviceReport> {
        self.functions.iter().map(|function| function.slot().report(function.counters())).collect()
    }

    /// Reports every access to this observer from now on. Once only.
    pub fn observe(&self, observer: &Arc<dyn Observer>) {
        for function in &self.functions {
            function.slot().traffic.observe(observer.clone());
        }
    }

    /// Puts all functions back to the state at the start. They touch no memory afterwards.
    pub fn reset(&self) {
        for function in &self.functions {
            self.reset_function(&**function);
            function.slot().control().clear();
        }
    }

    /// Resets one function: its model, then config space and interrupts.
    pub fn reset_function(&self, function: &dyn Function) {
        let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        function.reset();
        function.slot().reset();
        self.map();
    }

    /// Brings all functions to rest within this time and writes their states, as [`vio::Bus::save`] does.
    pub fn save(&self, to: &mut Writer<'_>, within: Duration) {
        let until = Instant::now() + within;
        if let Err(error) = self.rest(until) {
            return to.fail(error);
        }
        to.u8(self.functions.len() as u8); // at most `MOST_FUNCTIONS`
        for function in &self.functions {
            to.u8(function.slot().number);
            to.bytes(function.slot().description.name.as_bytes());
            function.slot().save(to);
            function.save(to);
        }
    }

    fn rest(&self, until: Instant) -> io::Result<()> {
        self.functions.iter().try_for_each(|function| function.rest(until))
    }

    /// Loads the states of the functions, which rest until [`resume`](Self::resume). Errors: also a bus with other
    /// functions. After an error the bus must be reset before it is used.
    pub fn load(&self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        if usize::from(from.u8()?) != self.functions.len() {
            return Err(LoadError::Other("the number of its PCI functions"));
        }
        for function in &self.functions {
            let slot = function.slot();
            if from.u8()? != slot.number {
                return Err(LoadError::Other("the number of a PCI function"));
            }
            from.name(slot.description.name, LONGEST_NAME)?;
            slot.load(from)?;
            function.load(from)?;
        }
        self.map();
        Ok(())
    }

    /// Ends the rest of all functions.
    pub fn resume(&self) {
        self.functions.iter().for_each(|function| function.resume());
    }

    /// Ends the functions' threads. Everything that the guest wrote is on the medium then.
    pub fn stop(&self) {
        self.functions.iter().for_each(|function| function.stop());
    }
}

/// As [`vio::Bus`] does.
impl Drop for Bus {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A part of the MSI-X structures.
enum Structure {
    Table(usize),
    Pending(usize),
}

/// The part of the MSI-X structures at an offset of a BAR, and the bytes from there to its end; or `None` with the bytes to
/// the next such part.
fn structure(vectors: Option<Vectors>, bar: u8, offset: u64) -> (Option<Structure>, u64) {
    let Some(v) = vectors.filter(|vectors| vectors.bar == bar) else { return (None, u64::MAX) };
    let table = (u64::from(v.table), ENTRY as u64 * u64::from(v.count));
    let pending = (u64::from(v.pending), 8);
    let inside = |(start, len): (u64, u64)| {
        let at = offset.wrapping_sub(start);
        (at < len).then(|| (at as usize, len - at)) // at most 64 KiB
    };
    if let Some((at, left)) = inside(table) {
        return (Some(Structure::Table(at)), left);
    }
    if let Some((at, left)) = inside(pending) {
        return (Some(Structure::Pending(at)), left);
    }
    let next = [table.0, pending.0].into_iter().filter_map(|start| start.checked_sub(offset));
    (None, next.min().unwrap_or(u64::MAX))
}

/// Splits an access to a BAR at the borders of the MSI-X structures.
fn pieces(
    function: &dyn Function,
    bar: u8,
    offset: u64,
    len: usize,
    mut piece: impl FnMut(Option<Structure>, u64, std::ops::Range<usize>),
) {
    let vectors = function.slot().description.vectors;
    let mut done = 0;
    while done < len {
        let at = offset + done as u64;
        let (of, left) = structure(vectors, bar, at);
        let here = usize::try_from(left).unwrap_or(len).min(len - done);
        piece(of, at, done..done + here);
        done += here;
    }
}

fn read_bar(function: &dyn Function, bar: u8, offset: u64, to: &mut [u8]) {
    pieces(function, bar, offset, to.len(), |of, at, bytes| {
        let interrupts = &function.slot().interrupts;
        match of {
            Some(Structure::Table(at)) => interrupts.msix().read_table(at, &mut to[bytes]),
            Some(Structure::Pending(at)) => interrupts.msix().read_pending(at, &mut to[bytes]),
            None => function.read(bar, at, &mut to[bytes]),
        }
    });
}

fn write_bar(function: &dyn Function, bar: u8, offset: u64, from: &[u8]) {
    pieces(function, bar, offset, from.len(), |of, at, bytes| match of {
        Some(Structure::Table(at)) => function.slot().interrupts.write_table(at, &from[bytes]),
        Some(Structure::Pending(_)) => {} // read-only
        None => function.write(bar, at, &from[bytes]),
    });
}

impl fmt::Debug for Bus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bus").field("functions", &self.functions.len()).finish_non_exhaustive()
    }
}
