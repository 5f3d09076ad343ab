// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Runs the suite's guest images on our vCPUs.

use std::io::{self, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use comply::direct::Setup;
use comply::rig::Ran;
use power::Cpu;

use crate::boot::{Boot, Ready};
use crate::console::Console;
use crate::control::Control;
use crate::devices::DeviceArgs;
use crate::dma::DmaArgs;
use crate::exit::Outcome;
use crate::kvm;
use crate::kvm::vm::DirtyLog;
use crate::machine::Machine;
use crate::memory::RamSize;
use crate::vcpu::Vcpu;

/// How long a run may take.
const LIMIT: Duration = Duration::from_secs(600);

/// What a guest prints.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ready(image: &[u8], setup: &Setup) -> Result<(Ready, RamSize), String> {
    let no = |error: &dyn ToString| error.to_string();
    let ram = RamSize::new(setup.ram).map_err(|error| no(&error))?;
    let profile = hcall::Profile::find(setup.profile.rules()).ok_or("there are no such rules")?;
    let platform = Some(setup.platform);
    let (accel, table_memory) = (setup.tier, setup.table_memory);
    let dma = DmaArgs { accel, profile, platform, table_memory, ..DmaArgs::default() };
    let devices = DeviceArgs::default();
    let boot = Boot { image, ram, cpus: 1, append: "", initrd: None, dma: &dma, devices: &devices };
    let ready = boot.ready().map_err(|error| no(&error))?;
    for &window in &setup.devices {
        ready.dma.container.add_view(window).map_err(|error| no(&error))?;
    }
    Ok((ready, ram))
}

/// Runs an image on the software POWER9.
pub(super) fn power(image: &[u8], setup: &Setup) -> Result<Ran, String> {
    let (ready, _) = ready(image, setup)?;
    let cpu = Cpu::new(Arc::clone(&ready.memory));
    run(ready, vec![cpu])
}

/// Runs an image under /dev/kvm.
pub(super) fn kvm(image: &[u8], setup: &Setup) -> Result<Ran, String> {
    let (ready, ram) = ready(image, setup)?;
    let options = kvm::machine::Options { ram, append: "", cpus: 1, dirty_log: DirtyLog::Off };
    let (_vm, cpus) = kvm::machine::set_up(&ready, &options).map_err(|error| error.to_string())?;
    run(ready, cpus)
}

/// Runs a machine to its end, at most so long.
fn run<V: Vcpu + Send>(ready: Ready, cpus: Vec<V>) -> Result<Ran, String> {
    let control = Arc::new(Control::new(cpus.iter().map(Vcpu::kick).collect()));
    let printed = Printed::default();
    let console = Console::new(Arc::clone(&control), Box::new(printed.clone()));
    let mut machine = Machine::new(ready, cpus, Arc::clone(&control), console);
    let (over, ended) = channel::<()>();
    let outcome = thread::scope(|scope| {
        scope.spawn(move || {
            if ended.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
                control.stop(Outcome::TimedOut(LIMIT));
            }
        });
        let outcome = machine.run();
        drop(over);
        outcome
    });
    let bytes = std::mem::take(&mut *printed.0.lock().unwrap_or_else(PoisonError::into_inner));
    let printed = String::from_utf8_lossy(&bytes).into_owned();
    let died = match outcome {
        Outcome::PoweredOff | Outcome::GuestFailed(_) => None,
        other => Some(other.message().unwrap_or_default()),
    };
    let audit = machine.container().audit();
    let unsound = (!audit.holds()).then(|| format!("the accounting is broken: {audit:?}"));
    Ok(Ran { printed, died, unsound })
}
