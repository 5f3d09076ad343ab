// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A map of each window.

use std::fmt::Write;

use html::escape;
use serde_json::{Value, json};

use super::units::{self, whole};
use super::{RunPage, section as heading};
use crate::observe::cells::{Cell, WindowMap};
use machine::memory::in_units;

/// The number of cells in a line.
const COLUMNS: usize = 64;

/// The section with the maps of all windows.
pub(super) fn section(run: &RunPage<'_>) -> String {
    let maps = run.seen.maps.windows();
    if maps.is_empty() {
        return String::new();
    }
    let body: String = maps.iter().map(|map| figure(run, map)).collect();
    let legend = "<ul class=\"legend\"><li><i class=\"never\"></i>never mapped</li>\
                  <li><i class=\"ever\"></i>was mapped, is clear</li><li><i class=\"live\"></i>live at the end</li>\
                  <li><i class=\"replaced\"></i>replaced while live</li></ul>\n";
    heading("windows", "DMA windows", &(legend.to_owned() + &body))
}

/// A window and the sums of its cells.
pub(super) fn data(map: &WindowMap) -> Value {
    let Cell { mapped, replaced, cleared, live } = sum(map);
    let window = &map.window;
    json!({
        "liobn": window.liobn().0,
        "start": window.start().0,
        "page_bytes": window.page_shift().bytes(),
        "entries": window.size(),
        "cell_entries": map.each,
        "mapped": mapped,
        "replaced": replaced,
        "cleared": cleared,
        "live": live,
    })
}

fn sum(map: &WindowMap) -> Cell {
    let mut sum = Cell::default();
    map.cells.iter().for_each(|cell| sum.add(cell));
    sum
}

fn figure(run: &RunPage<'_>, map: &WindowMap) -> String {
    let (window, all) = (&map.window, sum(map));
    let liobn = window.liobn();
    let device = run.device(liobn).map_or(String::new(), |name| format!(" of {}", escape(name)));
    let pages = window.page_shift();
    let is_there = run.statistics.machine.dma.windows.iter().any(|there| there.liobn == liobn);
    let gone = if is_there { "" } else { " It was removed." };
    let facts = format!(
        "{} from {} to {:#x}, {} entries of {}.{gone} Mapped {}, replaced {}, cleared {}; live at the end {}.",
        in_units(window.len()),
        window.start(),
        window.start().0.saturating_add(window.len() - 1),
        whole(window.size()),
        in_units(pages.bytes()),
        whole(all.mapped),
        whole(all.replaced),
        whole(all.cleared),
        whole(all.live)
    );
    let used = map.cells.iter().any(|cell| *cell != Cell::default());
    let grid = if used { grid(map) } else { "<p class=\"says\">Never used.</p>".into() };
    format!(
        "<figure class=\"window\" data-liobn=\"{}\" data-live=\"{}\" data-replaced=\"{}\"><figcaption>\
         <h3>LIOBN {liobn}{device}</h3><p>{facts}</p></figcaption>\n{grid}</figure>\n",
        liobn.0, all.live, all.replaced
    )
}

// Writing to a string does not fail, so the result of write! is ignored.

fn grid(map: &WindowMap) -> String {
    let columns = COLUMNS.min(map.cells.len());
    let lines = map.cells.len().div_ceil(columns);
    let bytes = map.each << map.window.page_shift().get();
    let start = |cell: usize| map.window.start().0 + cell as u64 * bytes;
    let mut out = String::from("<div class=\"map\"><div class=\"rows\">");
    for line in 0..lines {
        let _ = write!(out, "<span>{:#x}</span>", start(line * columns));
    }
    let _ = write!(
        out,
        "</div><svg viewBox=\"0 0 {columns} {lines}\" preserveAspectRatio=\"none\" style=\"height:{}rem\" \
         role=\"img\" aria-label=\"map of the window\">",
        1.25 * lines as f64
    );
    for (at, cell) in map.cells.iter().enumerate() {
        let (x, y) = (at % columns, at / columns);
        let class = match cell {
            Cell { live: 1.., .. } => "live",
            Cell { mapped: 0, replaced: 0, cleared: 0, .. } => "never",
            _ => "ever",
        };
        // Cells with few live entries are paler.
        let full = cell.live as f64 / map.each as f64;
        let paler = match class {
            "live" => format!(" fill-opacity=\"{:.2}\"", 0.45 + 0.55 * full.min(1.0)),
            _ => String::new(),
        };
        let _ = write!(
            out,
            "<g><rect class=\"{class}\"{paler} x=\"{x}.04\" y=\"{y}.06\" width=\".92\" height=\".88\"/>"
        );
        if cell.replaced > 0 {
            let _ = write!(
                out,
                "<rect class=\"replaced\" x=\"{x}.04\" y=\"{y}.64\" width=\".92\" height=\".3\"/>"
            );
        }
        if *cell != Cell::default() {
            let Cell { mapped, replaced, cleared, live } = cell;
            let _ = write!(
                out,
                "<title>IOBA {:#x} to {:#x}: mapped {mapped}, replaced {replaced}, cleared {cleared}, live {live} \
                 of {}</title>",
                start(at),
                start(at + 1) - 1,
                map.each
            );
        }
        out += "</g>";
    }
    let (first, last) = (start(0), start(columns).saturating_sub(1));
    let labels = units::axis("+0x0", std::iter::empty(), &format!("+{:#x}", last - first));
    out + &format!("</svg><div class=\"xs\">{labels}</div></div>\n")
}
