// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Arguments of the calls, as a user fills them in (Linux: `uapi/linux/vfio.h`).

use crate::linux::errno::Errno;
use crate::words::direction::Direction;

/// `VFIO_DMA_MAP_FLAG_READ`: the device may read.
pub const MAP_READ: u32 = 1;
/// `VFIO_DMA_MAP_FLAG_WRITE`: the device may write.
pub const MAP_WRITE: u32 = 2;

/// A structure whose first word is how many bytes of it the user knows of.
pub(super) trait Sized32 {
    /// Bytes up to the last field that is needed (Linux: `minsz`).
    const MIN: u32;
    fn argsz(&self) -> u32;

    /// Errors: [`Errno::Einval`] when the user knows of less than is needed.
    fn check_size(&self) -> Result<(), Errno> {
        if self.argsz() < Self::MIN { Err(Errno::Einval) } else { Ok(()) }
    }
}

macro_rules! params {
    ($($(#[$doc:meta])* $name:ident ($min:literal) { $($(#[$fdoc:meta])* $field:ident: $ty:ty,)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name {
            /// Bytes of the structure that the user knows of.
            pub argsz: u32,
            /// Flags; all others must be 0.
            pub flags: u32,
            $($(#[$fdoc])* pub $field: $ty,)*
        }

        impl $name {
            /// Arguments to be filled in, with the right size.
            pub fn new() -> $name {
                $name { argsz: $min, ..$name::default() }
            }
        }

        impl Sized32 for $name {
            const MIN: u32 = $min;
            fn argsz(&self) -> u32 {
                self.argsz
            }
        }
    )* };
}

params! {
    /// `VFIO_IOMMU_MAP_DMA`.
    MapDma(32) {
        /// User address.
        vaddr: u64,
        /// Bus address.
        iova: u64,
        /// The size in bytes.
        size: u64,
    }
    /// `VFIO_IOMMU_UNMAP_DMA`.
    UnmapDma(24) {
        /// Bus address.
        iova: u64,
        /// The size in bytes.
        size: u64,
    }
    /// `VFIO_IOMMU_SPAPR_REGISTER_MEMORY` and `VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY`.
    RegisterMemory(24) {
        /// User address.
        vaddr: u64,
        /// The size in bytes.
        size: u64,
    }
    /// `VFIO_IOMMU_SPAPR_TCE_CREATE`.
    CreateWindow(40) {
        /// log2 of a TCE page.
        page_shift: u32,
        /// Bytes, a power of two.
        window_size: u64,
        /// Levels of the table.
        levels: u32,
    }
    /// `VFIO_IOMMU_SPAPR_TCE_REMOVE`.
    RemoveWindow(16) {
        /// Bus address at which the window begins.
        start_addr: u64,
    }
}

/// `VFIO_IOMMU_SPAPR_TCE_GET_INFO`, answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Info {
    /// Where the window below 4 GiB begins.
    pub dma32_window_start: u64,
    /// The size of the window in bytes.
    pub dma32_window_size: u64,
    /// Dynamic windows; only of a container of version 2.
    pub ddw: Option<DdwInfo>,
}

/// The windows that can be created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DdwInfo {
    /// Page sizes, a mask of powers of two.
    pub page_sizes: u64,
    /// Most windows at once.
    pub max_windows: u32,
    /// Most levels of a table.
    pub levels: u32,
}

impl MapDma {
    /// The direction that the flags ask for. Errors: [`Errno::Einval`] without any.
    ///
    /// Linux: the exchange commit, in `tce_iommu_ioctl`.
    pub fn direction(&self) -> Result<Direction, Errno> {
        match Direction::of(u64::from(self.flags)) {
            Direction::None => Err(Errno::Einval),
            direction => Ok(direction),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // papr-tce 4.1, VFIO MAP_DMA; papr-tce 7.95.
    #[test]
    fn flags_are_directions() {
        let direction = |flags| MapDma { flags, ..MapDma::new() }.direction();
        assert_eq!(direction(MAP_READ), Ok(Direction::ToDevice));
        assert_eq!(direction(MAP_WRITE), Ok(Direction::FromDevice));
        assert_eq!(direction(MAP_READ | MAP_WRITE), Ok(Direction::Bidirectional));
        assert_eq!(direction(0), Err(Errno::Einval));
    }
}
