// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Parses the output of a guest into outcomes.

use crate::profile::SuiteProfile;
use crate::run::{Done, Outcome, Verdict};
use crate::script::{Action, Code, Script};
use std::collections::HashMap;
use std::time::Duration;

/// The report of a guest.
#[derive(Clone, Debug, Default)]
pub struct TapReport {
    /// True after the first line of a report.
    pub began: bool,
    /// Each script's outcome, in their order.
    pub outcomes: Vec<Outcome>,
    /// Digests of runs of steps: the number of the step that ends the run, and the digest.
    pub digests: Vec<(u64, u64)>,
    /// The remarks: the rig and the machine.
    pub remarks: Vec<String>,
    /// The steps that were done of the script that did not reach its end.
    pub partial: Vec<Done>,
    /// The last line that was printed.
    pub last: String,
}

/// Parses the output of a guest. `times` are those of its lines, and `scripts` the scripts that it was given, with their
/// names; there are fewer outcomes when the guest did not reach the end. A hypervisor may print lines of its own between
/// the guest's: a point counts only with the number and the name of its script. The script of a lost point fails.
pub fn read(
    printed: &str,
    times: &[Duration],
    scripts: &[(&str, &Script)],
    profile: SuiteProfile,
) -> TapReport {
    let mut report = TapReport::default();
    let mut since = Duration::ZERO;
    let (mut told, mut lines) = (HashMap::new(), printed.lines().enumerate().peekable());
    while let Some((n, line)) = lines.next() {
        let line = line.trim_end();
        if let Some(answer) = line.strip_prefix("#= ") {
            let mut numbers = answer.split(' ');
            let step = numbers.next().and_then(|step| step.parse::<usize>().ok());
            let rest = numbers.map(|n| u64::from_str_radix(n, 16).unwrap_or(0)).collect::<Vec<_>>();
            step.map(|step| told.insert(step, rest));
        } else if let Some(chunk) = line.strip_prefix("#% ") {
            let (steps, digest) = chunk.split_once(' ').unwrap_or(("", ""));
            let digest = u64::from_str_radix(digest, 16).unwrap_or(0);
            report.digests.push((steps.parse().unwrap_or(0), digest));
        } else if let Some(remark) = line.strip_prefix("# ") {
            report.remarks.push(remark.to_owned());
        } else if line == "TAP version 13" {
            report.began = true;
        } else if let Some(script) = point(line, scripts, report.outcomes.len()) {
            let mut why = String::new();
            while let Some((_, more)) = lines.next_if(|(_, line)| line.starts_with("  ")) {
                let more = more.trim();
                if more != "---" && more != "..." {
                    why += if why.is_empty() { "" } else { ", " };
                    why += more;
                }
            }
            let lost = || Outcome::of(Verdict::Fail("its line in the output is lost".into()));
            report.outcomes.resize_with(script, lost);
            let at = times.get(n).copied().unwrap_or(since);
            let outcome = outcome(line, &why, &told, scripts[script].1, profile);
            report.outcomes.push(Outcome { time: at.saturating_sub(since), ..outcome });
            since = at;
            told.clear();
        }
    }
    if let Some((_, script)) = scripts.get(report.outcomes.len()) {
        report.partial = outcome("not ok ", "", &told, script, profile).done;
    }
    let last = printed.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing");
    report.last = last.trim_end().chars().take(MOST_OF_A_LINE).collect();
    report
}

/// The most characters of the last line that are reported.
const MOST_OF_A_LINE: usize = 200;

/// The index of the script whose point the line is, if it is one that did not come yet.
fn point(line: &str, scripts: &[(&str, &Script)], done: usize) -> Option<usize> {
    let rest = line.strip_prefix("not ok ").or_else(|| line.strip_prefix("ok "))?;
    let (number, rest) = rest.split_once(" - ")?;
    let index = number.parse::<usize>().ok()?.checked_sub(1)?;
    let name = rest.split(" # SKIP ").next().unwrap_or(rest);
    let (id, _) = scripts.get(index)?;
    (index >= done && name == *id).then_some(index)
}

fn outcome(
    line: &str,
    why: &str,
    told: &HashMap<usize, Vec<u64>>,
    script: &Script,
    profile: SuiteProfile,
) -> Outcome {
    let skip = line.split_once("# SKIP ").map(|(_, why)| why.to_owned());
    let verdict = match skip {
        Some(why) => Verdict::Skip(why),
        None if line.starts_with("ok ") => Verdict::Pass,
        None => Verdict::Fail(why.to_owned()),
    };
    let mut done: Vec<Done> = Vec::new();
    for (number, step) in crate::blob::visible(script, profile) {
        let Some(numbers) = told.get(&number) else { continue };
        let [digest, status, outs @ ..] = &numbers[..] else { continue };
        let status = status.cast_signed();
        let right = match &step.action {
            Action::Call { answers, .. } | Action::Rtas { answers, .. } => {
                answers.of(profile).allows(status)
            }
            _ => true,
        };
        let outs: String = outs.iter().map(|out| format!(" {out:#x}")).collect();
        let got = format!("{}{outs}", Code(status));
        let want = crate::run::want(step, profile);
        done.push(Done {
            step: number,
            text: step.text.clone(),
            want,
            got,
            digest: Some(*digest),
            ok: right,
        });
    }
    if let (Verdict::Fail(_), Some(last)) = (&verdict, done.last_mut()) {
        last.ok = false;
    }
    Outcome { done, ..Outcome::of(verdict) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_answers_and_what_never_came_are_read() {
        let script = Script::parse("H_GET_TCE L 0 -> H_SUCCESS 0").expect("parses");
        let printed = "TAP version 13\n1..4\n# a title\n#= 0 ab 0 5\nok 1 - a\n\
                 ok 2 - b # SKIP no such thing\nnot ok 3 - c\n  ---\n  step: \"x\"\n  got: \"y\"\n  ...\n";
        let scripts = ["a", "b", "c", "d"].map(|id| (id, &script));
        let times: Vec<_> = (1..=20).map(Duration::from_secs).collect();
        let report = read(printed, &times, &scripts, SuiteProfile::Lopar);
        let verdicts: Vec<_> = report.outcomes.iter().map(|o| o.verdict.word()).collect();
        assert_eq!(verdicts, ["PASS", "SKIP", "FAIL"], "it did not come to the fourth");
        assert_eq!(report.outcomes[0].done[0].got, "H_SUCCESS 0x5");
        assert_eq!(report.outcomes[0].done[0].digest, Some(0xab));
        assert_eq!(report.outcomes[2].verdict.why(), "step: \"x\", got: \"y\"");
        assert_eq!(report.last, "  ...");
        assert_eq!(report.remarks, ["a title"]);
        assert!(report.began);
        let seconds: Vec<_> = report.outcomes.iter().map(|o| o.time.as_secs()).collect();
        assert_eq!(seconds, [5, 1, 1], "from the point before to its own");
    }

    #[test]
    fn lines_of_the_hypervisor_between_are_no_points() {
        let script = Script::parse("H_GET_TCE L 0 -> H_SUCCESS 0").expect("parses");
        let scripts = ["a", "b", "c"].map(|id| (id, &script));
        let printed = "SLOF\r\nTAP version 13\r\nok 1 - a\r\nok 1 - a\r\nok 1 - selftest\r\nok 2 - b[vmm] \
                 exit\r\nok to go\r\nok 3 - c\r\n";
        let report = read(printed, &[], &scripts, SuiteProfile::Lopar);
        let verdicts: Vec<_> = report.outcomes.iter().map(|o| o.verdict.word()).collect();
        assert_eq!(verdicts, ["PASS", "FAIL", "PASS"]);
        assert_eq!(report.outcomes[1].verdict.why(), "its line in the output is lost");
        let cut = read("TAP version 13\nok 1 - a\nok 2", &[], &scripts, SuiteProfile::Lopar);
        assert_eq!((cut.outcomes.len(), cut.last.as_str()), (1, "ok 2"));
    }
}
