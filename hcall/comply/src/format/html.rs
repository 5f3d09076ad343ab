// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! One self-contained page: a matrix of clauses by rigs. Everything can be read without
//! JavaScript, which only adds the filters.

use crate::coverage::{self, Coverage};
use crate::report::{Column, Report};
use crate::run::{Outcome, Verdict};
use html::{Page, escape, page};
use std::fmt::Write;

const CSS: &str = include_str!("report.css");
const JS: &str = include_str!("report.js");

/// The report as one HTML page.
pub fn html(report: &Report) -> String {
    let passed = match report.passed() {
        true => "every clause that applies passes",
        false => "not every clause passes",
    };
    let mut body = String::new();
    rigs(&mut body, report);
    body += "<section><h2>Clauses</h2>\n<div id=\"filters\" hidden></div>\n";
    matrix(&mut body, report);
    body += "</section>\n";
    covered(&mut body, report);
    page(&Page {
        title: "PAPR TCE compliance",
        good: report.passed(),
        verdict: &format!("{} clauses: {passed}.", report.clauses.len()),
        css: CSS,
        body: &body,
        js: JS,
    })
}

// Writing to a string does not fail, so the result of write! is dropped throughout.

fn rigs(out: &mut String, report: &Report) {
    *out += "<section><h2>Rigs</h2>\n<div class=\"scroll\"><table class=\"rigs\"><thead><tr><th>rig</th><th>passed</th>\
                 <th>failed</th><th>skipped</th><th>answers as</th><th>what it is</th></tr></thead><tbody>\n";
    for column in &report.columns {
        let counts = column.counts();
        let failed = if counts.failed > 0 { "fail" } else { "" };
        let _ = write!(
            out,
            "<tr><th>{}</th><td>{}</td><td class=\"{failed}\">{}</td><td>{}</td><td>{}</td><td>{}",
            escape(&column.rig),
            counts.passed,
            counts.failed,
            counts.skipped,
            column.profile,
            escape(&column.what)
        );
        skips(out, column);
        *out += "</td></tr>\n";
    }
    for (rig, why) in &report.missing {
        let _ = writeln!(
            out,
            "<tr><th>{}</th><td colspan=\"4\">not here</td><td>{}</td></tr>",
            escape(rig),
            escape(why)
        );
    }
    *out += "</tbody></table></div></section>\n";
}

fn skips(out: &mut String, column: &Column) {
    let skips = column.skips();
    if skips.is_empty() {
        return;
    }
    *out += "<details><summary>why clauses were skipped</summary><ul>";
    for (why, count) in skips {
        let _ = write!(out, "<li>{count}: {}</li>", escape(why));
    }
    *out += "</ul></details>";
}

fn matrix(out: &mut String, report: &Report) {
    *out += "<div class=\"scroll\"><table class=\"matrix\"><thead><tr><th>clause</th>";
    for column in &report.columns {
        let _ = write!(out, "<th>{}</th>", escape(&column.rig));
    }
    *out += "</tr></thead>\n";
    let mut section = "";
    for (clause, outcomes) in report.rows() {
        if clause.section() != section {
            section = clause.section();
            let _ = writeln!(
                out,
                "<tbody class=\"section\"><tr><th colspan=\"{}\">{section}</th></tr></tbody>",
                report.columns.len() + 1
            );
        }
        let words: Vec<_> = outcomes.iter().map(|outcome| outcome.verdict.word()).collect();
        let _ = write!(
            out,
            "<tbody class=\"clause\" id=\"{id}\" data-verdicts=\"{}\"><tr><th><a href=\"#{id}\">{id}</a>\
                 <p>{}</p><p class=\"spec\">{}</p></th>",
            words.join(" "),
            escape(clause.says),
            escape(clause.spec),
            id = clause.id
        );
        outcomes
            .iter()
            .zip(&report.columns)
            .for_each(|(outcome, column)| cell(out, outcome, column));
        *out += "</tr></tbody>\n";
    }
    *out += "</table></div>\n";
}

fn cell(out: &mut String, outcome: &Outcome, column: &Column) {
    let word = outcome.verdict.word();
    let (class, rig) = (word.to_lowercase(), escape(&column.rig));
    if outcome.done.is_empty() && outcome.verdict == Verdict::Pass {
        let _ = write!(out, "<td class=\"{class}\" data-rig=\"{rig}\">{word}</td>");
        return;
    }
    let open = if class == "fail" { " open" } else { "" };
    let _ = write!(
        out,
        "<td class=\"{class}\" data-rig=\"{rig}\"><details{open}><summary>{word}</summary>"
    );
    if !outcome.verdict.why().is_empty() {
        let _ = write!(out, "<p class=\"why\">{}</p>", escape(outcome.verdict.why()));
    }
    if !outcome.done.is_empty() {
        *out += "<ol>";
        for done in &outcome.done {
            // The text of the step has the answers of all profiles behind the arrow.
            let asked = done.text.split("->").next().unwrap_or(&done.text);
            let class = if done.ok { "" } else { " class=\"wrong\"" };
            let _ = write!(out, "<li{class}><code>{}</code>", escape(asked.trim()));
            if !done.want.is_empty() {
                let _ = write!(out, "<br>expected <code>{}</code>", escape(&done.want));
            }
            if !done.got.is_empty() {
                let _ = write!(out, "<br>got <code>{}</code>", escape(&done.got));
            }
            *out += "</li>";
        }
        *out += "</ol>";
    }
    *out += "</details></td>";
}

fn covered(out: &mut String, report: &Report) {
    *out += "<section><h2>Coverage of the specification</h2>\n";
    for (title, rows) in coverage::tables(&report.clauses) {
        let _ = write!(
            out,
            "<h3>{title}</h3>\n<div class=\"scroll\"><table class=\"coverage\"><thead><tr><th>what</th><th>clauses</th>\
                 <th>by</th></tr></thead><tbody>\n"
        );
        for Coverage { what, clauses } in rows {
            let links: Vec<_> =
                clauses.iter().map(|id| format!("<a href=\"#{id}\">{id}</a>")).collect();
            let _ = writeln!(
                out,
                "<tr><th>{}</th><td>{}</td><td>{}</td></tr>",
                escape(&what),
                clauses.len(),
                links.join(" ")
            );
        }
        *out += "</tbody></table></div>\n";
    }
    *out += "</section>\n";
}
