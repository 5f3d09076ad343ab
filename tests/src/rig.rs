// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A guest without a CPU: memory, three windows, a machine that records the requests it gets, and hypercalls
//! made with register values.
#![allow(missing_docs)] // names of the field

use hcall::machine::{
    Nmi, Nvram, PowerControl, ProcessorModes, ProcessorTime, Processors, RandomNumbers,
    SharedProcessors, Terminals, TimeOfDay,
};
use hcall::*;
use iommu::*;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use vm_memory::{Bytes, GuestAddress};

/// 4 MiB of guest memory.
pub const MEMORY: u64 = 0x40_0000;
/// A window of 1024 entries of 4 KiB at 0.
pub const L: u64 = 0x8000_0000;
pub const END: u64 = 0x40_0000;
/// A window of 32 entries of 64 KiB at 2^59, whose hardware has pages of 4 KiB.
pub const L2: u64 = 0x8000_0001;
pub const START2: u64 = 0x0800_0000_0000_0000;
/// A window of 8192 entries of 4 KiB at 64 GiB. Its view has two chunks and its hardware two levels, so that
/// calls on it may need memory.
pub const L3: u64 = 0x8000_0002;
pub const START3: u64 = 0x10_0000_0000;
pub const A: u64 = 0x1_0000;
pub const B: u64 = 0x2_0000;
/// A page for lists and argument blocks.
pub const LIST: u64 = 0x3_0000;
pub const R: u64 = 1;
pub const W: u64 = 2;
pub const RW: u64 = 3;

/// The requests that the machine got, and the answers that it will give.
#[derive(Debug)]
pub struct Fake {
    pub written: Vec<(u32, Vec<u8>)>,
    pub typed: Vec<u8>,
    pub terminal: Result<(), Status>,
    pub little_endian: Option<bool>,
    pub relocated: Option<bool>,
    pub process_table: Option<Option<ProcessTableRange>>,
    pub sprg0: Option<u64>,
    pub ceded: u32,
    pub powered_off: bool,
    pub random: Option<u64>,
    pub now: SystemTime,
    pub ending: bool,
    /// The areas of the vCPUs: the caller, one that runs, one that is stopped.
    pub areas: [Areas; 3],
    pub moment: Moment,
    /// The ticks of the next wait in which the vCPU is ready already.
    pub late: u64,
    pub stopped: bool,
    pub prodded: Vec<u32>,
    pub nmi: Option<NmiHandlers>,
    /// True while this vCPU has the area of machine checks.
    pub holds_error_log: bool,
    /// The vCPUs that take system resets; `None` when none can.
    pub resets: Option<Vec<u32>>,
    pub nvram: Option<Kept>,
    pub os_terminated: Vec<String>,
    pub phb: Option<Phb>,
    /// The way of each wait, and the dispatch count of this vCPU during it.
    pub waits: Vec<(&'static str, u32)>,
}

/// NVRAM in memory, on a medium that may be broken.
#[derive(Debug)]
pub struct Kept {
    pub bytes: Mutex<Vec<u8>>,
    pub broken: bool,
}

impl Nvram for Kept {
    fn size(&self) -> usize {
        self.bytes.lock().expect("no panic").len()
    }
    fn fetch(&self, index: usize, into: &mut [u8]) -> Result<(), RtasError> {
        into.copy_from_slice(&self.bytes.lock().expect("no panic")[index..index + into.len()]);
        if self.broken { Err(RtasError::Hardware) } else { Ok(()) }
    }
    fn store(&self, index: usize, bytes: &[u8]) -> Result<(), RtasError> {
        if self.broken {
            return Err(RtasError::Hardware);
        }
        self.bytes.lock().expect("no panic")[index..index + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

/// Unit address of the second terminal; unit 0 is the first.
pub const UNIT: u64 = 0x7100_0000;

impl Capabilities for Fake {
    fn modes(&mut self) -> Option<&mut dyn ProcessorModes> {
        Some(self)
    }
    fn nmi(&mut self) -> Option<&mut dyn Nmi> {
        Some(self)
    }
    fn nvram(&mut self) -> Option<&dyn Nvram> {
        self.nvram.as_ref().map(|nvram| nvram as &dyn Nvram)
    }
    fn phb(&mut self) -> Option<&dyn HostBridge> {
        self.phb.as_ref().map(|phb| phb as &dyn HostBridge)
    }
    fn power(&mut self) -> Option<&mut dyn PowerControl> {
        Some(self)
    }
    fn processors(&mut self) -> Option<&mut dyn Processors> {
        Some(self)
    }
    fn random(&mut self) -> Option<&mut dyn RandomNumbers> {
        Some(self)
    }
    fn sharing(&mut self) -> Option<&mut dyn SharedProcessors> {
        Some(self)
    }
    fn terminals(&mut self) -> Option<&mut dyn Terminals> {
        Some(self)
    }
    fn time(&mut self) -> Option<&mut dyn ProcessorTime> {
        Some(self)
    }
    fn time_of_day(&mut self) -> Option<&mut dyn TimeOfDay> {
        Some(self)
    }
}

impl Terminals for Fake {
    fn write(&mut self, unit: u32, bytes: &[u8]) -> Result<(), Status> {
        self.terminal_at(unit)?;
        self.written.push((unit, bytes.to_vec()));
        Ok(())
    }
    fn read(&mut self, unit: u32, buf: &mut [u8; 16]) -> Result<usize, Status> {
        self.terminal_at(unit)?;
        let len = self.typed.len().min(16);
        buf[..len].copy_from_slice(&self.typed[..len]);
        self.typed.drain(..len);
        Ok(len)
    }
}

impl ProcessorModes for Fake {
    fn set_sprg0(&mut self, value: u64) {
        self.sprg0 = Some(value);
    }
    fn set_interrupts_little_endian(&mut self, little: bool) {
        self.little_endian = Some(little);
    }
    fn set_interrupts_relocated(&mut self, relocated: bool) {
        self.relocated = Some(relocated);
    }
    fn set_process_table(&mut self, table: Option<ProcessTableRange>) {
        self.process_table = Some(table);
    }
}

impl Nmi for Fake {
    fn register(&mut self, handlers: NmiHandlers) {
        self.nmi = Some(handlers);
    }
    fn release_error_log(&mut self) -> bool {
        std::mem::take(&mut self.holds_error_log)
    }
    fn signal_system_reset(&mut self, server: u32) -> Result<(), Status> {
        let resets = self.resets.as_mut().ok_or(Status::Hardware)?;
        resets.push(server);
        Ok(())
    }
}

impl Processors for Fake {
    fn count(&self) -> u32 {
        3
    }
    fn is_stopped(&self, server: u32) -> Option<bool> {
        self.areas.get(server as usize).map(|_| server == 2)
    }
    fn start(&mut self, _: u32, _: u64, _: u64) -> Result<(), RtasError> {
        Err(RtasError::Parameter)
    }
    fn stop_self(&mut self) {
        self.stopped = true;
    }
    fn kick(&mut self) {}
}

impl SharedProcessors for Fake {
    fn areas(&self, server: u32) -> Option<&Areas> {
        self.areas.get(server as usize)
    }
    fn cede(&mut self) {
        self.ceded += 1;
        self.waits("cede");
    }
    fn wait_for_prod(&mut self) {
        self.waits("prod");
    }
    fn yield_processor(&mut self) {
        self.waits("yield");
    }
    fn prod(&mut self, server: u32) -> Result<(), Status> {
        self.areas.get(server as usize).ok_or(Status::Parameter)?;
        self.prodded.push(server);
        Ok(())
    }
}

impl ProcessorTime for Fake {
    fn moment(&mut self) -> Moment {
        self.moment
    }
    fn purr(&mut self) -> u64 {
        400
    }
}

impl PowerControl for Fake {
    fn power_off(&mut self) {
        self.powered_off = true;
    }
    fn reboot(&mut self) -> bool {
        false
    }
    fn os_terminated(&mut self, why: &str) {
        self.os_terminated.push(why.to_owned());
    }
    fn is_ending(&self) -> bool {
        self.ending
    }
}

impl RandomNumbers for Fake {
    fn next(&mut self) -> Option<u64> {
        self.random
    }
}

impl TimeOfDay for Fake {
    fn now(&self) -> SystemTime {
        self.now
    }
    fn set_now(&mut self, now: SystemTime) -> Result<(), RtasError> {
        self.now = now;
        Ok(())
    }
}

impl Fake {
    /// Records a wait; 100 ticks pass.
    fn waits(&mut self, how: &'static str) {
        self.waits.push((how, self.areas[0].dispatches()));
        self.moment.timebase += 100;
        self.moment.stolen += std::mem::take(&mut self.late);
    }
    fn terminal_at(&self, unit: u32) -> Result<(), Status> {
        let known = unit == 0 || u64::from(unit) == UNIT;
        if known { self.terminal } else { Err(Status::Parameter) }
    }
}

pub struct Rig {
    pub all: Arc<Container>,
    pub agent: Agent,
    pub memory: Memory,
    pub machine: Fake,
    pub problem_state: bool,
    pub accel: Accel,
    pub meter: Option<Meter>,
}

impl Rig {
    pub fn new() -> Rig {
        Rig::with(Accel::default())
    }

    /// A rig with these settings for calls.
    pub fn with(accel: Accel) -> Rig {
        Rig::over(Container::new(Frames::new(MEMORY).expect("memory")), accel)
    }

    /// A rig whose calls start in a tier, with these faults.
    pub fn with_faults(start: Tier, faults: impl IntoIterator<Item = Spec>) -> Rig {
        let injector = Arc::new(Injector::new(faults));
        let all = Container::new(Frames::new(MEMORY).expect("memory"));
        Rig::over(
            all.with_faults(injector.clone()),
            Accel::new(start).with_faults(injector).metered(),
        )
    }

    pub fn over(all: Container, accel: Accel) -> Rig {
        Rig::over_tables(all, accel, |window, levels| {
            IommuTable::with_levels(window, levels, Ioda2::default()).map(Arc::new)
        })
    }

    /// A rig with hardware tables from `table`, which gets the window and the number of levels.
    pub fn over_tables(
        all: Container,
        accel: Accel,
        table: impl Fn(Window, u32) -> Result<Arc<IommuTable>, Error>,
    ) -> Rig {
        let liobn = |liobn: u64| Liobn(u32::try_from(liobn).expect("a LIOBN"));
        let (k4, k64) = (PageShift::K4, PageShift::K64);
        for (liobn, start, len, shift, levels) in [
            (liobn(L), 0, END, k4, 1),
            (liobn(L2), START2, 32 << 16, k64, 1),
            (liobn(L3), START3, 8192 << 12, k4, 2),
        ] {
            let window = Window::bytes(liobn, start, len, shift).expect("a window");
            let hardware = Window::bytes(liobn, start, len, k4).expect("a window");
            all.add_window(window, table(hardware, levels).expect("a table")).expect("a new LIOBN");
        }
        let len = usize::try_from(MEMORY).expect("fits");
        let memory = Memory::from_ranges(&[(GuestAddress(0), len)]).expect("memory");
        let machine = Fake {
            written: Vec::new(),
            typed: Vec::new(),
            terminal: Ok(()),
            little_endian: None,
            relocated: None,
            process_table: None,
            sprg0: None,
            ceded: 0,
            powered_off: false,
            random: None,
            now: UNIX_EPOCH + Duration::new(951_782_400, 123_456_789),
            ending: false,
            areas: Default::default(),
            moment: Moment {
                timebase: 1000,
                stolen: 0,
                processor: 5,
                srr0: 0x4000,
                srr1: 0x8000_0000_0000_0001,
            },
            late: 0,
            stopped: false,
            prodded: Vec::new(),
            nmi: None,
            holds_error_log: false,
            resets: Some(Vec::new()),
            nvram: None,
            os_terminated: Vec::new(),
            phb: None,
            waits: Vec::new(),
        };
        for running in &machine.areas[..2] {
            running.dispatched(&memory, None, Some(machine.moment));
        }
        Rig {
            agent: all.agent(),
            all: Arc::new(all),
            memory,
            machine,
            problem_state: false,
            accel,
            meter: None,
        }
    }

    /// Makes a call with r3 to r12 and returns its row and status.
    #[inline]
    pub fn call(&mut self, regs: &mut [u64; 10]) -> Call {
        let mut caller = Caller {
            container: &self.all,
            memory: &self.memory,
            agent: &mut self.agent,
            machine: &mut self.machine,
            server: 0,
            problem_state: self.problem_state,
            accel: &self.accel,
            meter: self.meter.as_mut(),
        };
        dispatch(&mut caller, regs)
    }

    /// Makes a call and returns the status of r3, and the values from r4 up. Registers that are not arguments
    /// hold a pattern.
    pub fn hcall(&mut self, token: u64, args: &[u64]) -> (Status, [u64; 9]) {
        let mut regs = [0x5555_5555_5555_5555; 10];
        regs[0] = token;
        regs[1..=args.len()].copy_from_slice(args);
        let call = self.call(&mut regs);
        assert_eq!(Status::from_reg(regs[0]), Some(call.status));
        (call.status, std::array::from_fn(|i| regs[i + 1]))
    }

    pub fn status(&mut self, token: u64, args: &[u64]) -> Status {
        self.hcall(token, args).0
    }

    /// Reads an entry back by hypercall.
    pub fn get(&mut self, liobn: u64, ioba: u64) -> u64 {
        let (status, out) = self.hcall(tokens::H_GET_TCE, &[liobn, ioba]);
        assert_eq!(status, Status::Success);
        out[0]
    }

    /// Writes big-endian doublewords, as a guest of either byte order does for a list.
    pub fn write_list(&self, at: u64, list: &[u64]) {
        let bytes: Vec<u8> = list.iter().flat_map(|tce| tce.to_be_bytes()).collect();
        self.memory.write_slice(&bytes, GuestAddress(at)).expect("in memory");
    }

    /// Writes big-endian words.
    pub fn write_words(&self, at: u64, words: &[u32]) {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        self.memory.write_slice(&bytes, GuestAddress(at)).expect("in memory");
    }

    /// Reads big-endian words.
    pub fn words<const N: usize>(&self, at: u64) -> [u32; N] {
        std::array::from_fn(|i| {
            let mut bytes = [0; 4];
            let at = GuestAddress(at + 4 * i as u64);
            self.memory.read_slice(&mut bytes, at).expect("in memory");
            u32::from_be_bytes(bytes)
        })
    }

    pub fn pins(&self, gpa: u64) -> u32 {
        let frames = self.all.frames();
        frames.pins(frames.hpa(Gpa(gpa)).expect("owned"))
    }

    pub fn dirty(&self, gpa: u64) -> bool {
        let frames = self.all.frames();
        frames.is_dirty(frames.hpa(Gpa(gpa)).expect("owned"))
    }

    /// The whole view and the totals of pages: a refused call changes neither.
    pub fn state(&self) -> (Vec<u64>, Totals) {
        let windows = self.all.windows();
        let view = windows
            .iter()
            .flat_map(|t| (0..t.window().size()).map(|n| t.view().load(GuestEntry(n)).0));
        (view.collect(), self.agent.totals())
    }

    /// Checks that pins equal live entries, that the hardware is the translation of the view, and that only
    /// memory is mapped.
    #[track_caller]
    pub fn assert_sound(&self) {
        let audit = self.all.audit();
        assert!(audit.holds(), "{audit:?}");
    }
}
