// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Machines that are stopped between two hypercalls, saved, and loaded into new machines, which continue as the first
//! ones do; and states that are refused.

mod beside;
mod continued;
mod refused;

use std::io::{self, Cursor, Write};
use std::sync::{Arc, Mutex};

use hcall::Regs;
use machine::state::RestoreError;
use machine::watcher::{CpuWatcher, Guest, Made, Watcher};
use machine::{Config, Control, Ending, Machine};

const REPLACE: &[u8] = include_bytes!("../../../../guest-images/images/replace-le.elf");
const CHAOS: &[u8] = include_bytes!("../../../../guest-images/images/chaos-le.elf");
const WINDOW64: &[u8] = include_bytes!("../../../../guest-images/images/window64-le.elf");

type Cpu = power::Cpu;

/// The guest's console.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Printed {
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Stops the run after the n-th hypercall of the first vCPU.
struct StopAfter(Arc<Control>, u64);

impl Watcher for StopAfter {
    fn cpu(&self, server: u32) -> Option<Box<dyn CpuWatcher>> {
        (server == 0).then(|| Box::new(Count { control: self.0.clone(), left: self.1 }) as _)
    }
}

struct Count {
    control: Arc<Control>,
    left: u64,
}

impl CpuWatcher for Count {
    fn hypercall(&mut self, _asked: &Regs, _guest: Guest<'_>, make: &mut dyn FnMut() -> Made) {
        make();
        self.left = self.left.wrapping_sub(1);
        if self.left == 0 {
            self.control.stop(Ending::Quit);
        }
    }
}

fn config(image: &[u8]) -> Config<'_> {
    Config { ram: "16M".parse().unwrap(), ..Config::new(image) }
}

fn fresh(config: &Config<'_>) -> (Machine<Cpu>, Printed) {
    let printed = Printed::default();
    let ready = config.ready().unwrap();
    (Machine::power(ready, config.cpus, Box::new(printed.clone())), printed)
}

/// A machine that was stopped after `hypercalls` hypercalls of its first vCPU, with its console.
fn stopped(config: &Config<'_>, hypercalls: u64) -> (Machine<Cpu>, Printed) {
    let (mut machine, printed) = fresh(config);
    machine.observe(Arc::new(StopAfter(machine.control().clone(), hypercalls)));
    assert_eq!(machine.run(), Ending::Quit, "after {hypercalls} hypercalls");
    (machine, printed)
}

fn saved(machine: &mut Machine<Cpu>, config: &Config<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    machine.save(config, &mut bytes).unwrap();
    bytes
}

fn load(machine: &mut Machine<Cpu>, config: &Config<'_>, bytes: &[u8]) -> Result<(), RestoreError> {
    machine.load(config, &mut Cursor::new(bytes))
}

/// The sections of a state. A chunk has its length, its CRC and its bytes; one of length 0 ends the section.
fn sections(state: &[u8]) -> Vec<Vec<u8>> {
    let (mut all, mut start, mut at) = (Vec::new(), 0, 0);
    while at < state.len() {
        let len = u32::from_le_bytes(state[at..at + 4].try_into().unwrap()) as usize;
        at += 8 + len;
        if len == 0 {
            all.push(state[start..at].to_vec());
            start = at;
        }
    }
    all
}

/// The name at the beginning of a section.
fn name(section: &[u8]) -> String {
    let len = u64::from_le_bytes(section[8..16].try_into().unwrap()) as usize;
    String::from_utf8(section[16..16 + len].to_vec()).unwrap()
}
