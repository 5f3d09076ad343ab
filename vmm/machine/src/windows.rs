// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The DMA windows as a part of the machine: their reset, and their saved state.
//!
//! The section has the windows in their order, the entries of each as the guest wrote them, the sums of the changes, and
//! the frames that devices may have written. Hardware tables, the cache of the bridge and the findings of a detector are
//! not saved. A load writes each entry through the ordinary exchange, so the hardware tables translate the entries
//! again on whatever platform the machine has, a page has a pin for each hardware entry that maps it, and the bridge has cached nothing.
//!
//! A load claims before it changes: the section is read to its end, and the new windows and the memory for every entry are
//! made, before the first window is cleared.

use hcall::{BridgeClaim, BridgeWindow};
use iommu::{
    Agent, Error, GuestEntry, GuestTable, Ioba, Liobn, PageShift, RawTce, Tally, Totals, Window,
};

use crate::boot::BootError;
use crate::dma::Dma;
use crate::parts::Part;
use crate::section::{LoadError, Reader, Saved, Section, Writer};

/// The largest count that is loaded. The sums of all windows stay far below the end of a count.
const MOST_COUNTED: u64 = 1 << 48;

/// The most windows of a PE.
const PE_WINDOWS: usize = 2;

/// The DMA windows with the agents of all vCPUs.
pub(crate) struct DmaWindows<'a> {
    pub(crate) dma: &'a Dma,
    pub(crate) agents: Vec<&'a mut Agent>,
}

/// The owner of a window.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The bridge, which made its default window.
    Bridge,
    /// The guest, which had the bridge make the window.
    Guest,
    /// A virtual I/O device.
    Device,
}

/// The saved entries of a window, with the sums of the changes to it.
struct Entries {
    window: Window,
    written: Vec<(GuestEntry, RawTce)>,
    tally: Tally,
    max_live: u64,
}

impl Part for DmaWindows<'_> {
    fn reset(&mut self) -> Result<(), BootError> {
        let container = &self.dma.container;
        if let Some(first) = self.agents.first_mut() {
            container.clear(first);
            self.dma.phbs().try_for_each(|phb| phb.reset(container, first))?;
        }
        self.agents.iter_mut().for_each(|agent| agent.refresh());
        Ok(())
    }

    fn saved(&mut self) -> Option<&mut dyn Section> {
        Some(self)
    }
}

impl Saved for DmaWindows<'_> {
    const NAME: &'static str = "windows";

    fn save(&mut self, to: &mut Writer<'_>) {
        let container = &self.dma.container;
        let stats = container.stats(self.agents.iter().map(|agent| &**agent));
        let bridge = self.of_pes();
        let windows = container.windows();
        to.u32(windows.len() as u32); // two of each PE, and one for each device
        for table in windows.iter() {
            put_window(to, table.window(), owner(table.window(), &bridge));
        }
        for (table, of) in windows.iter().zip(&stats.windows) {
            put_entries(to, table, of.tally, of.max_live);
        }
        let Totals { pinned, released, dirtied, kills } = stats.totals;
        [pinned, released, dirtied, kills].iter().for_each(|n| to.u64(*n));
        to.u64(container.frames().bytes());
        container.frames().dirty().for_each(|word| to.u64(word));
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        let (windows, claims) = self.claim_windows(from)?;
        let claim_entries = |window| self.claim_entries(from, window, &claims);
        let entries: Vec<Entries> =
            windows.into_iter().map(claim_entries).collect::<Result<_, _>>()?;
        let [pinned, released, dirtied, kills] = counts(from)?;
        let dirt = self.dirt(from)?;
        self.replace(claims, &entries).map_err(refused)?;
        self.count(&entries, Totals { pinned, released, dirtied, kills });
        let frames = self.dma.container.frames();
        drop(frames.take_dirty());
        dirt.iter().enumerate().for_each(|(word, &bits)| frames.add_dirty(word, bits));
        Ok(())
    }
}

impl DmaWindows<'_> {
    /// The windows of all PEs.
    fn of_pes(&self) -> Vec<BridgeWindow> {
        self.dma.phbs().flat_map(|phb| phb.save(&self.dma.container)).collect()
    }

    /// Reads the list of windows and claims those of each PE. Those of devices must be as they are here.
    fn claim_windows(
        &self,
        from: &mut Reader<'_>,
    ) -> Result<(Vec<Window>, Vec<BridgeClaim>), LoadError> {
        let container = &self.dma.container;
        let own = self.of_pes();
        let mut devices: Vec<Window> = container.windows().iter().map(|w| *w.window()).collect();
        devices.retain(|window| owner(window, &own) == Owner::Device);
        let count = from.u32()? as usize;
        if count > PE_WINDOWS * self.dma.phbs().count() + devices.len() {
            return Err(LoadError::Other("its DMA windows"));
        }
        let (mut windows, mut bridge, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..count {
            let (window, owner) = take_window(from)?;
            windows.push(window);
            match owner {
                Owner::Device => found.push(window),
                made => bridge.push(BridgeWindow { window, default: made == Owner::Bridge }),
            }
        }
        if found != devices {
            return Err(LoadError::Other("the DMA windows of its devices"));
        }
        let mut claims = Vec::new();
        for phb in self.dma.phbs() {
            let liobns = phb.liobns();
            let (of_pe, others) =
                bridge.into_iter().partition(|of| liobns.contains(&of.window.liobn()));
            bridge = others;
            let of_pe: Vec<BridgeWindow> = of_pe;
            claims.push(phb.claim(container, &of_pe).map_err(refused)?);
        }
        match bridge.first() {
            Some(of) => Err(refused(Error::Incompatible(of.window.liobn()))),
            None => Ok((windows, claims)),
        }
    }

    /// Reads the entries of a window, and makes the memory that they need. So no more of them are kept than the window
    /// has, and for a window of the guest's no more than its budget pays for.
    fn claim_entries(
        &mut self,
        from: &mut Reader<'_>,
        window: Window,
        claims: &[BridgeClaim],
    ) -> Result<Entries, LoadError> {
        let [puts, replaced, cleared, mapped, max_live] = counts(from)?;
        let (mut written, mut next) = (Vec::new(), 0);
        while from.bool()? {
            let (entry, raw) = (from.u64()?, from.u64()?);
            LoadError::unless((next..window.size()).contains(&entry) && raw != 0)?;
            next = entry + 1;
            self.make_room(&window, claims, GuestEntry(entry), RawTce(raw)).map_err(refused)?;
            written.push((GuestEntry(entry), RawTce(raw)));
        }
        let tally = Tally { puts, replaced, cleared, mapped };
        Ok(Entries { window, written, tally, max_live: max_live.min(window.size()) })
    }

    fn make_room(
        &mut self,
        window: &Window,
        claims: &[BridgeClaim],
        entry: GuestEntry,
        raw: RawTce,
    ) -> Result<(), Error> {
        let container = &self.dma.container;
        let Some(first) = self.agents.first_mut() else { return Ok(()) };
        match claims.iter().find_map(|claim| claim.find(window.liobn())) {
            Some(new) => container.make_room_in(first, new, entry, raw),
            None => container.make_room(first, window.liobn(), ioba(window, entry), 1, |_| raw),
        }
    }

    /// Reads the frames that devices may have written, 64 to a word.
    fn dirt(&self, from: &mut Reader<'_>) -> Result<Vec<u64>, LoadError> {
        let frames = self.dma.container.frames();
        if from.u64()? != frames.bytes() {
            return Err(LoadError::Other("the size of its RAM"));
        }
        (0..frames.len().div_ceil(64)).map(|_| from.u64()).collect()
    }

    /// Clears all windows, gives each PE its claimed ones, and writes the entries. Everything that can fail has been
    /// claimed.
    fn replace(&mut self, claims: Vec<BridgeClaim>, entries: &[Entries]) -> Result<(), Error> {
        let container = &self.dma.container;
        let Some(first) = self.agents.first_mut() else { return Ok(()) };
        container.clear(first);
        for (phb, claim) in self.dma.phbs().zip(claims) {
            phb.load(container, first, claim)?;
        }
        container.arrange(&entries.iter().map(|of| of.window.liobn()).collect::<Vec<_>>());
        for Entries { window, written, .. } in entries {
            for &(entry, raw) in written {
                container.put_verbatim(first, window.liobn(), ioba(window, entry), raw)?;
            }
        }
        Ok(())
    }

    /// Sets the sums of the changes. Those of the load itself do not count.
    fn count(&mut self, entries: &[Entries], totals: Totals) {
        let windows = self.dma.container.windows();
        for (n, agent) in self.agents.iter_mut().enumerate() {
            agent.refresh();
            // All sums are the first agent's: they are only ever added up.
            agent.set_totals(if n == 0 { totals } else { Totals::default() });
            for (table, of) in windows.iter().zip(entries) {
                agent.set_tally(table, if n == 0 { of.tally } else { Tally::default() });
            }
        }
        windows.iter().zip(entries).for_each(|(table, of)| table.raise_max_live(of.max_live));
    }
}

fn owner(window: &Window, bridge: &[BridgeWindow]) -> Owner {
    match bridge.iter().find(|of_bridge| of_bridge.window == *window) {
        Some(BridgeWindow { default: true, .. }) => Owner::Bridge,
        Some(_) => Owner::Guest,
        None => Owner::Device,
    }
}

/// The bus address of an entry of the window.
fn ioba(window: &Window, entry: GuestEntry) -> Ioba {
    Ioba(window.start().0 + (entry.0 << window.page_shift().get()))
}

fn put_window(to: &mut Writer<'_>, window: &Window, owner: Owner) {
    to.u8(match owner {
        Owner::Bridge => 0,
        Owner::Guest => 1,
        Owner::Device => 2,
    });
    to.u32(window.liobn().0);
    to.u32(window.page_shift().get());
    to.u64(window.start().0);
    to.u64(window.len());
}

fn take_window(from: &mut Reader<'_>) -> Result<(Window, Owner), LoadError> {
    let owner = match from.u8()? {
        0 => Owner::Bridge,
        1 => Owner::Guest,
        2 => Owner::Device,
        _ => return Err(LoadError::Damaged),
    };
    let (liobn, shift) = (Liobn(from.u32()?), PageShift::new(from.u32()?));
    let (start, len) = (from.u64()?, from.u64()?);
    let window = shift.and_then(|shift| Window::bytes(liobn, start, len, shift));
    Ok((window.map_err(|_| LoadError::Damaged)?, owner))
}

fn put_entries(to: &mut Writer<'_>, table: &GuestTable, tally: Tally, max_live: u64) {
    let Tally { puts, replaced, cleared, mapped } = tally;
    [puts, replaced, cleared, mapped, max_live].iter().for_each(|n| to.u64(*n));
    table.view().for_each_written(&mut |entry, raw| {
        to.bool(true);
        to.u64(entry.0);
        to.u64(raw.0);
    });
    to.bool(false);
}

fn counts<const N: usize>(from: &mut Reader<'_>) -> Result<[u64; N], LoadError> {
    let mut counts = [0; N];
    for count in &mut counts {
        *count = from.u64()?;
        LoadError::unless(*count <= MOST_COUNTED)?;
    }
    Ok(counts)
}

/// The refusal of a window, or of an entry.
fn refused(error: Error) -> LoadError {
    match error {
        Error::OverBudget => LoadError::Other("the memory for its DMA windows"),
        Error::Incompatible(_) => LoadError::Other("the DMA windows of its host bridge"),
        error => LoadError::Refused { part: "a DMA window", why: error.into() },
    }
}
