// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The names that the suite covers by functions are those of the library, read from its sources.

use comply::sources::{PLATFORM_OPERATIONS, VFIO_CALLS};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The text of each source of `iommu` below a path that satisfies a condition.
fn sources(dir: &Path, wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("the sources of iommu").flatten();
    let text = |path: &Path| match path.to_str() {
        Some(name) if name.ends_with(".rs") && wanted(name) => fs::read_to_string(path).ok(),
        _ => None,
    };
    let below = |path: &Path| if path.is_dir() { sources(path, wanted) } else { Vec::new() };
    entries.flat_map(|entry| text(&entry.path()).into_iter().chain(below(&entry.path()))).collect()
}

fn iommu(wanted: &dyn Fn(&str) -> bool) -> Vec<String> {
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../iommu/src"), wanted)
}

#[test]
fn each_call_of_a_vfio_container_is_in_the_list() {
    let files = iommu(&|path| path.contains("/vfio"));
    let containers = files.iter().flat_map(|text| text.split("\nimpl TceContainer {\n").skip(1));
    let bodies = containers.filter_map(|text| text.split("\n}\n").next());
    let methods = bodies.flat_map(|body| body.split("    pub fn ").skip(1));
    let call = |text: &str| {
        let head = text.split(" {\n").next()?;
        let name = head.split('(').next()?;
        (head.contains("&self") && head.ends_with("Errno>")).then(|| name.to_owned())
    };
    let calls: BTreeSet<String> = methods.filter_map(call).collect();
    assert_eq!(calls, VFIO_CALLS.map(String::from).into());
}

#[test]
fn each_operation_of_a_platform_is_in_the_list() {
    let files = iommu(&|path| path.contains("platform"));
    let traits = files.iter().flat_map(|text| text.split("\npub trait ").skip(1));
    let body = traits.filter_map(|text| text.split("\n}\n").next());
    let methods = body.flat_map(|body| body.split("    fn ").skip(1));
    let names: BTreeSet<String> =
        methods.filter_map(|method| method.split('(').next().map(String::from)).collect();
    assert_eq!(names, PLATFORM_OPERATIONS.map(String::from).into());
}
