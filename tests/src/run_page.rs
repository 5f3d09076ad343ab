// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! What a page of `--report` shows, compared with the statistics of the same run.

use serde_json::Value;

/// The values of an attribute in the order in which they are in the document.
fn values<'a>(dom: &'a str, attribute: &str) -> Vec<&'a str> {
    let start = format!("{attribute}=\"");
    dom.split(&start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The data that the page brings with it.
pub fn data(dom: &str) -> Value {
    let start = "<script type=\"application/json\" id=\"data\">";
    let rest = dom.split_once(start).expect("data").1;
    serde_json::from_str(rest.split_once("</script>").expect("its end").0).expect("JSON")
}

/// The page shows what the statistics say; each plot that its data has is there.
pub fn agrees(dom: &str, stats: &Value) {
    let data = data(dom);
    let calls = stats["hypercalls"].as_array().expect("hypercalls");
    let (names, counts) = (values(dom, "data-call"), values(dom, "data-count"));
    assert_eq!((names.len(), counts.len()), (calls.len(), calls.len()));
    for call in calls {
        let at = names.iter().position(|name| call["name"] == *name).expect("a row");
        assert_eq!(counts[at], call["count"].to_string(), "{call}");
    }
    let plots = data["plots"].as_object().expect("plots");
    assert_eq!(values(dom, "data-plot").len(), plots.len());
    assert_eq!(dom.matches("<figure class=\"plot\"").count(), plots.len());
    let all: u64 = calls.iter().filter_map(|call| call["count"].as_u64()).sum();
    near(sum(&plots["calls"], &data), all, "calls");
    for (name, line) in [("pinned", "pinned"), ("dirtied", "dirtied")] {
        let wanted = stats["pages"][name].as_u64().expect("pages");
        let lines = plots.get("pages").map(|plot| &plot["lines"]);
        let found = lines.and_then(|lines| lines.as_array()?.iter().find(|l| l["name"] == line));
        let found = found.map_or(0.0, |line| seconds(line, &plots["pages"], &data));
        near(found, wanted, name);
    }
    let (liobns, live) = (values(dom, "data-liobn"), values(dom, "data-live"));
    for window in stats["windows"].as_array().expect("windows") {
        let wanted = window["liobn"].to_string();
        let at = liobns.iter().position(|liobn| *liobn == wanted);
        assert_eq!(live[at.expect("a map")], window["live"].to_string(), "{window}");
    }
    for device in stats["devices"].as_array().expect("devices") {
        assert!(dom.contains(device["name"].as_str().expect("a name")));
        let written = device["counters"]["DMA_bytes_written"].as_u64().expect("a counter");
        let faults = device["dma_faults"].as_u64().expect("faults");
        for (plot, wanted) in [("dma-written", written), ("faults", faults)] {
            let plot = &plots.get(plot).unwrap_or(&Value::Null);
            let lines = plot["lines"].as_array();
            let line = lines.and_then(|lines| lines.iter().find(|l| l["name"] == device["name"]));
            near(line.map_or(0.0, |line| seconds(line, plot, &data)), wanted, "of a device");
        }
    }
    // The page's own copy of the statistics is of a moment later.
    assert_eq!(data["stats"]["hypercalls"], stats["hypercalls"]);
    assert_eq!(data["stats"]["windows"], stats["windows"]);
}

/// The values of a line are a second's; what they come to in all.
fn seconds(line: &Value, plot: &Value, data: &Value) -> f64 {
    let width = plot["width_ns"].as_u64().expect("a width");
    let end = data["end_ns"].as_u64().expect("an end");
    let values = line["values"].as_array().expect("values").iter();
    let covered = |n: u64| width.min(end.saturating_sub(n * width)) as f64 / 1e9;
    (0..).zip(values).map(|(n, value)| value.as_f64().expect("a number") * covered(n)).sum()
}

fn sum(plot: &Value, data: &Value) -> f64 {
    plot["lines"].as_array().expect("lines").iter().map(|line| seconds(line, plot, data)).sum()
}

/// Values are rounded to a thousandth, so a sum is not exact.
fn near(found: f64, wanted: u64, what: &str) {
    let wanted = wanted as f64;
    assert!((found - wanted).abs() <= 1.0 + wanted / 1e6, "{what}: {found} for {wanted}");
}
