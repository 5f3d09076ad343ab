// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The report for people.

use std::fmt::{self, Display, Formatter};

use iommu::WindowStats;

use super::{CallStats, HALF, MOST, Report};

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(instructions) = self.instructions {
            write!(f, "{instructions} guest instructions in ")?;
        }
        let [elapsed, idle, cpu] =
            [self.elapsed, self.idle, self.cpu].map(|time| time.as_secs_f64());
        write!(f, "{elapsed:.6} s ({idle:.6} s idle, {cpu:.6} s of CPU time)")?;
        match self.mips_of_cpu().zip(self.mips()) {
            Some((cpu, wall)) => {
                writeln!(f, ": {cpu:.1} MIPS in CPU time, {wall:.1} on the clock")?;
            }
            None => writeln!(f)?,
        }
        for (word, count) in &self.illegal {
            writeln!(f, "illegal instruction {word:#010x}: {count} times")?;
        }
        writeln!(
            f,
            "\n{:<22}{:>10}{:>12}{:>12}{:>12}{:>12}{:>12}  errors",
            "hypercall", "count", "mean", "min", "50 %", "99 %", "max"
        )?;
        self.calls.rows().iter().try_for_each(|call| self::call(f, call))?;
        tiers(f, self)?;
        writeln!(
            f,
            "\n{:<22}{:>10}{:>12}{:>12}{:>12}{:>12}",
            "LIOBN", "puts", "replaced", "cleared", "live", "max live"
        )?;
        self.dma.windows.iter().try_for_each(|window| self::window(f, window))?;
        let totals = &self.dma.totals;
        writeln!(
            f,
            "\npages: {} pinned, {} released, {} dirtied; leaked pins: {}",
            totals.pinned, totals.released, totals.dirtied, self.dma.leaked
        )?;
        self.devices.iter().try_for_each(|device| self::device(f, device))?;
        if let Some(findings) = &self.findings {
            writeln!(f, "wrong uses of translations: {}", findings.count)?;
            findings.reports.iter().try_for_each(|report| writeln!(f, "    {report}"))?;
            if findings.unwatched > 0 {
                writeln!(f, "    {} entries were stored and not watched", findings.unwatched)?;
            }
        }
        if let Some(faults) = self.faults {
            writeln!(f, "faults injected: {faults}")?;
        }
        let Some(end) = &self.tear_down else { return Ok(()) };
        writeln!(
            f,
            "at the end: {} released, {} dirtied; pins left: {}",
            end.released, end.dirtied, end.pins_left
        )
    }
}

fn call(f: &mut Formatter<'_>, call: &CallStats) -> fmt::Result {
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

/// The tiers in which a TCE hypercall was tried, if there was one.
fn tiers(f: &mut Formatter<'_>, report: &Report) -> fmt::Result {
    let tried = || report.tiers().filter(|(_, lap)| lap.calls > 0);
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

/// A device: what it counted, and its faults by kind.
fn device(f: &mut Formatter<'_>, device: &vio::Report) -> fmt::Result {
    writeln!(f, "\n{}", device.name)?;
    for (name, count) in &device.counters {
        writeln!(f, "    {name:<28}{count:>12}")?;
    }
    writeln!(f, "    {:<28}{:>12}", "DMA faults", device.all_faults)?;
    device.faults.iter().try_for_each(|(fault, count)| writeln!(f, "        {count} x {fault}"))
}

fn window(f: &mut Formatter<'_>, window: &WindowStats) -> fmt::Result {
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
