// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A call that a plug-in answers, and the steps that it takes meanwhile.
//!
//! A plug-in gets pointers to structures of this call and gives them back as names. They are compared and never followed,
//! so a wrong one is refused. The call itself is found by the thread.

use hcall::{Caller, Regs, Status};
use iommu::{
    AlignedHpa, Direction, Gpa, GuestEntry, Hpa, HwEntry, Ioba, Liobn, RawTce, Steps, Tce,
};
use vm_memory::{Bytes, GuestAddress};

use crate::abi::{Table, Window};

/// The most windows that one call may look up.
const MOST_WINDOWS: usize = 8;

/// A window that the plug-in looked up.
struct Found {
    steps: Steps,
    window: Window,
    tables: Vec<Table>,
}

/// The call of the vCPU.
pub(crate) struct Call<'c, 'a> {
    on: &'c mut Caller<'a>,
    regs: &'c mut Regs,
    /// At most [`MOST_WINDOWS`], for which there is room from the first on: their addresses stay.
    found: Vec<Found>,
}

/// A refused step: the status for the plug-in.
type Refused = i64;

const PARAMETER: Refused = Status::Parameter.code();
const TOO_HARD: Refused = Status::TooHard.code();
const HARDWARE: Refused = Status::Hardware.code();

impl<'c, 'a> Call<'c, 'a> {
    /// The beginning of a call.
    pub(crate) fn new(on: &'c mut Caller<'a>, regs: &'c mut Regs) -> Call<'c, 'a> {
        Call { on, regs, found: Vec::new() }
    }

    /// Ends the steps of the call.
    pub(crate) fn end(self) {
        for found in self.found {
            found.steps.end(self.on.container.frames(), self.on.agent);
        }
    }

    /// The window of this LIOBN.
    pub(crate) fn find(&mut self, liobn: u64) -> Option<*const Window> {
        if let Some(known) = self.found.iter().find(|found| found.window.liobn == liobn) {
            return Some(&raw const known.window);
        }
        if self.found.len() == MOST_WINDOWS {
            log::error!("a plug-in looks up more than {MOST_WINDOWS} windows in one call");
            return None;
        }
        let steps =
            self.on.container.steps(self.on.agent, Liobn(u32::try_from(liobn).ok()?)).ok()?;
        let tables: Vec<_> =
            (0..).map_while(|n| Some(Table::of(n, steps.table(n as usize)?))).collect();
        let window = steps.window();
        let shift = window.page_shift().get();
        let window = Window {
            liobn,
            offset: window.start().0 >> shift,
            size: window.size(),
            page_shift: shift,
            tables: tables.len() as u32,
        };
        if self.found.is_empty() {
            self.found.reserve_exact(MOST_WINDOWS);
        }
        self.found.push(Found { steps, window, tables });
        self.found.last().map(|found| &raw const found.window)
    }

    /// The address of a hardware table.
    pub(crate) fn table(&mut self, window: *const Window, number: u32) -> Option<*const Table> {
        let (found, _) = self.window(window).ok()?;
        found.tables.get(number as usize).map(|table| table as *const Table)
    }

    pub(crate) fn ioba_validate(
        &mut self,
        window: *const Window,
        ioba: u64,
        count: u64,
    ) -> Result<(), Refused> {
        let (found, _) = self.window(window)?;
        found.steps.ioba_validate(Ioba(ioba), count).map(drop).map_err(refused)
    }

    pub(crate) fn tce_validate(&mut self, window: *const Window, tce: u64) -> Result<(), Refused> {
        let (found, on) = self.window(window)?;
        found.steps.tce_validate(on.container.frames(), RawTce(tce)).map_err(refused)
    }

    pub(crate) fn tce_to_hpa(&mut self, window: *const Window, tce: u64) -> Result<u64, Refused> {
        let (found, on) = self.window(window)?;
        let page = found.steps.translate(on.container.frames(), RawTce(tce));
        if page.is_live() { Ok(page.hpa().0) } else { Err(PARAMETER) }
    }

    pub(crate) fn tce_put(
        &mut self,
        window: *const Window,
        entry: u64,
        tce: u64,
    ) -> Result<(), Refused> {
        let (found, on) = self.window(window)?;
        let entry = entry.checked_sub(found.window.offset).ok_or(PARAMETER)?;
        found.steps.put_view(on.agent, GuestEntry(entry), RawTce(tce)).map_err(refused)
    }

    pub(crate) fn tce_get(&mut self, window: *const Window, entry: u64) -> Result<u64, Refused> {
        let (found, _) = self.window(window)?;
        let entry = entry.checked_sub(found.window.offset).ok_or(PARAMETER)?;
        found.steps.view(GuestEntry(entry)).map(|raw| raw.0).map_err(refused)
    }

    pub(crate) fn pin(&mut self, table: *const Table, hpa: u64) -> Result<(), Refused> {
        let (found, number, on) = self.of_table(table)?;
        found.steps.pin(on.container.frames(), on.agent, number, Hpa(hpa)).map_err(refused)
    }

    pub(crate) fn release(&mut self, table: *const Table, hpa: u64) -> Result<(), Refused> {
        let (found, number, on) = self.of_table(table)?;
        found.steps.release(on.container.frames(), on.agent, number, Hpa(hpa)).map_err(refused)
    }

    pub(crate) fn dirty(&mut self, table: *const Table, hpa: u64) -> Result<(), Refused> {
        let (found, number, on) = self.of_table(table)?;
        found.steps.dirty(on.container.frames(), on.agent, number, Hpa(hpa)).map_err(refused)
    }

    /// Exchanges an entry. Returns host page and direction of the displaced one.
    pub(crate) fn xchg_no_kill(
        &mut self,
        table: *const Table,
        entry: u64,
        hpa: u64,
        direction: u32,
    ) -> Result<(u64, u32), Refused> {
        let direction = direction_of(direction).ok_or(PARAMETER)?;
        let (found, number, on) = self.of_table(table)?;
        let entry = entry.checked_sub(found.tables[number].it_offset).ok_or(PARAMETER)?;
        let new = match direction {
            Direction::None => Tce::CLEAR,
            _ => Tce::new(AlignedHpa::new(Hpa(hpa)).ok_or(PARAMETER)?, direction),
        };
        let frames = on.container.frames();
        let old = found.steps.xchg_no_kill(frames, on.agent, number, HwEntry(entry), new);
        let old = old.map_err(refused)?;
        Ok((old.hpa().0, number_of(old.direction())))
    }

    pub(crate) fn kill(
        &mut self,
        table: *const Table,
        entry: u64,
        count: u64,
    ) -> Result<(), Refused> {
        let (found, number, on) = self.of_table(table)?;
        let entry = entry.checked_sub(found.tables[number].it_offset).ok_or(PARAMETER)?;
        found.steps.kill(on.agent, number, HwEntry(entry), count).map_err(refused)
    }

    /// Reads guest memory.
    pub(crate) fn read_guest(&mut self, gpa: u64, to: &mut [u8]) -> Result<(), Refused> {
        self.on.memory.read_slice(to, GuestAddress(Gpa(gpa).0)).map_err(|_| PARAMETER)
    }

    /// Sets r4 to r12 of the answer.
    pub(crate) fn set_gpr(&mut self, number: u32, value: u64) -> Result<(), Refused> {
        let register = number.checked_sub(3).filter(|&n| n > 0);
        let register = register.and_then(|n| self.regs.get_mut(n as usize)).ok_or(PARAMETER)?;
        *register = value;
        Ok(())
    }

    fn window(&mut self, window: *const Window) -> Result<(&mut Found, &mut Caller<'a>), Refused> {
        let found = self.found.iter_mut().find(|found| std::ptr::eq(&found.window, window));
        Ok((found.ok_or(HARDWARE)?, self.on))
    }

    fn of_table(
        &mut self,
        table: *const Table,
    ) -> Result<(&mut Found, usize, &mut Caller<'a>), Refused> {
        let place = |found: &Found| found.tables.iter().position(|t| std::ptr::eq(t, table));
        let found = self.found.iter_mut().find_map(|found| Some((place(found)?, found)));
        let (number, found) = found.ok_or(HARDWARE)?;
        Ok((found, number, self.on))
    }
}

/// The status for a refusal: what another tier can do is too hard for this one.
fn refused(error: iommu::Error) -> Refused {
    use iommu::Error::{NoExchange, NoMemory, NotRegistered, OverBudget};
    match error {
        NoMemory | OverBudget | NotRegistered(_) => TOO_HARD,
        NoExchange(_) => HARDWARE,
        _ => PARAMETER,
    }
}

/// `enum dma_data_direction`.
const DIRECTIONS: [Direction; 4] =
    [Direction::Bidirectional, Direction::ToDevice, Direction::FromDevice, Direction::None];

fn direction_of(number: u32) -> Option<Direction> {
    DIRECTIONS.get(number as usize).copied()
}

fn number_of(direction: Direction) -> u32 {
    DIRECTIONS.iter().position(|&each| each == direction).unwrap_or(3) as u32
}
