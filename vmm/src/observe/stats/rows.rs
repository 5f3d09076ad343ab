// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The rows of the statistics. A statistic is one row.

use std::fmt::{self, Formatter};

use serde_json::{Map, Value, json};

use super::Statistics;
use super::sections::{self, StatSection};

/// The version of the object for programs.
const VERSION: u32 = 1;

/// A row. The order of the rows is that of the text.
pub enum Row {
    /// A number.
    Number(Number),
    /// Several values, or a table.
    Section(StatSection),
}

/// A number by itself. The text has `label: number`, the object has it under its key, the page has it as a fact. A
/// number without a value is left out of the text and the page, and is null in the object.
pub struct Number {
    /// Its key in the object.
    pub key: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// The number, if the run has it.
    pub value: fn(&Statistics) -> Option<u64>,
}

/// All rows.
pub const ROWS: &[Row] = &[
    Row::Section(sections::TIME),
    Row::Section(sections::ENGINE),
    number("translated_run", "guest instructions that ran translated", |of| {
        Some(of.machine.translation?.ran)
    }),
    number("regions", "regions translated", |of| Some(of.machine.translation?.regions)),
    number("regions_dropped", "regions thrown away", |of| Some(of.machine.translation?.dropped)),
    number("instructions_translated", "instructions translated", |of| {
        Some(of.machine.translation?.instructions)
    }),
    number("code_bytes", "bytes of translated code", |of| Some(of.machine.translation?.bytes)),
    number("translation_ns", "nanoseconds of translation", |of| {
        Some(of.machine.translation?.nanoseconds)
    }),
    Row::Section(sections::ILLEGAL),
    Row::Section(sections::CALLS),
    Row::Section(sections::TIERS),
    Row::Section(sections::WINDOWS),
    Row::Section(sections::PAGES),
    Row::Section(sections::DEVICES),
    Row::Section(sections::FINDINGS),
    number("faults", "faults injected", |of| of.machine.faults),
    Row::Section(sections::TEAR_DOWN),
];

const fn number(
    key: &'static str,
    label: &'static str,
    value: fn(&Statistics) -> Option<u64>,
) -> Row {
    Row::Number(Number { key, label, value })
}

/// The rows that are numbers.
pub fn numbers() -> impl Iterator<Item = &'static Number> {
    ROWS.iter().filter_map(|row| match row {
        Row::Number(number) => Some(number),
        Row::Section(_) => None,
    })
}

pub(super) fn object(of: &Statistics) -> Value {
    let mut object = Map::new();
    object.insert("version".into(), json!(VERSION));
    for row in ROWS {
        match row {
            Row::Number(Number { key, value, .. }) => {
                object.insert((*key).into(), json!(value(of)));
            }
            Row::Section(section) => (section.object)(of, &mut object),
        }
    }
    object.into()
}

pub(super) fn text(of: &Statistics, f: &mut Formatter<'_>) -> fmt::Result {
    ROWS.iter().try_for_each(|row| match row {
        Row::Section(section) => (section.text)(of, f),
        Row::Number(Number { label, value, .. }) => match value(of) {
            Some(value) => writeln!(f, "{label}: {value}"),
            None => Ok(()),
        },
    })
}
