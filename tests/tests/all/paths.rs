// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! No file is compiled by its path, and none is forgotten: code that several tests share is in this crate, and each
//! source is a module of the file above it.

use std::fs;
use std::path::{Path, PathBuf};

/// The tests that compile sources of their crate over the atomics of a model checker.
const MODELS: [&str; 2] = ["iommu/tests/model.rs", "vmm/ram/tests/model.rs"];

/// The sources below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() && name != "target" && !name.starts_with('.') {
            sources(&entry.path(), found);
        } else if kind.is_file() && name.ends_with(".rs") {
            found.push(entry.path());
        }
    }
}

/// The sources of the tree of which `wanted` holds, by their paths below its root.
fn those(wanted: impl Fn(&Path) -> bool) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the tree's root");
    let mut found = Vec::new();
    sources(root, &mut found);
    let mut those: Vec<_> = found
        .iter()
        .filter(|path| wanted(path))
        .map(|path| path.strip_prefix(root).expect("below the root").display().to_string())
        .collect();
    those.sort();
    those
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("text")
}

fn has_attribute(path: &Path) -> bool {
    let text = text(path);
    [concat!("#", "[path"), concat!(", path", " = \"")].iter().any(|mark| text.contains(mark))
}

/// True for a file that Cargo compiles as a crate of its own: `src/lib.rs`, `tests/name.rs`, `tests/name/main.rs` and so on.
fn is_root(path: &Path) -> bool {
    let name = path.file_name().expect("a name");
    let folder = path.parent().and_then(Path::file_name).expect("a folder");
    ["lib.rs", "main.rs", "build.rs"].iter().any(|root| name == *root)
        || ["tests", "benches", "examples", "bin"].iter().any(|targets| folder == *targets)
}

/// True when the file above, of which `path` would be a module, does not name it.
fn is_forgotten(path: &Path) -> bool {
    let folder = path.parent().expect("a folder");
    let is_mod = path.ends_with("mod.rs");
    let (folder, name) = match is_mod {
        true => (folder.parent().expect("a folder"), folder.file_name()),
        false => (folder, path.file_stem()),
    };
    let name = name.and_then(|name| name.to_str()).expect("a name");
    let line = format!("mod {name};");
    let above = ["lib.rs", "main.rs", "mod.rs"].map(|file| folder.join(file));
    let above = above.into_iter().chain([folder.with_extension("rs")]);
    // A test of one file may have the modules beside it, as `tests/model.rs` has `tests/model/`.
    !above.filter(|file| file.is_file()).any(|file| {
        text(&file).lines().map(str::trim).any(|at| at == line || at.ends_with(&format!(" {line}")))
    })
}

#[test]
fn only_model_checkers_compile_a_file_by_its_path() {
    assert_eq!(those(has_attribute), MODELS);
}

#[test]
fn every_source_is_a_module_of_the_file_above_it() {
    let none: [String; 0] = [];
    assert_eq!(those(|path| !is_root(path) && is_forgotten(path)), none);
}

/// The first option of a command that a line has outside a comment. An argument of another program is none of ours.
fn option_in(line: &str) -> Option<&str> {
    let code = line.trim_start();
    if code.starts_with("//") || code.contains(".arg") || code.contains("cargo ") {
        return None;
    }
    let is_option = |at: usize| {
        let before = code[..at].chars().next_back();
        let name = code[at..].trim_start_matches('-').chars().next();
        before.is_some_and(|c| "\" (`".contains(c)) && name.is_some_and(|c| c.is_ascii_lowercase())
    };
    let long = code.match_indices("--").find(|(at, _)| is_option(*at)).map(|(at, _)| at);
    let is_memory = |at: &usize| !code[at + 2..].starts_with(|c: char| c.is_ascii_alphanumeric());
    let short = || code.find(" -m").map(|at| at + 1).filter(is_memory);
    let at = long.or_else(short)?;
    code[at..].split([' ', ';', '"']).next()
}

// The options belong to the command, which is the crate `vmm`.
#[test]
fn no_library_names_an_option_of_the_command() {
    let named = |path: &str| {
        let text = text(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path));
        let options: Vec<_> = text.lines().filter_map(option_in).map(str::to_owned).collect();
        options.into_iter().map(move |option| format!("{path}: {option}")).collect::<Vec<_>>()
    };
    let mut of_libraries = those(|path| path.components().any(|part| part.as_os_str() == "src"));
    of_libraries.retain(|path| !path.starts_with("vmm/src/") && !path.starts_with("tests/"));
    assert!(of_libraries.len() > 300, "the libraries are here: {}", of_libraries.len());
    let all: Vec<_> = of_libraries.iter().flat_map(|path| named(path)).collect();
    assert!(all.is_empty(), "state the fact, and let vmm/src/advice.rs name the option: {all:#?}");
    assert_eq!(option_in(r#"#[error("too many; give fewer with --smp")]"#), Some("--smp"));
}
