// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Every hypercall with arguments of every kind. After each call pins equal the live entries that map the
//! page, the hardware is the translation of the view, and nothing outside memory is mapped. The TCE calls
//! answer and store as a literal reading of LoPAR 2.9 requires.

use crate::calls::{Made, call};
use hcall::Status;
use hcall::tokens::*;
use iommu::{HwEntry, Tce};
use proptest::prelude::*;
use tests::rig::*;

/// A model of the windows after LoPAR: the values that the guest wrote.
struct Model {
    view: Vec<u64>,
}

/// A window: LIOBN, first bus address, page shift, entries, first index in [`Model::view`].
const WINDOWS: [(u64, u64, u32, u64, u64); 3] =
    [(L, 0, 12, 1024, 0), (L2, START2, 16, 32, 1024), (L3, START3, 12, 8192, 1056)];

impl Model {
    /// The entry's index in the view, the number of entries from there to the window's end, and the page
    /// shift.
    fn find(&self, liobn: u64, ioba: u64) -> Option<(u64, u64, u32)> {
        let window = WINDOWS.iter().find(|window| window.0 == liobn)?;
        let &(_, start, shift, size, at) = window;
        let offset = ioba.checked_sub(start)?;
        let entry = offset >> shift;
        (offset % (1 << shift) == 0 && entry < size).then(|| (at + entry, size - entry, shift))
    }

    /// True if the guest may store `tce`: it has no permissions, or names a page of the guest.
    fn valid(tce: u64, shift: u32) -> bool {
        let bytes = 1u64 << shift;
        let page = tce & !3;
        tce & 3 == 0
            || page.is_multiple_of(bytes)
                && page.checked_add(bytes).is_some_and(|end| end <= MEMORY)
    }

    fn store(&mut self, first: u64, tces: impl Iterator<Item = u64>) -> Status {
        for (n, tce) in (first..).zip(tces) {
            self.view[usize::try_from(n).expect("small")] = tce;
        }
        Status::Success
    }

    /// H_PUT_TCE, H_STUFF_TCE and H_PUT_TCE_INDIRECT with the list that is at `list`.
    fn call(&mut self, token: u64, args: &[u64], list: &dyn Fn(u64) -> Vec<u64>) -> Status {
        let (liobn, ioba) = (args[0], args[1]);
        if token == H_PUT_TCE_INDIRECT && liobn >> 63 == 1 {
            return Status::Function;
        }
        let Some((first, room, shift)) = self.find(liobn, ioba) else { return Status::Parameter };
        match token {
            H_PUT_TCE if Model::valid(args[2], shift) => self.store(first, [args[2]].into_iter()),
            H_STUFF_TCE if args[3] > 512 => Status::P4,
            H_STUFF_TCE if args[3] <= room && Model::valid(args[2], shift) => {
                self.store(first, (0..args[3]).map(|_| args[2]))
            }
            H_PUT_TCE_INDIRECT if args[3] <= room.min(512) => {
                let (at, count) = (args[2], usize::try_from(args[3]).expect("small"));
                if at % 4096 != 0 || at >= MEMORY {
                    return Status::Parameter;
                }
                let list = &list(at)[..count];
                match list.iter().all(|&tce| Model::valid(tce, shift)) {
                    true => self.store(first, list.iter().copied()),
                    false => Status::Parameter,
                }
            }
            _ => Status::Parameter,
        }
    }
}

/// Makes the call on the rig and on the model, and compares.
fn step(rig: &mut Rig, model: &mut Model, made: &Made) -> Result<(), TestCaseError> {
    rig.write_list(LIST, &made.list);
    let before = rig.state();
    let modelled = matches!(made.token, H_PUT_TCE | H_STUFF_TCE | H_PUT_TCE_INDIRECT);
    let expected = modelled.then(|| {
        let list = |at| {
            let words = rig.words::<1024>(at);
            words.chunks(2).map(|w| u64::from(w[0]) << 32 | u64::from(w[1])).collect()
        };
        model.call(made.token, &made.args, &list)
    });
    let (status, out) = rig.hcall(made.token, &made.args);
    let (view, totals) = rig.state();
    prop_assert_eq!(expected.unwrap_or(status), status, "{}", made.name);
    prop_assert_eq!(&view, &model.view);
    prop_assert_ne!(status, Status::TooHard);
    if status != Status::Success || !modelled {
        prop_assert_eq!((&view, totals), (&before.0, before.1));
    }
    if (made.token, status) == (H_GET_TCE, Status::Success) {
        let (at, ..) = model.find(made.args[0], made.args[1]).expect("it succeeded");
        prop_assert_eq!(out[0], view[usize::try_from(at).expect("small")]);
    }
    hardware_follows(rig, &view)?;
    let audit = rig.all.audit();
    prop_assert!(audit.holds(), "{}: {:?}", made.name, audit);
    prop_assert_eq!(totals.pinned - totals.released, audit.live);
    Ok(())
}

/// Compares the hardware with the view, without the library's own translation. Each 4 KiB of a live entry has
/// its page in guest memory and the guest's direction; every other hardware entry is clear.
fn hardware_follows(rig: &Rig, view: &[u64]) -> Result<(), TestCaseError> {
    for (window, table) in WINDOWS.iter().zip(rig.all.windows().iter()) {
        let &(_, _, shift, size, at) = window;
        for small in 0..size << (shift - 12) {
            let raw = view[usize::try_from(at + (small >> (shift - 12))).expect("small")];
            let offset = (small << 12) % (1 << shift);
            let tce = table.tables()[0].tce(HwEntry(small)).expect("in the table");
            let gpa = rig.all.frames().gpa(tce.hpa()).map(|gpa| gpa.0);
            match raw & 3 {
                0 => prop_assert_eq!(tce, Tce::CLEAR),
                rw => {
                    prop_assert_eq!(gpa, Some((raw & !3) + offset));
                    prop_assert_eq!(tce.direction().permissions(), rw);
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_arguments_of_any_hypercall_keep_every_invariant(
        calls in prop::collection::vec(call(), 1..60)
    ) {
        let mut rig = Rig::new();
        let mut model = Model { view: vec![0; 1056 + 8192] };
        for made in &calls {
            step(&mut rig, &mut model, made)?;
        }
        rig.all.clear(&mut rig.agent);
        prop_assert_eq!(rig.all.audit(), iommu::Audit::default());
    }
}
