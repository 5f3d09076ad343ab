// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Directories for the files of a test.

use std::path::PathBuf;
use vmm_sys_util::tempdir::TempDir;

/// A directory that is removed at the end of the test, by its path.
pub struct Directory(pub PathBuf, #[expect(dead_code)] TempDir); // dropped with it

impl Directory {
    /// A directory with no files, made by `mkdtemp`.
    pub fn new() -> Directory {
        let made = TempDir::new_with_prefix(std::env::temp_dir().join("tcevm-test-"));
        let made = made.expect("a temporary directory");
        Directory(made.as_path().to_owned(), made)
    }
}
