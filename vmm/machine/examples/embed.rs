// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A machine inside a program. Its guest replaces live mappings, and runs with a tier and a platform of the program.
//!
//! `cargo run --release -p tcevm-machine --example embed`; `cargo test` runs it, too.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use hcall::{Answer, Caller, Prototype, Regs, Tier, tokens::H_PUT_TCE};
use iommu::{Exchange, HwEntry, Kill, Platform, PlatformOf};
use machine::{Config, DmaConfig, Ending, Machine};

const GUEST: &[u8] = include_bytes!("../../../guest-images/images/replace-le.elf");

/// The number of H_PUT_TCEs that began in our tier.
static TRIED: AtomicU64 = AtomicU64::new(0);

/// Our real tier. It leaves each H_PUT_TCE to the next tier out.
fn count(_: &mut Caller<'_>, _: &mut Regs) -> Answer {
    TRIED.fetch_add(1, Relaxed);
    Answer::TooHard
}

/// Our platform. It counts kills of entries, and caches no entry.
struct Uncached(Arc<AtomicU64>);

impl Platform for Uncached {
    fn exchange(self: Arc<Self>) -> Option<Exchange> {
        Exchange::in_memory(self)
    }
}

impl Kill for Uncached {
    fn kill(&self, _first: HwEntry, entries: u64) {
        self.0.fetch_add(entries, Relaxed);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let killed = Arc::new(AtomicU64::new(0));
    let kills = killed.clone();
    let dma = DmaConfig {
        tier: Tier::Real,
        prototypes: vec![Prototype::new(H_PUT_TCE, Tier::Real, count)],
        tables: Some(PlatformOf(Arc::new(move |_, _| Arc::new(Uncached(kills.clone()))))),
        ..DmaConfig::default()
    };
    let config = Config { ram: "64M".parse()?, dma, ..Config::new(GUEST) };
    let console = Box::new(std::io::stdout());
    let mut machine = Machine::power(config.ready()?, config.cpus, console);
    let ending = machine.run();
    machine.tear_down();
    let summary = machine.summary();
    let (tried, killed) = (TRIED.load(Relaxed), killed.load(Relaxed));
    println!(
        "{ending:?}: {tried} H_PUT_TCEs began in our tier, our platform killed {killed} entries"
    );
    assert_eq!((ending, summary.dma.leaked), (Ending::PoweredOff, 0));
    let puts: u64 = summary.dma.windows.iter().map(|window| window.tally.puts).sum();
    assert!(tried > 0 && killed > 0 && puts > 0, "{summary:?}");
    Ok(())
}

#[test]
fn a_guest_runs_with_a_tier_and_a_platform_of_ours() {
    main().expect("it runs");
}
