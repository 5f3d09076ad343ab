// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The macros that turn the text of a row into a [`Hcall`](crate::Hcall).

/// Wraps the function of a row: checks the capabilities that the row needs, reads the arguments, which are
/// [`Arg`](super::args::Arg)s, from r4 up, and writes the result, a [`Ret`](super::args::Ret), to r4 up. `$end` converts the
/// final status.
macro_rules! handler {
    ($call:path, [$($need:ident),*], ($($arg:ident),*), $end:expr) => {
        |caller, regs| {
            let mut answer = || {
                $($crate::machine::Capability::$need.check(caller.machine)?;)*
                let args = &mut regs[1..].iter().copied();
                $(let $arg = $crate::call::args::Arg::from_reg(args.next().unwrap_or(0))?;)*
                let _no_more = args;
                $call(caller, $($arg),*)
            };
            match answer() {
                Ok(ret) => $end($crate::call::args::Ret::to_regs(ret, regs)),
                Err(end) => end,
            }
        }
    };
}
pub(crate) use handler;

/// Wraps a function of one tier.
macro_rules! tried {
    ($call:path, $args:tt) => {
        $crate::call::rows::handler!($call, [], $args, $crate::words::tier::Answer::Done)
    };
}
pub(crate) use tried;

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
/// `call` is the function, whose parameters after the caller have types that are [`Arg`](super::args::Arg)s; `needs` are the
/// capabilities without which the call does not exist.
///
/// The family is the module's name, or the value of `family:` before the rows.
macro_rules! hcalls {
    (Hcall $($rest:tt)*) => {
        $crate::call::rows::hcalls![family: $crate::call::rows::family(module_path!()), Hcall $($rest)*];
    };
    (family: $family:expr, $(Hcall {
        name: $name:ident,
        call: $call:ident($($arg:ident),*),
        $(needs: [$($need:ident),*],)?
        returns: [$($ret:ident),*],
        set: $set:expr,
        spec: $spec:expr $(,)?
    }),* $(,)?) => {
        /// The rows of this file.
        pub const HCALLS: &[$crate::call::Hcall] = &[$($crate::call::Hcall {
            token: $crate::words::tokens::$name,
            name: stringify!($name),
            family: $family,
            args: &[$(stringify!($arg)),*],
            returns: &[$(stringify!($ret)),*],
            needs: &[$($($crate::machine::Capability::$need),*)?],
            set: $set,
            spec: $spec,
            handler: $crate::call::Handler::One($crate::call::rows::handler!(
                $call,
                [$($($need),*)?],
                ($($arg),*),
                |status| status
            )),
        }),*];
    };
}
pub(crate) use hcalls;

/// Turns rows of calls that are tried in tiers into a table `HCALLS`. `real`, `virt` and `user` are the functions; their
/// parameters after the caller are `args`.
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
        /// The rows of this file.
        pub const HCALLS: &[$crate::call::Hcall] = &[$($crate::call::Hcall {
            token: $crate::words::tokens::$name,
            name: stringify!($name),
            family: $crate::call::rows::family(module_path!()),
            args: &[$(stringify!($arg)),*],
            returns: &[$(stringify!($ret)),*],
            needs: &[],
            set: $set,
            spec: $spec,
            handler: $crate::call::Handler::Tiered($crate::call::Tiers {
                real: $crate::call::rows::tried!($real, ($($arg),*)),
                virt: $crate::call::rows::tried!($virt, ($($arg),*)),
                user: $crate::call::rows::tried!($user, ($($arg),*)),
            }),
        }),*];
    };
}
pub(crate) use tiered_hcalls;
