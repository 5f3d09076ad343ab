// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The list of bounds in ARCHITECTURE.md against the code: each constant that it names is in the file that
//! it names, with that value.

use std::fs;
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The parts between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// True when the source has a constant of this name and value.
fn has_constant(source: &str, name: &str, value: &str) -> bool {
    let mut lines = source.lines().map(str::trim);
    lines.any(|line| {
        line.contains(&format!("const {name}: ")) && line.ends_with(&format!("= {value};"))
    })
}

#[test]
fn each_bound_is_what_the_code_has() {
    let text = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).expect("a file");
    let (_, section) = text.split_once("\n## Bounds\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("the next one");
    let rows: Vec<Vec<&str>> = section
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| what is kept"))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .collect();
    let mut constants = 0;
    for row in &rows {
        let [what, _, bound, place, past] = row[..] else { panic!("not five columns: {row:?}") };
        assert!(!bound.is_empty() && (bound.starts_with("none: ") || !past.is_empty()), "{what}");
        let mut source = String::new();
        for word in quoted(place) {
            match word.split_once(" = ") {
                None => {
                    let file = fs::read_to_string(Path::new(ROOT).join(word));
                    source = file.unwrap_or_else(|error| panic!("{what}: {word}: {error}"));
                }
                Some((name, value)) => {
                    assert!(has_constant(&source, name, value), "{what}: {name} is not {value}");
                    constants += 1;
                }
            }
        }
    }
    assert!(rows.len() > 20 && constants > 20, "{} rows, {constants} constants", rows.len());
}

// Options that the list names are options of the command.
#[test]
fn each_option_of_the_list_exists() {
    let text = fs::read_to_string(Path::new(ROOT).join("ARCHITECTURE.md")).expect("a file");
    let (_, section) = text.split_once("\n## Bounds\n").expect("the section");
    let (section, _) = section.split_once("\n## ").expect("the next one");
    let help = tests::tcevm::tcevm().args(["run", "--help"]).output().expect("tcevm starts");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    for option in quoted(section).filter(|word| word.starts_with("--")) {
        let name = option.split(' ').next().unwrap_or_default();
        assert!(help.contains(name), "{option}");
    }
}
