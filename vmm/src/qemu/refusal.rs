// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The reasons for which a command line of QEMU is refused.

use std::borrow::Cow;
use std::ffi::OsString;

use thiserror::Error;

/// The reason for which a command line was refused.
#[derive(Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)] // the message of a variant is its documentation
pub enum Refusal {
    #[error("{0}: invalid option; `tcevm qemu -h` lists those that are understood")]
    Unknown(String),
    #[error("{0}: requires an argument")]
    NoValue(String),
    #[error("-{option} {value}: {why}")]
    Value { option: &'static str, value: String, why: Cow<'static, str> },
    #[error("no kernel: say which guest image to run with -kernel FILE")]
    NoKernel,
}

/// The reason for which a value was refused.
pub(super) type Why = Cow<'static, str>;

/// The text of a value. Errors: it is not UTF-8.
pub(super) fn text(value: &OsString) -> Result<&str, Why> {
    value.to_str().ok_or(Cow::Borrowed("not UTF-8"))
}
