// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! From a token to its row: two dense tables, built when the crate is compiled.

use super::accel;
use crate::call::args::Regs;
use crate::call::{Caller, Handler, Hcall};
use crate::calls::HCALLS;
use crate::words::status::Status;

/// Tokens that LoPAR gives out are multiples of 4.
const STEP: u64 = 4;
/// First private token. These are consecutive numbers.
const PRIVATE: u64 = 0xF000;
const PRIVATE_COUNT: usize = 16;
/// Above all of LoPAR's tokens.
const ARCHITECTED_COUNT: usize = 0x480 / STEP as usize;

type Table<const N: usize> = [Option<&'static Hcall>; N];

static ARCHITECTED: Table<ARCHITECTED_COUNT> = table(0, STEP);
static PRIVATES: Table<PRIVATE_COUNT> = table(PRIVATE, 1);

/// The rows whose tokens are `base`, `base + step` and so on. A token that two rows have does not
/// compile, nor one that no table covers.
const fn table<const N: usize>(base: u64, step: u64) -> Table<N> {
    let mut table: Table<N> = [None; N];
    let mut file = 0;
    while file < HCALLS.len() {
        let mut row = 0;
        while row < HCALLS[file].len() {
            let hcall = &HCALLS[file][row];
            if (hcall.token >= PRIVATE) == (base == PRIVATE) {
                assert!((hcall.token - base).is_multiple_of(step));
                let index = ((hcall.token - base) / step) as usize;
                assert!(table[index].is_none());
                table[index] = Some(hcall);
            }
            row += 1;
        }
        file += 1;
    }
    table
}

/// A hypercall that was made, and its answer.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// The row; `None` when the token has none.
    pub hcall: Option<&'static Hcall>,
    /// The status that r3 has.
    pub status: Status,
}

impl Call {
    /// The answer to the call whose token is in r3, which no row answers.
    pub fn refused(regs: &mut Regs, status: Status) -> Call {
        let hcall = find(regs[0]);
        regs[0] = status.to_reg();
        Call { hcall, status }
    }

    /// The number of registers from r3 on that hold the answer: the status, and the returns of the row. The
    /// others are unchanged.
    #[inline]
    pub fn answers(&self) -> usize {
        1 + self.hcall.map_or(0, |hcall| hcall.returns.len())
    }
}

/// The row of a token, if the call is implemented.
#[inline]
pub fn find(token: u64) -> Option<&'static Hcall> {
    let (table, index): (&[Option<&Hcall>], u64) = if token >= PRIVATE {
        (&PRIVATES, token - PRIVATE)
    } else if token.is_multiple_of(STEP) {
        (&ARCHITECTED, token / STEP)
    } else {
        return None;
    };
    usize::try_from(index).ok().and_then(|index| table.get(index).copied().flatten())
}

/// The row of the call of a token that a vCPU makes. Errors: H_PRIVILEGE for every call in problem state, H_FUNCTION for an
/// unknown token. The call changes nothing then, but r3.
#[inline(always)]
pub fn row(token: u64, problem_state: bool) -> Result<&'static Hcall, Status> {
    match find(token) {
        _ if problem_state => Err(Status::Privilege),
        Some(hcall) => Ok(hcall),
        None => Err(Status::Function),
    }
}

/// Does the hypercall whose token is in r3: reads arguments from r4 up, writes answers there if it
/// succeeds, and its status to r3. `regs` are r3 to r12.
///
/// In problem state every call is H_PRIVILEGE. An unknown token is H_FUNCTION, and so is a call that needs a
/// capability which the machine lacks. All three change nothing.
#[inline]
pub fn dispatch(caller: &mut Caller<'_>, regs: &mut Regs) -> Call {
    match row(regs[0], caller.problem_state) {
        Ok(hcall) => answer(hcall, caller, regs),
        Err(status) => Call::refused(regs, status),
    }
}

/// Does what [`dispatch`] does, for a caller that has [found](row) the row of r3.
#[inline(always)]
pub fn answer(hcall: &'static Hcall, caller: &mut Caller<'_>, regs: &mut Regs) -> Call {
    let status = match &hcall.handler {
        Handler::One(function) => function(caller, regs),
        Handler::Tiered(tiers) => accel::run(hcall.token, tiers, caller, regs),
    };
    // Nearly always. The code of any status is looked up behind a jump to an address in a register.
    regs[0] = if status == Status::Success { 0 } else { status.to_reg() };
    Call { hcall: Some(hcall), status }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::{function_sets, rtas};
    use crate::machine::Capability;
    use crate::words::tokens;

    #[test]
    fn every_row_is_found_by_its_token_and_has_its_papr_name() {
        for hcall in HCALLS.iter().flat_map(|rows| rows.iter()) {
            let found = find(hcall.token).expect("in a table");
            assert_eq!(found.name, hcall.name);
            assert_eq!(tokens::token_name(hcall.token), Some(hcall.name));
            assert!(hcall.args.len() <= 9 && hcall.returns.len() <= 9);
        }
    }

    // papr-tce 7.2 and 7.3.
    #[test]
    fn a_token_with_a_low_bit_or_out_of_the_tables_has_no_row() {
        for token in
            [0, 1, 0x21, 0x22, 0x23, 0x4fc, 0xefff, 0xf001, 0xf010, 1 << 32 | 0x20, u64::MAX]
        {
            assert!(find(token).is_none(), "{token:#x}");
        }
    }

    #[test]
    fn a_family_is_the_file_of_its_rows() {
        let family = |token| find(token).expect("a row").family;
        assert_eq!(family(tokens::H_STUFF_TCE), "tce");
        assert_eq!(family(tokens::H_PUT_TERM_CHAR), "term");
        assert_eq!(family(tokens::H_EOI), "xics");
        assert_eq!(family(tokens::H_RTAS), "rtas");
        let mut services = rtas::all_services();
        let create = services.find(|service| service.name == "ibm,create-pe-dma-window");
        assert_eq!(create.expect("a row").family, "ddw");
    }

    // LoPAR 2.9, "Hypervisor Call Function Table": the sets of the calls that are there.
    #[test]
    fn function_sets_are_sorted_and_unique() {
        assert_eq!(
            function_sets(Capability::ALL),
            [
                "hcall-ILAN",
                "hcall-copy",
                "hcall-crq",
                "hcall-debug",
                "hcall-illan-options",
                "hcall-interrupt",
                "hcall-lLAN",
                "hcall-multi-tce",
                "hcall-random",
                "hcall-set-mode",
                "hcall-splpar",
                "hcall-sprg0",
                "hcall-tce",
                "hcall-term",
                "hcall-vio",
            ]
        );
    }
}
