// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The report for programs: one JSON object. A change that breaks readers changes "version".

use hcall::{Lap, Tier};
use iommu::WindowStats;
use serde_json::{Map, Value, json};

use crate::observe::history::nanoseconds;

use super::{CallStats, Findings, HALF, MOST, Report, TearDown};

const VERSION: u32 = 1;

/// The whole report.
pub fn object(report: &Report) -> Value {
    let totals = &report.dma.totals;
    json!({
        "version": VERSION,
        "instructions": report.instructions,
        "illegal": report.illegal.iter().map(illegal).collect::<Map<_, _>>(),
        "seconds": report.elapsed.as_secs_f64(),
        "idle_seconds": report.idle.as_secs_f64(),
        "cpu_seconds": report.cpu.as_secs_f64(),
        "mips": report.mips(),
        "cpu_mips": report.mips_of_cpu(),
        "hypercalls": report.calls.rows().iter().map(call).collect::<Vec<_>>(),
        "tiers": report.tiers().map(tier).collect::<Vec<_>>(),
        "windows": report.dma.windows.iter().map(window).collect::<Vec<_>>(),
        "pages": {
            "pinned": totals.pinned,
            "released": totals.released,
            "dirtied": totals.dirtied,
            "leaked_pins": report.dma.leaked,
        },
        "tear_down": report.tear_down.map(tear_down),
        "devices": report.devices.iter().map(device).collect::<Vec<_>>(),
        "findings": report.findings.as_ref().map(findings),
        "faults": report.faults,
    })
}

fn illegal((word, count): (&u32, &u64)) -> (String, Value) {
    (format!("{word:#010x}"), json!(count))
}

fn call(call: &CallStats) -> Value {
    let errors: Map<String, Value> =
        call.errors.iter().map(|(status, count)| (status.to_string(), json!(count))).collect();
    json!({
        "name": call.name,
        "count": call.count,
        "errors": errors,
        "mean_ns": nanoseconds(call.mean()),
        "min_ns": nanoseconds(call.min),
        "p50_ns": nanoseconds(call.times.within(HALF)),
        "p99_ns": nanoseconds(call.times.within(MOST)),
        "max_ns": nanoseconds(call.max),
        "times_ns": call.times.buckets().collect::<Vec<_>>(),
    })
}

fn tier((tier, lap): (Tier, Lap)) -> Value {
    json!({
        "name": tier.name(),
        "calls": lap.calls,
        "too_hard": lap.too_hard,
        "total_ns": nanoseconds(lap.time),
    })
}

fn window(window: &WindowStats) -> Value {
    json!({
        "liobn": window.liobn.0,
        "puts": window.tally.puts,
        "replaced": window.tally.replaced,
        "cleared": window.tally.cleared,
        "live": window.live,
        "max_live": window.max_live,
    })
}

fn device(device: &vio::Report) -> Value {
    let counters =
        device.counters.iter().map(|(name, count)| (name.replace(' ', "_"), json!(count)));
    json!({
        "name": device.name,
        "counters": counters.collect::<Map<_, _>>(),
        "dma_faults": device.all_faults,
        "dma_fault_kinds": device.faults.iter().map(fault).collect::<Vec<_>>(),
    })
}

fn fault((fault, count): &(vio::Fault, u64)) -> Value {
    json!({
        "liobn": fault.liobn.0,
        "ioba": fault.ioba.0,
        "write": fault.write,
        "why": fault.why.to_string(),
        "count": count,
    })
}

fn findings(findings: &Findings) -> Value {
    let reports = findings.reports.iter().map(|report| report.to_string()).collect::<Vec<_>>();
    json!({ "count": findings.count, "reports": reports, "unwatched": findings.unwatched })
}

fn tear_down(end: TearDown) -> Value {
    json!({ "released": end.released, "dirtied": end.dirtied, "pins_left": end.pins_left })
}
