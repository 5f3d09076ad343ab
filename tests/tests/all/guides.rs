// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The examples of the guides as their readers have them: copied into a crate of their own, with the dependencies
//! that the guide names and nothing else, they compile without a warning.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use vmm_sys_util::tempdir::TempDir;

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace")
}

/// The fenced blocks of a document, by language; a block without one is Rust, as rustdoc takes it.
fn blocks(document: &str) -> BTreeMap<&str, Vec<String>> {
    let mut blocks = BTreeMap::<_, Vec<String>>::new();
    let mut open = None;
    for line in document.lines() {
        match (open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                let language = if language.is_empty() { "rust" } else { language };
                blocks.entry(language).or_default().push(String::new());
                open = Some(language);
            }
            (Some(_), Some(_)) => open = None,
            (Some(language), None) => {
                let block = blocks.get_mut(language).and_then(|blocks| blocks.last_mut());
                let block = block.expect("it is open");
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// An example as rustdoc shows it: lines that begin with `# ` are hidden.
fn shown(example: &str) -> String {
    let hidden = |line: &str| line.trim_start() == "#" || line.trim_start().starts_with("# ");
    example.lines().filter(|line| !hidden(line)).map(|line| format!("{line}\n")).collect()
}

/// Compiles the examples of a guide, each as a program of its own.
fn compile(guide: &str) {
    let root = root();
    let text = fs::read_to_string(root.join(guide)).expect("a guide");
    let blocks = blocks(&text);
    let [dependencies] = &blocks.get("toml").expect("dependencies")[..] else {
        panic!("{guide} names its dependencies once")
    };
    let crate_of_a_reader = TempDir::new_with_prefix(env::temp_dir().join("guide-")).unwrap();
    let directory = crate_of_a_reader.as_path();
    let dependencies =
        dependencies.replace("path = \"tcevm/", &format!("path = \"{}/", root.display()));
    let package =
        "[package]\nname = \"reader\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n\n";
    fs::write(directory.join("Cargo.toml"), format!("{package}{dependencies}")).unwrap();
    // The versions that are here already, so that nothing is downloaded.
    fs::copy(root.join("Cargo.lock"), directory.join("Cargo.lock")).unwrap();
    let examples = &blocks["rust"];
    fs::create_dir_all(directory.join("src/bin")).unwrap();
    for (number, example) in examples.iter().enumerate() {
        let path = directory.join(format!("src/bin/example{number}.rs"));
        fs::write(path, shown(example)).unwrap();
    }
    let mut cargo = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    cargo.args(["check", "--offline", "--quiet", "--bins"]).current_dir(directory);
    // A directory of its own beside the workspace's: cargo keeps it for the next time.
    let target = env::current_exe().unwrap().ancestors().nth(3).unwrap().join("guides");
    cargo.env("CARGO_TARGET_DIR", target).env("RUSTFLAGS", "-D warnings");
    let output = cargo.output().expect("cargo runs");
    assert!(output.status.success(), "{guide}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_examples_of_the_guide_to_hypercalls_compile_when_copied() {
    compile("hcall/GUIDE.md");
}

#[test]
fn the_examples_of_the_guide_to_the_library_compile_when_copied() {
    compile("iommu/GUIDE.md");
}

#[test]
fn what_rustdoc_hides_is_not_compiled() {
    assert_eq!(
        shown("use a;\n# use b;\n#\n    # c\n#[derive(Debug)]\n"),
        "use a;\n#[derive(Debug)]\n"
    );
}
