// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! No file is compiled by its path: code that several tests share is in this crate.

use std::fs;
use std::path::Path;

/// The tests that compile sources of their crate over the atomics of a model checker.
const MODELS: [&str; 2] = ["iommu/tests/model.rs", "vmm/ram/tests/model.rs"];

/// The sources below a folder that have the attribute, by their paths.
fn with_attribute(root: &Path, folder: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(root.join(folder)).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        let kind = entry.file_type().expect("a type");
        if kind.is_dir() && name != "target" && !name.starts_with('.') {
            with_attribute(root, &path, found);
        } else if kind.is_file() && name.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).expect("text");
            let marks = [concat!("#", "[path"), concat!(", path", " = \"")];
            if marks.iter().any(|mark| text.contains(mark)) {
                found.push(path);
            }
        }
    }
}

#[test]
fn only_model_checkers_compile_a_file_by_its_path() {
    let mut found = Vec::new();
    with_attribute(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."), "", &mut found);
    found.sort();
    assert_eq!(found, MODELS);
}
