// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Rows of RTAS services.

use crate::call::Caller;
use crate::machine::Capability;
use crate::words::rtas_error::RtasError;

/// Most inputs and most outputs of a call; ours have up to 8.
pub const MAX_CELLS: usize = 16;

/// The function of a service: reads inputs, fills outputs.
pub(crate) type ServiceFn = fn(&mut Caller<'_>, &[u32], &mut [u32]) -> Result<(), RtasError>;

/// One service. Made by `services!`, beside the function that does it.
#[derive(Debug)]
pub struct Service {
    /// First word of the argument block, and the value of the property.
    pub token: u32,
    /// Name of the property of `/rtas`.
    pub name: &'static str,
    /// The family that the service belongs to: the rows of one file.
    pub family: &'static str,
    /// Names of the inputs.
    pub args: &'static [&'static str],
    /// Names of the outputs after the status. A service may have several lists; the number of outputs chooses one.
    pub returns: &'static [&'static [&'static str]],
    /// The capabilities without which the service does not exist.
    pub needs: &'static [Capability],
    /// Where the service is specified.
    pub spec: &'static str,
    pub(crate) run: ServiceFn,
}

/// The outputs of a service after the status, one for each name in its row.
pub(crate) trait Outputs {
    fn write(self, to: &mut [u32]);
}

impl<const N: usize> Outputs for [u32; N] {
    fn write(self, to: &mut [u32]) {
        to.iter_mut().zip(self).for_each(|(to, value)| *to = value);
    }
}

macro_rules! services {
    ($(Service {
        token: $token:expr,
        name: $name:expr,
        call: $call:ident($($arg:ident),*),
        $(needs: [$($need:ident),*],)?
        returns: $([$($ret:ident),*])or+,
        spec: $spec:expr $(,)?
    }),* $(,)?) => {
        /// The services of this file.
        pub const SERVICES: &[$crate::calls::rtas::service::Service] = &[$($crate::calls::rtas::service::Service {
            token: $token,
            name: $name,
            family: $crate::call::rows::family(module_path!()),
            args: &[$(stringify!($arg)),*],
            returns: &[$(&[$(stringify!($ret)),*]),+],
            needs: &[$($($crate::machine::Capability::$need),*)?],
            spec: $spec,
            run: |caller, inputs, outputs| {
                let &[$($arg),*] = inputs else { return Err($crate::words::rtas_error::RtasError::Parameter) };
                $crate::calls::rtas::service::Outputs::write($call(caller, $($arg),*)?, outputs);
                Ok(())
            },
        }),*];
    };
}
pub(crate) use services;
