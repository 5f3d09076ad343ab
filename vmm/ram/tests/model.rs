// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The agreement of a CPU that decodes and of whoever writes, under a model checker: every interleaving, and every value
//! that the memory model lets a load find. `src/code.rs` is compiled here once more, over the checker's atomics.
#![allow(dead_code, unreachable_pub, missing_docs)]

mod sync {
    pub(crate) use loom::sync::atomic::{AtomicU32, AtomicU64, Ordering, fence};
}

const PAGE: usize = 4096;

#[allow(unused_imports)]
#[path = "../src/code.rs"]
mod code;

use code::{Changes, CodeWatch};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering::Relaxed};
use loom::thread;

/// One word of guest code, and the watch over its page.
struct Machine {
    word: AtomicU64,
    watch: CodeWatch,
}

const OLD: u64 = 1;
const NEW: u64 = 2;

impl Machine {
    fn new() -> Arc<Machine> {
        let watch = CodeWatch::new(PAGE, std::sync::Arc::new(Changes::default()));
        Arc::new(Machine { word: AtomicU64::new(OLD), watch })
    }

    /// What a CPU decodes, and the generation that it keeps with it.
    fn decode(&self) -> (u64, u32) {
        let generation = self.watch.generation(0);
        self.watch.mark(0);
        (self.word.load(Relaxed), generation)
    }

    fn write(&self) {
        self.word.store(NEW, Relaxed);
        self.watch.written(0, 4);
    }

    /// What was decoded is the present word, or known to be stale.
    fn agrees(&self, (word, generation): (u64, u32)) {
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
