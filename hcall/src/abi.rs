// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Rows: how registers become typed arguments and answers become registers.
//!
//! LoPAR 2.9, "Hypervisor Call Interrupt": r3 is the token and then the status, r4 up are the
//! arguments and then the answers.

use crate::machine::Caller;
use crate::profile::Rules;
use crate::status::Status;
use crate::tier::Answer;
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
    /// The family that the call belongs to: the rows of one file.
    pub family: &'static str,
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
    /// The handlers that [`run`](Self::run) tries, for a call that has one for each tier.
    pub tiers: Option<Tiers>,
}

impl Hcall {
    /// The value of an argument by its name.
    pub fn arg(&self, regs: &Regs, name: &str) -> Option<u64> {
        let at = self.args.iter().position(|arg| *arg == name)?;
        regs.get(at + 1).copied()
    }
}

/// The handlers of a call that is tried in tiers: see [`accel`](crate::accel).
#[derive(Clone, Copy, Debug)]
pub struct Tiers {
    /// Neither allocates nor waits.
    pub real: Try,
    /// May allocate and pin.
    pub virt: Try,
    /// The VMM's own.
    pub user: Try,
}

/// A handler of one tier.
pub type Try = fn(&mut Caller<'_>, &mut Regs) -> Answer;

/// A type of argument.
pub trait Arg: Sized {
    /// Reads it from its register, or says which status the register's value deserves.
    fn from_reg(reg: u64) -> Result<Self, Status>;
}

/// A type of answer.
pub trait Ret {
    /// Writes it to r4 up; returns the status that goes with it.
    fn to_regs(self, regs: &mut Regs) -> Status;
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
/// list begins with that many LIOBNs. That is the multi-table option, which we do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListLiobn(pub u64);

impl ListLiobn {
    /// The one window that is meant.
    #[inline]
    pub fn window(self, rules: &Rules) -> Result<Liobn, Answer> {
        if self.0.cast_signed() < 0 {
            Err(rules.negative_liobn)
        } else {
            Ok(Liobn::from_reg(self.0)?)
        }
    }
}

impl Arg for ListLiobn {
    fn from_reg(reg: u64) -> Result<ListLiobn, Status> {
        Ok(ListLiobn(reg))
    }
}

/// Number of a virtual processor (interrupt server number).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Server(pub u32);

impl Arg for Server {
    fn from_reg(reg: u64) -> Result<Server, Status> {
        u32::try_from(reg).map(Server).map_err(|_| Status::Parameter)
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
    fn to_regs(self, _: &mut Regs) -> Status {
        Status::Success
    }
}

impl Ret for u64 {
    fn to_regs(self, regs: &mut Regs) -> Status {
        regs[1] = self;
        Status::Success
    }
}

/// What H_GET_TCE found, and whether the guest sees all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// The entry.
    Whole(RawTce),
    /// An entry whose page is not the guest's: the page number is hidden.
    Partial(RawTce),
}

impl Ret for Found {
    fn to_regs(self, regs: &mut Regs) -> Status {
        let (tce, status) = match self {
            Found::Whole(tce) => (tce, Status::Success),
            Found::Partial(tce) => (tce, Status::Partial),
        };
        regs[1] = tce.0;
        status
    }
}

impl<const N: usize> Ret for [u64; N] {
    fn to_regs(self, regs: &mut Regs) -> Status {
        regs[1..].iter_mut().zip(self).for_each(|(reg, value)| *reg = value);
        Status::Success
    }
}

/// Makes a handler of a function: reads its arguments, which are [`Arg`]s, from r4 up, and writes
/// what it returns, a [`Ret`], to r4 up. `$end` makes of a status how the handler ends.
macro_rules! handler {
    ($call:path, ($($arg:ident),*), $end:expr) => {
        |caller, regs| {
            let mut answer = || {
                let args = &mut regs[1..].iter().copied();
                $(let $arg = $crate::abi::Arg::from_reg(args.next().unwrap_or(0))?;)*
                let _no_more = args;
                $call(caller, $($arg),*)
            };
            match answer() {
                Ok(ret) => $end($crate::abi::Ret::to_regs(ret, regs)),
                Err(end) => end,
            }
        }
    };
}
pub(crate) use handler;

/// The family of rows in a module: the module's own name.
pub(crate) const fn family(module: &'static str) -> &'static str {
    let bytes = module.as_bytes();
    let mut start = bytes.len();
    while start > 0 && bytes[start - 1] != b':' {
        start -= 1;
    }
    module.split_at(start).1
}

/// Turns rows into a table `HCALLS`. `name` is also the token's name in [`tokens`](crate::tokens);
/// `call` is the function, whose parameters after the caller have types that are [`Arg`]s.
///
/// The family is the module's name, or what `family:` before the rows says.
macro_rules! hcalls {
    (Hcall $($rest:tt)*) => {
        $crate::abi::hcalls![family: $crate::abi::family(module_path!()), Hcall $($rest)*];
    };
    (family: $family:expr, $(Hcall {
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
            family: $family,
            args: &[$(stringify!($arg)),*],
            returns: &[$(stringify!($ret)),*],
            set: $set,
            spec: $spec,
            run: $crate::abi::handler!($call, ($($arg),*), |status| status),
            tiers: None,
        }),*];
    };
}
pub(crate) use hcalls;

/// The same for calls that are tried in tiers: `real`, `virt` and `user` are the functions, which
/// have the same parameters `args`.
macro_rules! tiered_hcalls {
    ($(Hcall {
        name: $name:ident,
        args: ($($arg:ident),*),
        real: $real:path,
        virt: $virt:path,
        user: $user:path,
        returns: [$($ret:ident),*],
        set: $set:expr,
        spec: $spec:expr $(,)?
    }),* $(,)?) => {
        $(
            const $name: $crate::abi::Tiers = $crate::abi::Tiers {
                real: $crate::abi::handler!($real, ($($arg),*), $crate::tier::Answer::Done),
                virt: $crate::abi::handler!($virt, ($($arg),*), $crate::tier::Answer::Done),
                user: $crate::abi::handler!($user, ($($arg),*), $crate::tier::Answer::Done),
            };
        )*

        /// The rows of this file.
        pub const HCALLS: &[$crate::abi::Hcall] = &[$($crate::abi::Hcall {
            token: $crate::tokens::$name,
            name: stringify!($name),
            family: $crate::abi::family(module_path!()),
            args: &[$(stringify!($arg)),*],
            returns: &[$(stringify!($ret)),*],
            set: $set,
            spec: $spec,
            run: |caller, regs| {
                $crate::accel::run(
                    $crate::tokens::$name,
                    &$name,
                    $crate::abi::handler!($virt, ($($arg),*), $crate::tier::Answer::Done),
                    caller,
                    regs,
                )
            },
            tiers: Some($name),
        }),*];
    };
}
pub(crate) use tiered_hcalls;
