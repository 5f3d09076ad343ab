// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The frame of all our pages for a browser: they load nothing, follow the reader's choice of light or dark,
//! and begin with a verdict.

use super::escape;

const CSS: &str = include_str!("page.css");

/// A page.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The heading.
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
