// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Virtual terminal: H_PUT_TERM_CHAR, H_GET_TERM_CHAR.
//!
//! Characters lie in two registers from the high-order byte of the first one on.

use crate::call::Caller;
use crate::call::args::UnitAddress;
use crate::call::rows::hcalls;
use crate::words::status::Status;

hcalls![
    Hcall {
        name: H_GET_TERM_CHAR,
        call: h_get_term_char(unit),
        needs: [Terminals],
        returns: [len, char0_7, char8_15],
        set: Some("hcall-term"),
        spec: "LoPAR 2.9, H_GET_TERM_CHAR",
    },
    Hcall {
        name: H_PUT_TERM_CHAR,
        call: h_put_term_char(unit, len, char0_7, char8_15),
        needs: [Terminals],
        returns: [],
        set: Some("hcall-term"),
        spec: "LoPAR 2.9, H_PUT_TERM_CHAR",
    },
];

/// Takes up to 16 typed characters; the bytes after them are zero.
fn h_get_term_char(on: &mut Caller<'_>, unit: UnitAddress) -> Result<[u64; 3], Status> {
    let mut buf = [0; 16];
    let len =
        on.machine.terminals().ok_or(Status::Function)?.read(unit.0, &mut buf)?.min(buf.len());
    buf[len..].fill(0);
    let chars = u128::from_be_bytes(buf);
    Ok([len as u64, (chars >> 64) as u64, chars as u64])
}

/// Writes up to 16 characters, all or none.
fn h_put_term_char(
    on: &mut Caller<'_>,
    unit: UnitAddress,
    len: u64,
    char0_7: u64,
    char8_15: u64,
) -> Result<(), Status> {
    let chars = (u128::from(char0_7) << 64 | u128::from(char8_15)).to_be_bytes();
    let len = usize::try_from(len).map_err(|_| Status::Parameter)?;
    let chars = chars.get(..len).ok_or(Status::Parameter)?;
    on.machine.terminals().ok_or(Status::Function)?.write(unit.0, chars)
}
