// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The subjects of checks that are functions, read from the sources of the library: no separate list stands
//! between the library and its coverage. A call that is added to the library needs a clause.

/// The files with the calls of a VFIO container.
const VFIO: [&str; 3] = [
    include_str!("../../../iommu/src/vfio/mod.rs"),
    include_str!("../../../iommu/src/vfio/map.rs"),
    include_str!("../../../iommu/src/vfio/windows.rs"),
];

/// The file with the operations of a platform.
const PLATFORM: &str = include_str!("../../../iommu/src/platform/mod.rs");

/// The files with the clauses for both.
const CLAUSES: [&str; 2] = [include_str!("clauses/vfio.rs"), include_str!("clauses/platform.rs")];

/// The calls of a VFIO container: its public methods that can fail with an `Errno`.
pub(crate) fn vfio_calls() -> Vec<&'static str> {
    let methods = VFIO.iter().flat_map(|text| text.split("    pub fn ").skip(1));
    let call = |text: &'static str| {
        let head = text.split(" {\n").next()?;
        let name = head.split('(').next()?;
        (head.contains("&self") && head.ends_with("Errno>")).then_some(name)
    };
    methods.filter_map(call).collect()
}

/// The operations that the library asks of a platform: the methods of its trait.
pub(crate) fn platform_operations() -> Vec<&'static str> {
    let body =
        PLATFORM.split("pub trait Platform").nth(1).and_then(|text| text.split("\n}\n").next());
    let methods = body.unwrap_or("").split("    fn ").skip(1);
    methods.filter_map(|method| method.split('(').next()).collect()
}

/// The ids of the clauses whose function contains this text.
pub(crate) fn clauses_with(text: &str) -> Vec<&'static str> {
    CLAUSES.iter().flat_map(|file| clauses_of(file, text)).collect()
}

fn clauses_of(file: &'static str, text: &str) -> Vec<&'static str> {
    let rows = file.split("        id: \"").skip(1);
    let covering = rows.filter_map(|row| {
        let id = row.split('"').next()?;
        let function = row.split("check: Host(").nth(1)?.split(')').next()?;
        let body = file.split(&format!("\nfn {function}(")).nth(1)?;
        body.split("\n}\n").next()?.contains(text).then_some(id)
    });
    covering.collect()
}
