// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Error numbers of calls of the host's own interface.

use crate::words::error::Error;

macro_rules! errnos {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $text:literal;)*) => {
        /// An error number of Linux, as an ioctl returns it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
        pub enum Errno {
            $($(#[$doc])* #[error($text)] $name,)*
        }

        impl Errno {
            /// The positive number; a system call returns its negative.
            pub const fn code(self) -> i32 {
                match self { $(Errno::$name => $code,)* }
            }
        }
    };
}

errnos! {
    /// Not enabled, or a page that reaches outside what backs it.
    Eperm = 1, "EPERM";
    /// Not registered by this container.
    Enoent = 2, "ENOENT";
    /// No group, no window, or memory that is being unregistered.
    Enxio = 6, "ENXIO";
    /// The object is gone.
    Ebadf = 9, "EBADF";
    /// The limit of locked memory, or no memory for a table.
    Enomem = 12, "ENOMEM";
    /// A user address that is not mapped so.
    Efault = 14, "EFAULT";
    /// In use, mapped, or there already.
    Ebusy = 16, "EBUSY";
    /// No group is attached.
    Enodev = 19, "ENODEV";
    /// An argument is wrong.
    Einval = 22, "EINVAL";
    /// Not a call of this kind of container.
    Enotty = 25, "ENOTTY";
    /// No window is free.
    Enospc = 28, "ENOSPC";
}

/// The only place where a refusal of the library becomes an error number.
impl From<Error> for Errno {
    fn from(error: Error) -> Errno {
        match error {
            Error::NoMemory | Error::OverBudget => Errno::Enomem,
            Error::NotRegistered(_) => Errno::Enxio,
            Error::Duplicate(_) | Error::Mapped(_) => Errno::Ebusy,
            Error::NoWindow(_) => Errno::Ebadf,
            Error::NotAttached(_) => Errno::Enoent,
            Error::NotOwned(_) | Error::Foreign(_) => Errno::Efault,
            Error::Unaligned(_)
            | Error::Outside { .. }
            | Error::LowBits(_)
            | Error::NotClear(_)
            | Error::TooMany(_)
            | Error::NoEntry(_)
            | Error::PageShift(_)
            | Error::Geometry { .. }
            | Error::TooLarge(_)
            | Error::Levels(_)
            | Error::WindowNumber(_)
            | Error::Registered(_)
            | Error::Incompatible(_)
            | Error::NoExchange(_)
            | Error::Memory(_) => Errno::Einval,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // asm-generic/errno-base.h.
    #[test]
    fn numbers_and_names_are_those_of_linux() {
        for (errno, code, name) in [
            (Errno::Eperm, 1, "EPERM"),
            (Errno::Enxio, 6, "ENXIO"),
            (Errno::Enomem, 12, "ENOMEM"),
            (Errno::Ebusy, 16, "EBUSY"),
            (Errno::Einval, 22, "EINVAL"),
            (Errno::Enotty, 25, "ENOTTY"),
        ] {
            assert_eq!((errno.code(), errno.to_string().as_str()), (code, name));
        }
    }
}
