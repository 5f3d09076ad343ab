// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The whole state of a CPU as named values, for a snapshot: everything that [`Cpu::reset`] puts back, and the count of
//! instructions.
//!
//! Not saved: caches of translations and code, which fill again; kicks, which are for the thread that runs the CPU;
//! illegal words, which are a report about the run. A CPU is saved and loaded while it does not run.

use crate::{
    Cpu, Exit,
    interrupt::INTERRUPTS,
    state::{
        registers,
        spr::{self, CTR, LR, Spr, XER},
    },
    storage::{radix::ProcessTable, reservation::Reservation},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::atomic::Ordering::{Acquire, Release},
    time::{Duration, Instant},
};

/// A saved state: values by name. The names of registers are those of [`registers`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuValues(BTreeMap<String, u128>);

/// A state that can not be loaded. Each has the name of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CpuValuesError {
    /// The state has no such value.
    Missing(String),
    /// A CPU has no such value.
    Unknown(String),
    /// The value can not be.
    Range(String),
}

impl fmt::Display for CpuValuesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CpuValuesError::Missing(name) => write!(f, "the saved CPU has no {name}"),
            CpuValuesError::Unknown(name) => write!(f, "a CPU has no {name}"),
            CpuValuesError::Range(name) => write!(f, "{name} of the saved CPU is out of range"),
        }
    }
}

impl std::error::Error for CpuValuesError {}

impl FromIterator<(String, u128)> for CpuValues {
    fn from_iter<I: IntoIterator<Item = (String, u128)>>(values: I) -> CpuValues {
        CpuValues(values.into_iter().collect())
    }
}

impl CpuValues {
    /// Each value with its name, in the order of names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u128)> {
        self.0.iter().map(|(name, value)| (name.as_str(), *value))
    }

    fn put(&mut self, name: &str, value: impl Into<u128>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The value of a name, if it is of this type.
    fn get<T: TryFrom<u128>>(&self, name: &str) -> Result<T, CpuValuesError> {
        let value = self.0.get(name).ok_or_else(|| CpuValuesError::Missing(name.into()))?;
        T::try_from(*value).map_err(|_| CpuValuesError::Range(name.into()))
    }
}

/// A value that is no register.
struct Field {
    name: &'static str,
    save: fn(&Cpu) -> u128,
    /// `None` if the value can not be.
    load: fn(&mut Cpu, u64) -> Option<()>,
}

/// A field from its name and the place in a CPU.
macro_rules! fields {
    ($($name:literal: |$cpu:ident| $($place:ident).+ as $t:ident;)*) => { &[$(Field {
        name: $name,
        save: |$cpu| fields!(@save $t $($place).+),
        load: |$cpu, value| {
            $($place).+ = fields!(@load $t value);
            Some(())
        },
    }),*] };
    (@save u64 $place:expr) => { $place.into() };
    (@save bool $place:expr) => { $place.into() };
    (@save count $place:expr) => { $place.into() };
    (@save nanos $place:expr) => { $place.as_nanos() };
    (@load u64 $value:ident) => { $value };
    (@load bool $value:ident) => { match $value { 0 => false, 1 => true, _ => return None } };
    (@load count $value:ident) => { if $value <= MOST_INSTRUCTIONS { $value } else { return None } };
    (@load nanos $value:ident) => { Duration::from_nanos($value) };
}

/// The most instructions that a CPU can have completed: it counts on from there, and never past the end.
const MOST_INSTRUCTIONS: u64 = 1 << 62;

const FIELDS: &[Field] = fields! {
    "instructions": |cpu| cpu.retired as count;
    "decrementer.expiry": |cpu| cpu.clock.expiry as u64;
    "time.first": |cpu| cpu.usage.first as u64;
    "time.used": |cpu| cpu.usage.used as nanos;
    "time.stolen": |cpu| cpu.usage.stolen as nanos;
    "interrupts.little_endian": |cpu| cpu.interrupt_little_endian as bool;
    "interrupts.relocated": |cpu| cpu.alternate_interrupt_location as bool;
    "interrupts.firmware": |cpu| cpu.firmware_assisted as bool;
    "monitor.crossed": |cpu| cpu.pmu.crossed as bool;
};

/// Names of the other values.
const TIMEBASE: &str = "timebase.elapsed";
const TABLE: [&str; 2] = ["process_table.base", "process_table.size"];
const LOOP: [&str; 2] = ["interrupts.loop.instructions", "interrupts.loop.count"];
const PENDING: [&str; 2] = ["interrupts.external", "interrupts.reset"];
const RESERVATION: [&str; 3] = ["reservation.address", "reservation.bytes", "reservation.value"];
const DEAD: [&str; 3] = ["stopped.why", "stopped.vector", "stopped.nip"];

/// `stopped.why`.
const RUNS: u64 = 0;
const CHECKSTOP: u64 = 1;
const INTERRUPT_LOOP: u64 = 2;

/// True if the value of an SPR is a part of the state, and not made of others.
fn is_state(spr: &Spr) -> bool {
    spr.is_stored() || matches!(spr.number, XER | LR | CTR)
}

/// The registers that are the state.
fn saved_registers() -> impl Iterator<Item = String> {
    registers::names().filter(|name| spr::by_name(name).is_none_or(is_state))
}

/// The names of all values.
fn names() -> impl Iterator<Item = String> {
    let others = [TIMEBASE].into_iter().chain(TABLE).chain(LOOP).chain(PENDING);
    let others = others.chain(RESERVATION).chain(DEAD).chain(FIELDS.iter().map(|field| field.name));
    saved_registers().chain(others.map(str::to_owned))
}

impl Cpu {
    /// The state at the time `now`, which is one for all CPUs of a machine, because they share the timebase.
    pub fn save(&mut self, now: Instant) -> CpuValues {
        if self.monitoring {
            self.count_to(self.retired);
        }
        let mut saved = CpuValues::default();
        for name in saved_registers() {
            let value = match spr::by_name(&name).filter(|spr| spr.is_stored()) {
                Some(spr) => self.sprs[spr.number].into(),
                None => self.register(&name).unwrap_or_default(),
            };
            saved.put(&name, value);
        }
        for field in FIELDS {
            saved.put(field.name, (field.save)(self));
        }
        saved.put(TIMEBASE, now.saturating_duration_since(self.clock.start).as_nanos());
        let table = self.process_table();
        let pending = [&self.signals.external, &self.signals.reset];
        let pairs = [
            (TABLE, [table.base, table.size]),
            (LOOP, [self.loop_watch.0, self.loop_watch.1.into()]),
            (PENDING, pending.map(|signal| u64::from(signal.load(Acquire)))),
        ];
        for (names, values) in pairs {
            names.iter().zip(values).for_each(|(name, value)| saved.put(name, value));
        }
        self.save_reservation(&mut saved);
        self.save_dead(&mut saved);
        saved
    }

    /// Takes a saved state on. Its timebase goes on at the time `now`, which is one for all CPUs of a machine. The CPU keeps
    /// its storage, and its [`Kicker`](crate::Kicker) stays good. After an error it is as after a reset.
    pub fn load(&mut self, saved: &CpuValues, now: Instant) -> Result<(), CpuValuesError> {
        self.reset();
        let loaded = self.load_values(saved, now);
        if loaded.is_err() {
            self.reset();
        }
        loaded
    }

    fn load_values(&mut self, saved: &CpuValues, now: Instant) -> Result<(), CpuValuesError> {
        let known: BTreeSet<String> = names().collect();
        if let Some(name) = saved.0.keys().find(|name| !known.contains(*name)) {
            return Err(CpuValuesError::Unknown(name.clone()));
        }
        let elapsed = Duration::from_nanos(saved.get(TIMEBASE)?);
        let start = now.checked_sub(elapsed);
        self.clock.start = start.ok_or_else(|| CpuValuesError::Range(TIMEBASE.into()))?;
        for name in saved_registers() {
            self.load_register(&name, saved.get(&name)?)?;
        }
        for field in FIELDS {
            let value = saved.get(field.name)?;
            (field.load)(self, value).ok_or_else(|| CpuValuesError::Range(field.name.into()))?;
        }
        let [base, size] = [saved.get(TABLE[0])?, saved.get(TABLE[1])?];
        self.set_process_table(ProcessTable { base, size });
        self.loop_watch = (saved.get(LOOP[0])?, saved.get(LOOP[1])?);
        let [external, reset] =
            [saved.get::<u8>(PENDING[0])? != 0, saved.get::<u8>(PENDING[1])? != 0];
        self.signals.external.store(external, Release);
        self.signals.reset.store(reset, Release);
        self.load_reservation(saved)?;
        self.load_dead(saved)?;
        self.follow_amr();
        self.follow_loaded_monitor();
        self.look_at = 0;
        Ok(())
    }

    fn load_register(&mut self, name: &str, value: u128) -> Result<(), CpuValuesError> {
        let place = registers::find(name).ok_or_else(|| CpuValuesError::Unknown(name.into()))?;
        if place.extract(value) != value {
            return Err(CpuValuesError::Range(name.into()));
        }
        match spr::by_name(name).filter(|spr| spr.is_stored()) {
            Some(spr) => self.sprs[spr.number] = value as u64,
            None => self.set_register_at(place, value),
        }
        Ok(())
    }

    fn save_reservation(&self, saved: &mut CpuValues) {
        let held = self.reservation.and_then(|held| Some((self.bus.real(held.host)?, held)));
        let values = match held {
            Some((ra, held)) => [ra.into(), held.bytes.into(), held.raw],
            None => [0; 3],
        };
        RESERVATION.iter().zip(values).for_each(|(name, value)| saved.put(name, value));
    }

    fn load_reservation(&mut self, saved: &CpuValues) -> Result<(), CpuValuesError> {
        let [ra, bytes]: [u64; 2] = [saved.get(RESERVATION[0])?, saved.get(RESERVATION[1])?];
        let raw = saved.get(RESERVATION[2])?;
        let refused = || CpuValuesError::Range(RESERVATION[1].into());
        self.reservation = match bytes {
            0 => None,
            1 | 2 | 4 | 8 | 16 if ra.is_multiple_of(bytes) => {
                let host = self.bus.host(ra).ok_or_else(refused)?;
                Some(Reservation { host, bytes, raw })
            }
            _ => return Err(refused()),
        };
        Ok(())
    }

    fn save_dead(&self, saved: &mut CpuValues) {
        let values = match self.dead {
            Some(Exit::Checkstop { nip }) => [CHECKSTOP, 0, nip],
            Some(Exit::InterruptLoop { interrupt, nip }) => [INTERRUPT_LOOP, interrupt.vector, nip],
            _ => [RUNS, 0, 0],
        };
        DEAD.iter().zip(values).for_each(|(name, value)| saved.put(name, value));
    }

    fn load_dead(&mut self, saved: &CpuValues) -> Result<(), CpuValuesError> {
        let (vector, nip): (u64, u64) = (saved.get(DEAD[1])?, saved.get(DEAD[2])?);
        let interrupt = INTERRUPTS.iter().find(|interrupt| interrupt.vector == vector);
        self.dead = match (saved.get(DEAD[0])?, interrupt) {
            (RUNS, _) => None,
            (CHECKSTOP, _) => Some(Exit::Checkstop { nip }),
            (INTERRUPT_LOOP, Some(&interrupt)) => Some(Exit::InterruptLoop { interrupt, nip }),
            _ => return Err(CpuValuesError::Range(DEAD[0].into())),
        };
        Ok(())
    }
}
