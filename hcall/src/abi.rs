// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Rows: how registers become typed arguments and answers become registers.
//!
//! LoPAR 2.9, "Hypervisor Call Linkage": r3 is the token and then the status, r4 up are the
//! arguments and then the answers.

use crate::machine::Caller;
use crate::status::Status;
use iommu::{Gpa, Ioba, Liobn, RawTce};

/// r3 to r12 of the calling vCPU.
pub type Regs = [u64; 10];

/// One hypercall. Made by `hcalls!`, beside the function that does it.
#[derive(Debug)]
pub struct Hcall {
    /// r3 on entry.
    pub token: u64,
    /// LoPAR's name.
    pub name: &'static str,
    /// Names of the arguments, from r4 up.
    pub args: &'static [&'static str],
    /// Names of the answers, from r4 up, which a success fills.
    pub returns: &'static [&'static str],
    /// The function set in `ibm,hypertas-functions` that promises the call; `None` for what is
    /// found otherwise.
    pub set: Option<&'static str>,
    /// Where the call is specified.
    pub spec: &'static str,
    /// Does the call on r4 up.
    pub run: fn(&mut Caller<'_>, &mut Regs) -> Status,
}

/// A type of argument.
pub trait Arg: Sized {
    /// Reads it from its register, or says which status the register's value deserves.
    fn from_reg(reg: u64) -> Result<Self, Status>;
}

/// A type of answer.
pub trait Ret {
    /// Writes it to r4 up.
    fn to_regs(self, regs: &mut Regs);
}

impl Arg for u64 {
    fn from_reg(reg: u64) -> Result<u64, Status> {
        Ok(reg)
    }
}

macro_rules! plain_args {
    ($($name:ident),*) => { $(
        impl Arg for $name {
            fn from_reg(reg: u64) -> Result<$name, Status> {
                Ok($name(reg))
            }
        }
    )* };
}
plain_args!(Gpa, Ioba, RawTce);

/// A LIOBN is a 32-bit cookie: a register with more in it names no window (bug 52 of papr-tce 6.3).
impl Arg for Liobn {
    fn from_reg(reg: u64) -> Result<Liobn, Status> {
        u32::try_from(reg).map(Liobn).map_err(|_| Status::Parameter)
    }
}

/// The LIOBN of H_PUT_TCE_INDIRECT, which LoPAR reads as signed: a negative one says that the
/// list begins with that many LIOBNs. That is the multi-table option, which we do not have, and
/// without it the answer is H_FUNCTION.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OneLiobn(pub Liobn);

impl Arg for OneLiobn {
    fn from_reg(reg: u64) -> Result<OneLiobn, Status> {
        if reg.cast_signed() < 0 {
            Err(Status::Function)
        } else {
            Liobn::from_reg(reg).map(OneLiobn)
        }
    }
}

/// Unit address of a virtual terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unit(pub u32);

impl Arg for Unit {
    fn from_reg(reg: u64) -> Result<Unit, Status> {
        u32::try_from(reg).map(Unit).map_err(|_| Status::Parameter)
    }
}

impl Ret for () {
    fn to_regs(self, _: &mut Regs) {}
}

impl Ret for u64 {
    fn to_regs(self, regs: &mut Regs) {
        regs[1] = self;
    }
}

impl Ret for RawTce {
    fn to_regs(self, regs: &mut Regs) {
        regs[1] = self.0;
    }
}

impl<const N: usize> Ret for [u64; N] {
    fn to_regs(self, regs: &mut Regs) {
        regs[1..].iter_mut().zip(self).for_each(|(reg, value)| *reg = value);
    }
}

/// Turns rows into a table `HCALLS`. `name` is also the token's name in [`tokens`](crate::tokens);
/// `call` is the function, whose parameters after the caller have types that are [`Arg`]s.
macro_rules! hcalls {
    ($(Hcall {
        name: $name:ident,
        call: $call:ident($($arg:ident),*),
        returns: [$($ret:ident),*],
        set: $set:expr,
        spec: $spec:expr $(,)?
    }),* $(,)?) => {
        /// The rows of this file.
        pub const HCALLS: &[$crate::abi::Hcall] = &[$($crate::abi::Hcall {
            token: $crate::tokens::$name,
            name: stringify!($name),
            args: &[$(stringify!($arg)),*],
            returns: &[$(stringify!($ret)),*],
            set: $set,
            spec: $spec,
            run: |caller, regs| {
                let mut answer = || {
                    let args = &mut regs[1..].iter().copied();
                    $(let $arg = $crate::abi::Arg::from_reg(args.next().unwrap_or(0))?;)*
                    let _no_more = args;
                    $call(caller, $($arg),*)
                };
                match answer() {
                    Ok(ret) => {
                        $crate::abi::Ret::to_regs(ret, regs);
                        $crate::status::Status::Success
                    }
                    Err(status) => status,
                }
            },
        }),*];
    };
}
pub(crate) use hcalls;
