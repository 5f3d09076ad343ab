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
use std::ptr::null_mut;

/// A piece of memory for code.
pub(super) struct CodeMemory {
    writable: *mut u8,
    executable: *mut u8,
    bytes: usize,
    used: usize,
    /// Where the data begin: they are behind the code, and grow towards it.
    data: usize,
}

// SAFETY: the mappings are this value's own, and change only through `&mut`.
unsafe impl Send for CodeMemory {}

impl CodeMemory {
    /// `bytes` of memory, of which what is used takes room.
    pub(super) fn new(bytes: usize) -> io::Result<CodeMemory> {
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a new mapping at a place that the kernel chooses.
        let writable = unsafe { mmap_anonymous(null_mut(), bytes, access, MapFlags::SHARED)? };
        let mut memory = CodeMemory {
            writable: writable.cast(),
            executable: null_mut(),
            bytes,
            used: 0,
            data: bytes,
        };
        // SAFETY: an old size of 0 makes a second mapping of shared pages, at a place that the kernel chooses, and leaves
        // the first one (mremap(2)).
        let second = unsafe { mremap(writable, 0, bytes, MremapFlags::MAYMOVE)? };
        memory.executable = second.cast();
        // SAFETY: the second mapping, to which nothing refers yet.
        unsafe { mprotect(second, bytes, MprotectFlags::READ | MprotectFlags::EXEC)? };
        Ok(memory)
    }

    /// Bytes that nothing is in.
    pub(super) fn free(&self) -> usize {
        self.data - self.used
    }

    /// The offset at which the next piece of code will be.
    pub(super) fn next(&self) -> usize {
        self.used
    }

    /// Puts code at [`next`](Self::next); `None` if there is no room.
    pub(super) fn push(&mut self, code: &[u8]) -> Option<usize> {
        const ALIGN: usize = 16;
        let at = self.used;
        let end = at.checked_add(code.len())?;
        if end > self.data {
            return None;
        }
        // SAFETY: the range is inside the mapping, and no reference to it exists.
        unsafe { self.writable.add(at).copy_from_nonoverlapping(code.as_ptr(), code.len()) };
        self.used = end.next_multiple_of(ALIGN).min(self.data);
        Some(at)
    }

    /// Makes room for doublewords that code reads; returns their offset.
    pub(super) fn push_data(&mut self, doublewords: usize) -> Option<usize> {
        let at = self.data.checked_sub(8 * doublewords)?;
        if at < self.used {
            return None;
        }
        self.data = at;
        Some(at)
    }

    /// Writes a doubleword of data.
    pub(super) fn write(&mut self, offset: usize, value: u64) {
        assert!(offset.is_multiple_of(8) && (self.data..self.bytes).contains(&offset));
        // SAFETY: an aligned doubleword inside the mapping; no reference to it exists.
        unsafe { self.writable.add(offset).cast::<u64>().write(value) };
    }

    /// Reads a doubleword of data.
    pub(super) fn read(&self, offset: usize) -> u64 {
        assert!(offset.is_multiple_of(8) && (self.data..self.bytes).contains(&offset));
        // SAFETY: an aligned doubleword inside the mapping.
        unsafe { self.writable.add(offset).cast::<u64>().read() }
    }

    /// Forgets the code from an offset on, and the data up to one.
    pub(super) fn truncate(&mut self, to: usize, data: usize) {
        (self.used, self.data) = (to, data);
    }

    /// Where the data begin.
    pub(super) fn data(&self) -> usize {
        self.data
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
