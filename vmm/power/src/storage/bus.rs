// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! RAM as the CPUs of a machine share it: its pages on the host, their dirty log, the watch over their code, and the
//! counters through which CPUs learn of invalidations.

use crate::storage::{shootdown::Shootdown, tlb::PAGE, watch::Events};
use ram::{Changes, CodeWatch, GuestMemory};
use std::sync::Arc;
use vm_memory::bitmap::AtomicBitmap;
use vm_memory::{
    GuestAddress, GuestMemoryBackend, GuestMemoryRegion, MemoryRegionAddress, MmapRegion,
};

/// The counters and lists through which CPUs learn of each other's doings.
struct Shared {
    shootdown: Shootdown,
    /// The pages that came to hold code.
    watched: Events,
}

/// The region of RAM from real address 0 on, which is nearly always all of it.
#[derive(Clone)]
struct FirstRegion {
    /// Host address.
    host: usize,
    /// Bytes in whole pages.
    bytes: u64,
    dirty: Arc<AtomicBitmap>,
    /// The watch over its code.
    code: Arc<CodeWatch>,
}

impl FirstRegion {
    fn of(ram: &GuestMemory, changes: &Arc<Changes>) -> FirstRegion {
        FirstRegion::at_zero(ram).unwrap_or_else(|| {
            let code = Arc::new(CodeWatch::new(0, Arc::clone(changes)));
            FirstRegion { host: 0, bytes: 0, dirty: Arc::default(), code }
        })
    }

    fn at_zero(ram: &GuestMemory) -> Option<FirstRegion> {
        let region = ram.find_region(GuestAddress(0))?;
        let log = MmapRegion::bitmap(region);
        let (dirty, code) = (Arc::clone(log.dirty()), Arc::clone(log.code()?));
        let bytes = region.len() & !(PAGE - 1);
        let slice = ram.get_slice(GuestAddress(0), usize::try_from(bytes).ok()?).ok()?;
        Some(FirstRegion { host: slice.ptr_guard_mut().as_ptr() as usize, bytes, dirty, code })
    }
}

/// Real addresses at which registers of devices are, and no RAM. Accesses come from any CPU, and may come at once.
pub trait Io: Send + Sync {
    /// True if devices answer at this address. The answer is one for a whole page, and does not change.
    fn contains(&self, ra: u64) -> bool;
    /// A load of 1, 2, 4 or 8 bytes at a multiple of their number. `to` gets them in the order of addresses.
    fn read(&self, ra: u64, to: &mut [u8]);
    /// A store of 1, 2, 4 or 8 bytes at a multiple of their number.
    fn write(&self, ra: u64, from: &[u8]);
}

/// RAM, and what the CPUs share about it.
#[derive(Clone)]
pub(crate) struct Bus {
    pub(crate) ram: Arc<GuestMemory>,
    io: Option<Arc<dyn Io>>,
    first: FirstRegion,
    /// The counter that each CPU compares before each block: at hand, for the load that leads there is waited for.
    changes: Arc<Changes>,
    shared: Arc<Shared>,
}

impl Bus {
    pub(crate) fn new(ram: Arc<GuestMemory>) -> Bus {
        let changes = ram::watch_code(&ram);
        let first = FirstRegion::of(&ram, &changes);
        let (shootdown, watched) = Default::default();
        let shared = Arc::new(Shared { shootdown, watched });
        Bus { first, ram, io: None, changes, shared }
    }
    /// Has devices answer where there is no RAM.
    pub(crate) fn set_io(&mut self, io: Arc<dyn Io>) {
        self.io = Some(io);
    }
    /// The devices, if they answer at this address.
    pub(crate) fn io(&self, ra: u64) -> Option<&dyn Io> {
        self.io.as_deref().filter(|io| io.contains(ra))
    }
    /// How often code or translations were invalidated, or a page came to hold code.
    #[inline(always)]
    pub(crate) fn changes(&self) -> u64 {
        self.changes.count()
    }
    /// How often decoded code became stale.
    pub(crate) fn code_changes(&self) -> u64 {
        self.changes.of_code()
    }
    /// The pages that came to hold code.
    pub(crate) fn watched(&self) -> &Events {
        &self.shared.watched
    }
    /// Makes the CPUs of the machine look at [`watched`](Self::watched).
    pub(crate) fn announce(&self) {
        self.changes.announce();
    }
    /// The invalidations of translations.
    pub(crate) fn shootdown(&self) -> &Shootdown {
        &self.shared.shootdown
    }
    /// Invalidates translations; returns how often that was done.
    pub(crate) fn invalidate_translations(&self) -> u32 {
        let count = self.shared.shootdown.invalidate();
        self.changes.announce();
        count
    }
    /// The host address of the page at real address `ra`, if it is RAM.
    #[inline]
    pub(super) fn page(&self, ra: u64) -> Option<*mut u8> {
        let page = ra & !(PAGE - 1);
        if page < self.first.bytes {
            return Some(self.first.host.wrapping_add(page as usize) as *mut u8);
        }
        self.page_of_others(page)
    }
    #[cold]
    fn page_of_others(&self, ra: u64) -> Option<*mut u8> {
        let slice = self.ram.get_slice(GuestAddress(ra & !(PAGE - 1)), PAGE as usize).ok()?;
        Some(slice.ptr_guard_mut().as_ptr())
    }
    /// The host address of a real address, if that is RAM.
    pub(crate) fn host(&self, ra: u64) -> Option<usize> {
        self.page(ra).map(|page| page as usize + (ra & (PAGE - 1)) as usize)
    }
    /// The real address of a host address, if that is RAM.
    pub(crate) fn real(&self, host: usize) -> Option<u64> {
        self.ram.iter().find_map(|region| {
            let first = region.get_host_address(MemoryRegionAddress(0)).ok()?;
            let offset = host.checked_sub(first as usize)? as u64;
            (offset < region.len()).then(|| region.start_addr().0 + offset)
        })
    }
    /// Sets the dirty bit of a page that is about to be written.
    pub(super) fn mark_dirty(&self, ra: u64) {
        if ra < self.first.bytes {
            return set_bit(&self.first.dirty, ra as usize);
        }
        let address = GuestAddress(ra);
        let Some(region) = self.ram.find_region(address) else { return };
        let Some(offset) = region.to_region_addr(address) else { return };
        set_bit(MmapRegion::bitmap(region).dirty(), offset.0 as usize);
    }
    /// True if a page of the first region is marked dirty.
    #[inline]
    pub(super) fn is_dirty(&self, ra: u64) -> bool {
        ra < self.first.bytes && self.first.dirty.is_addr_set(ra as usize)
    }
    /// The watch that a real address is under, and its offset there.
    #[inline(always)]
    fn code(&self, ra: u64) -> Option<(&CodeWatch, usize)> {
        if ra < self.first.bytes {
            return Some((&self.first.code, ra as usize));
        }
        self.code_of_others(ra)
    }
    #[cold]
    fn code_of_others(&self, ra: u64) -> Option<(&CodeWatch, usize)> {
        ram::code_at(&self.ram, ra).map(|(watch, offset)| (&**watch, offset))
    }
    /// The generation of the code in the page at `ra`.
    #[inline(always)]
    pub(crate) fn generation(&self, ra: u64) -> u64 {
        self.code(ra).map_or(0, |(watch, offset)| watch.generation(offset / ram::PAGE))
    }
    /// Marks the line at `ra`, from which code is about to be read. Returns the generation of its page if
    /// CPUs have yet to learn that it holds code.
    pub(crate) fn mark_code(&self, ra: u64) -> Option<u64> {
        self.code(ra).and_then(|(watch, offset)| watch.mark(offset))
    }
    /// CPUs learn that the page at `ra` holds code of this generation.
    pub(crate) fn code_is_announced(&self, ra: u64, generation: u64) {
        if let Some((watch, offset)) = self.code(ra) {
            watch.announced(offset, generation);
        }
    }
    /// Makes the code of a range stale whose bytes a CPU has written just now.
    pub(crate) fn written(&self, ra: u64, bytes: u64) {
        let Some((watch, offset)) = self.code(ra) else { return };
        match self.shared.shootdown.has_others() {
            true => watch.written(offset, bytes as usize),
            false => watch.written_by_decoder(offset, bytes as usize),
        }
    }
    /// Makes all code of the page at `ra` stale.
    pub(crate) fn invalidate_code(&self, ra: u64) {
        if let Some((watch, offset)) = self.code(ra) {
            watch.invalidate(offset / ram::PAGE);
        }
    }
    /// The number of the page at `ra` in the first region, the only one with plain stores; `None` elsewhere.
    #[inline(always)]
    pub(crate) fn plain_page(&self, ra: u64) -> Option<usize> {
        (ra < self.first.bytes).then_some((ra / PAGE) as usize)
    }
    /// True if code was decoded from such a page.
    #[inline(always)]
    pub(crate) fn holds_code(&self, page: usize) -> bool {
        self.first.code.holds_code(page)
    }
    /// How many of them there are.
    pub(crate) fn plain_pages(&self) -> usize {
        (self.first.bytes / PAGE) as usize
    }
    /// The real address of a host address in such a page.
    pub(super) fn plain_address(&self, host: usize) -> u64 {
        host.wrapping_sub(self.first.host) as u64
    }
    /// The host address of such a page.
    pub(crate) fn plain_host(&self, page: usize) -> usize {
        self.first.host.wrapping_add(page * ram::PAGE)
    }
}

fn set_bit(dirty: &AtomicBitmap, offset: usize) {
    if !dirty.is_addr_set(offset) {
        dirty.set_addr_range(offset, 1);
    }
}
