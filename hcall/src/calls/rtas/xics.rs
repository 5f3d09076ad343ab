// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Interrupt sources: where each one goes, and whether (LoPAR 2.9, "Interrupt Controller RTAS").

use super::service::services;
use crate::call::Caller;
use crate::machine::sources::{SourceController, Xive};
use crate::words::rtas_error::RtasError;

services![
    Service {
        token: 0x200a,
        name: "ibm,set-xive",
        call: set_xive(source, server, priority),
        needs: [SourceController],
        returns: [],
        spec: "LoPAR 2.9, ibm,set-xive",
    },
    Service {
        token: 0x200b,
        name: "ibm,get-xive",
        call: get_xive(source),
        needs: [SourceController],
        returns: [server, priority],
        spec: "LoPAR 2.9, ibm,get-xive",
    },
    Service {
        token: 0x200c,
        name: "ibm,int-off",
        call: int_off(source),
        needs: [SourceController],
        returns: [],
        spec: "LoPAR 2.9, ibm,int-off",
    },
    Service {
        token: 0x200d,
        name: "ibm,int-on",
        call: int_on(source),
        needs: [SourceController],
        returns: [],
        spec: "LoPAR 2.9, ibm,int-on",
    },
];

fn controller<'a>(on: &'a mut Caller<'_>) -> Result<&'a dyn SourceController, RtasError> {
    on.machine.sources().ok_or(RtasError::Parameter)
}

fn set_xive(
    on: &mut Caller<'_>,
    source: u32,
    server: u32,
    priority: u32,
) -> Result<[u32; 0], RtasError> {
    let priority = u8::try_from(priority).map_err(|_| RtasError::Parameter)?;
    let xive = Xive { server, priority };
    controller(on)?.set_xive(source, xive).map(|()| []).ok_or(RtasError::Parameter)
}

fn get_xive(on: &mut Caller<'_>, source: u32) -> Result<[u32; 2], RtasError> {
    let Xive { server, priority } = controller(on)?.xive(source).ok_or(RtasError::Parameter)?;
    Ok([server, priority.into()])
}

fn int_off(on: &mut Caller<'_>, source: u32) -> Result<[u32; 0], RtasError> {
    controller(on)?.set_enabled(source, false).map(|()| []).ok_or(RtasError::Parameter)
}

fn int_on(on: &mut Caller<'_>, source: u32) -> Result<[u32; 0], RtasError> {
    controller(on)?.set_enabled(source, true).map(|()| []).ok_or(RtasError::Parameter)
}
