// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! TCE tables, the exchange path and page frames.
//!
//! A guest's DMA windows live here: the values that the guest wrote (the *view*), the entries that the
//! hardware walks (the *hardware tables*) and the accounting that ties them together. A live entry is
//! replaced without being cleared first: one atomic exchange hands the displaced page to exactly one
//! caller, which releases it. The order around an entry never changes:
//! **exchange → kill → dirty → release**.
//!
//! This crate knows no hypercall, no register and no status code; `hcall` turns its [`Error`]s
//! into those.
//!
//! [`guide`] shows how to use it. To read the code, take the folders in this order, in which each one uses
//! only those before it:
//!
//! * [`words`]: addresses, directions, TCEs, windows, refusals;
//! * [`frames`]: the pages, their pins and their dirt; memory that may be unregistered;
//! * [`table`]: hardware tables, a platform's operations, the memory budget, the detector;
//! * [`exchange`]: the one place where an entry is exchanged, and a thread's accounting;
//! * [`guest`]: views, windows, the calls of a guest, the audit;
//! * [`bridge`]: host bridges with their platforms, and devices that translate through them;
//! * [`linux`]: the host's allocator, VFIO and KVM over the same tables.
//!
//! ```
//! use iommu::*;
//!
//! # fn main() -> Result<(), Error> {
//! let shift = PageShift::new(12)?;
//! let window = Window::bytes(Liobn(0x8000_0000), 0, 1 << 20, shift)?;
//! let container = Container::new(Frames::new(1 << 20)?);
//! container.add_window(window, IommuTable::new(window, Ioda2::default())?)?;
//!
//! let mut agent = container.agent();
//! let (liobn, ioba) = (Liobn(0x8000_0000), Ioba(0x3000));
//! container.put(&mut agent, liobn, ioba, RawTce(0x1_0000 | 3))?; // page 0x10000, read and write
//! container.put(&mut agent, liobn, ioba, RawTce(0x2_0000 | 1))?; // replaces it, no clear needed
//!
//! let frames = container.frames();
//! let (a, b) = (frames.hpa(Gpa(0x1_0000))?, frames.hpa(Gpa(0x2_0000))?);
//! assert_eq!((frames.pins(a), frames.pins(b)), (0, 1));
//! assert!(frames.is_dirty(a), "the device could write the displaced page");
//! assert!(!frames.is_dirty(b));
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod bridge;
pub mod exchange;
pub mod frames;
pub mod guest;
pub mod linux;
mod sync;
pub mod table;
pub mod words;

pub use bridge::{Bridge, BridgeKind, Ioda2, PlatformOf};
pub use exchange::faults::{self, Faults};
pub use exchange::tally::{self, Stats, Tally, Totals, WindowStats};
pub use exchange::work::Work;
pub use exchange::xchg::{Batch, tce_xchg};
pub use frames::Frames;
pub use frames::registered::{self, Region};
pub use guest::agent::{self, Agent};
pub use guest::audit::{self, Audit};
pub use guest::container::{self, Container};
pub use guest::guest_table::{self, GuestTable};
pub use guest::steps::{self, Steps};
pub use guest::view::{self, View};
pub use guest::windows::{self, WindowList, Windows};
pub use linux::errno::{self, Errno};
pub use linux::host::{self, HostTable};
pub use linux::kvm_table::{self, TceTable, Vm};
pub use linux::memlock::{self, MemLock};
pub use linux::vfio;
pub use table::IommuTable;
pub use table::budget::{self, Budget};
pub use table::detector::{self, Detector};
pub use table::host_entries::HostEntries;
pub use table::platform::{self, Exchange, Kill, Pe, Platform, Swap};
pub use table::swinv::Swinv;
/// The version of vm-memory whose guest memory [`bridge::Ram`] takes.
pub use vm_memory;
pub use words::addr::{self, AlignedHpa, Gpa, GuestEntry, Hpa, HwEntry, Ioba, Liobn, Ua};
pub use words::direction::{self, Direction};
pub use words::error::{self, Error};
pub use words::tce::{self, AtomicTce, RawTce, Tce};
pub use words::window::{self, PageShift, Window};

#[doc = include_str!("../GUIDE.md")]
pub mod guide {}

/// Most entries one list holds: a 4 KiB page of 8-byte TCEs (LoPAR 2.9, H_PUT_TCE_INDIRECT).
pub const LIST_ENTRIES: usize = 512;
