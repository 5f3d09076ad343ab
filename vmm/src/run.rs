// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `tcevm run`.

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use comply::direct::Prototypes;
use iommu::Container;
use machine::boot::Ready;
use machine::dirty::{self, Dirty};
use machine::image::initrd::Initrd;
use machine::image::symbols::Symbols;
use machine::image::{self, Image, elf::Arch};
#[cfg(target_arch = "x86_64")]
use machine::kvm::{self, machine::SetupError, vm::DirtyLog};
use machine::nvram::NvramStore;
use machine::vcpu::{self, Vcpu};
use machine::{Config, Console, Control, DmaConfig, Ending, Machine};
use power::Engine;

use crate::demo;
use crate::exit;
use crate::failure::Failure;
use crate::monitor::{Desk, Place, Server, server};
use crate::observe::Observe;
use crate::observe::page::{self, RunPage};
use crate::observe::stats::Statistics;
use crate::options::plugins;
use crate::options::run::{MOST_NETS, MOST_POWER_CPUS, RunArgs, StatsFormat, VcpuKind};
use crate::outlet;
use crate::outputs::{self, Outputs};
use crate::snapshot::{damaged, load_state, restore};
use crate::steer::{Source, Steer};
use crate::terminal::{self, RawMode};
use crate::watch::Watch;

/// Runs the command; returns the exit code.
pub fn run(args: &RunArgs) -> Result<u8, Failure> {
    match &args.restore {
        None => start(args),
        Some(path) => restore(args, path),
    }
}

/// Starts a guest from its image.
fn start(args: &RunArgs) -> Result<u8, Failure> {
    let image = load(args)?;
    let prototypes = plugins::load(&args.dma.tiers, args.dma.platform.as_ref())?;
    let ready = ready(args, &image, &prototypes)?;
    let symbols = if args.perf_map { Symbols::of(&image.kernel) } else { Symbols::default() };
    drop(image); // it is in guest RAM now
    check_vcpu(args, ready.arch)?;
    if let Some(path) = &args.dump_dtb {
        if ready.arch == Arch::X86 {
            return Err(Failure::NoDeviceTree);
        }
        outputs::dump_dtb(args, path, &ready.dtb)?;
        return Ok(0);
    }
    run_on(args, ready, &prototypes, &symbols)
}

/// Runs the guest on the vCPUs that its image needs.
fn run_on(
    args: &RunArgs,
    ready: Ready,
    prototypes: &Prototypes,
    symbols: &Symbols,
) -> Result<u8, Failure> {
    if ready.arch == Arch::Power {
        let cpus = vcpu::power_cpus(&ready, args.smp);
        return run_guest(args, &Source::Files, ready, cpus, prototypes, symbols, || Ok(None));
    }
    run_under_kvm(args, ready, prototypes)
}

#[cfg(target_arch = "x86_64")]
fn run_under_kvm(args: &RunArgs, ready: Ready, prototypes: &Prototypes) -> Result<u8, Failure> {
    let options = kvm::machine::Options {
        ram: args.memory,
        append: &args.append,
        cpus: args.smp,
        dirty_log: if args.dirty_log.is_some() { DirtyLog::On } else { DirtyLog::Off },
    };
    let (vm, cpus) = kvm::machine::set_up(&ready, &options)?;
    run_guest(args, &Source::Files, ready, cpus, prototypes, &Symbols::default(), || {
        Ok(Some(vm.dirty().map_err(SetupError::from)?))
    })
}

#[cfg(not(target_arch = "x86_64"))]
fn run_under_kvm(_: &RunArgs, _: Ready, _: &Prototypes) -> Result<u8, Failure> {
    Err(Failure::NoKvm)
}

/// Refuses options that do not fit the architecture of the image. The architecture alone selects the vCPU; `--vcpu` can
/// only insist on it.
pub(crate) fn check_vcpu(args: &RunArgs, arch: Arch) -> Result<(), Failure> {
    match (args.vcpu, arch) {
        (VcpuKind::Power, Arch::X86) => Err(Failure::NotPower),
        (VcpuKind::Kvm, Arch::Power) => Err(Failure::NotX86),
        (_, Arch::X86) if !args.devices.is_empty() => Err(Failure::NoDevices),
        (_, Arch::X86) if args.dma.no_multi_tce => Err(Failure::NoHypertas),
        (_, Arch::X86) if args.engine.engine.is_some() => Err(Failure::NoEngine),
        (_, Arch::X86) if args.perf_map => Err(Failure::NoPerfMap),
        (_, Arch::Power) if args.perf_map && engine(args)? == Engine::Interpreter => {
            Err(Failure::NoTranslation)
        }
        (_, Arch::X86) if args.nvram.is_some() => Err(Failure::NoNvram),
        (_, Arch::Power) if args.record.is_some() && !args.devices.functions().is_empty() => {
            Err(Failure::NoRecord)
        }
        (_, Arch::Power) if args.smp > MOST_POWER_CPUS => Err(Failure::TooManyCpus),
        _ => Ok(()),
    }
}

fn engine(args: &RunArgs) -> Result<Engine, Failure> {
    args.engine.chosen().map_err(Failure::Engine)
}

/// The image: the user's, or the demonstration.
pub(crate) fn load(args: &RunArgs) -> Result<Image, Failure> {
    let Some(path) = &args.image else {
        return Ok(Image { kernel: demo::REPLACE.to_vec(), initrd: None });
    };
    let image = image::load(path, args.memory)?;
    if image.initrd.is_some() && args.initrd.is_some() {
        log::warn!("{} has an initrd of its own; the one of --initrd is used", path.display());
    }
    Ok(image)
}

fn ready(args: &RunArgs, image: &Image, prototypes: &Prototypes) -> Result<Ready, Failure> {
    if args.devices.llans().count() > MOST_NETS {
        return Err(Failure::TooManyNets { image: name(args) });
    }
    let failed = |source| Failure::Boot { image: name(args), source };
    config(args, image, prototypes)?.ready().map_err(failed)
}

/// The machine that the options describe.
pub(crate) fn config<'a>(
    args: &'a RunArgs,
    image: &'a Image,
    prototypes: &Prototypes,
) -> Result<Config<'a>, Failure> {
    let own = || image.initrd.as_deref().map(Initrd::Bytes);
    let dma = DmaConfig {
        prototypes: prototypes.tiers.clone(),
        tables: prototypes.platform.clone(),
        ..args.dma.config()
    };
    Ok(Config {
        image: &image.kernel,
        ram: args.memory,
        cpus: args.smp,
        append: &args.append,
        initrd: args.initrd.as_deref().map(Initrd::File).or_else(own),
        engine: engine(args)?,
        dma,
        devices: args.devices.configs(),
        functions: args.devices.functions(),
    })
}

/// The name of the image in messages.
pub(crate) fn name(args: &RunArgs) -> String {
    match args.image.as_ref().or(args.restore.as_ref()) {
        Some(path) => path.display().to_string(),
        None => "the demonstration".into(),
    }
}

/// Runs the guest with console, signals and timeout around it, then writes the reports that the user asked for.
pub(crate) fn run_guest<V: Vcpu + Send>(
    args: &RunArgs,
    source: &Source,
    ready: Ready,
    cpus: Vec<V>,
    prototypes: &Prototypes,
    symbols: &Symbols,
    kvm_dirty: impl FnOnce() -> Result<Option<Vec<u64>>, Failure>,
) -> Result<u8, Failure> {
    let host = |what| move |source| Failure::Host { what, source };
    let nvram = args.nvram.as_deref().map(NvramStore::open).transpose()?; // its lock refuses it as an output
    let control = Arc::new(Control::new(cpus.iter().map(Vcpu::kick).collect()));
    let watch = Watch::start(Arc::clone(&control), args.timeout).map_err(host("signals"))?;
    let mut outputs = Outputs::create(args, &ready)?; // opening one may wait for its reader
    let target = if ready.arch == Arch::Power { "ppc64" } else { "x86_64" };
    let desk = Desk::new(Arc::clone(&control), args.smp, target).map_err(host("the monitor"))?;
    let desk = Arc::new(desk);
    let server = serve(args, &desk)?;
    let is_ours = args.monitor == Some(Place::Stdio); // then standard input is no console
    let raw = match is_ours {
        true => None,
        false => RawMode::enter().map_err(host("the terminal"))?,
    };
    let output = Outputs::console(args)?;
    let console = match is_ours {
        true => Console::new(Arc::clone(&control), Box::new(output)),
        false => terminal::console(Arc::clone(&control), output, &desk),
    };
    let mut machine = Machine::new(ready, cpus, control, console);
    if let Some(nvram) = nvram {
        machine.set_nvram(nvram);
    }
    dirty::forget(machine.memory()); // the writes of the loader
    if let Some(time) = args.rtc
        && !machine.clock().set(time.0)
    {
        return Err(Failure::Rtc);
    }
    let check = match source {
        Source::Files => None,
        // A run that has to end already needs no state.
        Source::Snapshot(_) if machine.control().ending().is_some() => None,
        Source::Snapshot(snapshot) => load_state(args, snapshot, prototypes, &mut machine)?,
    };
    let observe = outputs.observe();
    if observe.any() {
        observe.name_tracks(&name(args), args.smp, &machine.devices());
        machine.observe(Arc::new(observe.clone()));
    }
    let start = Instant::now();
    let ended = Steer { args, source, prototypes, desk: &desk }.run(&mut machine);
    let end = Instant::now();
    desk.close(ended.as_ref().ok());
    let elapsed = end - start;
    drop(raw); // before any message
    drop(server);
    watch.run_is_over(); // a signal now only ends the waits for readers
    let ended = check.map_or(Ok(()), |check| check.result()).map_err(damaged(source)).and(ended);
    machine.observed();
    let seen = observe.seen(end, machine.container());
    let sound = is_sound(prototypes, machine.container());
    outputs.end(machine.container());
    // The dirty log covers the run, and not the tear-down.
    outputs.write_dirty(|| {
        Ok(Dirty::take(machine.memory(), machine.container().frames(), kvm_dirty()?))
    });
    outputs.write_perf_map(&machine.translated_code(), symbols);
    if args.stats.is_some() || seen.is_some() {
        machine.tear_down(); // otherwise the end of the process does it, and counts nothing
    }
    if let Some(seen) = seen {
        let how = ended.as_ref().map_err(Failure::to_string);
        let statistics = &statistics(&machine, &observe, elapsed);
        let run = RunPage { args, how, seen: &seen, statistics };
        outputs.write_report(&page::of(&run));
    }
    outputs.finish();
    let ending = match ended? {
        Ending::GuestFailed(_) if args.ignore_verdict => Ending::PoweredOff,
        ending => ending,
    };
    report_end(&mut machine, &ending);
    match args.stats {
        None => {}
        Some(StatsFormat::Text) => report(&statistics(&machine, &observe, elapsed)),
        Some(StatsFormat::Json) => report(&statistics(&machine, &observe, elapsed).object()),
    }
    outputs.result()?;
    drop(watch);
    Ok(if sound { exit::code(&ending) } else { exit::PROTOTYPE_FAILED })
}

/// False, with a message, when prototypes left pins or entries that the library never leaves.
fn is_sound(prototypes: &Prototypes, container: &Container) -> bool {
    if prototypes.names.is_empty() {
        return true;
    }
    let audit = container.audit();
    if !audit.holds() {
        outlet::say(&format!(
            "the accounting is broken by {}: {} pins too many or too few, {} entries that are not what the guest wrote; \
             `tcevm comply` with the same --tier and --platform names the rule",
            prototypes.names.join(" and "),
            audit.leaked,
            audit.disagreeing + audit.foreign,
        ));
    }
    audit.holds()
}

/// Starts the monitor, if the user asked for it.
fn serve(args: &RunArgs, desk: &Arc<Desk>) -> Result<Option<Server>, Failure> {
    let started = match &args.monitor {
        None => return Ok(None),
        Some(Place::Stdio) => Server::on_stdio(Arc::clone(desk)),
        Some(Place::Unix(path)) => {
            let failed = |source| Failure::Socket { path: path.clone(), source };
            Server::on_socket(Arc::clone(desk), server::listen(path).map_err(failed)?)
        }
    };
    started.map(Some).map_err(|source| Failure::Host { what: "the monitor", source })
}

/// Reports the ending of the run.
fn report_end<V: Vcpu + Send>(machine: &mut Machine<V>, ending: &Ending) {
    if let Some(message) = exit::message(ending) {
        outlet::say(&message);
    }
    let lost = machine.console_bytes_lost();
    if lost > 0 && *ending != Ending::OutputClosed {
        outlet::say(&format!("{lost} bytes of the guest's console could not be written"));
    }
    if matches!(ending, Ending::Crashed(_)) {
        report(&machine.dump());
    }
}

fn statistics<V: Vcpu + Send>(
    machine: &Machine<V>,
    observe: &Observe,
    elapsed: Duration,
) -> Statistics {
    Statistics { machine: machine.summary(), calls: observe.calls(), elapsed }
}

/// Writes lines to stderr.
fn report(lines: &impl Display) {
    outlet::line(format_args!("{}", lines.to_string().trim_end()));
}
