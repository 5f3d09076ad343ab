// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The engine of the software CPU. Its doc comment is the text of `--help`.

use std::env;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use power::Engine;

/// The environment variable with the engine of commands that are given no `--engine`. It chooses the engine of a whole
/// test suite. Guests of other CPUs ignore it, and refuse the option.
const VARIABLE: &str = "TCEVM_ENGINE";

/// The option that chooses the engine.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EngineArgs {
    /// The way in which the software POWER CPU runs code: auto translates code that runs often and interprets the rest,
    /// translator translates all code. Without it the variable TCEVM_ENGINE decides, else auto.
    #[arg(long, value_name = "ENGINE")]
    #[arg(value_parser = PossibleValuesParser::new(Engine::ALL.map(Engine::name)).try_map(|name| named(&name)))]
    pub engine: Option<Engine>,
}

impl EngineArgs {
    /// The engine that the option or else the variable names. Errors: there is no such engine on this host.
    pub fn chosen(self) -> Result<Engine, String> {
        let engine = match (self.engine, env::var_os(VARIABLE)) {
            (Some(engine), _) => engine,
            (None, None) => Engine::default(),
            (None, Some(name)) => {
                named(&name.to_string_lossy()).map_err(|why| format!("{VARIABLE}: {why}"))?
            }
        };
        match engine.is_available() {
            true => Ok(engine),
            false => Err(format!(
                "this host has no {}; leave --engine and {VARIABLE} away",
                engine.name()
            )),
        }
    }
}

fn named(name: &str) -> Result<Engine, String> {
    let found = Engine::ALL.into_iter().find(|engine| engine.name() == name);
    found.ok_or_else(|| {
        format!("no engine is {name:?}; there are {}", Engine::ALL.map(Engine::name).join(", "))
    })
}
