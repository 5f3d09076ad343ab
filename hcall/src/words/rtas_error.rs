// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Statuses of RTAS calls other than success (LoPAR 2.9, "RTAS Status Word Values").

/// The reason why a service did not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RtasError {
    /// -1.
    Hardware,
    /// -2: try again later.
    Busy,
    /// -3.
    Parameter,
    /// -9999, of services whose -3 means something else.
    BadParameter,
    /// 1: there is no error to report.
    NoErrorsFound,
}

impl RtasError {
    /// The status word.
    pub(crate) const fn code(self) -> i32 {
        match self {
            RtasError::Hardware => -1,
            RtasError::Busy => -2,
            RtasError::Parameter => -3,
            RtasError::BadParameter => -9999,
            RtasError::NoErrorsFound => 1,
        }
    }
}
