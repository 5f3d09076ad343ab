// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The thread that serves an adapter's requests in the order in which they were sent. So every earlier
//! command is complete when task management is served.
//!
//! A request whose service panics is still answered. For a command the answer is that its disk has failed,
//! which stays so (`scsi/mod.rs`). For any other request it is the transport event of a partner that failed.
//! The thread goes on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;

use super::data::{self, BadBuffers};
use super::device::{Answer, MAD, Request, SRP, Vscsi};
use super::scsi::{Context, Refusal, Target, sense};
use super::srp::{self, Command, Ended, Iu, TaskCode};
use super::{crq, mad};
use crate::dma::Port;

/// Status in the entry of a response that could not be written (Linux: `VIOSRP_NONRECOVERABLE_ERR`).
const NOT_WRITTEN: u8 = 1;

pub(super) fn run(device: &Vscsi, port: Port, target: Target) {
    let mut worker = Worker { device, port, target };
    while let Some(request) = device.next() {
        worker.port.admit(request.epoch);
        // A panic may leave only the bytes of the response incomplete, and the client does not read those
        // then.
        let answer = catch_unwind(AssertUnwindSafe(|| worker.serve(&request)));
        device.done(&request, answer.unwrap_or(Answer::Failed));
    }
    worker.target.close();
}

struct Worker<'a> {
    device: &'a Vscsi,
    port: Port,
    target: Target,
}

impl Worker<'_> {
    fn serve(&mut self, request: &Request) -> Answer {
        let Some(mut iu) = Iu::of_len(request.len) else {
            return Answer::Violation(format!("an information unit of {} bytes", request.len));
        };
        if let Err(fault) = self.port.read(request.iu, iu.bytes_mut()) {
            return Answer::Violation(format!("an information unit that cannot be read: {fault}"));
        }
        match (request.format, iu.kind()) {
            (MAD, _) => self.datagram(request, &iu),
            (_, srp::LOGIN_REQ) if self.device.logged_in() => {
                Answer::Violation("a second login".into())
            }
            (_, srp::LOGIN_REQ) => self.login(request, &iu),
            (_, kind) if !self.device.logged_in() => {
                Answer::Violation(format!("SRP type {kind:#x} before the login"))
            }
            (_, srp::CMD) => self.command(request, &iu),
            (_, srp::TSK_MGMT) => self.task(request, &iu),
            (_, srp::I_LOGOUT) => Answer::Logout,
            (_, kind) => Answer::Violation(format!("SRP type {kind:#x}")),
        }
    }

    fn datagram(&mut self, request: &Request, iu: &Iu) -> Answer {
        let status = mad::answer(&mut self.port, iu);
        let at = iommu::Ioba(request.iu.0.wrapping_add(mad::STATUS));
        let written = self.port.write(at, &status.to_be_bytes());
        Answer::Entry(entry(MAD, written.is_ok(), request.len, iu))
    }

    fn login(&mut self, request: &Request, iu: &Iu) -> Answer {
        match srp::login(iu) {
            Ok(()) => {
                let answer = self.respond(request, iu, &srp::login_response(iu.tag()));
                Answer::LoggedIn(answer)
            }
            Err(why) => Answer::Entry(self.respond(request, iu, &srp::login_reject(iu.tag(), why))),
        }
    }

    /// Every earlier request is complete, so there is nothing to abort.
    fn task(&mut self, request: &Request, iu: &Iu) -> Answer {
        let code = match iu.field::<1>(30)[0] {
            // Abort task, abort task set, clear task set, logical unit reset, clear ACA.
            1 | 2 | 4 | 8 | 0x40 => TaskCode::Complete,
            _ => TaskCode::NotSupported,
        };
        Answer::Entry(self.respond(request, iu, &srp::task_response(iu.tag(), code)))
    }

    fn command(&mut self, request: &Request, iu: &Iu) -> Answer {
        let Some(command) = Command::parse(iu) else {
            return Answer::Violation("a descriptor format that SRP does not have".into());
        };
        let ended = match data::buffers(&command, iu, &mut self.port) {
            Ok((out, data_in)) => {
                let (port, counters) = (&mut self.port, &self.device.counters);
                let context = Context { port, out, data_in, counters };
                self.target.execute(command.lun, &command.cdb, context)
            }
            Err(BadBuffers::Malformed) => refused(sense::INVALID_INFORMATION_UNIT),
            Err(BadBuffers::Fault(_)) => refused(sense::DATA_PHASE_ERROR),
        };
        self.device.counters.commands.fetch_add(1, Ordering::Relaxed);
        if ended.status != 0 {
            self.device.counters.refused.fetch_add(1, Ordering::Relaxed);
        }
        Answer::Entry(self.respond(request, iu, &srp::response(iu.tag(), &ended)))
    }

    /// Writes the response over the request. Returns the entry that announces it.
    fn respond(&mut self, request: &Request, iu: &Iu, response: &[u8]) -> [u8; 16] {
        let written = self.port.write(request.iu, response);
        entry(SRP, written.is_ok(), response.len(), iu)
    }
}

fn refused(why: Refusal) -> Ended {
    Ended { status: sense::CHECK_CONDITION, sense: why.fixed(), ..Ended::default() }
}

/// The entry of a response: its length, and the tag of its request.
fn entry(format: u8, written: bool, len: usize, iu: &Iu) -> [u8; 16] {
    let mut entry = [0; 16];
    let status = if written { 0 } else { NOT_WRITTEN };
    entry[..4].copy_from_slice(&[crq::COMMAND, format, 0, status]);
    // Both kinds are at most MOST_IU long.
    entry[6..8].copy_from_slice(&(len as u16).to_be_bytes());
    entry[8..].copy_from_slice(&iu.tag());
    entry
}
