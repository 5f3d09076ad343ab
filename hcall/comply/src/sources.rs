// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The names of the library that checks in Rust are about, and the clauses whose function has such a name.
//!
//! `tests/names.rs` compares both lists with the sources of `iommu`: a call that is added there needs a name
//! here, and a name needs a clause.

/// The calls of a VFIO container: its public methods that can fail with an `Errno`.
pub const VFIO_CALLS: [&str; 12] = [
    "attach_group",
    "detach_group",
    "enable",
    "disable",
    "info",
    "register_memory",
    "unregister_memory",
    "map_dma",
    "map_dma_whole",
    "unmap_dma",
    "create_window",
    "remove_window",
];

/// The operations that the library asks of a platform: the methods of its traits.
pub const PLATFORM_OPERATIONS: [&str; 9] =
    ["name", "max_levels", "exchange", "set", "clear", "flush", "link", "kill", "swap"];

/// The sources of the clauses about them.
const CLAUSES: [&str; 2] = [include_str!("clauses/vfio.rs"), include_str!("clauses/platform.rs")];

/// The ids of the clauses whose function has this text.
pub(crate) fn clauses_with(text: &str) -> Vec<&'static str> {
    CLAUSES.iter().flat_map(|file| clauses_of(file, text)).collect()
}

fn clauses_of(file: &'static str, text: &str) -> Vec<&'static str> {
    let rows = file.split("        id: \"").skip(1);
    let covering = rows.filter_map(|row| {
        let id = row.split('"').next()?;
        let check = row.split("check: Host(").nth(1).or_else(|| row.split("check: Once(").nth(1));
        let function = check?.split(')').next()?;
        let body = file.split(&format!("\nfn {function}(")).nth(1)?;
        body.split("\n}\n").next()?.contains(text).then_some(id)
    });
    covering.collect()
}
