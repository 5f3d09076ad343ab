// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Every bug of Linux and QEMU that papr-tce 6 lists has a test named after it, `fn bug_17_...`, or a
//! reason here why it cannot be made in this code.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Numbers of papr-tce 6.1 to 6.3.
const BUGS: std::ops::RangeInclusive<u32> = 1..=67;

/// Bugs that cannot be expressed here, each with the reason.
const NOT_HERE: [(u32, &str); 2] = [
    (
        13,
        "memslots without SRCU: a guest's RAM is one piece for the whole run, so no slot goes away",
    ),
    (19, "real-mode handlers that walk a radix guest's hash table: no tier looks at translation"),
];

/// Test functions by the numbers in their names: `bug_16_and_64_...` is for both.
fn tests_in(dir: &Path, found: &mut BTreeMap<u32, Vec<String>>) {
    for entry in fs::read_dir(dir).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            tests_in(&path, found);
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            let text = fs::read_to_string(&path).expect("text");
            let mut last = "";
            for line in text.lines().map(str::trim) {
                if let (Some(name), "#[test]") = (line.strip_prefix("fn bug_"), last) {
                    for word in
                        name.split('_').take_while(|w| *w == "and" || w.parse::<u32>().is_ok())
                    {
                        if let Ok(number) = word.parse() {
                            found.entry(number).or_default().push(name.into());
                        }
                    }
                }
                last = line;
            }
        }
    }
}

#[test]
fn every_historical_bug_has_a_test_of_its_name_or_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = BTreeMap::new();
    for dir in ["iommu/src", "iommu/tests", "hcall/src", "hcall/tests"] {
        tests_in(&root.join(dir), &mut found);
    }
    let reason = |bug| NOT_HERE.iter().any(|(number, _)| *number == bug);
    let missing: Vec<_> = BUGS.filter(|bug| !found.contains_key(bug) && !reason(*bug)).collect();
    assert_eq!(missing, [0; 0], "bugs without a test");
    let both: Vec<_> = BUGS.filter(|bug| found.contains_key(bug) && reason(*bug)).collect();
    assert_eq!(both, [0; 0], "bugs that have a test after all");
    let prime = found[&50].iter().any(|name| name.starts_with("50_prime"));
    assert!(prime, "50 and 50' are two");
    assert!(found.keys().all(|number| BUGS.contains(number)), "{found:?}");
}
