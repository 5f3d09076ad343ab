// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The files that may be written over, and those that may not.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use paths::output::{Files, OutputError};
use vmm_sys_util::tempdir::TempDir;

fn directory() -> (TempDir, PathBuf) {
    let directory = TempDir::new_with_prefix(std::env::temp_dir().join("paths-")).unwrap();
    let path = directory.as_path().join("out");
    (directory, path)
}

fn refused(files: &mut Files, path: &Path) -> String {
    files.create("the report", path).expect_err("it may not be written over").to_string()
}

#[test]
fn a_new_file_is_created_and_an_old_one_emptied() {
    let (_directory, path) = directory();
    for text in ["first", "2nd"] {
        let mut file = Files::default().create("the report", &path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_file_of_the_same_command_stays() {
    let (directory, path) = directory();
    let disk = directory.as_path().join("disk");
    fs::write(&disk, "precious").unwrap();
    let other_name = directory.as_path().join("other-name");
    fs::hard_link(&disk, &other_name).unwrap();
    let mut files = Files::default();
    files.protect("a disk", &disk);
    files.protect("the initrd", &directory.as_path().join("not-there"));
    for name in [&disk, &other_name, &directory.as_path().join(".").join("disk")] {
        assert_eq!(refused(&mut files, name), "it is also a disk; name another file");
    }
    assert_eq!(fs::read(&disk).unwrap(), b"precious");
    let first = files.create("the trace", &path).unwrap();
    assert_eq!(refused(&mut files, &path), "it is also the trace; name another file");
    drop(first);
}

#[test]
fn a_file_that_another_process_has_locked_stays() {
    let (_directory, path) = directory();
    fs::write(&path, "precious").unwrap();
    for shared in [false, true] {
        let theirs = File::options().read(true).write(true).open(&path).unwrap();
        if shared { theirs.try_lock_shared() } else { theirs.try_lock() }.unwrap();
        assert!(refused(&mut Files::default(), &path).contains("another process uses it"));
        assert_eq!(fs::read(&path).unwrap(), b"precious");
    }
}

#[test]
fn a_link_to_a_file_is_not_followed_and_one_to_a_device_is() {
    let (directory, path) = directory();
    let target = directory.as_path().join("target");
    symlink(&target, &path).unwrap();
    assert!(refused(&mut Files::default(), &path).contains("it is a symbolic link to"));
    assert!(!target.exists(), "nothing is created behind a link");
    fs::write(&target, "precious").unwrap();
    assert!(refused(&mut Files::default(), &path).contains("it is a symbolic link to"));
    assert_eq!(fs::read(&target).unwrap(), b"precious");
    fs::remove_file(&path).unwrap();
    symlink("/dev/null", &path).unwrap();
    Files::default().create("the report", &path).unwrap().write_all(b"gone").unwrap();
    assert_eq!(fs::read_link(&path).unwrap(), Path::new("/dev/null"));
}

#[test]
fn directories_and_sockets_are_refused_and_devices_and_pipes_are_written_to() {
    let (directory, path) = directory();
    assert!(refused(&mut Files::default(), directory.as_path()).contains("it is a directory"));
    let _socket = UnixListener::bind(&path).unwrap();
    assert!(refused(&mut Files::default(), &path).contains("it is a socket"));
    Files::default().create("the report", Path::new("/dev/null")).unwrap();
    let pipe = directory.as_path().join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    let error = Files::default().waiting_while(|| false).create("the report", &pipe);
    assert!(matches!(error, Err(OutputError::NoReader)), "{error:?}");
    let read = std::thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut text = String::new();
            File::open(pipe).unwrap().read_to_string(&mut text).unwrap();
            text
        }
    });
    Files::default().create("the report", &pipe).unwrap().write_all(b"through").unwrap();
    assert_eq!(read.join().unwrap(), "through");
}
