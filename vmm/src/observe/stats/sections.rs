// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The sections of the statistics, each with its object and its text.

use std::fmt::{self, Formatter};

use hcall::{Lap, Tier};
use iommu::WindowStats;
use machine::summary::{Findings, TearDown};
use power::Engine;
use serde_json::{Map, Value, json};
use vio::DeviceReport;

use super::histogram::nanoseconds;
use super::{CallStats, HALF, MOST, Statistics};

type Object = Map<String, Value>;

/// Several values, or a table.
pub struct StatSection {
    /// Adds the values to the object.
    pub object: fn(&Statistics, &mut Object),
    /// Writes the values for people.
    pub text: fn(&Statistics, &mut Formatter<'_>) -> fmt::Result,
}

/// Time and instructions.
pub(super) const TIME: StatSection = StatSection { object: time, text: time_text };

fn time(of: &Statistics, to: &mut Object) {
    to.insert("instructions".into(), json!(of.machine.instructions));
    to.insert("seconds".into(), json!(of.elapsed.as_secs_f64()));
    to.insert("idle_seconds".into(), json!(of.machine.idle.as_secs_f64()));
    to.insert("cpu_seconds".into(), json!(of.machine.cpu.as_secs_f64()));
    to.insert("mips".into(), json!(of.mips()));
    to.insert("cpu_mips".into(), json!(of.mips_of_cpu()));
}

fn time_text(of: &Statistics, f: &mut Formatter<'_>) -> fmt::Result {
    if let Some(instructions) = of.machine.instructions {
        write!(f, "{instructions} guest instructions in ")?;
    }
    let times = [of.elapsed, of.machine.idle, of.machine.cpu];
    let [elapsed, idle, cpu] = times.map(|time| time.as_secs_f64());
    write!(f, "{elapsed:.6} s ({idle:.6} s idle, {cpu:.6} s of CPU time)")?;
    match of.mips_of_cpu().zip(of.mips()) {
        Some((cpu, wall)) => writeln!(f, ": {cpu:.1} MIPS in CPU time, {wall:.1} on the clock"),
        None => writeln!(f),
    }
}

/// The engine of software CPUs, and the share of the guest's instructions that ran translated.
pub(super) const ENGINE: StatSection = StatSection {
    object: |of, to| {
        to.insert("engine".into(), json!(of.machine.engine.map(Engine::name)));
        to.insert("translated_percent".into(), json!(of.translated_percent()));
    },
    text: |of, f| match (of.machine.engine, of.translated_percent()) {
        (None, _) => Ok(()),
        (Some(engine), None) => writeln!(f, "engine: {}", engine.name()),
        (Some(engine), Some(percent)) => {
            writeln!(
                f,
                "engine: {}, {percent:.1} % of the instructions ran translated",
                engine.name()
            )
        }
    },
};

/// Words that the guest executed and that are no instruction.
pub(super) const ILLEGAL: StatSection = StatSection {
    object: |of, to| {
        let word = |(word, count): (&u32, &u64)| (format!("{word:#010x}"), json!(count));
        let words: Object = of.machine.illegal.iter().map(word).collect();
        to.insert("illegal".into(), words.into());
    },
    text: |of, f| {
        let mut words = of.machine.illegal.iter();
        words.try_for_each(|(word, n)| writeln!(f, "illegal instruction {word:#010x}: {n} times"))
    },
};

/// Hypercalls with their times.
pub(super) const CALLS: StatSection = StatSection {
    object: |of, to| {
        let calls: Vec<_> = of.calls.rows().iter().map(call).collect();
        to.insert("hypercalls".into(), calls.into());
    },
    text: |of, f| {
        writeln!(
            f,
            "\n{:<22}{:>10}{:>12}{:>12}{:>12}{:>12}{:>12}  errors",
            "hypercall", "count", "mean", "min", "50 %", "99 %", "max"
        )?;
        of.calls.rows().iter().try_for_each(|call| call_text(f, call))
    },
};

fn call(call: &CallStats) -> Value {
    let errors: Object =
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

fn call_text(f: &mut Formatter<'_>, call: &CallStats) -> fmt::Result {
    write!(f, "{:<22}{:>10}", call.name, call.count)?;
    let [half, most] = [HALF, MOST].map(|part| call.times.within(part));
    for time in [call.mean(), call.min, half, most, call.max] {
        write!(f, "{:>12}", format!("{time:.2?}"))?;
    }
    for (status, count) in &call.errors {
        write!(f, "  {count} {status}")?;
    }
    writeln!(f)
}

/// The tiers in which TCE hypercalls were tried. The text leaves out those without a try.
pub(super) const TIERS: StatSection = StatSection {
    object: |of, to| {
        let tiers: Vec<_> = of.machine.tiers().map(tier).collect();
        to.insert("tiers".into(), tiers.into());
    },
    text: tiers_text,
};

fn tier((tier, lap): (Tier, Lap)) -> Value {
    json!({
        "name": tier.name(),
        "calls": lap.calls,
        "too_hard": lap.too_hard,
        "total_ns": nanoseconds(lap.time),
    })
}

fn tiers_text(of: &Statistics, f: &mut Formatter<'_>) -> fmt::Result {
    let tried = || of.machine.tiers().filter(|(_, lap)| lap.calls > 0);
    if tried().next().is_none() {
        return Ok(());
    }
    writeln!(f, "\n{:<22}{:>10}{:>12}{:>12}{:>12}", "tier", "calls", "too hard", "mean", "total")?;
    for (tier, lap) in tried() {
        write!(f, "{:<22}{:>10}{:>12}", tier.name(), lap.calls, lap.too_hard)?;
        let [mean, total] = [lap.mean(), lap.time].map(|time| format!("{time:.2?}"));
        writeln!(f, "{mean:>12}{total:>12}")?;
    }
    Ok(())
}

/// DMA windows.
pub(super) const WINDOWS: StatSection = StatSection {
    object: |of, to| {
        let windows: Vec<_> = of.machine.dma.windows.iter().map(window).collect();
        to.insert("windows".into(), windows.into());
    },
    text: |of, f| {
        writeln!(
            f,
            "\n{:<22}{:>10}{:>12}{:>12}{:>12}{:>12}",
            "LIOBN", "puts", "replaced", "cleared", "live", "max live"
        )?;
        of.machine.dma.windows.iter().try_for_each(|window| window_text(f, window))
    },
};

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

fn window_text(f: &mut Formatter<'_>, window: &WindowStats) -> fmt::Result {
    let tally = &window.tally;
    writeln!(
        f,
        "{:<22}{:>10}{:>12}{:>12}{:>12}{:>12}",
        format!("{:#x}", window.liobn.0),
        tally.puts,
        tally.replaced,
        tally.cleared,
        window.live,
        window.max_live
    )
}

/// Page frames.
pub(super) const PAGES: StatSection = StatSection {
    object: |of, to| {
        let totals = &of.machine.dma.totals;
        let pages = json!({
            "pinned": totals.pinned,
            "released": totals.released,
            "dirtied": totals.dirtied,
            "leaked_pins": of.machine.dma.leaked,
        });
        to.insert("pages".into(), pages);
    },
    text: |of, f| {
        let totals = &of.machine.dma.totals;
        writeln!(
            f,
            "\npages: {} pinned, {} released, {} dirtied; leaked pins: {}",
            totals.pinned, totals.released, totals.dirtied, of.machine.dma.leaked
        )
    },
};

/// Devices: their counters, and their faults by kind.
pub(super) const DEVICES: StatSection = StatSection {
    object: |of, to| {
        let devices: Vec<_> = of.machine.devices.iter().map(device).collect();
        to.insert("devices".into(), devices.into());
    },
    text: |of, f| of.machine.devices.iter().try_for_each(|device| device_text(f, device)),
};

fn device(device: &DeviceReport) -> Value {
    let counters =
        device.counters.iter().map(|(name, count)| (name.replace(' ', "_"), json!(count)));
    json!({
        "name": device.name,
        "counters": counters.collect::<Object>(),
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

fn device_text(f: &mut Formatter<'_>, device: &DeviceReport) -> fmt::Result {
    writeln!(f, "\n{}", device.name)?;
    for (name, count) in &device.counters {
        writeln!(f, "    {name:<28}{count:>12}")?;
    }
    writeln!(f, "    {:<28}{:>12}", "DMA faults", device.all_faults)?;
    device.faults.iter().try_for_each(|(fault, count)| writeln!(f, "        {count} x {fault}"))
}

/// The findings of `--check`, if it was given.
pub(super) const FINDINGS: StatSection = StatSection {
    object: |of, to| {
        to.insert("findings".into(), json!(of.machine.findings.as_ref().map(findings)));
    },
    text: |of, f| {
        let Some(findings) = &of.machine.findings else { return Ok(()) };
        writeln!(f, "wrong uses of translations: {}", findings.count)?;
        findings.reports.iter().try_for_each(|report| writeln!(f, "    {report}"))?;
        if findings.unwatched > 0 {
            writeln!(f, "    {} entries were stored and not watched", findings.unwatched)?;
        }
        Ok(())
    },
};

fn findings(findings: &Findings) -> Value {
    let reports = findings.reports.iter().map(|report| report.to_string()).collect::<Vec<_>>();
    json!({ "count": findings.count, "reports": reports, "unwatched": findings.unwatched })
}

/// The effect of the tear-down, once the machine was torn down.
pub(super) const TEAR_DOWN: StatSection = StatSection {
    object: |of, to| {
        to.insert("tear_down".into(), json!(of.machine.tear_down.map(tear_down)));
    },
    text: |of, f| {
        let Some(end) = &of.machine.tear_down else { return Ok(()) };
        writeln!(
            f,
            "at the end: {} released, {} dirtied; pins left: {}",
            end.released, end.dirtied, end.pins_left
        )
    },
};

fn tear_down(end: TearDown) -> Value {
    json!({ "released": end.released, "dirtied": end.dirtied, "pins_left": end.pins_left })
}
