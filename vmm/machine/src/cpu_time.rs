// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! CPU time, as the host's scheduler accounts it.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The CPU time of the calling thread so far, guest code under KVM included.
pub fn of_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_uses_more_and_more() {
        let before = of_thread();
        while of_thread() == before {
            std::hint::spin_loop();
        }
        assert!(of_thread() > before);
    }
}
