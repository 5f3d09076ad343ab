// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The log that vm-memory reports every write to: one for each region of RAM.

use crate::{Changes, CodeWatch};
use std::sync::{Arc, OnceLock};
use vm_memory::bitmap::{AtomicBitmap, Bitmap, NewBitmap, RefSlice, WithBitmapSlice};

/// The pages of a region that were written, and the watch over its decoded code once a CPU made one.
#[derive(Debug, Default)]
pub struct WriteLog {
    dirty: Arc<AtomicBitmap>,
    bytes: usize,
    code: OnceLock<Arc<CodeWatch>>,
}

impl WriteLog {
    /// The dirty bits alone. A CPU that keeps its own account of stores to code uses them directly.
    pub fn dirty(&self) -> &Arc<AtomicBitmap> {
        &self.dirty
    }

    /// The watch over decoded code, if there is one.
    #[inline]
    pub fn code(&self) -> Option<&Arc<CodeWatch>> {
        self.code.get()
    }

    /// Starts a watch that counts in `changes`, unless there is one.
    pub(crate) fn watch_code(&self, changes: &Arc<Changes>) -> &Arc<CodeWatch> {
        self.code.get_or_init(|| Arc::new(CodeWatch::new(self.bytes, Arc::clone(changes))))
    }
}

impl<'a> WithBitmapSlice<'a> for WriteLog {
    type S = RefSlice<'a, Self>;
}

impl Bitmap for WriteLog {
    /// vm-memory calls this after it has stored the bytes.
    fn mark_dirty(&self, offset: usize, len: usize) {
        self.dirty.mark_dirty(offset, len);
        if let Some(code) = self.code() {
            code.written(offset, len);
        }
    }

    fn dirty_at(&self, offset: usize) -> bool {
        self.dirty.dirty_at(offset)
    }

    fn slice_at(&self, offset: usize) -> RefSlice<'_, Self> {
        RefSlice::new(self, offset)
    }
}

impl NewBitmap for WriteLog {
    fn with_len(len: usize) -> Self {
        let dirty = Arc::new(AtomicBitmap::with_len(len));
        WriteLog { dirty, bytes: len, code: OnceLock::new() }
    }
}
