// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A report as text: for people, for machines, for a browser.

mod html;
mod json;
mod junit;
mod markdown;
mod table;
mod tap;

pub use html::html;
pub use json::{clauses, differences, json};
pub use junit::junit;
pub use markdown::markdown;
pub use table::{Style, legend, table};
pub use tap::tap;
