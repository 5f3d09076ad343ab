// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The run in a few numbers.

use std::time::Duration;

use html::escape;

use super::units::{Unit, time, whole};
use super::{RunPage, section as heading};
use crate::observe::stats::rows;
use machine::memory::in_units;

/// A number with its name.
struct Fact {
    name: &'static str,
    /// The number as people read it.
    shown: String,
    /// The number as programs read it: in units, seconds or without a unit, as in the statistics.
    value: f64,
    bad: bool,
}

/// The section: the numbers, then the options.
pub(super) fn section(run: &RunPage<'_>) -> String {
    let facts: String = facts(run).iter().map(tile).collect();
    let asked = escape(&asked(run));
    let body = format!("<dl class=\"facts\">\n{facts}</dl>\n<p class=\"says\">{asked}</p>\n");
    heading("summary", "The run", &body)
}

fn tile(Fact { name, shown, value, bad }: &Fact) -> String {
    let class = if *bad { " class=\"bad\"" } else { "" };
    let shown = escape(shown);
    format!(
        "<div{class} data-fact=\"{name}\" data-value=\"{value}\"><dt>{name}</dt><dd>{shown}</dd></div>\n"
    )
}

fn fact(name: &'static str, shown: String, value: f64) -> Fact {
    Fact { name, shown, value, bad: false }
}

fn number(name: &'static str, number: u64) -> Fact {
    fact(name, whole(number), number as f64)
}

fn duration(name: &'static str, spent: Duration) -> Fact {
    fact(name, time(spent.as_nanos() as f64), spent.as_secs_f64())
}

/// A number that is 0 unless something went wrong.
fn wrong(name: &'static str, count: u64) -> Fact {
    Fact { bad: count > 0, ..number(name, count) }
}

fn facts(run: &RunPage<'_>) -> Vec<Fact> {
    let statistics = run.statistics;
    let machine = &statistics.machine;
    let (totals, windows) = (&machine.dma.totals, &machine.dma.windows);
    let idle = 100.0 * machine.idle.as_secs_f64() / statistics.elapsed.as_secs_f64().max(1e-9);
    let mut facts = vec![
        duration("time on the clock", statistics.elapsed),
        duration("CPU time", machine.cpu),
        fact("idle", Unit::Percent.show(idle), idle),
    ];
    if let (Some(instructions), Some(cpu), Some(clock)) =
        (machine.instructions, statistics.mips_of_cpu(), statistics.mips())
    {
        let shown = Unit::Count("").show(instructions as f64);
        facts.push(fact("guest instructions", shown, instructions as f64));
        facts.push(fact("MIPS in CPU time", format!("{cpu:.0}"), cpu));
        facts.push(fact("MIPS on the clock", format!("{clock:.0}"), clock));
    }
    if let Some(percent) = statistics.translated_percent() {
        facts.push(fact("translated", Unit::Percent.show(percent), percent));
    }
    facts.push(number("hypercalls", statistics.calls.rows().iter().map(|call| call.count).sum()));
    facts.push(number("entries written", windows.iter().map(|window| window.tally.puts).sum()));
    facts.push(number("pages pinned", totals.pinned));
    facts.push(number("pages released", totals.released));
    facts.push(number("pages dirtied", totals.dirtied));
    facts.push(wrong("leaked pins", machine.dma.leaked));
    facts.extend(of_devices(&machine.devices));
    if let Some(findings) = &machine.findings {
        facts.push(wrong("wrong translations", findings.count));
    }
    let numbers = rows::numbers().map(|row| Some(number(row.label, (row.value)(statistics)?)));
    facts.extend(numbers.flatten());
    facts
}

fn of_devices(devices: &[vio::DeviceReport]) -> Vec<Fact> {
    if devices.is_empty() {
        return Vec::new();
    }
    let sum = |wanted: &str| -> u64 {
        let all = devices.iter().flat_map(|device| &device.counters);
        all.filter(|(name, _)| *name == wanted).map(|(_, count)| count).sum()
    };
    let bytes = |name, of| fact(name, in_units(sum(of)), sum(of) as f64);
    vec![
        bytes("DMA read", "DMA bytes read"),
        bytes("DMA written", "DMA bytes written"),
        number("device interrupts", sum("interrupts")),
        wrong("DMA faults", devices.iter().map(|device| device.all_faults).sum()),
    ]
}

/// The machine in a sentence.
fn asked(run: &RunPage<'_>) -> String {
    let args = run.args;
    let platform = match &args.dma.platform {
        Some(platform) => format!(", platform {platform}"),
        None => String::new(),
    };
    let check = if args.dma.check.is_empty() { "" } else { ", checks DMA" };
    let engine = match run.statistics.machine.engine {
        Some(engine) => format!(", engine {}", engine.name()),
        None => String::new(),
    };
    format!(
        "{} of RAM, {} CPU{}{engine}, TCE calls start in tier {}, profile {}{platform}{check}.",
        in_units(args.memory.bytes()),
        args.smp,
        if args.smp == 1 { "" } else { "s" },
        args.dma.accel,
        args.dma.profile.name
    )
}
