// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Devices, faults and findings.

use comply::format::escape;

use super::units::whole;
use super::{Run, row, section as heading, table};

/// Findings that are listed.
const MOST_FINDINGS: usize = 200;

/// What each device counted.
pub(super) fn devices(run: &Run<'_>) -> String {
    let devices = &run.report.devices;
    if devices.is_empty() {
        return String::new();
    }
    let card = |device: &vio::Report| {
        let counters = device.counters.iter().map(|(name, count)| row(name, &[&whole(*count)]));
        let faults = row("DMA faults", &[&whole(device.all_faults)]);
        let rows: String = counters.chain([faults]).collect();
        let name = escape(&device.name);
        format!(
            "<div class=\"device\"><h3>{name}</h3><table><tbody>\n{rows}</tbody></table></div>\n"
        )
    };
    let cards: String = devices.iter().map(card).collect();
    heading("devices", "Devices", &format!("<div class=\"devices\">{cards}</div>\n"))
}

/// Accesses that were refused, the first kinds of each device.
pub(super) fn faults(run: &Run<'_>) -> String {
    let kinds = run.report.devices.iter().flat_map(|device| {
        device.faults.iter().map(move |(fault, count)| {
            let access = if fault.write { "write" } else { "read" };
            row(&device.name, &[&fault.liobn, &fault.ioba, &access, &fault.why, &whole(*count)])
        })
    });
    let rows: Vec<_> = kinds.collect();
    if rows.is_empty() {
        return String::new();
    }
    let heads = ["device", "LIOBN", "IOBA", "access", "why", "times"];
    heading("dma-faults", "DMA faults", &table(&heads, rows))
}

/// What `--check dma` found.
pub(super) fn findings(run: &Run<'_>) -> String {
    let Some(findings) = &run.report.findings else { return String::new() };
    let sentence = match findings.count {
        0 => "No device used a translation that was replaced or cleared.".to_owned(),
        count => format!("Devices used translations wrongly {} times.", whole(count)),
    };
    let rows = findings.reports.iter().take(MOST_FINDINGS).map(|report| {
        let access = if report.write { "write" } else { "read" };
        let what = if report.released { "released page" } else { "stale translation" };
        row(
            &run.window_name(report.liobn),
            &[&report.liobn, &report.ioba, &access, &what, &report.page, &report.replaced_by],
        )
    });
    let heads = ["device", "LIOBN", "IOBA", "access", "what", "page", "replaced by"];
    let list = if findings.reports.is_empty() { String::new() } else { table(&heads, rows) };
    let body = format!("<p class=\"says\">{sentence}</p>\n{list}");
    heading("findings", "Findings of --check dma", &body)
}
