// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The calls in an image's code, by which a program of Linux is recognized that has no other mark.

use super::elf::Segment;

/// sc with LEV 0, a system call, and with LEV 1, a hypercall (Power ISA 3.0B, Book III, System Call).
const SYSTEM_CALL: [u8; 4] = [0x44, 0, 0, 0x02];
const HYPERCALL: [u8; 4] = [0x44, 0, 0, 0x22];

/// True for code that has system calls and no hypercall. A guest without hypercalls cannot even power off.
pub fn makes_only_system_calls(segments: &[Segment<'_>]) -> bool {
    let has = |word: [u8; 4]| {
        let mut swapped = word;
        swapped.reverse();
        let code = segments.iter().filter(|segment| segment.executable);
        code.flat_map(|segment| segment.data.chunks_exact(4))
            .any(|found| found == word || found == swapped)
    };
    !has(HYPERCALL) && has(SYSTEM_CALL)
}
