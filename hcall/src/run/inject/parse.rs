// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Reads a fault as a user writes it.

use super::spec::{Fault, Spec};
use crate::call::{Handler, Hcall};
use crate::calls::HCALLS;
use crate::words::tier::Tier;
use std::str::FromStr;
use std::time::Duration;

/// A delay that a guest's run survives.
const LONGEST: Duration = Duration::from_secs(1);

impl Spec {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "liobn" => self.liobn = Some(number(key, value)?),
            "tier" => self.tier = Some(value.parse()?),
            "call" => self.call = Some(tiered(value)?.token),
            "nth" => self.nth = Some(positive(key, value)?),
            "every" => self.every = Some(positive(key, value)?),
            "prob" => self.prob = Some(chance(value)?),
            "seed" => self.seed = number(key, value)?,
            "count" => self.count = number(key, value)?,
            "us" => self.delay(Duration::from_micros(number(key, value)?))?,
            _ => {
                return Err(format!(
                    "there is no key `{key}`; write liobn, tier, call, nth, every, prob, seed, \
                     count, or us for delayed-kill"
                ));
            }
        }
        Ok(())
    }

    fn delay(&mut self, time: Duration) -> Result<(), String> {
        match &mut self.fault {
            Fault::DelayedKill(delay) if time <= LONGEST => *delay = time,
            Fault::DelayedKill(_) => return Err("us is at most 1000000".into()),
            _ => return Err("us is for delayed-kill only".into()),
        }
        Ok(())
    }
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Spec, String> {
        let (fault, keys) = text.split_once(':').unwrap_or((text, ""));
        let mut spec = Spec::new(match fault {
            "toohard" => Fault::TooHard,
            "hardware" => Fault::Hardware,
            "busy" => Fault::Busy,
            "nomem" => Fault::NoMemory,
            "unregistered" => Fault::Unregistered,
            "delayed-kill" => Fault::DelayedKill(Duration::from_millis(1)),
            _ if fault.contains([',', '=']) => {
                return Err(
                    "write FAULT:KEY=VALUE,KEY=VALUE, for example nomem:nth=3,tier=real".into()
                );
            }
            _ => {
                return Err(format!(
                    "there is no fault `{fault}`; write toohard, hardware, busy, nomem, \
                     unregistered or delayed-kill"
                ));
            }
        });
        let mut known = Vec::new();
        for pair in keys.split(',').filter(|pair| !pair.is_empty()) {
            let (key, value) =
                pair.split_once('=').ok_or_else(|| format!("write `{pair}` as KEY=VALUE"))?;
            if known.contains(&key) {
                return Err(format!("{key} is there twice; two faults are two specifications"));
            }
            spec.set(key, value)?;
            known.push(key);
        }
        if (spec.fault, spec.tier) == (Fault::TooHard, Some(Tier::User)) {
            return Err("no tier is further out than the user tier; write tier=real or \
                        tier=virtual"
                .into());
        }
        Ok(spec)
    }
}

fn number(key: &str, value: &str) -> Result<u64, String> {
    let wrong = || format!("{key}={value} is not a number, as 7 or 0x80000000 are");
    crate::words::number::number(value).ok_or_else(wrong)
}

fn positive(key: &str, value: &str) -> Result<u64, String> {
    match number(key, value)? {
        0 => Err(format!("{key} counts from 1")),
        number => Ok(number),
    }
}

fn chance(value: &str) -> Result<f64, String> {
    let chance: Option<f64> = value.parse().ok();
    chance
        .filter(|chance| (0.0..=1.0).contains(chance))
        .ok_or_else(|| format!("prob={value} is not between 0 and 1"))
}

/// The call of this name, if faults can happen to it.
fn tiered(name: &str) -> Result<&'static Hcall, String> {
    let mut rows = HCALLS.iter().flat_map(|rows| rows.iter());
    rows.find(|row| row.name == name && matches!(row.handler, Handler::Tiered(_))).ok_or_else(
        || {
            format!(
                "faults happen to H_PUT_TCE, H_GET_TCE, H_STUFF_TCE and H_PUT_TCE_INDIRECT, not to \
             `{name}`"
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::tokens::H_STUFF_TCE;

    #[test]
    fn a_spec_says_what_and_when() {
        let bare = |fault| Spec::new(fault);
        for (text, expected) in [
            ("toohard", bare(Fault::TooHard)),
            ("toohard:nth=3", Spec { nth: Some(3), ..bare(Fault::TooHard) }),
            (
                "nomem:liobn=0x80000000,prob=0.1,seed=7",
                Spec {
                    liobn: Some(0x8000_0000),
                    prob: Some(0.1),
                    seed: 7,
                    ..bare(Fault::NoMemory)
                },
            ),
            ("hardware:tier=user", Spec { tier: Some(Tier::User), ..bare(Fault::Hardware) }),
            ("busy:call=H_STUFF_TCE", Spec { call: Some(H_STUFF_TCE), ..bare(Fault::Busy) }),
            (
                "unregistered:every=4,count=9",
                Spec { every: Some(4), count: 9, ..bare(Fault::Unregistered) },
            ),
            ("delayed-kill", bare(Fault::DelayedKill(Duration::from_millis(1)))),
            ("delayed-kill:us=5", bare(Fault::DelayedKill(Duration::from_micros(5)))),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_wrong_spec_is_told_what_to_write() {
        for (text, part) in [
            ("", "write toohard"),
            ("oom", "write toohard"),
            ("toohard:third", "KEY=VALUE"),
            ("toohard:when=3", "write liobn"),
            ("nomem,nth=3", "write FAULT:KEY=VALUE"),
            ("nomem:nth=3,nth=4", "nth is there twice"),
            ("toohard:nth=0", "counts from 1"),
            ("toohard:nth=x", "not a number"),
            ("toohard:tier=user", "tier=virtual"),
            ("toohard:tier=kernel", "virtual or user"),
            ("nomem:prob=2", "between 0 and 1"),
            ("nomem:prob=NaN", "between 0 and 1"),
            ("busy:call=H_CEDE", "H_PUT_TCE"),
            ("busy:us=3", "delayed-kill only"),
            ("delayed-kill:us=1000001", "at most"),
            ("nomem:seed=0xfffffffffffffffff", "not a number"),
        ] {
            let error = text.parse::<Spec>().expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
