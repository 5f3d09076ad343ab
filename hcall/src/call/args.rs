// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Registers as typed arguments, and answers as registers.

use crate::machine::vio::Reply;
use crate::words::profile::Rules;
use crate::words::status::Status;
use crate::words::tier::Answer;
use iommu::{Gpa, Ioba, Liobn, RawTce};

/// r3 to r12 of the calling vCPU.
pub type Regs = [u64; 10];

/// A type of argument.
pub trait Arg: Sized {
    /// Reads it from its register. Errors: the status for an invalid value.
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

/// A LIOBN is a 32-bit cookie: a register with a larger value names no window (bug 52 of papr-tce 6.3).
impl Arg for Liobn {
    fn from_reg(reg: u64) -> Result<Liobn, Status> {
        u32::try_from(reg).map(Liobn).map_err(|_| Status::Parameter)
    }
}

/// The LIOBN of H_PUT_TCE_INDIRECT, which LoPAR reads as signed: a negative one says that the
/// list begins with that number of LIOBNs. That is the multi-table option, which does not exist here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListLiobn(pub u64);

impl ListLiobn {
    /// The LIOBN of the window, or the answer for a list of LIOBNs.
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

/// Unit address of a virtual device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnitAddress(pub u32);

impl Arg for UnitAddress {
    fn from_reg(reg: u64) -> Result<UnitAddress, Status> {
        u32::try_from(reg).map(UnitAddress).map_err(|_| Status::Parameter)
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

/// The answer of H_GET_TCE: all of an entry, or a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// All of the entry's 64 bits.
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

impl Ret for Reply {
    fn to_regs(self, regs: &mut Regs) -> Status {
        regs[1] = self.value;
        self.status
    }
}
