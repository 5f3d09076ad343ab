// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A machine inside a program. Its guest replaces live mappings, and runs with a tier and a platform of the program.
//!
//! `cargo run --release -p tcevm-machine --example embed`; `cargo test` runs it, too.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use hcall::{Answer, Caller, Regs, Tier, tokens::H_PUT_TCE};
use iommu::{Exchange, HwEntry, Kill, Platform};
use machine::dma::PlatformOf;
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

/// The guest's console.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().map_err(|_| io::ErrorKind::Other)?.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let killed = Arc::new(AtomicU64::new(0));
    let kills = killed.clone();
    let dma = DmaConfig {
        tier: Tier::Real,
        replaced: vec![(H_PUT_TCE, Tier::Real, count)],
        tables: Some(PlatformOf(Arc::new(move |_, _| Arc::new(Uncached(kills.clone()))))),
        ..DmaConfig::default()
    };
    let config = Config { ram: "64M".parse()?, dma, ..Config::new(GUEST) };
    let printed = Printed::default();
    let mut machine = Machine::power(config.ready()?, config.cpus, Box::new(printed.clone()));
    let ending = machine.run();
    machine.tear_down();
    let summary = machine.summary();
    print!("{}", String::from_utf8_lossy(&printed.0.lock().map_err(|_| "the console")?));
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
