// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! RTAS services of PCI functions and of their errors, and hypercalls on cache-inhibited storage: their arguments, and the
//! statuses that LoPAR 2.9 gives them.

use hcall::machine::pe_errors::{PeState, Side};
use hcall::machine::{IoSpace, PciBus, PeErrors};
use hcall::tokens::*;
use hcall::{Caller, Capabilities, ConfigAddress, Memory, Regs, Status, dispatch, rtas_tokens};
use iommu::{Agent, Container, Frames};
use std::cell::RefCell;
use std::sync::Arc;
use vm_memory::{Bytes, GuestAddress};

const RAM: u64 = 1 << 20;
const BLOCK: u64 = 0x1000;
const HI: u32 = 0x0800_0000;
const LO: u32 = 0x2000_0000;
/// Device 3, where the function is.
const CONFIG: u32 = 3 << 11;

const OK: u32 = 0;
const HARDWARE: u32 = -1i32 as u32;
const PARAMETER: u32 = -3i32 as u32;

/// A machine with one function, which records what it is asked.
#[derive(Default)]
struct Machine {
    config: RefCell<Vec<u8>>,
    given: RefCell<u32>,
    state: RefCell<PeState>,
    error: RefCell<bool>,
    stored: RefCell<Vec<(u64, Vec<u8>)>>,
}

fn is_there(at: ConfigAddress) -> Option<()> {
    ((at.bus, at.device, at.function) == (0, 3, 0)).then_some(())
}

impl Capabilities for Machine {
    fn io_space(&mut self) -> Option<&dyn IoSpace> {
        Some(self)
    }
    fn pci(&mut self) -> Option<&dyn PciBus> {
        Some(self)
    }
    fn pe_errors(&mut self) -> Option<&dyn PeErrors> {
        Some(self)
    }
}

impl IoSpace for Machine {
    fn load(&self, address: u64, to: &mut [u8]) -> Option<()> {
        (address >> 44 != 0).then(|| (1..).zip(to).for_each(|(n, byte)| *byte = n))
    }
    fn store(&self, address: u64, from: &[u8]) -> Option<()> {
        (address >> 44 != 0).then(|| self.stored.borrow_mut().push((address, from.to_vec())))
    }
}

impl PciBus for Machine {
    fn buid(&self) -> u64 {
        u64::from(HI) << 32 | u64::from(LO)
    }
    fn read_config(&self, at: ConfigAddress, to: &mut [u8]) -> Option<()> {
        is_there(at)?;
        let config = self.config.borrow();
        let register = usize::from(at.register);
        to.copy_from_slice(&config[register..register + to.len()]);
        Some(())
    }
    fn write_config(&self, at: ConfigAddress, from: &[u8]) -> Option<()> {
        is_there(at)?;
        let register = usize::from(at.register);
        self.config.borrow_mut()[register..register + from.len()].copy_from_slice(from);
        Some(())
    }
    fn set_messages(&self, at: ConfigAddress, count: u32) -> Option<u32> {
        is_there(at)?;
        *self.given.borrow_mut() = count.min(4);
        Some(count.min(4))
    }
    fn source(&self, at: ConfigAddress, vector: u32) -> Option<u32> {
        is_there(at)?;
        (vector < *self.given.borrow()).then_some(0x1300 + vector)
    }
}

impl PeErrors for Machine {
    fn state(&self, at: ConfigAddress) -> Option<PeState> {
        is_there(at).map(|()| *self.state.borrow())
    }
    fn enable(&self, _: ConfigAddress, enabled: bool) -> Option<()> {
        self.state.borrow_mut().enabled = enabled;
        Some(())
    }
    fn release(&self, _: ConfigAddress, side: Side) -> Option<()> {
        let mut state = self.state.borrow_mut();
        match side {
            Side::Io => state.io_stopped = false,
            Side::Dma => state.dma_stopped = false,
        }
        Some(())
    }
    fn set_reset(&self, _: ConfigAddress, asserted: bool) -> Option<()> {
        let enabled = self.state.borrow().enabled;
        *self.state.borrow_mut() = PeState { in_reset: asserted, enabled, ..PeState::default() };
        Some(())
    }
    fn take_error(&self, _: ConfigAddress) -> Option<bool> {
        Some(self.error.replace(false))
    }
}

struct Rig {
    memory: Arc<Memory>,
    all: Container,
    agent: Agent,
    machine: Machine,
}

impl Rig {
    fn new() -> Rig {
        let memory = Memory::from_ranges(&[(GuestAddress(0), RAM as usize)]).unwrap();
        let all = Container::new(Frames::new(RAM).unwrap());
        let agent = all.agent();
        let config = RefCell::new((0..4096).map(|n| n as u8).collect());
        let machine = Machine { config, ..Machine::default() };
        Rig { memory: Arc::new(memory), all, agent, machine }
    }

    fn hcall(&mut self, regs: &[u64]) -> Regs {
        let mut all = Regs::default();
        all[..regs.len()].copy_from_slice(regs);
        let mut caller = Caller::new(&self.all, &self.memory, &mut self.agent, &mut self.machine);
        dispatch(&mut caller, &mut all);
        all
    }

    /// The outputs of a call; one that the call does not write is 0x55.
    fn rtas<const N: usize>(&mut self, name: &str, inputs: &[u32]) -> [u32; N] {
        let (_, token) = rtas_tokens().find(|(known, _)| *known == name).expect(name);
        let head = [token, inputs.len() as u32, N as u32];
        let block: Vec<u8> =
            [&head, inputs, &[0x55; N]].concat().into_iter().flat_map(u32::to_be_bytes).collect();
        self.memory.write_slice(&block, GuestAddress(BLOCK)).unwrap();
        assert_eq!(self.hcall(&[H_RTAS, BLOCK])[0], 0);
        let mut out = [0; 4];
        std::array::from_fn(|n| {
            let at = BLOCK + 4 * (3 + inputs.len() + n) as u64;
            self.memory.read_slice(&mut out, GuestAddress(at)).unwrap();
            u32::from_be_bytes(out)
        })
    }
}

#[test]
fn a_config_address_has_bus_device_function_and_twelve_bits_of_register() {
    let at = ConfigAddress::parse(0x3012_fe04).unwrap();
    assert_eq!(at, ConfigAddress { bus: 0x12, device: 31, function: 6, register: 0x304 });
    assert_eq!(ConfigAddress::parse(0x0100_0000), None);
    assert_eq!(ConfigAddress::parse(ConfigAddress::of_device(3)).unwrap().device, 3);
}

#[test]
fn config_space_is_read_and_written_little_endian() {
    let mut r = Rig::new();
    let long = |register, size| [CONFIG | register, HI, LO, size];
    assert_eq!(r.rtas("ibm,read-pci-config", &long(4, 4)), [OK, 0x0706_0504]);
    assert_eq!(r.rtas("ibm,read-pci-config", &long(6, 2)), [OK, 0x0706]);
    assert_eq!(r.rtas("ibm,read-pci-config", &long(7, 1)), [OK, 7]);
    assert_eq!(r.rtas("read-pci-config", &[CONFIG | 8, 4]), [OK, 0x0b0a_0908]);
    assert_eq!(r.rtas("ibm,read-pci-config", &long(0x2000_0010, 1)), [OK, 0x10]);
    let write = [CONFIG | 4, HI, LO, 2, 0xffff_1234];
    assert_eq!(r.rtas("ibm,write-pci-config", &write), [OK]);
    assert_eq!(r.rtas("write-pci-config", &[CONFIG | 6, 1, 0x56]), [OK]);
    assert_eq!(r.rtas("ibm,read-pci-config", &long(4, 4)), [OK, 0x0756_1234]);
}

#[test]
fn arguments_that_no_function_has_are_refused() {
    let mut r = Rig::new();
    for size in [0, 3, 5, 8, u32::MAX] {
        let refused = r.rtas("ibm,read-pci-config", &[CONFIG, HI, LO, size]);
        assert_eq!(refused, [PARAMETER, 0x55], "{size}");
    }
    assert_eq!(r.rtas("ibm,read-pci-config", &[CONFIG | 2, HI, LO, 4]), [PARAMETER, 0x55]);
    assert_eq!(r.rtas("ibm,read-pci-config", &[CONFIG, HI, LO + 1, 4]), [PARAMETER, 0x55]);
    assert_eq!(r.rtas("ibm,read-pci-config", &[CONFIG | 0x100, HI, LO, 4]), [HARDWARE, 0x55]);
    assert_eq!(r.rtas("ibm,write-pci-config", &[0, HI, LO, 4, 0]), [HARDWARE]);
    assert_eq!(r.rtas("read-pci-config", &[0x0f00_0000 | CONFIG, 4]), [PARAMETER, 0x55]);
}

// LoPAR 2.9, ibm,change-msi: function 4 is MSI-X; the count that is answered may be smaller than the one that is asked for.
#[test]
fn vectors_are_given_and_taken_back() {
    let mut r = Rig::new();
    let change = |function, count, sequence| [CONFIG, HI, LO, function, count, sequence];
    assert_eq!(r.rtas("ibm,change-msi", &change(4, 9, 1)), [OK, 4, 2, 2]);
    let query = |n| [CONFIG, HI, LO, n];
    let source = "ibm,query-interrupt-source-number";
    assert_eq!(r.rtas(source, &query(3)), [OK, 0x1303, 1]);
    assert_eq!(r.rtas(source, &query(4)), [PARAMETER, 0x55, 0x55]);
    assert_eq!(r.rtas("ibm,change-msi", &change(3, 1, 1)), [PARAMETER, 0x55, 0x55]);
    assert_eq!(r.rtas("ibm,change-msi", &change(4, 1, 2)), [PARAMETER, 0x55, 0x55]);
    assert_eq!(r.rtas("ibm,change-msi", &change(7, 0, 1)), [PARAMETER, 0x55, 0x55]);
    assert_eq!(r.rtas("ibm,change-msi", &change(1, 0, 1)), [OK, 0, 2]);
    assert_eq!(r.rtas(source, &query(0)), [PARAMETER, 0x55, 0x55]);
}

#[test]
fn the_state_of_a_pe_has_the_numbers_of_lopar() {
    let mut r = Rig::new();
    let pe = [CONFIG, HI, LO];
    let with = |option| [CONFIG, HI, LO, option];
    let state = |r: &mut Rig| r.rtas::<4>("ibm,read-slot-reset-state2", &pe)[1];
    assert_eq!(r.rtas("ibm,get-config-addr-info2", &with(0)), [OK, CONFIG]);
    assert_eq!(r.rtas("ibm,get-config-addr-info2", &with(1)), [OK, 1]);
    assert_eq!(r.rtas("ibm,get-config-addr-info2", &with(2)), [PARAMETER, 0x55]);
    assert_eq!(r.rtas("ibm,read-slot-reset-state2", &pe), [OK, 0, 1, 0]);
    assert_eq!(r.rtas("ibm,read-slot-reset-state2", &[0, HI, LO]), [PARAMETER, 0x55, 0x55]);
    assert_eq!(r.rtas("ibm,set-eeh-option", &with(1)), [OK]);
    assert!(r.machine.state.borrow().enabled);
    *r.machine.state.get_mut() =
        PeState { io_stopped: true, dma_stopped: true, ..Default::default() };
    assert_eq!(state(&mut r), 2);
    assert_eq!(r.rtas("ibm,set-eeh-option", &with(2)), [OK]);
    assert_eq!(state(&mut r), 4);
    assert_eq!(r.rtas("ibm,set-eeh-option", &with(3)), [OK]);
    assert_eq!(state(&mut r), 0);
    for option in [1, 3] {
        assert_eq!(r.rtas("ibm,set-slot-reset", &with(option)), [OK]);
        assert_eq!(state(&mut r), 1);
    }
    assert_eq!(r.rtas("ibm,set-slot-reset", &with(0)), [OK]);
    assert_eq!(r.rtas("ibm,configure-pe", &pe), [OK]);
    for (name, option) in [("ibm,set-eeh-option", 4), ("ibm,set-slot-reset", 2)] {
        assert_eq!(r.rtas(name, &with(option)), [PARAMETER]);
    }
}

// LoPAR 2.9, ibm,slot-error-detail: 1 when there is no error to report; the log begins with its version, which is 6.
#[test]
fn an_error_is_reported_once_into_memory_that_is_there() {
    let mut r = Rig::new();
    let detail = |at: u32, size, function| [CONFIG, HI, LO, 0, 0, at, size, function];
    *r.machine.error.get_mut() = true;
    for (at, size, function) in [(RAM as u32, 64, 1), (0x2000, 7, 1), (0x2000, 64, 3)] {
        assert_eq!(r.rtas("ibm,slot-error-detail", &detail(at, size, function)), [PARAMETER]);
    }
    assert_eq!(r.rtas("ibm,slot-error-detail", &detail(0x2000, 64, 1)), [OK]);
    let mut log = [0; 8];
    r.memory.read_slice(&mut log, GuestAddress(0x2000)).unwrap();
    assert_eq!((log[0], &log[4..]), (6, &[0; 4][..]));
    assert_eq!(r.rtas("ibm,slot-error-detail", &detail(0x2000, 64, 2)), [1]);
}

// LoPAR 2.9, H_LOGICAL_CI_LOAD: low-order justified; a size that does not exist or divide the address is H_PARAMETER.
#[test]
fn inhibited_storage_is_accessed_in_the_order_of_addresses() {
    let mut r = Rig::new();
    let at = 0x2000_8000_0000;
    for (size, value) in [(1, 1), (2, 0x0102), (4, 0x0102_0304), (8, 0x0102_0304_0506_0708)] {
        assert_eq!(r.hcall(&[H_LOGICAL_CI_LOAD, size, at])[..2], [0, value]);
        assert_eq!(r.hcall(&[H_LOGICAL_CI_STORE, size, at, value])[0], 0);
        let bytes = value.to_be_bytes()[8 - size as usize..].to_vec();
        assert_eq!(r.machine.stored.get_mut().pop(), Some((at, bytes)));
    }
    let parameter = Status::Parameter.code().cast_unsigned();
    for (size, address) in [(0, at), (3, at), (16, at), (8, at + 4), (4, 0x1000)] {
        assert_eq!(r.hcall(&[H_LOGICAL_CI_LOAD, size, address])[0], parameter);
        assert_eq!(r.hcall(&[H_LOGICAL_CI_STORE, size, address, 0])[0], parameter);
    }
}
