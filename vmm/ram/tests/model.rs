// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The agreement of a CPU that decodes and of whoever writes, under a model checker: every interleaving, and every value
//! that the memory model lets a load find. `src/code.rs` is compiled here once more, over the checker's atomics.
#![allow(dead_code, unreachable_pub, missing_docs)]

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU64, Ordering, fence};
}

const PAGE: usize = 4096;

#[allow(unused_imports)]
#[path = "../src/code.rs"]
mod code;

use code::{Changes, CodeWatch, UNSETTLED, is_settled};
use loom::sync::Arc;
use loom::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use loom::thread;

/// One word of guest code, the watch over its page, and a signal that the word is new.
struct Machine {
    word: AtomicU64,
    signal: AtomicU64,
    watch: CodeWatch,
}

const OLD: u64 = 1;
const NEW: u64 = 2;

impl Machine {
    fn new() -> Arc<Machine> {
        let watch = CodeWatch::new(PAGE, std::sync::Arc::new(Changes::default()));
        Arc::new(Machine { word: AtomicU64::new(OLD), signal: AtomicU64::new(0), watch })
    }

    /// A decoded word, and the generation that the CPU keeps with it.
    fn decode(&self) -> (u64, u64) {
        let generation = self.watch.generation(0);
        self.watch.mark(0);
        let kept = if is_settled(generation) { generation } else { UNSETTLED };
        (self.word.load(Relaxed), kept)
    }

    fn write(&self) {
        self.word.store(NEW, Relaxed);
        self.watch.written(0, 4);
    }

    /// Writes, and signals that afterwards.
    fn publish(&self) {
        self.write();
        self.signal.store(1, Release);
    }

    /// A CPU that has decoded the word runs what it kept: at once, as long as no change is counted, and else if it is
    /// of the present generation. A CPU that has the signal must not.
    fn runs_the_new_word(&self, (word, generation): (u64, u64), seen: u64) {
        if self.signal.load(Acquire) == 0 || word == NEW {
            return;
        }
        assert_ne!(self.watch.changes().count(), seen, "no change is counted");
        assert_ne!(self.watch.generation(0), generation, "old code of the present generation");
    }

    /// A decoded word is the present one, or known to be stale.
    fn agrees(&self, (word, generation): (u64, u64)) {
        let present = generation == self.watch.generation(0);
        assert!(word == NEW || !present, "old code of the present generation");
        assert!(
            !present || self.watch.holds_code(0),
            "code of the present generation, and no mark"
        );
    }
}

fn main() {
    a_write_is_seen_by_a_cpu_that_decodes_meanwhile();
    a_write_makes_code_stale_that_two_cpus_decode();
    a_write_beside_another_is_seen_by_who_has_its_signal();
    println!("the watch over code: every interleaving agrees");
}

fn a_write_is_seen_by_a_cpu_that_decodes_meanwhile() {
    loom::model(|| {
        let machine = Machine::new();
        let other = Arc::clone(&machine);
        let writes = thread::spawn(move || other.write());
        let decoded = machine.decode();
        writes.join().expect("no panic");
        machine.agrees(decoded);
    });
}

fn a_write_makes_code_stale_that_two_cpus_decode() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let machine = Machine::new();
        let (first, second) = (Arc::clone(&machine), Arc::clone(&machine));
        let writes = thread::spawn(move || first.write());
        let decodes = thread::spawn(move || second.decode());
        let mine = machine.decode();
        writes.join().expect("no panic");
        let theirs = decodes.join().expect("no panic");
        machine.agrees(mine);
        machine.agrees(theirs);
    });
}

/// Whoever finds no mark relies on the writer that removed it.
fn a_write_beside_another_is_seen_by_who_has_its_signal() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let machine = Machine::new();
        let decoded = machine.decode();
        let seen = machine.watch.changes().count();
        let (first, second) = (Arc::clone(&machine), Arc::clone(&machine));
        let beside = thread::spawn(move || first.watch.written(0, 4));
        let publishes = thread::spawn(move || second.publish());
        machine.runs_the_new_word(decoded, seen);
        beside.join().expect("no panic");
        publishes.join().expect("no panic");
    });
}
