// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileExt, symlink};
use std::path::{Path, PathBuf};

use paths::output::OutputError;
use paths::whole::Whole;
use vmm_sys_util::tempdir::TempDir;

fn directory() -> (TempDir, PathBuf) {
    let directory = TempDir::new_with_prefix(std::env::temp_dir().join("paths-")).unwrap();
    let path = directory.as_path().join("state");
    (directory, path)
}

/// True for a file that begins with the mark of these tests.
fn is_state(file: &File) -> bool {
    let mut mark = [0; 4];
    file.read_exact_at(&mut mark, 0).is_ok() && mark == *b"MARK"
}

fn create(path: &Path) -> Result<Whole, OutputError> {
    Whole::create(path, "state", is_state)
}

fn names(directory: &TempDir) -> Vec<String> {
    let names = fs::read_dir(directory.as_path()).unwrap();
    names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn a_file_has_its_name_once_it_is_finished() {
    let (directory, path) = directory();
    for text in ["MARK one", "MARK two"] {
        let whole = create(&path).unwrap();
        whole.file().write_all(text.as_bytes()).unwrap();
        assert!(fs::read_to_string(&path).unwrap_or_default() != text);
        whole.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
        assert_eq!(names(&directory), ["state"]);
    }
}

#[test]
fn a_file_that_is_not_finished_leaves_its_place_as_it_was() {
    let (directory, path) = directory();
    create(&path).unwrap().file().write_all(b"MARK").unwrap();
    assert_eq!(names(&directory), [""; 0]);
    fs::write(&path, "MARK old").unwrap();
    create(&path).unwrap().file().write_all(b"MARK new").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"MARK old");
}

#[test]
fn only_a_file_of_the_kind_that_no_process_uses_is_replaced() {
    let (directory, path) = directory();
    let refused = |path: &Path| create(path).expect_err("it stays").to_string();
    fs::write(&path, "precious").unwrap();
    assert_eq!(refused(&path), "it is there and no state; name another file");
    fs::write(&path, "MARK").unwrap();
    for shared in [false, true] {
        let theirs = File::options().read(true).write(true).open(&path).unwrap();
        if shared { theirs.try_lock_shared() } else { theirs.try_lock() }.unwrap();
        assert!(refused(&path).contains("another process uses it"));
    }
    let link = directory.as_path().join("link");
    symlink(&path, &link).unwrap();
    assert!(refused(&link).contains("it is a symbolic link to"));
    assert!(refused(directory.as_path()).contains("it is a directory"));
    assert_eq!(fs::read(&path).unwrap(), b"MARK");
    create(&path).unwrap();
}
