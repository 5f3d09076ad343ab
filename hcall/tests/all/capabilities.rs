// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Machines that lack a capability: the calls that need it do not exist there, and all others do.
//!
//! LoPAR 2.9, "Hypervisor Call Function Table": H_FUNCTION answers a call that the platform does not have, and
//! `ibm,hypertas-functions` names only those that it has. An RTAS call that the platform lacks has no token; a
//! call of an unknown token is -3.

use hcall::machine::*;
use hcall::rtas::{all_services, rtas_tokens_for};
use hcall::tokens::H_RTAS;
use hcall::*;
use tests::rig::*;

/// A machine with these capabilities at most. It has no interrupt controller, virtual I/O, NVRAM or bridge.
struct Part {
    whole: Fake,
    has: Vec<Capability>,
}

impl Part {
    fn new(has: impl IntoIterator<Item = Capability>) -> Part {
        Part { whole: Rig::new().machine, has: has.into_iter().collect() }
    }
}

macro_rules! part {
    ($($name:ident $method:ident: $access:ty;)*) => {
        impl Capabilities for Part {
            $(fn $method(&mut self) -> Option<$access> {
                self.has.contains(&Capability::$name).then(|| self.whole.$method())?
            })*
        }
    };
}

part! {
    ProcessorModes modes: &mut dyn ProcessorModes;
    Nmi nmi: &mut dyn Nmi;
    PowerControl power: &mut dyn PowerControl;
    Processors processors: &mut dyn Processors;
    RandomNumbers random: &mut dyn RandomNumbers;
    SharedProcessors sharing: &mut dyn SharedProcessors;
    Terminals terminals: &mut dyn Terminals;
    ProcessorTime time: &mut dyn ProcessorTime;
    TimeOfDay time_of_day: &mut dyn TimeOfDay;
}

fn rows() -> impl Iterator<Item = &'static Hcall> {
    HCALLS.iter().flat_map(|rows| rows.iter())
}

/// Makes a call whose arguments all have one value.
fn status(rig: &mut Rig, machine: &mut dyn Capabilities, token: u64, argument: u64) -> Status {
    let mut caller = Caller::new(&rig.all, &rig.memory, &mut rig.agent, machine);
    let mut regs = [argument; 10];
    regs[0] = token;
    dispatch(&mut caller, &mut regs).status
}

/// The RTAS status of a service called with zeros.
fn rtas(rig: &mut Rig, machine: &mut dyn Capabilities, service: &rtas::Service) -> i32 {
    let (inputs, outputs) = (service.args.len(), service.returns[0].len() + 1);
    let counts = [service.token, inputs as u32, outputs as u32];
    rig.write_words(LIST, &[&counts[..], &vec![0; inputs + outputs]].concat());
    let mut caller = Caller::new(&rig.all, &rig.memory, &mut rig.agent, machine);
    let mut regs = [0; 10];
    regs[..2].copy_from_slice(&[H_RTAS, LIST]);
    assert_eq!(dispatch(&mut caller, &mut regs).status, Status::Success);
    rig.words::<1>(LIST + 4 * (3 + inputs as u64))[0].cast_signed()
}

#[test]
fn a_call_does_not_exist_without_a_capability_that_its_row_needs() {
    let mut rig = Rig::new();
    for &lacking in Capability::ALL {
        let mut machine = Part::new(Capability::ALL.iter().copied().filter(|c| *c != lacking));
        for row in rows().filter(|row| row.needs.contains(&lacking)) {
            for argument in [0, u64::MAX] {
                let status = status(&mut rig, &mut machine, row.token, argument);
                assert_eq!(status, Status::Function, "{} without {lacking:?}", row.name);
            }
        }
        for service in all_services().filter(|service| service.needs.contains(&lacking)) {
            let status = rtas(&mut rig, &mut machine, service);
            assert_eq!(status, -3, "{} without {lacking:?}", service.name);
        }
    }
}

// A function that uses a capability which its row does not name would answer H_FUNCTION here. Lists of
// TCEs have H_FUNCTION for the multi-table option, which does not exist.
#[test]
fn a_call_exists_on_a_machine_that_has_all_that_its_row_needs() {
    let mut rig = Rig::new();
    let mut tried = 0;
    for row in rows().filter(|row| row.name != "H_PUT_TCE_INDIRECT") {
        let mut machine = Part::new(row.needs.iter().copied());
        if row.needs.iter().all(|need| need.is_in(&mut machine)) {
            tried += 1;
            for argument in [0, 1, u64::MAX] {
                let status = status(&mut rig, &mut machine, row.token, argument);
                assert_ne!(status, Status::Function, "{}", row.name);
            }
        }
    }
    assert!(tried > 25, "{tried}");
}

#[test]
fn a_machine_promises_the_calls_that_it_has() {
    assert_eq!(function_sets(&[]), ["hcall-copy", "hcall-debug", "hcall-multi-tce", "hcall-tce"]);
    let consoles = function_sets(&[Capability::Terminals]);
    assert!(consoles.contains(&"hcall-term"));
    assert_eq!(consoles.len(), 5);
    let names = |has| rtas_tokens_for(has).map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names(&[]), ["event-scan"]);
    assert_eq!(names(&[Capability::Nvram]), ["nvram-fetch", "nvram-store", "event-scan"]);
    assert_eq!(names(Capability::ALL).len(), all_services().count());
}
