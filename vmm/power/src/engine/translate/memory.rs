// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Memory for code: one piece of memory, mapped twice, so that no page is ever writable and executable. Code is
//! written through one mapping and runs in the other; nothing is ever protected or unprotected again.
//!
//! The memory is anonymous: `perf` reads names of code (`/tmp/perf-PID.map`) only for such memory, and not for a memfd
//! (Linux, tools/perf: `is_anon_memory`).
#![allow(unsafe_code)]

use rustix::{
    io,
    mm::{
        MapFlags, MprotectFlags, MremapFlags, ProtFlags, mmap_anonymous, mprotect, mremap, munmap,
    },
};
use std::{ops::Range, ptr::null_mut};

/// The largest page of a host.
const PAGE: usize = 64 << 10;

/// A piece of memory for code.
pub(super) struct CodeMemory {
    writable: *mut u8,
    executable: *mut u8,
    bytes: usize,
    /// The room that is left: code is put at its start, and data at its end.
    room: Range<usize>,
}

// SAFETY: the mappings are this value's own, and change only through `&mut`.
unsafe impl Send for CodeMemory {}

impl CodeMemory {
    /// `bytes` of memory, of which what is used takes room.
    pub(super) fn new(bytes: usize) -> io::Result<CodeMemory> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let bytes = bytes.next_multiple_of(PAGE);
        // SAFETY: a new mapping at a place that the kernel chooses.
        let writable = unsafe { mmap_anonymous(null_mut(), bytes, access, MapFlags::SHARED)? };
        let mut memory =
            CodeMemory { writable: writable.cast(), executable: null_mut(), bytes, room: 0..bytes };
        // SAFETY: an old size of 0 makes a second mapping of shared pages, at a place that the kernel chooses, and leaves
        // the first one (mremap(2)).
        let second = unsafe { mremap(writable, 0, bytes, MremapFlags::MAYMOVE)? };
        memory.executable = second.cast();
        // SAFETY: the second mapping, to which nothing refers yet.
        unsafe { mprotect(second, bytes, MprotectFlags::READ | MprotectFlags::EXEC)? };
        Ok(memory)
    }

    /// The room that is left. The next piece of code will be at its start.
    pub(super) fn room(&self) -> Range<usize> {
        self.room.clone()
    }

    /// Puts what comes next somewhere else.
    pub(super) fn open(&mut self, room: Range<usize>) {
        assert!(room.start <= room.end && room.end <= self.bytes);
        self.room = room;
    }

    /// Puts code at the start of the room; `None` if it does not fit.
    pub(super) fn push(&mut self, code: &[u8]) -> Option<usize> {
        const ALIGN: usize = 16;
        let at = self.room.start;
        let end = at.checked_add(code.len()).filter(|end| *end <= self.room.end)?;
        // SAFETY: the range is inside the mapping, and no reference to it exists.
        unsafe { self.writable.add(at).copy_from_nonoverlapping(code.as_ptr(), code.len()) };
        self.room.start = end.next_multiple_of(ALIGN).min(self.room.end);
        Some(at)
    }

    /// Takes doublewords that code reads from the end of the room; returns their offset.
    pub(super) fn push_data(&mut self, doublewords: usize) -> Option<usize> {
        let at = self.room.end.checked_sub(8 * doublewords).filter(|at| *at >= self.room.start)?;
        self.room.end = at;
        Some(at)
    }

    /// Writes a doubleword of data.
    pub(super) fn write(&mut self, offset: usize, value: u64) {
        self.check(offset, 1);
        // SAFETY: an aligned doubleword inside the mapping; no reference to it exists.
        unsafe { self.writable.add(offset).cast::<u64>().write(value) };
    }

    /// Reads doublewords of data.
    #[inline(always)]
    pub(super) fn read<const N: usize>(&self, offset: usize) -> [u64; N] {
        self.check(offset, N);
        // SAFETY: aligned doublewords inside the mapping.
        unsafe { self.writable.add(offset).cast::<[u64; N]>().read() }
    }

    /// Panics unless doublewords are aligned and inside the mapping.
    #[inline(always)]
    fn check(&self, offset: usize, doublewords: usize) {
        assert!(offset.is_multiple_of(8) && offset <= self.bytes - 8 * doublewords);
    }

    /// The offset of code that runs at an address.
    pub(super) fn offset(&self, address: usize) -> usize {
        address - self.executable as usize
    }

    /// The address at which the code at an offset runs.
    pub(super) fn address(&self, offset: usize) -> usize {
        assert!(offset < self.bytes);
        self.executable as usize + offset
    }
}

impl Drop for CodeMemory {
    fn drop(&mut self) {
        let mappings = [self.writable, self.executable];
        for mapping in mappings.into_iter().filter(|mapping| !mapping.is_null()) {
            // SAFETY: a mapping of this value, which nothing uses any longer.
            let _ = unsafe { munmap(mapping.cast(), self.bytes) };
        }
    }
}
