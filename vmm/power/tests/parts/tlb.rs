// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Flushes of the TLB.

use power::testing::{Context, LOG, PAGE, TLB, Tlb};

fn filled(tlb: &mut Tlb, context: Context, pages: std::ops::Range<u64>) -> usize {
    tlb.switch(context);
    pages.filter(|page| tlb.holds(page * PAGE)).count()
}

#[test]
fn a_flush_forgets_what_was_filled_in_every_context_whether_the_log_holds_it_or_not() {
    let mut tlb = Tlb::new();
    for count in [0, 1, LOG as u64 - 1, LOG as u64, LOG as u64 + 1, 3 * TLB as u64] {
        for context in [Context::Real, Context::Problem, Context::Open] {
            tlb.switch(context);
            for page in 1..=count {
                tlb.hold(page * PAGE);
            }
        }
        let kept = count.min(TLB as u64) as usize;
        assert_eq!(filled(&mut tlb, Context::Problem, 1..count + 1), kept);
        tlb.flush();
        for context in [Context::Real, Context::Privileged, Context::Open, Context::Problem] {
            assert_eq!(filled(&mut tlb, context, 1..count + 1), 0, "{context:?}, {count} filled");
        }
    }
}

#[test]
fn a_flush_of_the_process_keeps_what_is_of_process_0() {
    let kernel = (3 << 62) / PAGE;
    for count in [1, LOG as u64, LOG as u64 + 1] {
        let mut tlb = Tlb::new();
        tlb.switch(Context::Open);
        for page in (1..=count).chain(kernel + 500..kernel + 500 + count) {
            tlb.hold(page * PAGE);
        }
        tlb.flush_process();
        assert_eq!(filled(&mut tlb, Context::Open, 1..count + 1), 0, "{count} filled");
        let kept = filled(&mut tlb, Context::Open, kernel + 500..kernel + 500 + count);
        assert_eq!(kept as u64, count);
        tlb.flush();
        assert_eq!(filled(&mut tlb, Context::Open, kernel + 500..kernel + 500 + count), 0);
    }
}
