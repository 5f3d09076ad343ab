// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The frame of all pages for a browser: those of `tcevm run --report` and of `tcevm comply`. A page needs nothing from
//! elsewhere, follows the reader's choice of light or dark, and begins with a verdict.
#![forbid(unsafe_code)]

const CSS: &str = include_str!("page.css");

/// A page.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The title of the page, which is its heading, too.
    pub title: &'a str,
    /// True for a good verdict.
    pub good: bool,
    /// The verdict, the first sentence of the page.
    pub verdict: &'a str,
    /// Style rules beyond those of every page.
    pub css: &'a str,
    /// The content below the verdict, as HTML.
    pub body: &'a str,
    /// The page's script. The page is complete without it.
    pub js: &'a str,
}

/// Writes a page as HTML.
pub fn page(page: &Page<'_>) -> String {
    let Page { css, body, js, .. } = page;
    let [title, verdict] = [page.title, page.verdict].map(escape);
    let class = if page.good { "pass" } else { "fail" };
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}: {verdict}</title>\n<style>\n{CSS}{css}</style></head>\n<body>\n\
         <header><h1>{title}</h1>\n<p class=\"verdict {class}\">{verdict}</p></header>\n\
         {body}<script>\n{js}</script>\n</body></html>\n"
    )
}

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
