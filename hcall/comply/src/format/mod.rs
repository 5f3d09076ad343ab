// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A report as text: for people, for machines, for a browser.

mod html;
mod json;
mod junit;
mod markdown;
mod page;
mod table;
mod tap;

pub use html::html;
pub use json::{clauses, differences, json};
pub use junit::junit;
pub use markdown::markdown;
pub use page::{Page, page};
pub use table::{Style, legend, table};
pub use tap::tap;

/// The text, escaped for use between and inside the tags of XML and HTML. Characters that XML cannot hold are
/// left out.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' => {}
            c => out.push(c),
        }
    }
    out
}
