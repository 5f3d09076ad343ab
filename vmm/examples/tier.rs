// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The `tcevm` command with a tier of this program: `--tier virtual=exchange` names it, as it names a shared object.
//!
//! `cargo run --release -p tcevm --example tier -- run --tier virtual=exchange --stats`

use std::process::ExitCode;

use hcall::tokens::H_PUT_TCE;
use hcall::{Answer, Caller, Regs, Status};
use iommu::{Error, GuestEntry, HwEntry, Ioba, Liobn, RawTce, Steps};
use vmm::options::plugins::OwnTier;

/// H_PUT_TCE by the exchange path. The tier further out finds the status of a refusal, and the memory that is missing.
fn put(on: &mut Caller<'_>, regs: &mut Regs) -> Answer {
    let [_, liobn, ioba, tce, ..] = *regs;
    let window = u32::try_from(liobn).ok();
    let steps = window.and_then(|liobn| on.container.steps(on.agent, Liobn(liobn)).ok());
    let Some(mut steps) = steps else { return Answer::TooHard };
    let done = checked(&mut steps, on, Ioba(ioba), RawTce(tce));
    steps.end(on.container.frames(), on.agent);
    if done.is_ok() { Status::Success.into() } else { Answer::TooHard }
}

fn checked(s: &mut Steps, on: &mut Caller<'_>, ioba: Ioba, tce: RawTce) -> Result<(), Error> {
    let entry = s.ioba_validate(ioba, 1)?;
    s.tce_validate(on.container.frames(), tce)?;
    s.put_view(on.agent, entry, tce)?;
    let tables = (0..).take_while(|&table| s.table(table).is_some()).count();
    (0..tables).try_for_each(|table| exchange(s, on, table, entry, tce))
}

/// Exchange, kill, dirty, release: of each entry of a table that is under the guest's entry.
fn exchange(
    s: &mut Steps,
    on: &mut Caller<'_>,
    table: usize,
    entry: GuestEntry,
    tce: RawTce,
) -> Result<(), Error> {
    let (frames, by) = (on.container.frames(), &mut *on.agent);
    let Some(hw) = s.table(table).map(|window| window.page_shift().get()) else { return Ok(()) };
    let more = s.window().page_shift().get() - hw;
    for n in 0..1 << more {
        let new = s.translate(frames, tce).further(n << hw);
        if new.is_live() {
            s.pin(frames, by, table, new.hpa())?;
        }
        let at = HwEntry((entry.0 << more) + n);
        let old = s.xchg_no_kill(frames, by, table, at, new)?;
        s.kill(by, table, at, 1)?;
        if old.device_writes() {
            s.dirty(frames, by, table, old.hpa())?;
        }
        if old.is_live() {
            s.release(frames, by, table, old.hpa())?;
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    vmm::cli::main_with(vec![OwnTier::new("exchange", H_PUT_TCE, put)])
}

#[test]
fn the_suite_passes_with_this_tier() {
    use comply::clauses::Choice;
    use comply::direct::Prototypes;
    use comply::rig::{DirectRig, Rig};
    use comply::{SuiteProfile, Verdict};
    use hcall::{Prototype, Tier};

    let mut rig = DirectRig::all().remove(0);
    let tiers = vec![Prototype::new(H_PUT_TCE, Tier::Virtual, put)];
    rig.setup.prototypes = Prototypes { tiers, ..Prototypes::default() }.into();
    let only = ["put/", "order/", "exchange/"].map(String::from).to_vec();
    let clauses = Choice { only, ..Choice::default() }.clauses().expect("clauses");
    let outcomes = rig.run(&clauses, SuiteProfile::Lopar, &mut |_| ()).expect("a rig");
    for (clause, outcome) in clauses.iter().zip(&outcomes) {
        assert!(!matches!(outcome.verdict, Verdict::Fail(_)), "{}: {outcome:?}", clause.id);
    }
}
