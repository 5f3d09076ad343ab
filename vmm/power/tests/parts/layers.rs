// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Rows, forms, words and the vocabulary name no engine; only an engine names them.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The files that must not name the engine.
fn below() -> Vec<PathBuf> {
    let rows = fs::read_dir(source().join("isa")).expect("the folder of rows");
    let mut files: Vec<_> = rows.flatten().map(|entry| entry.path()).collect();
    files.extend(["row.rs", "form.rs", "word.rs", "vocabulary.rs"].map(|file| source().join(file)));
    files
}

/// The code of a file, without its comments.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a file of the crate");
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join("\n")
}

/// The names in the `use` declarations of this code.
fn imported(code: &str) -> Vec<&str> {
    let declarations = code.split('\n').map(str::trim_start).filter(|line| {
        line.starts_with("use ")
            || line.starts_with("pub use ")
            || line.starts_with("pub(crate) use ")
    });
    let start = |line: &str| line.as_ptr() as usize - code.as_ptr() as usize;
    let whole = declarations.map(|line| {
        let rest = &code[start(line)..];
        &rest[..rest.find(';').unwrap_or(rest.len())]
    });
    let word = |c: char| !c.is_alphanumeric() && c != '_';
    whole.flat_map(|text| text.split(word)).filter(|name| !name.is_empty()).collect()
}

#[test]
fn no_row_names_an_engine() {
    let files = below();
    assert!(files.len() > 60, "{} files", files.len());
    for path in files {
        let code = code(&path);
        let names = imported(&code);
        assert!(!names.is_empty() || !code.contains("use "), "{}", path.display());
        // The crate's root exports `Exit` and `Kicker` of the engine.
        for engine in ["engine", "interp", "Exit", "Kicker", "testing"] {
            assert!(!names.contains(&engine), "{} imports {engine}", path.display());
        }
        assert!(!code.contains("engine::"), "{} names an engine", path.display());
    }
}

// The search finds the imports of a file that does name the engine.
#[test]
fn the_state_of_a_cpu_is_seen_to_name_the_engine() {
    let code = code(&source().join("state/cpu.rs"));
    assert!(imported(&code).contains(&"engine"));
}
