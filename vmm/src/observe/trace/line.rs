// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The line of a call: time and place, then the call with its arguments and answers by name.

use std::fmt::Write as _;
use std::time::Duration;

use hcall::{Regs, Status};

use crate::observe::detail::Detail;
use crate::observe::rtas::Rtas;
use machine::watcher::Made;

/// The registers that are shown of a call whose arguments are not known.
const UNNAMED: [&str; 4] = ["r4", "r5", "r6", "r7"];

/// The line of a call, with its end of line.
pub(super) fn line(made: &Made, detail: &Detail, at: Duration) -> String {
    let mut text = format!("{:.6} cpu{} ", at.as_secs_f64(), made.server);
    text += made.tier.map_or("-", |tier| tier.name());
    text.push(' ');
    text += &call(made, detail);
    text.push('\n');
    text
}

/// The call without time and place.
pub(crate) fn call(made: &Made, detail: &Detail) -> String {
    let mut text = String::new();
    let answered = made.call.status == Status::Success;
    match &detail.rtas {
        Some(rtas) if answered => service(&mut text, rtas),
        _ => hcall(&mut text, made, detail),
    }
    if answered && !detail.displaced.is_empty() {
        text += " displaced=";
        entries(&mut text, &detail.displaced);
    }
    text
}

fn hcall(to: &mut String, made: &Made, detail: &Detail) {
    match made.call.hcall {
        Some(row) => {
            to.push_str(row.name);
            registers(to, row.args, &made.asked);
        }
        None => {
            token(to, made.asked[0]);
            registers(to, &UNNAMED, &made.asked);
        }
    }
    if let Some(list) = &detail.list {
        to.push_str(" entries=");
        entries(to, list);
    }
    // Writing to a string does not fail, here and below.
    let _ = write!(to, " -> {}", made.call.status);
    if let (Some(row), Status::Success) = (made.call.hcall, made.call.status) {
        registers(to, row.returns, &made.answered);
    }
}

/// The name of a token that has no row, if PAPR gave it one.
fn token(to: &mut String, token: u64) {
    let _ = match hcall::token_name(token) {
        Some(name) => write!(to, "{name}"),
        None => write!(to, "{token:#x}"),
    };
}

/// Names from r4 up, with the values of their registers.
fn registers(to: &mut String, names: &[&str], registers: &Regs) {
    let named = names.iter().zip(&registers[1..]);
    named.for_each(|(name, value)| _ = write!(to, " {name}={value:#x}"));
}

/// `[0x1003 0x0*511]`: entries, with runs of equal ones counted.
fn entries(to: &mut String, entries: &[u64]) {
    let mut runs = entries.chunk_by(|a, b| a == b);
    let run = |to: &mut String, run: &[u64]| {
        let _ = write!(to, "{:#x}", run[0]); // a run is not empty
        if run.len() > 1 {
            let _ = write!(to, "*{}", run.len());
        }
    };
    to.push('[');
    runs.next().into_iter().for_each(|first| run(to, first));
    runs.for_each(|next| {
        to.push(' ');
        run(to, next);
    });
    to.push(']');
}

/// Writes an RTAS call by the name of its service.
fn service(to: &mut String, rtas: &Rtas) {
    to.push_str("H_RTAS ");
    let _ = match rtas.service() {
        Some(service) => write!(to, "{}", service.name),
        None => write!(to, "{:#x}", rtas.token),
    };
    let named = |to: &mut String, names: &[&str], cells: &[u32], first: &str| {
        for (n, cell) in cells.iter().enumerate() {
            let _ = match names.get(n) {
                Some(name) => write!(to, " {name}={cell:#x}"),
                None => write!(to, " {first}{n}={cell:#x}"),
            };
        }
    };
    named(to, rtas.input_names(), rtas.inputs(), "in");
    let _ = write!(to, " -> {}", rtas.status());
    if rtas.status() == 0 {
        named(to, rtas.output_names(), rtas.outputs(), "out");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_entries_are_counted() {
        let text = |list: &[u64]| {
            let mut text = String::new();
            entries(&mut text, list);
            text
        };
        assert_eq!(text(&[]), "[]");
        assert_eq!(text(&[3, 0, 0, 0, 3]), "[0x3 0x0*3 0x3]");
    }
}
