// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Whatever is at the path of a socket, nothing but a socket without a listener is replaced.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Barrier;

use paths::socket::{Joined, join};
use vmm_sys_util::tempdir::TempDir;

fn directory() -> (TempDir, PathBuf) {
    let directory = TempDir::new_with_prefix(std::env::temp_dir().join("paths-")).unwrap();
    let path = directory.as_path().join("hub");
    (directory, path)
}

fn refused(path: &Path) -> String {
    join(path).expect_err("it is no socket").to_string()
}

fn is_listening(path: &Path) -> Option<paths::socket::Listening> {
    match join(path).unwrap() {
        Joined::Listening(listening) => Some(listening),
        Joined::Connected(_) => None,
    }
}

#[test]
fn a_file_stays_byte_for_byte() {
    let (_directory, path) = directory();
    fs::write(&path, "precious").unwrap();
    assert!(refused(&path).contains("it is a file and no socket"));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
}

#[test]
fn a_directory_and_a_pipe_stay() {
    let (_directory, path) = directory();
    fs::create_dir(&path).unwrap();
    fs::write(path.join("file"), "precious").unwrap();
    assert!(refused(&path).contains("it is a directory and no socket"));
    assert_eq!(fs::read(path.join("file")).unwrap(), b"precious");
    let pipe = path.join("pipe");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0)
        .unwrap();
    assert!(refused(&pipe).contains("it is a pipe and no socket"));
    assert!(fs::symlink_metadata(&pipe).unwrap().file_type().is_fifo());
}

#[test]
fn a_link_is_not_followed_wherever_it_leads() {
    let (directory, path) = directory();
    let target = directory.as_path().join("target");
    for there in [false, true] {
        if there {
            fs::write(&target, "precious").unwrap();
        }
        symlink(&target, &path).unwrap();
        assert!(refused(&path).contains("it is a symbolic link to"));
        assert_eq!(fs::read_link(&path).unwrap(), target);
        assert_eq!(fs::read(&target).ok(), there.then(|| b"precious".to_vec()));
        fs::remove_file(&path).unwrap();
    }
    // A link to a socket without a listener.
    fs::remove_file(&target).unwrap();
    drop(UnixListener::bind(&target).unwrap());
    symlink(&target, &path).unwrap();
    assert!(refused(&path).contains("it is a symbolic link to"));
    assert!(fs::symlink_metadata(&target).unwrap().file_type().is_socket());
}

#[test]
fn a_socket_with_a_listener_is_connected_to_and_stays() {
    let (_directory, path) = directory();
    let theirs = UnixListener::bind(&path).unwrap();
    let before = fs::symlink_metadata(&path).unwrap().ino();
    let joined = join(&path).unwrap();
    assert!(matches!(joined, Joined::Connected(_)));
    theirs.accept().unwrap();
    drop(joined);
    assert_eq!(fs::symlink_metadata(&path).unwrap().ino(), before);
}

#[test]
fn a_socket_without_a_listener_is_replaced_and_goes_at_the_end() {
    let (_directory, path) = directory();
    drop(UnixListener::bind(&path).unwrap());
    let listening = is_listening(&path).expect("the old one is dead");
    assert!(is_listening(&path).is_none(), "the second connects");
    drop(listening);
    assert!(!path.exists());
}

#[test]
fn at_the_end_only_our_own_socket_is_removed() {
    let (_directory, path) = directory();
    let listening = is_listening(&path).unwrap();
    fs::remove_file(&path).unwrap();
    fs::write(&path, "precious").unwrap();
    drop(listening);
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    fs::remove_file(&path).unwrap();

    let listening = is_listening(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let theirs = UnixListener::bind(&path).unwrap();
    drop(listening);
    assert!(fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    drop(theirs);
}

#[test]
fn of_many_that_come_at_once_one_listens() {
    const MANY: usize = 8;
    let (_directory, path) = directory();
    for round in 0..20 {
        if round % 2 == 1 {
            drop(UnixListener::bind(&path).unwrap());
        }
        let start = Barrier::new(MANY);
        let joined: Vec<_> = std::thread::scope(|scope| {
            let one = || {
                start.wait();
                join(&path).unwrap()
            };
            let all: Vec<_> = (0..MANY).map(|_| scope.spawn(one)).collect();
            all.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let listening = joined.iter().filter(|joined| matches!(joined, Joined::Listening(_)));
        assert_eq!(listening.count(), 1);
    }
}
