// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The run of a machine from its start to its end: reboots, and pauses in which the monitor's questions are answered.

use std::fmt::Write;
use std::path::Path;
use std::sync::PoisonError;
use std::time::Instant;

use comply::direct::Prototypes;
use machine::image::Image;
use machine::vcpu::Vcpu;
use machine::{Ending, Machine};
use paths::whole::Whole;
use serde_json::json;

use crate::failure::Failure;
use crate::monitor::{Answer, Ask, Desk};
use crate::options::run::RunArgs;
use crate::run;
use crate::snapshot::{self, Snapshot};

/// The source of the image and the initrd, which are read at the start, at a reboot and for a snapshot.
#[derive(Debug)]
pub(crate) enum Source {
    /// The files that the options name.
    Files,
    /// A snapshot.
    Snapshot(Box<Snapshot>),
}

impl Source {
    /// The image.
    pub(crate) fn image(&self, args: &RunArgs) -> Result<Image, Failure> {
        match self {
            Source::Files => run::load(args),
            Source::Snapshot(snapshot) => snapshot.image().map_err(|source| Failure::Snapshot {
                path: snapshot.path().into(),
                source: Box::new(source),
            }),
        }
    }
}

/// A run: its options, its source, and the desk where it is asked.
#[derive(Clone, Copy)]
pub(crate) struct Steer<'a> {
    pub(crate) args: &'a RunArgs,
    pub(crate) source: &'a Source,
    pub(crate) prototypes: &'a Prototypes,
    pub(crate) desk: &'a Desk,
}

impl Steer<'_> {
    /// Runs the guest to its end. At each reboot its files are read again.
    pub(crate) fn run<V: Vcpu + Send>(self, machine: &mut Machine<V>) -> Result<Ending, Failure> {
        loop {
            // A question that comes from here on pauses the next run at once.
            machine.control().unpause();
            if let Some(ending) = machine.control().ending().filter(|it| !it.is_passing()) {
                return Ok(ending); // it ended before it ran
            }
            if self.desk.is_busy() {
                let since = Instant::now();
                self.desk.serve(|ask| self.answer(machine, ask));
                machine.skip_time(since);
            }
            match machine.run() {
                Ending::Paused => {}
                Ending::Rebooted if !self.args.no_reboot => {
                    log::info!("the guest reboots");
                    if !self.restart(machine)? {
                        return Ok(machine.ending());
                    }
                    self.desk.event("RESET", Some(json!({"guest": true, "reason": "guest-reset"})));
                }
                ending => return Ok(ending),
            }
        }
    }

    /// Resets the machine and loads its image again. False when the run has another ending meanwhile.
    fn restart<V: Vcpu + Send>(self, machine: &mut Machine<V>) -> Result<bool, Failure> {
        let image = self.source.image(self.args)?;
        let config = run::config(self.args, &image, self.prototypes)?;
        let failed = |source| Failure::Boot { image: run::name(self.args), source };
        let load = machine.restart(|memory, window, nodes| config.load(memory, window, nodes));
        load.map_err(failed)
    }

    /// Answers a question of the monitor.
    fn answer<V: Vcpu + Send>(self, machine: &mut Machine<V>, ask: &Ask) -> Answer {
        match ask {
            Ask::Hold | Ask::Release => Ok(String::new()), // the desk's
            Ask::Reset if !machine.can_restart() => Err("vCPUs of KVM cannot be reset".into()),
            Ask::Reset => {
                // The run takes it for a reboot of the guest's.
                machine.control().stop(Ending::Rebooted);
                Ok(String::new())
            }
            Ask::Nmi => match machine.system_reset() {
                true => Ok(String::new()),
                false => Err("vCPUs of KVM take no system reset interrupt".into()),
            },
            Ask::Snapshot(path, written) => {
                let whole = self.snapshot(machine, path)?;
                *written.lock().unwrap_or_else(PoisonError::into_inner) = Some(whole);
                Ok(String::new())
            }
            Ask::Registers => Ok(machine.dump()),
            Ask::Windows => Ok(windows(machine)),
        }
    }

    fn snapshot<V: Vcpu + Send>(
        self,
        machine: &mut Machine<V>,
        path: &Path,
    ) -> Result<Whole, String> {
        let image = self.source.image(self.args).map_err(|error| error.to_string())?;
        let config = run::config(self.args, &image, self.prototypes);
        let config = config.map_err(|error| error.to_string())?;
        let written = snapshot::write(machine, self.args, &config, path);
        written.map_err(|error| format!("{}: {error}", path.display()))
    }
}

/// The DMA windows as lines.
fn windows<V: Vcpu + Send>(machine: &Machine<V>) -> String {
    let mut lines = String::new();
    for table in machine.container().windows().iter() {
        let window = table.window();
        let (liobn, pages) = (window.liobn(), 1_u64 << window.page_shift().get());
        let (start, len) = (window.start().0, window.len());
        // A write to a string does not fail.
        let _ = writeln!(lines, "{liobn} {start:#x}..{:#x}, pages of {pages:#x}", start + len);
    }
    lines
}
