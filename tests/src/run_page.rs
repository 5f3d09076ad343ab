// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The figures on a page of `--report`, compared with the statistics of the same run.

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
        times_agree(dom, call);
    }
    facts_agree(dom, stats);
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
        most_live_agrees(dom, &data, window);
    }
    for (name, plot) in plots {
        // A value that may belong to several lines at once is not stacked.
        assert_eq!(plot["stacked"], !["live", "pages"].contains(&name.as_str()), "{name}");
    }
    a_cpu_does_one_thing_at_a_time(&plots["time"]);
    axes_end(dom);
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

/// The row of a call has the times of the statistics, in their order.
fn times_agree(dom: &str, call: &Value) {
    let start = format!("data-call=\"{}\"", call["name"].as_str().expect("a name"));
    let row = dom.split_once(&start).expect("a row").1.split("</tr>").next().unwrap_or_default();
    let shown: Vec<u64> =
        values(row, "data-ns").iter().map(|ns| ns.parse().expect("a number")).collect();
    let keys = ["mean_ns", "min_ns", "p50_ns", "p99_ns", "max_ns"];
    let wanted = keys.map(|key| call[key].as_u64().expect(key));
    assert_eq!(shown, wanted, "{call}");
    let [mean, min, half, most, max] = wanted;
    assert!(min <= half && half <= most && most <= max && min <= mean && mean <= max, "{call}");
    let times = call["times_ns"].as_array().expect("times").iter();
    assert_eq!(times.map(|pair| pair[1].as_u64().expect("a count")).sum::<u64>(), call["count"]);
}

/// The numbers at the top are those of the statistics.
fn facts_agree(dom: &str, stats: &Value) {
    let (names, shown) = (values(dom, "data-fact"), values(dom, "data-value"));
    let fact = |name: &str| {
        let at = names.iter().position(|known| *known == name);
        at.map(|at| shown[at].parse::<f64>().expect("a number"))
    };
    let calls = stats["hypercalls"].as_array().expect("hypercalls").iter();
    let calls: u64 = calls.filter_map(|call| call["count"].as_u64()).sum();
    assert_eq!(fact("hypercalls"), Some(calls as f64));
    for (name, wanted) in [
        ("time on the clock", &stats["seconds"]),
        ("CPU time", &stats["cpu_seconds"]),
        ("pages pinned", &stats["pages"]["pinned"]),
        ("pages released", &stats["pages"]["released"]),
        ("pages dirtied", &stats["pages"]["dirtied"]),
        ("guest instructions", &stats["instructions"]),
        ("MIPS in CPU time", &stats["cpu_mips"]),
        ("MIPS on the clock", &stats["mips"]),
    ] {
        let (shown, wanted) = (fact(name), wanted.as_f64());
        let near = |a: f64, b: f64| (a - b).abs() <= b.abs() * 1e-9;
        assert!(
            shown.zip(wanted).map_or(shown == wanted, |(a, b)| near(a, b)),
            "{name}: {shown:?} {wanted:?}"
        );
    }
    // Both rates are of the same instructions.
    if let Some(rate) = stats["cpu_mips"].as_f64() {
        let [seconds, count] =
            ["cpu_seconds", "instructions"].map(|key| stats[key].as_f64().expect(key));
        assert!(
            (rate * seconds * 1e6 - count).abs() <= 1.0 + count * 1e-6,
            "{rate} {seconds} {count}"
        );
    }
}

/// The legend has the window's own count of the most that were live, and the line does not go beyond it.
fn most_live_agrees(dom: &str, data: &Value, window: &Value) {
    let most = window["max_live"].as_u64().expect("a number");
    let plot = &data["plots"]["live"];
    let named = |line: &&Value| {
        let name = line["name"].as_str().expect("a name");
        let liobn = window["liobn"].as_u64().expect("a number");
        name == format!("{liobn:#x}") || name.ends_with(&format!("@{liobn:x}"))
    };
    let line = plot["lines"].as_array().and_then(|lines| lines.iter().find(named));
    let Some(line) = line else { return assert_eq!(most, 0, "{window}") };
    let legend = dom.split_once("data-plot=\"live\"").expect("a plot").1;
    let legend = legend.split("</figure>").next().unwrap_or_default();
    let item =
        legend.split("<li>").find(|item| item.contains(line["name"].as_str().expect("a name")));
    let shown: String = item
        .expect("an item")
        .split_once("at most ")
        .expect("its most")
        .1
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '\u{202f}')
        .filter(char::is_ascii_digit)
        .collect();
    assert_eq!(shown, most.to_string(), "{window}");
    let values = line["values"].as_array().expect("values").iter();
    let highest = values.map(|value| value.as_f64().expect("a number")).fold(0.0, f64::max);
    assert!(highest > 0.0 && highest <= most as f64, "{highest} of {most}");
}

/// Guest code, hypercalls, idle time and time that the host took are parts of the time there is.
fn a_cpu_does_one_thing_at_a_time(plot: &Value) {
    let lines = plot["lines"].as_array().expect("lines");
    let count = lines.iter().map(|line| line["values"].as_array().expect("values").len()).max();
    for bucket in 0..count.unwrap_or(0) {
        let sum: f64 = lines.iter().filter_map(|line| line["values"][bucket].as_f64()).sum();
        assert!(sum <= 100.1, "{sum} % in step {bucket}");
    }
}

/// Each axis has a label at its beginning and at its end.
fn axes_end(dom: &str) {
    let axes: Vec<&str> = dom.split("<div class=\"xs\">").skip(1).collect();
    assert!(!axes.is_empty());
    for axis in axes {
        let axis = axis.split("</div>").next().unwrap_or_default();
        assert!(axis.contains("class=\"first\"") && axis.contains("class=\"last\""), "{axis}");
    }
}

/// The values of a line are a second's; what they come to in all.
pub fn seconds(line: &Value, plot: &Value, data: &Value) -> f64 {
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
