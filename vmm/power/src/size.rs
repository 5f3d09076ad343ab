// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Widths of storage accesses and of elements.

/// Width of a storage access.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// One byte.
    Byte,
    /// Two bytes.
    Half,
    /// Four bytes.
    Word,
    /// Eight bytes.
    Double,
}

impl Size {
    /// Length in bytes.
    #[inline(always)]
    pub const fn bytes(self) -> u64 {
        1 << self as u32
    }
}
