// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Runs the suite's guest images on our vCPUs.

use std::io::{self, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use comply::direct::Setup;
use comply::rig::{Ran, Transcript};
use power::Engine;

use crate::exit;
#[cfg(target_arch = "x86_64")]
use machine::kvm;
#[cfg(target_arch = "x86_64")]
use machine::kvm::vm::DirtyLog;
use machine::memory::RamSize;
use machine::vcpu::{self, Vcpu};
use machine::{Config, Console, Control, DmaConfig, Ending, Machine, Ready};

/// The longest time that a run may take.
const LIMIT: Duration = Duration::from_secs(600);

/// The console output of a guest.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Transcript>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ready(image: &[u8], setup: &Setup, engine: Engine) -> Result<(Ready, RamSize), String> {
    let no = |error: &dyn ToString| error.to_string();
    let ram = RamSize::new(setup.ram).map_err(|error| no(&error))?;
    let profile = hcall::Profile::find(setup.profile.rules()).ok_or("there are no such rules")?;
    let dma = DmaConfig {
        tier: setup.tier,
        profile,
        platform: Some(setup.platform),
        table_memory: setup.table_memory,
        prototypes: setup.prototypes.tiers.clone(),
        tables: setup.prototypes.platform.clone(),
        ..DmaConfig::default()
    };
    let config = Config { ram, dma, engine, ..Config::new(image) };
    let ready = config.ready().map_err(|error| no(&error))?;
    for &window in &setup.devices {
        ready.dma.container.add_view(window).map_err(|error| no(&error))?;
    }
    Ok((ready, ram))
}

/// Runs an image on the software POWER9.
pub(super) fn power(image: &[u8], setup: &Setup, engine: Engine) -> Result<Ran, String> {
    let (ready, _) = ready(image, setup, engine)?;
    let cpus = vcpu::power_cpus(&ready, 1);
    run(ready, cpus)
}

/// Runs an image under /dev/kvm.
#[cfg(target_arch = "x86_64")]
pub(super) fn kvm(image: &[u8], setup: &Setup, engine: Engine) -> Result<Ran, String> {
    let (ready, ram) = ready(image, setup, engine)?;
    let options = kvm::machine::Options { ram, append: "", cpus: 1, dirty_log: DirtyLog::Off };
    let (_vm, cpus) = kvm::machine::set_up(&ready, &options).map_err(|error| error.to_string())?;
    run(ready, cpus)
}

/// Refuses: x86-64 guests need an x86-64 host.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn kvm(_: &[u8], _: &Setup, _: Engine) -> Result<Ran, String> {
    Err("x86-64 guests need an x86-64 host".into())
}

/// Runs a machine to its end, which comes within [`LIMIT`].
fn run<V: Vcpu + Send>(ready: Ready, cpus: Vec<V>) -> Result<Ran, String> {
    let control = Arc::new(Control::new(cpus.iter().map(Vcpu::kick).collect()));
    let printed = Printed::default();
    let console = Console::new(Arc::clone(&control), Box::new(printed.clone()));
    let mut machine = Machine::new(ready, cpus, Arc::clone(&control), console);
    let (over, ended) = channel::<()>();
    let ending = thread::scope(|scope| {
        scope.spawn(move || {
            if ended.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                control.stop(Ending::TimedOut(LIMIT));
            }
        });
        let ending = machine.run();
        drop(over);
        ending
    });
    let ran = Ran::of(&printed.0.lock().unwrap_or_else(PoisonError::into_inner));
    let died = match ending {
        Ending::PoweredOff | Ending::GuestFailed(_) => None,
        other => Some(exit::message(&other).unwrap_or_default()),
    };
    let audit = machine.container().audit();
    let unsound = (!audit.holds()).then(|| format!("the accounting is broken: {audit:?}"));
    Ok(Ran { died, unsound, ..ran })
}
