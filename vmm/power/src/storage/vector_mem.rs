// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Storage operands of vector and floating-point instructions.
//!
//! Each element is one access: it is in the byte order of MSR\[LE\], its place in the register
//! is not. Only a quadword as a whole (`lvx`, `lxv`) changes both.

use crate::{Cpu, arith::vector::Vector, size::Size, state::interrupt::Stop};

impl Cpu {
    /// Loads a quadword in the byte order of MSR\[LE\].
    #[inline(always)]
    pub(crate) fn load_vector(&mut self, ea: u64) -> Result<Vector, Stop> {
        let first = self.load_value(ea, Size::Double)?;
        let second = self.load_value(ea.wrapping_add(8), Size::Double)?;
        Ok(if self.little { Vector::new(second, first) } else { Vector::new(first, second) })
    }
    /// Stores a quadword in the byte order of MSR\[LE\].
    #[inline(always)]
    pub(crate) fn store_vector(&mut self, ea: u64, v: Vector) -> Result<(), Stop> {
        let second = usize::from(!self.little);
        self.store_value(ea, Size::Double, v.lane(1 - second))?;
        self.store_value(ea.wrapping_add(8), Size::Double, v.lane(second))
    }
    /// Loads elements, the first one at `ea`.
    #[inline(always)]
    pub(crate) fn load_each(&mut self, ea: u64, size: Size) -> Result<Vector, Stop> {
        let mut v = 0;
        for at in (0..16).step_by(size.bytes() as usize) {
            let element = self.load_value(ea.wrapping_add(at), size)?;
            v = v << (8 * size.bytes()) | u128::from(element);
        }
        Ok(v.into())
    }
    /// Stores elements, the first one at `ea`.
    #[inline(always)]
    pub(crate) fn store_each(&mut self, ea: u64, size: Size, v: Vector) -> Result<(), Stop> {
        for at in (0..16).step_by(size.bytes() as usize) {
            let element = u128::from(v) >> (128 - 8 * (at + size.bytes()));
            self.store_value(ea.wrapping_add(at), size, element as u64)?;
        }
        Ok(())
    }
    /// Loads the first `n` bytes of a register, at most 16, from its right end if `reversed`;
    /// the others become 0.
    pub(crate) fn load_length(&mut self, ea: u64, n: u64, reversed: bool) -> Result<Vector, Stop> {
        let mut v = Vector::ZERO;
        for i in 0..n.min(16) {
            let byte = self.load_value(ea.wrapping_add(i), Size::Byte)? as u8;
            v = v.with(if reversed { 15 - i as usize } else { i as usize }, byte);
        }
        Ok(v)
    }
    /// Stores the first `n` bytes of a register, at most 16, from its right end if `reversed`.
    pub(crate) fn store_length(
        &mut self,
        ea: u64,
        n: u64,
        reversed: bool,
        v: Vector,
    ) -> Result<(), Stop> {
        for i in 0..n.min(16) {
            let byte = v.lane::<u8>(if reversed { 15 - i as usize } else { i as usize });
            self.store_value(ea.wrapping_add(i), Size::Byte, byte.into())?;
        }
        Ok(())
    }
}
