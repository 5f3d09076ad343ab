// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Devices, faults and findings.

use html::escape;
use iommu::Liobn;

use super::units::whole;
use super::{RunPage, row, section as heading, table};
use machine::summary::Findings;

/// The largest number of findings that are listed.
const MOST_FINDINGS: usize = 200;

/// The counters of each device.
pub(super) fn devices(run: &RunPage<'_>) -> String {
    let devices = &run.statistics.machine.devices;
    if devices.is_empty() {
        return String::new();
    }
    let card = |device: &vio::DeviceReport| {
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

/// The accesses that were refused: the first kinds of each device.
pub(super) fn faults(run: &RunPage<'_>) -> String {
    let kinds = run.statistics.machine.devices.iter().flat_map(|device| {
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

/// The findings of `--check dma`.
pub(super) fn findings(run: &RunPage<'_>) -> String {
    let found = run.statistics.machine.findings.as_ref();
    found.map_or(String::new(), |found| list(found, &|liobn| run.window_name(liobn)))
}

fn list(findings: &Findings, name: &dyn Fn(Liobn) -> String) -> String {
    let sentence = match findings.count {
        0 => "No device used a translation that was replaced or cleared.".to_owned(),
        count => format!("Devices used translations wrongly {} times.", whole(count)),
    };
    let rows = findings.reports.iter().take(MOST_FINDINGS).map(|report| {
        let access = if report.write { "write" } else { "read" };
        let what = if report.released { "released page" } else { "stale translation" };
        row(
            &name(report.liobn),
            &[&report.liobn, &report.ioba, &access, &what, &report.page, &report.replaced_by],
        )
    });
    let heads = ["device", "LIOBN", "IOBA", "access", "what", "page", "replaced by"];
    let list = if findings.reports.is_empty() { String::new() } else { table(&heads, rows) };
    let body = format!("<p class=\"says\">{sentence}</p>\n{list}");
    heading("findings", "Findings of --check dma", &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use iommu::detector::{Misuse, Tag};
    use iommu::{Hpa, Ioba};

    #[test]
    fn a_finding_is_told_with_device_liobn_ioba_and_who_replaced_the_entry() {
        let report = Misuse {
            released: false,
            write: true,
            liobn: Liobn(0x7100_0002),
            ioba: Ioba(0x3000),
            page: Hpa(0x2000_0000_1000),
            replaced_by: Tag { name: "H_PUT_TCE", number: 7 },
        };
        let findings = Findings { count: 2000, reports: vec![report; 1024], unwatched: 0 };
        let html = list(&findings, &|liobn| format!("<{liobn}>"));
        let row = "<tr><th>&lt;0x71000002&gt;</th><td>0x71000002</td><td>0x3000</td><td>write</td>\
                   <td>stale translation</td><td>0x200000001000</td><td>H_PUT_TCE #7</td></tr>";
        assert_eq!(html.matches(row).count(), MOST_FINDINGS);
        assert!(html.contains("wrongly 2\u{202f}000 times"), "{html}");
    }
}
