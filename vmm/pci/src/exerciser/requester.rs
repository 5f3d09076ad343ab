// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A requester: its registers, and the operation that they describe.

use std::time::Duration;

use iommu::Ioba;
use saved::{LoadError, Reader, Writer};
use vio::Port;

/// The longest transfer, in bytes.
pub(super) const MOST_BYTES: usize = 64 << 10;

/// The longest period, in microseconds: an hour. A longer one is as long.
const LONGEST_PERIOD: u64 = 3_600_000_000;

/// The registers that a driver may write, by their offsets / 8.
pub(super) const ADDRESS: usize = 0;
pub(super) const LENGTH: usize = 1;
pub(super) const OPERAND: usize = 2;
pub(super) const SECOND: usize = 3;
pub(super) const STEP: usize = 4;
pub(super) const PERIOD: usize = 5;
pub(super) const INTERRUPT: usize = 6;
pub(super) const COMMAND: usize = 7;
/// Those that only the requester writes.
pub(super) const STATUS: usize = 8;
pub(super) const RESULT: usize = 9;
pub(super) const SUM: usize = 10;
pub(super) const DONE: usize = 11;
pub(super) const FAILED: usize = 12;
pub(super) const CHANGES: usize = 13;
/// The number of registers.
const REGISTERS: usize = 14;

const READ: u64 = 1;
const WRITE: u64 = 2;
const ADD: u64 = 3;
const SWAP: u64 = 4;

const COMPLETE: u64 = 1;
const REFUSED: u64 = 2;
const IMPOSSIBLE: u64 = 3;

/// A requester. Its operations run under the lock that holds it.
pub(super) struct Requester {
    registers: [u64; REGISTERS],
    port: Port,
    buffer: Box<[u8]>,
    /// True while the function rests: the clock stands still.
    pub(super) resting: bool,
}

impl Requester {
    pub(super) fn new(port: Port) -> Requester {
        let buffer = vec![0; MOST_BYTES].into_boxed_slice();
        Requester { registers: [0; REGISTERS], port, buffer, resting: false }
    }

    /// Stops, and clears the registers.
    pub(super) fn reset(&mut self) {
        self.registers = [0; REGISTERS];
        self.resting = false;
    }

    /// The value of a register; 0 where there is none.
    pub(super) fn register(&self, number: usize) -> u64 {
        self.registers.get(number).copied().unwrap_or(0)
    }

    /// Writes a register. True if an operation has to be made now.
    pub(super) fn set(&mut self, number: usize, value: u64) -> bool {
        if number <= COMMAND {
            self.registers[number] = value;
        }
        number == COMMAND && value != 0 && self.registers[PERIOD] == 0
    }

    /// The time from one operation of the clock to the next, while it runs.
    pub(super) fn period(&self) -> Option<Duration> {
        let runs = self.registers[COMMAND] != 0 && self.registers[PERIOD] != 0 && !self.resting;
        runs.then(|| Duration::from_micros(self.registers[PERIOD].min(LONGEST_PERIOD)))
    }

    /// Makes the operation. True if its end is to be signalled.
    pub(super) fn operate(&mut self) -> bool {
        let status = self.transfer();
        let (count, wanted) = if status == COMPLETE { (DONE, 1) } else { (FAILED, 2) };
        let registers = &mut self.registers;
        registers[STATUS] = status;
        registers[count] = registers[count].wrapping_add(1);
        registers[OPERAND] = registers[OPERAND].wrapping_add(registers[STEP]);
        if registers[PERIOD] == 0 {
            registers[COMMAND] = 0;
        }
        registers[INTERRUPT] == 1 || registers[INTERRUPT] == wanted
    }

    fn transfer(&mut self) -> u64 {
        let at = Ioba(self.registers[ADDRESS]);
        let len = usize::try_from(self.registers[LENGTH]).unwrap_or(usize::MAX);
        let (operand, second) = (self.registers[OPERAND], self.registers[SECOND]);
        let atomic = matches!(len, 4 | 8) && at.0.is_multiple_of(len as u64);
        let mask = if len == 4 { u64::from(u32::MAX) } else { u64::MAX };
        let done = match self.registers[COMMAND] {
            READ if (1..=MOST_BYTES).contains(&len) => self.read(at, len),
            WRITE if (1..=MOST_BYTES).contains(&len) => self.write(at, len, operand),
            ADD if atomic => self.update(at, len, &|old| old.wrapping_add(operand)),
            SWAP if atomic => {
                self.update(at, len, &|old| if old == operand & mask { second } else { old })
            }
            _ => return IMPOSSIBLE,
        };
        if done { COMPLETE } else { REFUSED }
    }

    fn read(&mut self, at: Ioba, len: usize) -> bool {
        let bytes = &mut self.buffer[..len];
        if self.port.read(at, bytes).is_err() {
            return false;
        }
        let mut first = [0; 8];
        first.iter_mut().zip(&*bytes).for_each(|(to, from)| *to = *from);
        let result = u64::from_le_bytes(first);
        self.registers[SUM] = bytes.iter().map(|&byte| u64::from(byte)).sum();
        if self.registers[DONE] != 0 && self.registers[RESULT] != result {
            self.registers[CHANGES] = self.registers[CHANGES].wrapping_add(1);
        }
        self.registers[RESULT] = result;
        true
    }

    fn write(&mut self, at: Ioba, len: usize, operand: u64) -> bool {
        let bytes = &mut self.buffer[..len];
        let pattern = operand.to_le_bytes();
        bytes.iter_mut().zip(pattern.iter().cycle()).for_each(|(to, from)| *to = *from);
        self.port.write(at, bytes).is_ok()
    }

    fn update(&mut self, at: Ioba, len: usize, change: &dyn Fn(u64) -> u64) -> bool {
        match self.port.update(at, len, change) {
            Ok(before) => {
                self.registers[RESULT] = before;
                true
            }
            Err(_) => false,
        }
    }

    pub(super) fn save(&self, to: &mut Writer<'_>) {
        self.registers.iter().for_each(|register| to.u64(*register));
    }

    /// Reads registers. A command that is made once is over when a state is saved.
    pub(super) fn load(from: &mut Reader<'_>) -> Result<[u64; 14], LoadError> {
        let mut registers = [0; REGISTERS];
        for register in &mut registers {
            *register = from.u64()?;
        }
        LoadError::unless(registers[PERIOD] != 0 || registers[COMMAND] == 0)?;
        LoadError::unless(registers[STATUS] <= IMPOSSIBLE)?;
        Ok(registers)
    }

    pub(super) fn loaded(&mut self, registers: [u64; REGISTERS]) {
        self.registers = registers;
        self.resting = true;
    }
}
