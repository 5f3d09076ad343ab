// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! From text to steps.

use super::{Action, Answer, Answers, Form, Half, How, Only, Out, Recorded, Script, Step};
use crate::host::Fact;
use crate::profile::SuiteProfile;
use crate::value::{Symbol, Value};
use hcall::number;
use hcall::{Status, token_name};

/// The most arguments of a hypercall, and of an RTAS block of ours.
const MOST_ARGS: usize = 9;
const MOST_CELLS: usize = 8;
/// The most values of one poke or peek.
const MOST_VALUES: usize = 128;

impl Script {
    /// Parses steps, one a line. Errors: the fault, with its line.
    pub fn parse(text: &str) -> Result<Script, String> {
        let lines = text.lines().map(|line| line.split('#').next().unwrap_or("").trim());
        let mut script = Script::default();
        for (n, line) in lines.enumerate().filter(|(_, line)| !line.is_empty()) {
            add(&mut script, line).map_err(|why| format!("line {}: {line}: {why}", n + 1))?;
        }
        Ok(script)
    }
}

fn add(script: &mut Script, line: &str) -> Result<(), String> {
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match (verb, &mut script.machine) {
        ("machine", None) => script.machine = Some(Recorded::parse(rest)?),
        ("machine", Some(_)) => return Err("there is one machine".into()),
        ("window", Some(machine)) => machine.add_window(rest)?,
        ("window", None) => return Err("a machine comes before its windows".into()),
        _ => script.steps.push(step(line)?),
    }
    Ok(())
}

fn step(text: &str) -> Result<Step, String> {
    let (only, rest) = only(text)?;
    let (repeat, rest) = repeat(rest)?;
    let (cpu, rest) = cpu(rest)?;
    Ok(Step { text: text.into(), only, repeat, cpu, action: action(rest)? })
}

fn only(text: &str) -> Result<(Only, &str), String> {
    let Some(rest) = text.strip_prefix('[') else { return Ok((Only::Always, text)) };
    let (name, rest) = rest.split_once(']').ok_or("the ] is missing")?;
    let only = match name.strip_prefix('!') {
        Some(name) => Only::NotUnder(name.parse()?),
        None => Only::Under(name.parse()?),
    };
    Ok((only, rest.trim_start()))
}

fn repeat(text: &str) -> Result<(u64, &str), String> {
    let Some(rest) = text.strip_prefix("repeat ") else { return Ok((1, text)) };
    let (count, rest) = rest.trim_start().split_once(' ').ok_or("what is repeated?")?;
    let count = number(count).filter(|&n| n <= 1 << 20).ok_or("how often?")?;
    Ok((count, rest.trim_start()))
}

fn cpu(text: &str) -> Result<(u32, &str), String> {
    let Some(rest) = text.strip_prefix("cpu ") else { return Ok((0, text)) };
    let (cpu, rest) = rest.trim_start().split_once(' ').ok_or("what does it do?")?;
    let cpu = cpu.parse().map_err(|_| "which CPU?")?;
    Ok((cpu, rest.trim_start()))
}

fn action(text: &str) -> Result<Action, String> {
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    match verb {
        "poke" => poke(rest, Form::Big),
        "poke.le" => poke(rest, Form::Little),
        "poke.32" => poke(rest, Form::Word),
        "peek" => peek(rest, Form::Big),
        "peek.32" => peek(rest, Form::Word),
        "fill" => fill(rest),
        "reset" if rest.is_empty() => Ok(Action::Reset),
        "host" => host(rest),
        "rtas" => rtas(rest),
        "user" => call(rest, How::User),
        "checked" => call(rest, How::Checked),
        _ => call(text, How::Plainly),
    }
}

fn values(text: &str) -> Result<Vec<Value>, String> {
    text.split_whitespace().map(Value::parse).collect()
}

fn at_and_values(text: &str) -> Result<(Value, Vec<Value>), String> {
    let mut all = values(text)?;
    if !(2..=1 + MOST_VALUES).contains(&all.len()) {
        return Err(format!("an address and 1 to {MOST_VALUES} values are needed"));
    }
    Ok((all.remove(0), all))
}

fn poke(text: &str, form: Form) -> Result<Action, String> {
    at_and_values(text).map(|(at, values)| Action::Poke { at, form, values })
}

fn peek(text: &str, form: Form) -> Result<Action, String> {
    at_and_values(text).map(|(at, values)| Action::Peek { at, form, values })
}

fn fill(text: &str) -> Result<Action, String> {
    match values(text)?[..] {
        [at, Value { symbol: Symbol::Zero, add: count @ ..=512, stride: 0 }, value] => {
            Ok(Action::Fill { at, count, value })
        }
        _ => Err("an address, a count up to 512 and a value are needed".into()),
    }
}

fn host(text: &str) -> Result<Action, String> {
    let (asked, want) = text.split_once('=').ok_or("what must it be?")?;
    let (fact, args) = asked.trim().split_once(' ').unwrap_or((asked.trim(), ""));
    let fact = Fact::parse(fact).ok_or_else(|| format!("{fact} is nothing a host shows"))?;
    let args = values(args)?;
    if args.len() != fact.args().len() {
        return Err(format!("{} takes {}", fact.name(), fact.args().join(" ")));
    }
    Ok(Action::Host { fact, args, want: Value::parse(want.trim())? })
}

fn call(text: &str, how: How) -> Result<Action, String> {
    let (asked, answered) = text.split_once("->").ok_or("the -> and the answer are missing")?;
    let mut words = asked.split_whitespace();
    let name = words.next().ok_or("a hypercall is missing")?;
    let token = token(name).ok_or_else(|| format!("{name} is no hypercall"))?;
    // The output of --trace has `name=value` here.
    let args = words.map(|word| Value::parse(word.rsplit('=').next().unwrap_or(word)));
    let args: Vec<Value> = args.collect::<Result<_, _>>()?;
    if args.len() > MOST_ARGS {
        return Err(format!("a hypercall has at most {MOST_ARGS} arguments"));
    }
    Ok(Action::Call { how, token, args, answers: answers(answered)? })
}

fn rtas(text: &str) -> Result<Action, String> {
    let (asked, answered) = text.split_once("->").ok_or("the -> and the answer are missing")?;
    let (name, inputs) = asked.trim().split_once(' ').unwrap_or((asked.trim(), ""));
    let (inputs, answers) = (values(inputs)?, answers(answered)?);
    let most = SuiteProfile::ALL.map(|p| answers.of(p).outs.len()).into_iter().max();
    if inputs.len() > MOST_CELLS || most > Some(MOST_CELLS - 1) {
        return Err(format!("an RTAS call has at most {MOST_CELLS} inputs and as many outputs"));
    }
    Ok(Action::Rtas { name: name.into(), inputs, answers })
}

/// The token of a hypercall, by name or number.
pub(crate) fn token(name: &str) -> Option<u64> {
    let mut all = (0..0x480).step_by(4).chain(0xEF00..0xF810);
    number(name).or_else(|| all.find(|&token| token_name(token) == Some(name)))
}

fn answers(text: &str) -> Result<Answers, String> {
    let mut parts = text.split(';');
    let common = answer(parts.next().unwrap_or(""))?;
    let other = |part: &str| {
        let part = part.trim();
        let (profile, rest) = part.split_once(' ').ok_or("a profile and its answer are needed")?;
        Ok((profile.parse::<SuiteProfile>()?, answer(rest)?))
    };
    Ok(Answers { common, others: parts.map(other).collect::<Result<_, String>>()? })
}

fn answer(text: &str) -> Result<Answer, String> {
    let mut words = text.split_whitespace();
    let statuses = match words.next().ok_or("an answer is missing")? {
        "_" => Vec::new(),
        words => words.split('/').map(code).collect::<Result<_, _>>()?,
    };
    // The output of --trace has `name=value` here, too.
    let outs = words.map(|word| out(word.rsplit('=').next().unwrap_or(word)));
    Ok(Answer { statuses, outs: outs.collect::<Result<_, _>>()? })
}

fn code(text: &str) -> Result<i64, String> {
    let named = Status::ALL.iter().find(|status| status.name() == text).map(|s| s.code());
    named.or_else(|| text.parse().ok()).ok_or_else(|| format!("{text} is no status"))
}

fn out(text: &str) -> Result<Out, String> {
    let Some(kept) = text.strip_prefix('>') else {
        return match text {
            "_" => Ok(Out::Any),
            value => Value::parse(value).map(Out::Is),
        };
    };
    let (name, half) = match kept.split_once('.') {
        None => (kept, Half::Whole),
        Some((name, "hi")) => (name, Half::High),
        Some((name, "lo")) => (name, Half::Low),
        Some(_) => return Err(format!("{kept}: a half is .hi or .lo")),
    };
    match Value::parse(name)? {
        Value { symbol, add: 0, stride: 0 } if symbol >= Symbol::Liobn2 => {
            Ok(Out::Keep(symbol, half))
        }
        _ => Err(format!("{name} is not one of L2 S2 L3 S3 X")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Step {
        let mut script = Script::parse(text).expect(text);
        assert_eq!(script.steps.len(), 1, "{text}");
        script.steps.remove(0)
    }

    #[test]
    fn a_call_has_a_token_arguments_and_answers_by_profile() {
        let step = one(
            "H_GET_TCE L 0x801 -> H_PARAMETER; allowed H_SUCCESS/H_PARAMETER _; qemu H_SUCCESS A",
        );
        let Action::Call { how, token, args, answers } = step.action else { panic!("a call") };
        assert_eq!((how, token, args.len()), (How::Plainly, 0x1c, 2));
        assert_eq!(answers.of(SuiteProfile::Kvm).statuses, [-4]);
        assert_eq!(answers.of(SuiteProfile::Allowed).statuses, [0, -4]);
        assert_eq!(answers.of(SuiteProfile::Qemu).outs, [Out::Is(Value::of(0x400_0000))]);
    }

    #[test]
    fn a_line_of_trace_is_a_step() {
        let step = one("H_GET_TCE liobn=0x80000000 ioba=0x1000 -> H_SUCCESS tce=0x20003");
        let Action::Call { args, answers, .. } = step.action else { panic!("a call") };
        assert_eq!(args, [Value::of(0x8000_0000), Value::of(0x1000)]);
        assert_eq!(answers.of(SuiteProfile::Lopar).outs, [Out::Is(Value::of(0x20003))]);
    }

    #[test]
    fn prefixes_say_when_how_often_and_how() {
        let step = one("[!qemu] repeat 10 user 0x21 L I*0x1000 0 -> H_PRIVILEGE # why");
        assert!(step.only.holds(SuiteProfile::Allowed) && !step.only.holds(SuiteProfile::Qemu));
        assert_eq!(step.repeat, 10);
        assert!(matches!(step.action, Action::Call { how: How::User, token: 0x21, .. }));
    }

    #[test]
    fn outputs_of_rtas_are_kept_by_halves() {
        let step =
            one("rtas ibm,create-pe-dma-window 0 BUID.hi BUID.lo 16 28 -> 0 >L2 >S2.hi >S2.lo");
        let Action::Rtas { answers, inputs, .. } = step.action else { panic!("RTAS") };
        let high = Out::Keep(Symbol::Start2, Half::High);
        assert_eq!((inputs.len(), answers.of(SuiteProfile::Allowed).outs[1]), (5, high));
        assert_eq!(Half::Low.keep(Half::High.keep(7, 0x0800_0000), 5), 0x0800_0000_0000_0005);
    }

    #[test]
    fn nonsense_is_refused_with_its_line() {
        for text in [
            "H_NOPE 1 -> H_SUCCESS",
            "H_PUT_TCE L 0 0",
            "H_PUT_TCE L 0 0 -> H_NOPE",
            "H_PUT_TCE L 0 0 -> H_SUCCESS; nobody H_SUCCESS",
            "H_PUT_TCE 1 2 3 4 5 6 7 8 9 10 -> H_SUCCESS",
            "poke LIST",
            "fill LIST 513 0",
            "repeat x H_CEDE -> _",
            "[qemu H_CEDE -> _",
            "cpu x H_CEDE -> _",
            "cpu 1",
            "reset now",
            "window 0x80000000 start=0x0 shift=12 entries=0x40000",
            "machine ram=0x10000000",
            "machine ram=1 cpus=1 profile=lopar tier=virtual platform=ioda2 more=1",
            "host nothing = 1",
            "host pins = 1",
            "H_GET_TCE L 0 -> H_SUCCESS >L",
        ] {
            let refused = Script::parse(&format!("\n{text}")).expect_err(text);
            assert!(refused.starts_with("line 2: "), "{refused}");
        }
    }
}
