// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The run in a few numbers.

use comply::format::escape;

use super::units::{Unit, time, whole};
use super::{Run, section as heading};
use crate::memory::in_units;

/// A number and what it is; a third says when it is bad.
struct Fact(&'static str, String, bool);

/// The numbers, then what was asked for.
pub(super) fn section(run: &Run<'_>) -> String {
    let facts: String = facts(run).iter().map(tile).collect();
    let asked = escape(&asked(run));
    let body = format!("<dl class=\"facts\">\n{facts}</dl>\n<p class=\"says\">{asked}</p>\n");
    heading("summary", "The run", &body)
}

fn tile(Fact(name, value, bad): &Fact) -> String {
    let class = if *bad { " class=\"bad\"" } else { "" };
    format!("<div{class}><dt>{name}</dt><dd>{}</dd></div>\n", escape(value))
}

fn facts(run: &Run<'_>) -> Vec<Fact> {
    let report = run.report;
    let (totals, windows) = (&report.dma.totals, &report.dma.windows);
    let fact = |name, number: u64| Fact(name, whole(number), false);
    let elapsed = report.elapsed.as_nanos().max(1) as f64;
    let idle = 100.0 * report.idle.as_nanos() as f64 / elapsed;
    let mut facts = vec![Fact("time", time(elapsed), false)];
    facts.push(Fact("idle", Unit::Percent.show(idle), false));
    if let (Some(instructions), Some(mips)) = (report.instructions, report.mips()) {
        facts.push(Fact("guest instructions", Unit::Count("").show(instructions as f64), false));
        facts.push(Fact("MIPS", format!("{mips:.0}"), false));
    }
    facts.push(fact("hypercalls", report.calls.rows().iter().map(|call| call.count).sum()));
    facts.push(fact("entries written", windows.iter().map(|window| window.tally.puts).sum()));
    facts.push(fact("pages pinned", totals.pinned));
    facts.push(fact("pages released", totals.released));
    facts.push(fact("pages dirtied", totals.dirtied));
    facts.push(Fact("leaked pins", whole(report.dma.leaked), report.dma.leaked > 0));
    if !report.devices.is_empty() {
        let sum = |wanted: &str| -> u64 {
            let all = report.devices.iter().flat_map(|device| &device.counters);
            all.filter(|(name, _)| *name == wanted).map(|(_, count)| count).sum()
        };
        let faults: u64 = report.devices.iter().map(|device| device.all_faults).sum();
        facts.push(Fact("DMA read", in_units(sum("DMA bytes read")), false));
        facts.push(Fact("DMA written", in_units(sum("DMA bytes written")), false));
        facts.push(fact("device interrupts", sum("interrupts")));
        facts.push(Fact("DMA faults", whole(faults), faults > 0));
    }
    if let Some(findings) = &report.findings {
        facts.push(Fact("wrong translations", whole(findings.count), findings.count > 0));
    }
    if let Some(faults) = report.faults {
        facts.push(fact("faults injected", faults));
    }
    facts
}

/// The machine, in a sentence.
fn asked(run: &Run<'_>) -> String {
    let args = run.args;
    let platform = match args.dma.platform {
        Some(platform) => format!(", platform {platform:?}").to_lowercase(),
        None => String::new(),
    };
    let check = if args.dma.check.is_empty() { "" } else { ", checks DMA" };
    format!(
        "{} of RAM, {} CPU{}, TCE calls start in tier {}, profile {}{platform}{check}.",
        in_units(args.memory.bytes()),
        args.smp,
        if args.smp == 1 { "" } else { "s" },
        args.dma.accel,
        args.dma.profile.name
    )
}
