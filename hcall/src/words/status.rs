// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The status that a guest reads in r3 after a hypercall.
//!
//! LoPAR 2.9, "Hypervisor Call Return Code Table". A status is an answer, not a failure of ours.

use std::fmt;

macro_rules! statuses {
    ($($variant:ident = $code:literal $name:literal;)*) => {
        /// The return code of a hypercall. Prints as LoPAR names it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Status {
            $(#[doc = concat!($name, " (", $code, ").")] $variant,)*
            /// H_UNSUPPORTED_FLAG: -256 minus the number of a flag bit that is not supported, where
            /// bit 0 is the most significant of 64. At most 255.
            UnsupportedFlag(u8),
        }

        impl Status {
            /// Every code that carries nothing.
            pub const ALL: &[Status] = &[$(Status::$variant),*];

            /// The code; r3 holds it sign-extended.
            #[inline(always)]
            pub const fn code(self) -> i64 {
                match self {
                    $(Status::$variant => $code,)*
                    Status::UnsupportedFlag(bit) => -256 - bit as i64,
                }
            }

            /// The status of a code, if there is one.
            pub fn from_code(code: i64) -> Option<Status> {
                let flag = u8::try_from(code.checked_neg()?.checked_sub(256)?).ok();
                let plain = Status::ALL.iter().copied().find(|status| status.code() == code);
                plain.or(flag.map(Status::UnsupportedFlag))
            }

            /// The name in LoPAR, for example `H_PARAMETER`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Status::$variant => $name,)*
                    Status::UnsupportedFlag(_) => "H_UNSUPPORTED_FLAG",
                }
            }
        }
    };
}

statuses! {
    Success = 0 "H_SUCCESS";
    Busy = 1 "H_BUSY";
    Closed = 2 "H_CLOSED";
    NotAvailable = 3 "H_NOT_AVAILABLE";
    Constrained = 4 "H_CONSTRAINED";
    Partial = 5 "H_PARTIAL";
    SensorCriticalLow = 9 "H_SENSOR_CRITICAL_LOW";
    SensorWarningLow = 10 "H_SENSOR_WARNING_LOW";
    SensorNormal = 11 "H_SENSOR_NORMAL";
    SensorWarningHigh = 12 "H_SENSOR_WARNING_HIGH";
    SensorCriticalHigh = 13 "H_SENSOR_CRITICAL_HIGH";
    InProgress = 14 "H_IN_PROGRESS";
    PageRegistered = 15 "H_PAGE_REGISTERED";
    PartialStore = 16 "H_PARTIAL_STORE";
    Pending = 17 "H_PENDING";
    Continue = 18 "H_CONTINUE";
    LongBusyOrder1Msec = 9900 "H_LONG_BUSY_ORDER_1_MSEC";
    LongBusyOrder10Msec = 9901 "H_LONG_BUSY_ORDER_10_MSEC";
    LongBusyOrder100Msec = 9902 "H_LONG_BUSY_ORDER_100_MSEC";
    LongBusyOrder1Sec = 9903 "H_LONG_BUSY_ORDER_1_SEC";
    LongBusyOrder10Sec = 9904 "H_LONG_BUSY_ORDER_10_SEC";
    LongBusyOrder100Sec = 9905 "H_LONG_BUSY_ORDER_100_SEC";
    TooHard = 9999 "H_TOO_HARD";
    Hardware = -1 "H_HARDWARE";
    Function = -2 "H_FUNCTION";
    Privilege = -3 "H_PRIVILEGE";
    Parameter = -4 "H_PARAMETER";
    BadMode = -5 "H_BAD_MODE";
    PtegFull = -6 "H_PTEG_FULL";
    NotFound = -7 "H_NOT_FOUND";
    ReservedDabr = -8 "H_RESERVED_DABR";
    NoMem = -9 "H_NO_MEM";
    Authority = -10 "H_AUTHORITY";
    Permission = -11 "H_PERMISSION";
    Dropped = -12 "H_DROPPED";
    SourceParm = -13 "H_SOURCE_PARM";
    DestParm = -14 "H_DEST_PARM";
    RemoteParm = -15 "H_REMOTE_PARM";
    Resource = -16 "H_RESOURCE";
    AdapterParm = -17 "H_ADAPTER_PARM";
    RhParm = -18 "H_RH_PARM";
    RcqParm = -19 "H_RCQ_PARM";
    ScqParm = -20 "H_SCQ_PARM";
    EqParm = -21 "H_EQ_PARM";
    RtParm = -22 "H_RT_PARM";
    StParm = -23 "H_ST_PARM";
    SigtParm = -24 "H_SIGT_PARM";
    TokenParm = -25 "H_TOKEN_PARM";
    MlengthParm = -27 "H_MLENGTH_PARM";
    MemParm = -28 "H_MEM_PARM";
    MemAccessParm = -29 "H_MEM_ACCESS_PARM";
    AttrParm = -30 "H_ATTR_PARM";
    PortParm = -31 "H_PORT_PARM";
    McgParm = -32 "H_MCG_PARM";
    VlParm = -33 "H_VL_PARM";
    TsizeParm = -34 "H_TSIZE_PARM";
    TraceParm = -35 "H_TRACE_PARM";
    MaskParm = -37 "H_MASK_PARM";
    McgFull = -38 "H_MCG_FULL";
    AliasExist = -39 "H_ALIAS_EXIST";
    PCounter = -40 "H_P_COUNTER";
    TableFull = -41 "H_TABLE_FULL";
    AltTable = -42 "H_ALT_TABLE";
    MrCondition = -43 "H_MR_CONDITION";
    NotEnoughResources = -44 "H_NOT_ENOUGH_RESOURCES";
    RState = -45 "H_R_STATE";
    Rescinded = -46 "H_RESCINDED";
    Aborted = -54 "H_ABORTED";
    P2 = -55 "H_P2";
    P3 = -56 "H_P3";
    P4 = -57 "H_P4";
    P5 = -58 "H_P5";
    P6 = -59 "H_P6";
    P7 = -60 "H_P7";
    P8 = -61 "H_P8";
    P9 = -62 "H_P9";
    Noop = -63 "H_NOOP";
    TooBig = -64 "H_TOO_BIG";
    Unsupported = -67 "H_UNSUPPORTED";
    Overlap = -68 "H_OVERLAP";
    Interrupt = -69 "H_INTERRUPT";
    BadData = -70 "H_BAD_DATA";
    NotActive = -71 "H_NOT_ACTIVE";
    SgList = -72 "H_SG_LIST";
    OpMode = -73 "H_OP_MODE";
    CopHw = -74 "H_COP_HW";
    State = -75 "H_STATE";
    Reserved = -76 "H_RESERVED";
    InUse = -77 "H_IN_USE";
    MultiThreadsActive = -9005 "H_MULTI_THREADS_ACTIVE";
    OutstandingCopOps = -9006 "H_OUTSTANDING_COP_OPS";
}

impl Status {
    /// The status for flags of which some are not supported: names the lowest of them. `None`
    /// when all are supported.
    pub fn unsupported_flag(flags: u64, supported: u64) -> Option<Status> {
        let unsupported = flags & !supported;
        let bit = 63u32.checked_sub(unsupported.trailing_zeros())?;
        u8::try_from(bit).ok().map(Status::UnsupportedFlag)
    }

    /// The code as r3 holds it.
    #[inline(always)]
    pub const fn to_reg(self) -> u64 {
        self.code().cast_unsigned()
    }

    /// The status that r3 holds, if it is one.
    pub fn from_reg(r3: u64) -> Option<Status> {
        let code = r3.cast_signed();
        match code {
            -511..=-256 => u8::try_from(-256 - code).ok().map(Status::UnsupportedFlag),
            _ => Status::ALL.iter().copied().find(|status| status.code() == code),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The only place where a refusal of the library becomes a code that a guest sees.
impl From<iommu::Error> for Status {
    fn from(error: iommu::Error) -> Status {
        use iommu::Error;
        match error {
            // LoPAR 2.9, H_STUFF_TCE, semantics 3. A list's count is checked before it is read.
            Error::TooMany(_) => Status::P4,
            Error::NoWindow(_)
            | Error::Unaligned(_)
            | Error::Outside { .. }
            | Error::LowBits(_)
            | Error::NotOwned(_)
            | Error::Foreign(_)
            | Error::NotClear(_)
            | Error::NoEntry(_) => Status::Parameter,
            // LoPAR 2.9, "CMO I/O Mapping Extended Return Codes": more is mapped than the guest may, and
            // the platform cannot. Linux takes its mapping back on this status and on no other.
            Error::OverBudget => Status::NotEnoughResources,
            // A resource that the host lacks is not the guest's mistake; nothing was changed.
            Error::NoMemory | Error::NotRegistered(_) => Status::Hardware,
            // Refusals of the machine's setup, which no hypercall does.
            Error::PageShift(_)
            | Error::Geometry { .. }
            | Error::TooLarge(_)
            | Error::Levels(_)
            | Error::WindowNumber(_)
            | Error::NotAttached(_)
            | Error::Registered(_)
            | Error::Mapped(_)
            | Error::Duplicate(_)
            | Error::Incompatible(_)
            | Error::NoExchange(_)
            | Error::Memory(_) => Status::Hardware,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // LoPAR 2.9, "Hypervisor Call Return Code Table".
    #[test]
    fn codes_have_their_values_and_names() {
        for (status, code, name) in [
            (Status::Success, 0, "H_SUCCESS"),
            (Status::Hardware, -1, "H_HARDWARE"),
            (Status::Function, -2, "H_FUNCTION"),
            (Status::Privilege, -3, "H_PRIVILEGE"),
            (Status::Parameter, -4, "H_PARAMETER"),
            (Status::P2, -55, "H_P2"),
            (Status::P4, -57, "H_P4"),
            (Status::LongBusyOrder1Sec, 9903, "H_LONG_BUSY_ORDER_1_SEC"),
            (Status::TooHard, 9999, "H_TOO_HARD"),
            (Status::UnsupportedFlag(62), -318, "H_UNSUPPORTED_FLAG"),
        ] {
            assert_eq!((status.code(), status.to_string().as_str()), (code, name));
        }
    }

    // papr-tce 7.4: -4 is 0xFFFF...FC.
    #[test]
    fn r3_is_sign_extended_and_reads_back() {
        assert_eq!(Status::Parameter.to_reg(), 0xffff_ffff_ffff_fffc);
        let flags = (0..=u8::MAX).map(Status::UnsupportedFlag);
        for status in Status::ALL.iter().copied().chain(flags) {
            assert_eq!(Status::from_reg(status.to_reg()), Some(status));
        }
        assert_eq!(Status::from_reg(0x1234), None);
    }

    // LoPAR 2.9, H_SET_MODE: mflags 1 of resource 3 is -318, the bit with value 2^1 ... 2^0 is 63.
    #[test]
    fn an_unsupported_flag_is_named_by_its_bit_from_the_left() {
        assert_eq!(Status::unsupported_flag(1, 1), None);
        assert_eq!(Status::unsupported_flag(2, 1), Some(Status::UnsupportedFlag(62)));
        assert_eq!(Status::unsupported_flag(1 << 63, 1), Some(Status::UnsupportedFlag(0)));
        assert_eq!(Status::unsupported_flag(u64::MAX, 1), Some(Status::UnsupportedFlag(62)));
    }
}
