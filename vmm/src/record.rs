// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--record`: every hypercall of a run as a script that `tcevm replay` plays, one step a line
//! (the language is that of [`comply::script`]). What a call reads from memory is a `poke` before it.

use std::fmt::Write as _;
use std::fs::File;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hcall::tokens::{H_PUT_TCE_INDIRECT, H_RTAS};
use hcall::{Memory, Regs, Status};
use vm_memory::{Be32, Be64, Bytes, GuestAddress};

use crate::dma::DmaArgs;
use crate::memory::RamSize;
use crate::observe::Made;
use crate::observe::made::{is_tce, rtas_name};
use crate::observe::output::Output;

/// Entries of a list at most, and cells of an RTAS block of each kind.
const LIST: u64 = 512;
const CELLS: u32 = 8;
/// Entries of one line.
const POKE: usize = 64;
/// How many registers are written down of a call whose arguments are not known.
const UNNAMED: usize = 4;

/// The file, shared by all vCPUs.
#[derive(Debug)]
pub struct Recorder {
    file: Mutex<Output>,
    /// Held while a call on DMA windows is made and written down, so that the order in the file is
    /// the order in which they happened. Taken before `file`.
    order: Mutex<()>,
}

impl Recorder {
    /// Writes what the machine is.
    pub fn new(file: File, ram: RamSize, dma: &DmaArgs) -> Recorder {
        let mut file = Output::new(file);
        file.write(format_args!(
            "# tcevm record: ram {:#x}, profile {}, tier {}\n",
            ram.bytes(),
            dma.profile.name,
            dma.accel
        ));
        Recorder { file: Mutex::new(file), order: Mutex::default() }
    }

    /// Keeps other vCPUs' calls on DMA windows out while this one is made; nothing for calls that may
    /// wait.
    pub(crate) fn order(&self, asked: &Regs) -> Option<MutexGuard<'_, ()>> {
        let tce = hcall::find(asked[0]).is_some_and(is_tce);
        let taken = tce || asked[0] == H_RTAS;
        taken.then(|| self.order.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What has to be in memory before the call.
    pub(crate) fn before(&self, asked: &Regs, memory: &Memory) -> String {
        let mut lines = String::new();
        let [token, _, _, list, count, ..] = *asked;
        if token == H_PUT_TCE_INDIRECT && count <= LIST {
            let entry = |n| memory.read_obj::<Be64>(GuestAddress(list.wrapping_add(8 * n)));
            let entries: Vec<_> = (0..count).map_while(|n| entry(n).ok()).collect();
            for (at, some) in (list..).step_by(8 * POKE).zip(entries.chunks(POKE)) {
                // Writing to a string does not fail, here and below.
                let _ = write!(lines, "poke {at:#x}");
                some.iter().for_each(|tce| _ = write!(lines, " {:#x}", tce.to_native()));
                lines.push('\n');
            }
        }
        lines
    }

    /// The call and its answer.
    pub(crate) fn after(&self, before: &str, made: &Made<'_>, memory: &Memory) {
        let rtas = (made.asked[0] == H_RTAS && made.call.status == Status::Success)
            .then(|| rtas_line(made.asked[1], memory));
        let line = rtas.unwrap_or_else(|| call_line(made));
        self.file().write(format_args!("{before}{line}\n"));
    }

    /// Writes what is left. Errors: what could not be written.
    pub fn finish(&self) -> io::Result<()> {
        self.file().finish()
    }

    fn file(&self) -> MutexGuard<'_, Output> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn call_line(made: &Made<'_>) -> String {
    let Made { asked, answered, call, .. } = made;
    let name = call.hcall.map_or_else(|| format!("{:#x}", asked[0]), |row| row.name.into());
    let args = call.hcall.map_or(UNNAMED, |row| row.args.len());
    let mut line = name;
    asked[1..=args].iter().for_each(|arg| _ = write!(line, " {arg:#x}"));
    let _ = write!(line, " -> {}", comply::script::Code(call.status.code()));
    // Only what a TCE call answers is the same each time.
    let tce = call.hcall.filter(|row| is_tce(row));
    if let (Some(row), Status::Success) = (tce, call.status) {
        let outs = &answered[1..=row.returns.len()];
        outs.iter().for_each(|out| _ = write!(line, " {out:#x}"));
    }
    line
}

/// An RTAS call by its name. What cannot be played again is a comment.
fn rtas_line(block: u64, memory: &Memory) -> String {
    let cell = |n: u32| {
        let at = GuestAddress(block.wrapping_add(4 * u64::from(n)));
        memory.read_obj::<Be32>(at).map_or(0, |cell| cell.to_native())
    };
    let (token, inputs, outputs) = (cell(0), cell(1), cell(2));
    let name = rtas_name(block, memory);
    let fits = (1..=CELLS).contains(&outputs) && inputs <= CELLS;
    let Some(name) = name.filter(|&name| fits && name != "power-off") else {
        return format!("# RTAS {} {token:#x}", name.unwrap_or("?"));
    };
    let mut line = format!("rtas {name}");
    (0..inputs).for_each(|n| _ = write!(line, " {:#x}", cell(3 + n)));
    let _ = write!(line, " -> {}", cell(3 + inputs).cast_signed());
    for n in 1..outputs {
        // Only what changes DMA windows answers the same each time.
        let _ = match name.starts_with("ibm,") {
            true => write!(line, " {:#x}", cell(3 + inputs + n)),
            false => write!(line, " _"),
        };
    }
    line
}
