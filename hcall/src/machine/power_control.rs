// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The end of a run.

/// Power and the end of the guest's operating system.
pub trait PowerControl {
    /// Powers the machine off.
    fn power_off(&mut self);

    /// Resets the machine, which then starts again; false when it cannot.
    fn reboot(&mut self) -> bool;

    /// Records that the guest's operating system has terminated, and its reason.
    fn os_terminated(&mut self, why: &str);

    /// True when the run is ending, so that a long call may stop where it is: the guest does not
    /// run on.
    fn is_ending(&self) -> bool;
}
