// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The page of `--report`: one file that a browser shows without any other.
//!
//! A section is a function in `SECTIONS`, a plot over time is a row of [`PLOTS`]. The page also has everything that it
//! shows as JSON (`#data`), for programs and for the text under the pointer.

mod chart;
mod latency;
mod plots;
mod summary;
mod tables;
mod units;
mod windows;

use std::fmt::Display;

use html::{Page, escape};
use iommu::Liobn;
use serde_json::{Value, json};

pub use plots::PLOTS;

use super::Seen;
use crate::exit;
use crate::observe::stats::Statistics;
use crate::options::run::RunArgs;
use machine::Ending;

const CSS: &str = include_str!("page.css");
const JS: &str = include_str!("page.js");

/// A run that has ended.
pub struct RunPage<'a> {
    /// The options of the run.
    pub args: &'a RunArgs,
    /// The ending of the run, or the error of a reboot.
    pub how: Result<&'a Ending, String>,
    /// The values of the run over time.
    pub seen: &'a Seen,
    /// The sums of the run.
    pub statistics: &'a Statistics,
}

/// The sections, from the top down. Each is HTML, or empty when it has nothing to show.
const SECTIONS: &[fn(&RunPage<'_>) -> String] = &[
    summary::section,
    plots::section,
    latency::section,
    windows::section,
    tables::devices,
    tables::faults,
    tables::findings,
];

/// The page of a run.
pub fn of(run: &RunPage<'_>) -> String {
    let sections: String = SECTIONS.iter().map(|section| section(run)).collect();
    let data = json!({
        "end_ns": run.seen.end,
        "plots": plots::data(run),
        "windows": run.seen.maps.windows().iter().map(windows::data).collect::<Vec<_>>(),
        "stats": run.statistics.object(),
    });
    html::page(&Page {
        title: &format!("tcevm run: {}", run.name()),
        good: run.is_good(),
        verdict: &run.verdict(),
        css: CSS,
        body: &format!("{sections}{}<div id=\"tip\" hidden></div>\n", embedded(&data)),
        js: JS,
    })
}

impl RunPage<'_> {
    fn name(&self) -> String {
        let image = self.args.image.as_deref().and_then(|path| path.file_name());
        image.map_or("the demonstration".into(), |name| name.to_string_lossy().into_owned())
    }

    /// True when the run ended well, and neither findings nor leaked pins were counted.
    fn is_good(&self) -> bool {
        let ended = self.how.as_ref().is_ok_and(|ending| exit::code(ending) == 0);
        let found =
            self.statistics.machine.findings.as_ref().is_some_and(|findings| findings.count > 0);
        ended && !found && self.statistics.machine.dma.leaked == 0
    }

    fn verdict(&self) -> String {
        let how = match &self.how {
            Ok(Ending::PoweredOff) => "the guest powered off".into(),
            Ok(Ending::OutputClosed) => "the output no longer had a reader".into(),
            Ok(ending) => exit::message(ending).unwrap_or_else(|| "the run ended".into()),
            Err(why) => why.clone(),
        };
        format!("After {}: {how}.", units::time(self.statistics.elapsed.as_nanos() as f64))
    }

    /// The name of a window: that of its device, or else its LIOBN.
    fn window_name(&self, liobn: Liobn) -> String {
        self.device(liobn).map_or_else(|| liobn.to_string(), str::to_owned)
    }

    /// The device whose window this is. A device's name ends in its unit address.
    fn device(&self, liobn: Liobn) -> Option<&str> {
        let unit = format!("@{:x}", liobn.0);
        let mut names = self.statistics.machine.devices.iter().map(|device| device.name.as_str());
        names.find(|name| name.ends_with(&unit))
    }
}

/// A section with its heading.
fn section(id: &str, title: &str, body: &str) -> String {
    format!("<section id=\"{id}\"><h2>{title}</h2>\n{body}</section>\n")
}

/// A table that scrolls by itself when it is wider than the page.
fn table(heads: &[&str], rows: impl IntoIterator<Item = String>) -> String {
    let heads: String = heads.iter().map(|head| format!("<th>{head}</th>")).collect();
    let rows: String = rows.into_iter().collect();
    format!(
        "<div class=\"scroll\"><table><thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table></div>\n"
    )
}

/// A row of a table. It begins with its name.
fn row(name: &str, cells: &[&dyn Display]) -> String {
    let cells: String =
        cells.iter().map(|cell| format!("<td>{}</td>", escape(&cell.to_string()))).collect();
    format!("<tr><th>{}</th>{cells}</tr>\n", escape(name))
}

/// The data as JSON in a script element. No text in it can end the element.
fn embedded(data: &Value) -> String {
    let text = data.to_string().replace('<', "\\u003c");
    format!("<script type=\"application/json\" id=\"data\">{text}</script>\n")
}
