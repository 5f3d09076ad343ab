// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The generated document of the clauses matches the rows.

use comply::{clauses, format};
use std::{env, fs};

#[test]
fn the_document_of_the_clauses_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/CLAUSES.md");
    let all: Vec<_> = clauses::matching("").collect();
    let text = format::markdown(&all);
    if env::var_os("TCEVM_WRITE").is_some() {
        fs::write(path, &text).expect("the document can be written");
    }
    let there = fs::read_to_string(path).expect("the document is there");
    assert!(
        there == text,
        "CLAUSES.md is not what the rows say: TCEVM_WRITE=1 cargo test -p tcevm-comply --test all document"
    );
}
