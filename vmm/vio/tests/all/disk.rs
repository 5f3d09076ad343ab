// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The files of the host that a disk opens: the one that the user named, no other without permission, and
//! none twice if one of the users writes.

use std::path::{Path, PathBuf};

use tests::Directory;
use tests::qcow2::{CLUSTER, Image, SIZE};
use vio::vscsi::DiskSpec;
use vio::vscsi::backend::qcow2::Problem;
use vio::vscsi::backend::{self, Backing, DiskError, Format, open};

const SECRET: &[u8] = b"root:$6$secret";

fn qcow2(path: impl Into<PathBuf>) -> DiskSpec {
    DiskSpec { format: Some(Format::Qcow2), ..DiskSpec::new(path) }
}

fn raw(path: impl Into<PathBuf>) -> DiskSpec {
    DiskSpec { format: Some(Format::Raw), ..DiskSpec::new(path) }
}

fn allowed(path: impl Into<PathBuf>) -> DiskSpec {
    DiskSpec { backing: Backing::Allow, ..qcow2(path) }
}

fn problem(spec: &DiskSpec) -> Problem {
    match refused(spec) {
        DiskError::Qcow2 { problem, .. } => problem,
        other => panic!("{other}"),
    }
}

fn refused(spec: &DiskSpec) -> DiskError {
    match open(spec) {
        Err(error) => error,
        Ok(_) => panic!("{spec:?} opens"),
    }
}

/// A cluster that begins with these bytes, followed by zeros.
fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut cluster = bytes.to_vec();
    cluster.resize(CLUSTER, 0);
    cluster
}

fn read(disk: &mut Box<dyn backend::Image>, at: u64) -> Vec<u8> {
    let mut to = vec![0xaa; CLUSTER];
    disk.read(at, &mut to).unwrap();
    to
}

#[test]
fn a_backing_file_is_not_opened_unless_the_user_permits_it() {
    let directory = Directory::new();
    let secret = directory.0.join("secret");
    std::fs::write(&secret, padded(SECRET)).unwrap();
    for name in ["secret", secret.to_str().unwrap()] {
        let image = Image::new(&[]).based_on(name, Some("raw")).write(&directory.0, "a.qcow2");
        for readonly in [false, true] {
            let error = refused(&DiskSpec { readonly, ..qcow2(&image) });
            let text = error.to_string();
            assert!(text.contains("backing=allow"), "{text}");
            assert!(matches!(error, DiskError::Qcow2 { problem: Problem::Backing(_), .. }));
        }
        assert_eq!(read(&mut open(&allowed(&image)).unwrap(), 0), padded(SECRET));
    }
}

#[test]
fn a_data_file_is_never_opened() {
    let directory = Directory::new();
    let victim = directory.0.join("victim");
    std::fs::write(&victim, padded(SECRET)).unwrap();
    let image = Image::new(&[]).with_data_in("victim").write(&directory.0, "a.qcow2");
    for spec in [qcow2(&image), allowed(&image)] {
        let opened = open(&spec);
        if let Ok(mut disk) = opened {
            // A guest would write to it like this.
            let _ = disk.write(0, &[0xff; 512]);
            let _ = disk.flush();
        }
        assert_eq!(std::fs::read(&victim).unwrap(), padded(SECRET));
        assert!(matches!(problem(&spec), Problem::DataFile));
    }
    // Nor as a backing file.
    let top = Image::new(&[]).based_on("a.qcow2", Some("qcow2")).write(&directory.0, "top");
    assert!(matches!(problem(&allowed(top)), Problem::DataFile));
    assert_eq!(std::fs::read(&victim).unwrap(), padded(SECRET));
}

#[test]
fn a_raw_base_that_begins_like_an_image_stays_raw() {
    let directory = Directory::new();
    std::fs::write(directory.0.join("secret"), padded(SECRET)).unwrap();
    // A guest wrote this header into its raw disk.
    let header = Image::new(&[]).based_on("secret", Some("raw"));
    header.write(&directory.0, "base");
    let top = Image::new(&[]).based_on("base", Some("raw")).write(&directory.0, "a.qcow2");
    assert_eq!(read(&mut open(&allowed(&top)).unwrap(), 0), header.0[..CLUSTER]);
    // Without a format the backing file is refused.
    let top = Image::new(&[]).based_on("base", None).write(&directory.0, "b.qcow2");
    assert!(matches!(problem(&qcow2(&top)), Problem::Backing(_)));
    assert!(matches!(problem(&allowed(&top)), Problem::NoBackingFormat));
    let top = Image::new(&[]).based_on("base", Some("vmdk")).write(&directory.0, "c.qcow2");
    assert!(matches!(problem(&allowed(&top)), Problem::BackingFormat(_)));
}

#[test]
fn the_contents_never_choose_a_format() {
    let directory = Directory::new();
    let image = Image::new(&[]).write(&directory.0, "disk.img");
    let text = refused(&DiskSpec::new(&image)).to_string();
    assert!(text.contains("format=raw") && text.contains("format=qcow2"), "{text}");
    let len = std::fs::metadata(&image).unwrap().len();
    assert_eq!(open(&raw(&image)).unwrap().bytes(), len);
    assert_eq!(open(&qcow2(&image)).unwrap().bytes(), SIZE);
    // The name of a qcow2 image decides.
    let named = directory.0.join("disk.qcow2");
    std::fs::rename(&image, &named).unwrap();
    assert_eq!(open(&DiskSpec::new(&named)).unwrap().bytes(), SIZE);
    std::fs::write(&named, [0; 1024]).unwrap();
    assert!(matches!(problem(&DiskSpec::new(&named)), Problem::Magic));
}

#[test]
fn a_permitted_chain_is_read_and_only_its_top_written() {
    let directory = Directory::new();
    let base = directory.0.join("base");
    let content: Vec<u8> = (0..3 * CLUSTER).map(|n| (n / CLUSTER) as u8 + 1).collect();
    std::fs::write(&base, &content).unwrap();
    let middle = Image::new(&[&[7; CLUSTER]]).based_on("base", Some("raw"));
    let middle_path = middle.write(&directory.0, "middle");
    let top = Image::new(&[]).based_on("middle", Some("qcow2")).write(&directory.0, "top");
    let mut disk = open(&allowed(&top)).unwrap();
    let cluster = CLUSTER as u64;
    assert_eq!(read(&mut disk, 0), [7; CLUSTER]);
    assert_eq!(read(&mut disk, cluster), [2; CLUSTER]);
    assert_eq!(read(&mut disk, 2 * cluster), [3; CLUSTER]);
    // The offset is behind the end of the base.
    assert_eq!(read(&mut disk, 3 * cluster), [0; CLUSTER]);
    // A part of a cluster is written; the rest of it comes from the base.
    disk.write(cluster + 512, &[9; 512]).unwrap();
    disk.discard(2 * cluster, cluster).unwrap();
    disk.flush().unwrap();
    drop(disk);
    let mut disk = open(&DiskSpec { readonly: true, ..allowed(&top) }).unwrap();
    let mut expected = [2; CLUSTER];
    expected[512..1024].fill(9);
    assert_eq!(read(&mut disk, cluster), expected);
    assert_eq!(read(&mut disk, 2 * cluster), [0; CLUSTER]);
    assert!(disk.write(0, &[1; 512]).is_err());
    assert_eq!(std::fs::read(&base).unwrap(), content);
    assert_eq!(std::fs::read(&middle_path).unwrap(), middle.0);
}

#[test]
fn named_backing_files_are_the_only_ones() {
    let directory = Directory::new();
    let (base, other) = (directory.0.join("base"), directory.0.join("other"));
    std::fs::write(&base, [5; CLUSTER]).unwrap();
    std::fs::write(&other, [6; CLUSTER]).unwrap();
    std::os::unix::fs::symlink("base", directory.0.join("link")).unwrap();
    let top = Image::new(&[]).based_on("base", Some("raw")).write(&directory.0, "top");
    let only = |names: &[&Path]| {
        let names = names.iter().map(|name| name.to_path_buf()).collect();
        DiskSpec { backing: Backing::Only(names), ..qcow2(&top) }
    };
    assert!(matches!(problem(&only(&[&other])), Problem::NotNamed(_)));
    assert!(matches!(problem(&only(&[Path::new("no such file")])), Problem::NotNamed(_)));
    // The identity of the file decides, not its name.
    for name in [&base, &directory.0.join("link")] {
        let mut disk = open(&only(&[&other, name])).unwrap();
        assert_eq!(read(&mut disk, 0), [5; CLUSTER]);
    }
    assert!(matches!(
        refused(&DiskSpec { backing: Backing::Allow, ..raw(&base) }),
        DiskError::RawBacking { .. }
    ));
}

#[test]
fn names_that_are_no_files_are_refused() {
    let directory = Directory::new();
    std::fs::write(directory.0.join("nbd:x"), [1; CLUSTER]).unwrap();
    for name in ["json:{\"driver\":\"file\"}", "nbd:localhost:10809", "nbd:x", "file:/etc/passwd"] {
        let top = Image::new(&[]).based_on(name, Some("raw")).write(&directory.0, "top");
        assert!(matches!(problem(&allowed(&top)), Problem::NoFileName(_)), "{name}");
    }
    let top = Image::new(&[]).based_on("./nbd:x", Some("raw")).write(&directory.0, "top");
    assert_eq!(read(&mut open(&allowed(&top)).unwrap(), 0), [1; CLUSTER]);
    let top = Image::new(&[]).based_on("a\0b", Some("raw")).write(&directory.0, "top");
    assert!(matches!(refused(&allowed(&top)), DiskError::Open { .. }));
}

#[test]
fn a_chain_ends() {
    let directory = Directory::new();
    Image::new(&[]).based_on("self", Some("qcow2")).write(&directory.0, "self");
    assert!(matches!(problem(&allowed(directory.0.join("self"))), Problem::Loop));
    for (name, below) in [("a", "b"), ("b", "c"), ("c", "a")] {
        Image::new(&[]).based_on(below, Some("qcow2")).write(&directory.0, name);
    }
    for readonly in [false, true] {
        let spec = DiskSpec { readonly, ..allowed(directory.0.join("a")) };
        assert!(matches!(problem(&spec), Problem::Loop));
    }
    // 64 files are permitted, one more is not.
    Image::new(&[&[3; CLUSTER]]).write(&directory.0, "0");
    for n in 1..=64 {
        let below = format!("{}", n - 1);
        Image::new(&[]).based_on(&below, Some("qcow2")).write(&directory.0, &n.to_string());
    }
    let mut disk = open(&allowed(directory.0.join("63"))).unwrap();
    assert_eq!(read(&mut disk, 0), [3; CLUSTER]);
    disk.write(512, &[4; 512]).unwrap();
    assert_eq!(read(&mut disk, 0)[..1024], [[3; 512], [4; 512]].concat());
    drop(disk);
    assert!(matches!(problem(&allowed(directory.0.join("64"))), Problem::TooDeep));
}

/// Other names of a file: a symbolic link, a hard link, a detour.
fn other_names(directory: &Path, name: &str) -> [PathBuf; 4] {
    let path = directory.join(name);
    let (symbolic, hard) = (directory.join("symbolic"), directory.join("hard"));
    std::os::unix::fs::symlink(&path, &symbolic).unwrap();
    std::fs::hard_link(&path, &hard).unwrap();
    let detour = directory.join("..").join(directory.file_name().unwrap()).join(name);
    [path, symbolic, hard, detour]
}

#[test]
fn a_file_that_is_written_has_one_user_by_whatever_name() {
    for format in [Format::Raw, Format::Qcow2] {
        let directory = Directory::new();
        Image::new(&[]).write(&directory.0, "disk");
        let names = other_names(&directory.0, "disk");
        let spec = |name: &PathBuf, readonly| DiskSpec {
            readonly,
            format: Some(format),
            ..DiskSpec::new(name)
        };
        for first in &names {
            let writer = open(&spec(first, false)).unwrap();
            for second in &names {
                for readonly in [false, true] {
                    let error = refused(&spec(second, readonly));
                    assert!(matches!(error, DiskError::InUse { .. }), "{error}");
                }
            }
            drop(writer);
            let readers =
                [open(&spec(first, true)).unwrap(), open(&spec(&names[0], true)).unwrap()];
            assert!(matches!(refused(&spec(&names[1], false)), DiskError::InUse { .. }));
            drop(readers);
        }
    }
}

#[test]
fn a_chain_is_locked_down_to_its_base() {
    let directory = Directory::new();
    std::fs::write(directory.0.join("base"), [5; CLUSTER]).unwrap();
    let [base, symbolic, hard, _] = other_names(&directory.0, "base");
    let over = |name| {
        Image::new(&[]).based_on(name, Some("raw")).write(&directory.0, &format!("{name}.qcow2"))
    };
    let (one, two) = (over("base"), over("hard"));
    // Two disks have one base, and no process writes to it.
    let disks = [open(&allowed(&one)).unwrap(), open(&allowed(&two)).unwrap()];
    for name in [&base, &symbolic, &hard] {
        assert!(matches!(refused(&raw(name)), DiskError::InUse { .. }));
        open(&DiskSpec { readonly: true, ..raw(name) }).unwrap();
    }
    drop(disks);
    let writer = open(&raw(&hard)).unwrap();
    let DiskError::InUse { path } = refused(&allowed(&one)) else { panic!() };
    assert_eq!(path, base);
    drop(writer);
    open(&allowed(&one)).unwrap();
}

#[test]
fn what_is_no_file_of_blocks_is_named() {
    let directory = Directory::new();
    let fifo = directory.0.join("fifo");
    // The test starts no process: before its exec a child would hold the other tests' locks.
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let socket = directory.0.join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let device = Path::new("/dev/null");
    for (path, is) in [
        (directory.0.as_path(), "a directory"),
        (&fifo, "a FIFO"),
        (&socket, "a socket"),
        (device, "a character device"),
    ] {
        for readonly in [false, true] {
            for format in [None, Some(Format::Raw), Some(Format::Qcow2)] {
                let spec = DiskSpec { readonly, format, ..DiskSpec::new(path) };
                let DiskError::Kind { kind, .. } = refused(&spec) else { panic!("{path:?}") };
                assert_eq!(kind, is);
            }
        }
        // Nor as a backing file.
        let top = Image::new(&[]).based_on(path.to_str().unwrap(), Some("raw"));
        let top = top.write(&directory.0, "top.qcow2");
        assert!(matches!(refused(&allowed(top)), DiskError::Kind { .. }));
    }
}
