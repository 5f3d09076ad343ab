// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The way that data may flow through an entry.

/// Permission bit: the device may read memory (Linux: `TCE_PCI_READ`).
pub const READ: u64 = 1;
/// Permission bit: the device may write memory (Linux: `TCE_PCI_WRITE`).
pub const WRITE: u64 = 2;
/// Both permission bits.
pub const PERMISSIONS: u64 = READ | WRITE;

/// The way that data may flow through an entry (Linux: `enum dma_data_direction`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Direction {
    /// No access: the entry is clear.
    #[default]
    None,
    /// The device reads memory.
    ToDevice,
    /// The device writes memory.
    FromDevice,
    /// The device may read and write the page.
    Bidirectional,
}

impl Direction {
    /// Every direction.
    pub const ALL: [Direction; 4] =
        [Direction::None, Direction::ToDevice, Direction::FromDevice, Direction::Bidirectional];

    /// The direction that the two permission bits of `tce` give. Other bits do not matter.
    ///
    /// Linux: `iommu_tce_direction`.
    pub const fn of(tce: u64) -> Direction {
        match tce & PERMISSIONS {
            0 => Direction::None,
            READ => Direction::ToDevice,
            WRITE => Direction::FromDevice,
            _ => Direction::Bidirectional,
        }
    }

    /// The permission bits. Write-only stays write-only.
    ///
    /// Linux: `iommu_direction_to_tce_perm`.
    pub const fn permissions(self) -> u64 {
        match self {
            Direction::None => 0,
            Direction::ToDevice => READ,
            Direction::FromDevice => WRITE,
            Direction::Bidirectional => PERMISSIONS,
        }
    }

    /// True when the device can have written the page.
    pub const fn device_writes(self) -> bool {
        matches!(self, Direction::FromDevice | Direction::Bidirectional)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // papr-tce 3.2: 0 none, 1 to device, 2 from device, 3 both.
    #[test]
    fn permissions_and_directions_are_the_same_four_things() {
        let bits = Direction::ALL.map(Direction::permissions);
        assert_eq!(bits, [0, 1, 2, 3]);
        for direction in Direction::ALL {
            assert_eq!(Direction::of(direction.permissions() | 0xdead_f000), direction);
        }
    }

    #[test]
    fn only_from_device_and_bidirectional_can_dirty_a_page() {
        let dirty = Direction::ALL.map(Direction::device_writes);
        assert_eq!(dirty, [false, false, true, true]);
    }

    // Bug 2 of papr-tce 6.1: READ must not appear where the direction is none.
    #[test]
    fn direction_none_has_no_read_bit() {
        assert_eq!(Direction::None.permissions(), 0);
    }
}
