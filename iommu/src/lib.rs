// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! TCE tables, the exchange path and page frames.
//!
//! A guest's DMA windows live here: what the guest wrote (the *view*), what the hardware walks
//! (the *hardware tables*) and the accounting that ties them together. A live entry is replaced
//! without being cleared first: one atomic exchange hands the displaced page to exactly one
//! caller, who releases it. The order around an entry never changes:
//! **exchange → kill → dirty → release**.
//!
//! This crate knows no hypercall, no register and no status code; `hcall` turns its [`Error`]s
//! into those.
//!
//! [`guide`] shows how to use it. To read the code, take the files in this order: [`addr`],
//! [`direction`], [`tce`], [`window`] (words); [`view`], [`table`], [`platform`] (tables);
//! [`frames`], [`registered`], [`agent`], [`batch`], [`budget`] (accounting); [`guest_table`], [`windows`],
//! [`container`] (the whole); [`bridge`], [`detector`] (the device's side); [`host`], [`vfio`],
//! [`kvm_table`] (who else uses a table); [`tally`], [`audit`], [`faults`] (what can be asked
//! and provoked).
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

pub mod addr;
pub mod agent;
pub mod audit;
pub mod batch;
pub mod bridge;
pub mod budget;
pub mod container;
pub mod detector;
pub mod direction;
pub mod errno;
pub mod error;
pub mod faults;
pub mod frames;
pub mod guest_table;
pub mod host;
pub mod kvm_table;
pub mod memlock;
pub mod platform;
mod radix;
pub mod registered;
mod sync;
pub mod table;
pub mod tally;
pub mod tce;
pub mod vfio;
pub mod view;
pub mod window;
pub mod windows;

pub use addr::{AlignedHpa, Gpa, GuestEntry, Hpa, HwEntry, Ioba, Liobn, Ua};
pub use agent::Agent;
pub use audit::Audit;
pub use batch::{Batch, tce_xchg};
pub use bridge::Bridge;
pub use budget::Budget;
pub use container::Container;
pub use detector::Detector;
pub use direction::Direction;
pub use errno::Errno;
pub use error::Error;
pub use faults::Faults;
pub use frames::Frames;
pub use guest_table::GuestTable;
pub use host::HostTable;
pub use kvm_table::{TceTable, Vm};
pub use memlock::MemLock;
pub use platform::{Ioda2, Pe, Platform, Swinv};
pub use registered::Region;
pub use table::IommuTable;
pub use tally::{Stats, Tally, Totals, WindowStats};
pub use tce::{AtomicTce, RawTce, Tce};
pub use view::View;
pub use window::{PageShift, Window};
pub use windows::Windows;

#[doc = include_str!("../GUIDE.md")]
pub mod guide {}

/// Most entries one list holds: a 4 KiB page of 8-byte TCEs (LoPAR 2.9, H_PUT_TCE_INDIRECT).
pub const LIST_ENTRIES: usize = 512;
