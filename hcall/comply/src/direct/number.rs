// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Hardware entries as numbers that do not depend on the host.

use iommu::{Frames, Tce};

/// The bit that is set in the number of a host page outside guest memory.
const FOREIGN: u64 = 1 << 63;

/// A hardware entry as a number: the guest address of its page, and its permissions.
pub(super) fn number(tce: Tce, frames: &Frames) -> u64 {
    if !tce.is_live() {
        return 0;
    }
    let page = frames.gpa(tce.hpa()).map_or(FOREIGN | tce.hpa().0, |gpa| gpa.0);
    page | tce.direction().permissions()
}
