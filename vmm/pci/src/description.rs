// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The facts about a function that do not change while it exists.

/// The numbers by which drivers recognize a function (PCI 3.0, 6.2.1 and 6.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Vendor ID.
    pub vendor: u16,
    /// Device ID.
    pub device: u16,
    /// Class code, 24 bits: class, subclass, programming interface.
    pub class: u32,
    /// Revision ID.
    pub revision: u8,
    /// Subsystem vendor ID.
    pub subsystem_vendor: u16,
    /// Subsystem ID.
    pub subsystem: u16,
}

/// The width of a BAR's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// 32 bits: the guest places it in the bridge's 32-bit range.
    Bits32,
    /// 64 bits; it takes the next BAR as well.
    Bits64,
}

/// A base address register, always of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Its number, 0 to 5.
    pub number: u8,
    /// Its size in bytes: a power of two, at least 16.
    pub size: u64,
    /// The width of its address.
    pub width: Width,
    /// True when reads have no side effect.
    pub prefetchable: bool,
}

/// The MSI-X vectors of a function, and the places of their table and pending bits. The slot answers there, and the model
/// sees no access to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vectors {
    /// The number of vectors, 1 to [`MOST_VECTORS`](crate::msix::MOST_VECTORS).
    pub count: u16,
    /// The BAR that has both.
    pub bar: u8,
    /// The offset of the table: 16 bytes for each vector. A multiple of 8.
    pub table: u32,
    /// The offset of the pending bits: 8 bytes for each 64 vectors. A multiple of 8.
    pub pending: u32,
}

/// A capability in config space, such as virtio's (identifier 9, vendor specific).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capability {
    /// Its identifier.
    pub id: u8,
    /// The bytes behind identifier and next pointer.
    pub body: Vec<u8>,
    /// The bits of these bytes that a guest may write; shorter than the body: the rest is read-only.
    pub writable: Vec<u8>,
}

/// A function, as its configuration describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The name of its node in the device tree without the unit address: `ethernet`, `scsi`.
    pub name: &'static str,
    /// Its numbers.
    pub identity: Identity,
    /// Its BARs.
    pub bars: Vec<Bar>,
    /// Its MSI-X vectors.
    pub vectors: Option<Vectors>,
    /// True when it has an interrupt pin (INTA#).
    pub intx: bool,
    /// Its capabilities but MSI-X, in the order of the list.
    pub capabilities: Vec<Capability>,
}

impl Description {
    /// The number of MSI-X vectors.
    pub fn vector_count(&self) -> u16 {
        self.vectors.map_or(0, |vectors| vectors.count)
    }
}
