// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The events in a file of `--trace-file`, checked by their meaning.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

/// A trace that holds together.
#[derive(Debug, Default)]
pub struct Events {
    /// How many hypercalls there are, by name.
    pub calls: BTreeMap<String, u64>,
    /// Bytes that DMA moved without a fault, by device and direction.
    pub moved: BTreeMap<(String, String), u64>,
    /// DMA accesses that an arrow leads to, and all.
    pub reached: (u64, u64),
    /// DMA accesses that were refused.
    pub faults: u64,
    /// Interrupts, by device.
    pub interrupts: BTreeMap<String, u64>,
    /// Events that were left out.
    pub dropped: u64,
}

type Track = (u64, u64);

fn track(event: &Value) -> Track {
    (number(event, "pid"), number(event, "tid"))
}

fn number(event: &Value, key: &str) -> u64 {
    event[key].as_u64().unwrap_or_else(|| panic!("no {key}: {event}"))
}

fn text<'a>(event: &'a Value, key: &str) -> &'a str {
    event[key].as_str().unwrap_or_else(|| panic!("no {key}: {event}"))
}

/// A time in nanoseconds; never negative.
fn time(event: &Value, key: &str) -> u64 {
    let time = event[key].as_f64().unwrap_or_else(|| panic!("no {key}: {event}"));
    assert!(time >= 0.0, "{event}");
    (time * 1000.0).round() as u64
}

impl Events {
    /// Reads it. Panics where it is wrong: an event without a track that has a name, slices of a track that
    /// overlap, an arrow that has not two ends, or whose ends are not a hypercall and, later, an access.
    pub fn read(trace: &str) -> Events {
        let file: Value = serde_json::from_str(trace).expect("a trace is JSON");
        let events = file["traceEvents"].as_array().expect("events");
        let mut names = HashMap::new();
        let mut slices: HashMap<Track, Vec<(u64, u64)>> = HashMap::new();
        let mut ends: HashMap<u64, (Vec<&Value>, Vec<&Value>)> = HashMap::new();
        let mut read =
            Events { dropped: number(&file["otherData"], "dropped"), ..Events::default() };
        for event in events {
            let key = match text(event, "name") {
                "process_name" => (number(event, "pid"), None),
                _ => (number(event, "pid"), Some(number(event, "tid"))),
            };
            match text(event, "ph") {
                "M" => {
                    assert!(names.insert(key, text(&event["args"], "name")).is_none(), "{event}")
                }
                "X" => {
                    let (start, len) = (time(event, "ts"), time(event, "dur"));
                    slices.entry(track(event)).or_default().push((start, start + len));
                    let process = names.get(&(key.0, None)).expect("a process");
                    read.slice(event, process);
                }
                "i" => {
                    let process = names.get(&(key.0, None)).expect("a process");
                    *read.interrupts.entry((*process).to_owned()).or_default() += 1;
                }
                "s" => ends.entry(number(event, "id")).or_default().0.push(event),
                "f" => ends.entry(number(event, "id")).or_default().1.push(event),
                other => panic!("a {other}: {event}"),
            }
            let (process, thread) = track(event);
            assert!(names.contains_key(&(process, None)), "no process: {event}");
            let named = names.contains_key(&(process, Some(thread)));
            assert!(named || text(event, "ph") == "M", "no thread: {event}");
        }
        for (track, slices) in &mut slices {
            slices.sort_unstable();
            for pair in slices.windows(2) {
                assert!(pair[0].1 <= pair[1].0, "slices of {track:?} overlap: {pair:?}");
            }
        }
        let begins = |event: &Value| {
            let slices = slices.get(&track(event)).expect("a slice");
            let at = time(event, "ts");
            assert!(slices.binary_search_by_key(&at, |slice| slice.0).is_ok(), "no slice: {event}");
        };
        let mut reached: Vec<_> = Vec::new();
        for (id, (from, to)) in &ends {
            let ([from], [to]) = (&from[..], &to[..]) else {
                panic!("arrow {id}: {from:?} {to:?}")
            };
            assert!(time(from, "ts") <= time(to, "ts"), "{from} {to}");
            assert!(number(from, "pid") == 1 && number(to, "pid") > 1, "{from} {to}");
            begins(from);
            begins(to);
            reached.push((track(to), time(to, "ts")));
        }
        reached.sort_unstable();
        reached.dedup();
        read.reached.0 = reached.len() as u64;
        read
    }

    fn slice(&mut self, event: &Value, process: &str) {
        let (name, args) = (text(event, "name"), &event["args"]);
        if text(event, "cat") == "hypercall" {
            assert!(text(args, "status").starts_with("H_"), "{event}");
            *self.calls.entry(name.to_owned()).or_default() += 1;
            return;
        }
        assert_eq!(text(event, "cat"), "dma", "{event}");
        self.reached.1 += 1;
        if args["fault"].is_null() {
            let moved = self.moved.entry((process.to_owned(), name.to_owned())).or_default();
            *moved += number(args, "bytes");
        } else {
            self.faults += 1;
        }
    }

    /// The hypercalls are those of the statistics of the same run.
    pub fn are_of(&self, stats: &Value) {
        let calls = stats["hypercalls"].as_array().expect("hypercalls").iter();
        let counted: BTreeMap<_, _> =
            calls.map(|call| (text(call, "name").to_owned(), number(call, "count"))).collect();
        assert_eq!(self.calls, counted);
        for device in stats["devices"].as_array().expect("devices") {
            let (name, counters) = (text(device, "name"), &device["counters"]);
            for (slice, counter) in
                [("DMA read", "DMA_bytes_read"), ("DMA write", "DMA_bytes_written")]
            {
                let moved = self.moved.get(&(name.to_owned(), slice.to_owned()));
                assert_eq!(
                    moved.copied().unwrap_or(0),
                    number(counters, counter),
                    "{name} {slice}"
                );
            }
            let interrupts = self.interrupts.get(name).copied().unwrap_or(0);
            assert_eq!(interrupts, number(counters, "interrupts"), "{name}");
        }
        let devices = stats["devices"].as_array().expect("devices").iter();
        assert_eq!(self.faults, devices.map(|device| number(device, "dma_faults")).sum::<u64>());
    }
}
