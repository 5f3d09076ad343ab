// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Addresses and indices, one type each, so that mixing them does not compile.

use std::fmt;

macro_rules! newtypes {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }
    )* };
}

newtypes! {
    /// Logical I/O bus number: the 32-bit name of a DMA window (LoPAR 2.9, `ibm,dma-window`).
    Liobn(u32);
    /// I/O bus address in bytes, as a device and the guest's hypercalls use it.
    Ioba(u64);
    /// Guest physical ("logical") address in bytes.
    Gpa(u64);
    /// Host physical ("real") address in bytes, what a hardware table holds.
    Hpa(u64);
    /// User address in bytes: what a process of the host calls its memory.
    Ua(u64);
    /// Index of an entry of the guest's view, relative to the window's first entry.
    GuestEntry(u64);
    /// Index of an entry of a hardware table, relative to the table's first entry.
    HwEntry(u64);
}

/// A host physical address whose low 12 bits are clear: nothing in it can be mistaken for a
/// permission or a reserved bit, so it is safe to bring to an exchange.
///
/// Linux: `pnv_tce_xchg` stops the machine when it meets another kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlignedHpa(u64);

impl AlignedHpa {
    /// `None` when any of the low 12 bits is set.
    pub const fn new(hpa: Hpa) -> Option<AlignedHpa> {
        if hpa.0 & 0xfff == 0 { Some(AlignedHpa(hpa.0)) } else { None }
    }

    /// The host physical address.
    pub const fn hpa(self) -> Hpa {
        Hpa(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_with_any_low_bit_never_reaches_an_exchange() {
        assert_eq!(AlignedHpa::new(Hpa(0x1000)).map(AlignedHpa::hpa), Some(Hpa(0x1000)));
        for bit in 0..12 {
            assert_eq!(AlignedHpa::new(Hpa(0x1000 | 1 << bit)), None, "bit {bit}");
        }
    }
}
