// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Images with wrong tables: every fault is found at opening, and the image is not changed.

use imago::file::File;
use imago::{FormatCreateBuilder, Storage, StorageCreateOptions, qcow2::Qcow2};
use proptest::prelude::*;
use tests::Directory;
use tests::qcow2::{CLUSTER, DATA, Image, L1, L2, REFBLOCK, REFTABLE, SIZE, at};
use vio::vscsi::DiskSpec;
use vio::vscsi::backend::qcow2::Problem;
use vio::vscsi::backend::{self, Backing, DiskError, Format, open};

const COPIED: u64 = 1 << 63;
const COMPRESSED: u64 = 1 << 62;

fn spec(path: impl Into<std::path::PathBuf>) -> DiskSpec {
    DiskSpec { format: Some(Format::Qcow2), ..DiskSpec::new(path) }
}

/// An image with two clusters of data.
fn whole() -> Image {
    Image::new(&[&[1; CLUSTER], &[2; CLUSTER]])
}

/// Opens an image for writing. If it is refused, the file must be unchanged.
fn opened(image: &Image) -> Result<Image, Problem> {
    let directory = Directory::new();
    let path = image.write(&directory.0, "disk");
    let result = open(&spec(&path));
    let left = Image(std::fs::read(&path).unwrap());
    match result {
        Ok(_) => Ok(left),
        Err(DiskError::Qcow2 { problem, .. }) => {
            assert!(left.0 == image.0, "{problem}: the image is changed");
            // The intact part can be read, if the header is valid.
            let readonly = open(&DiskSpec { readonly: true, ..spec(&path) });
            if let Ok(mut disk) = readonly {
                let _ = disk.read(0, &mut [0; CLUSTER]);
            }
            Err(problem)
        }
        Err(other) => panic!("{other}"),
    }
}

fn entry(table: usize, index: usize) -> usize {
    table * CLUSTER + index * 8
}

#[test]
fn an_image_without_its_first_refcount_block_is_refused() {
    let mut image = whole();
    image.long(entry(REFTABLE, 0), 0);
    let problem = opened(&image).unwrap_err();
    assert!(matches!(problem, Problem::Damaged(_)));
    let text = problem.to_string();
    assert!(text.contains("qemu-img check -r all") && text.contains(",readonly"), "{text}");
    // Reading needs no counts.
    let directory = Directory::new();
    let path = image.write(&directory.0, "disk");
    let mut disk = open(&DiskSpec { readonly: true, ..spec(path) }).unwrap();
    let mut data = [0; CLUSTER];
    disk.read(CLUSTER as u64, &mut data).unwrap();
    assert_eq!(data, [2; CLUSTER]);
}

#[test]
fn tables_that_refer_to_what_they_may_not_are_refused() {
    let (l1, l2, reftable) = (entry(L1, 0), entry(L2, 1), entry(REFTABLE, 0));
    let end = at(DATA + 2);
    // The fault, the offset, and the value that is put there.
    let cases = [
        ("compressed data is the header", l2, COMPRESSED),
        ("data is the refcount table", l2, at(REFTABLE) | COPIED),
        ("data is a refcount block", l2, at(REFBLOCK) | COPIED),
        ("data is the L1 table", l2, at(L1) | COPIED),
        ("data is its own L2 table", l2, at(L2) | COPIED),
        ("data is other data", l2, at(DATA) | COPIED),
        ("data that is perhaps shared is other data", l2, at(DATA)),
        ("compressed data is the L2 table", l2, at(L2) | COMPRESSED),
        ("compressed data goes on into other data", l2, (at(L2) + 4000) | COMPRESSED | 1 << 58),
        ("compressed data is alone", l2, end | COMPRESSED | COPIED),
        ("compressed data begins beyond the end", l2, end | COMPRESSED),
        ("compressed data ends beyond the end", l2, (end - 512) | COMPRESSED | 1 << 58),
        ("data is beyond the end", l2, end | COPIED),
        ("data is far beyond the end", l2, 1 << 55 | COPIED),
        ("data begins no cluster", l2, (at(DATA + 1) + 512) | COPIED),
        ("an L2 entry has reserved bits", l2, at(DATA + 1) | COPIED | 2),
        ("zeros have data elsewhere", l2, at(L2) | COPIED | 1),
        ("an L2 table is the L1 table", l1, at(L1) | COPIED),
        ("an L2 table is beyond the end", l1, end | COPIED),
        ("an L2 table begins no cluster", l1, (at(L2) + 512) | COPIED),
        ("an L1 entry has reserved bits", l1, at(L2) | COPIED | 1 << 60),
        ("two parts of the disk have one L2 table", l1 + 8, at(L2)),
        ("a refcount block is the refcount table", reftable, at(REFTABLE)),
        ("a refcount block is the header", reftable, CLUSTER as u64 / 2),
        ("a refcount block is beyond the end", reftable, end),
        ("a refcount block begins no cluster", reftable, at(REFBLOCK) + 512),
        ("a refcount entry has reserved bits", reftable, at(REFBLOCK) | 1),
        ("two rows have one refcount block", reftable + 8, at(REFBLOCK)),
    ];
    for (what, place, value) in cases {
        let mut image = whole();
        image.word(36, 2);
        image.long(place, value);
        match opened(&image) {
            Err(Problem::Damaged(_)) => {}
            other => panic!("{what}: {:?}", other.map(|_| ())),
        }
    }
    // A snapshot has the cluster, but the table's entry denies that.
    let mut image = whole();
    image.count(DATA, 2);
    assert!(matches!(opened(&image), Err(Problem::Damaged(_))));
    image.long(entry(L2, 0), at(DATA));
    assert!(opened(&image).is_ok());
}

#[test]
fn headers_that_cannot_be_are_refused() {
    let words = [
        ("version 4", 4, 4),
        ("clusters of 256 bytes", 20, 8),
        ("clusters of 4 MiB", 20, 22),
        ("clusters beyond all bounds", 20, u32::MAX),
        ("encryption", 32, 1),
        ("too small an L1 table", 36, 0),
        ("too large an L1 table", 36, u32::MAX),
        ("no refcount table", 56, 0),
        ("too large a refcount table", 56, u32::MAX),
        ("a feature without a name", 72, 1),
        ("the mark of damage", 76, 2),
        ("the mark of a program that died", 76, 1),
        ("another compression", 76, 8),
        ("subclusters", 76, 16),
        ("counts of 128 bits", 96, 7),
        ("a short header", 100, 72),
        ("a long header", 100, u32::MAX),
    ];
    for (what, place, value) in words {
        let mut image = whole();
        image.word(place, value);
        assert!(opened(&image).is_err(), "{what}");
    }
    let longs = [
        ("a disk that its L1 table does not hold", 24, 1 << 60),
        ("a disk beyond all bounds", 24, u64::MAX),
        ("an L1 table that begins no cluster", 40, at(L1) + 8),
        ("an L1 table at the header", 40, 0),
        ("an L1 table beyond the end", 40, 1 << 62),
        ("an L1 table beyond all bounds", 40, !0xfff),
        ("a refcount table at the header", 48, 0),
        ("a refcount table beyond the end", 48, 1 << 62),
    ];
    for (what, place, value) in longs {
        let mut image = whole();
        image.long(place, value);
        assert!(opened(&image).is_err(), "{what}");
    }
    let mut image = whole().based_on("x", Some("raw"));
    for (place, value) in [(16, 1024), (16, u32::MAX), (8, 1), (108, u32::MAX)] {
        image.word(place, value);
        assert!(matches!(opened(&image), Err(Problem::Header(_))));
    }
}

#[test]
fn counts_that_are_too_low_are_set_right_and_lost_clusters_do_not_matter() {
    let mut image = whole();
    for cluster in [0, L1, L2, DATA + 1] {
        image.count(cluster, 0);
    }
    assert!(opened(&image).unwrap().0 == whole().0);
    image.count(200, 1);
    let mut right = whole();
    right.count(200, 1);
    assert!(opened(&image).unwrap().0 == right.0);
}

/// An empty image as imago makes it.
fn make(directory: &Directory, cluster: usize, count_bits: usize, size: u64) -> DiskSpec {
    let path = directory.0.join("disk.qcow2");
    let file = File::create_open(StorageCreateOptions::new().filename(&path)).unwrap();
    let image = Qcow2::<File>::create_builder(file).size(size);
    image.cluster_size(cluster).refcount_width(count_bits).create().unwrap();
    spec(path)
}

// The driver writes a new L2 table and the L1 entry at once, and their counts at the next flush.
#[test]
fn an_image_of_a_machine_that_was_killed_opens_again() {
    let directory = Directory::new();
    let image = make(&directory, 512, 16, 1 << 20);
    let copy = directory.0.join("copy.qcow2");
    let mut disk = open(&image).unwrap();
    let mut written = Vec::new();
    for n in 0..300u64 {
        let at = n * 7 % 2048 * 512;
        disk.write(at, &[n as u8; 512]).unwrap();
        written.push((at, n as u8));
        if n % 20 == 5 {
            disk.flush().unwrap();
            written.clear();
        }
        if n % 30 == 11 {
            disk.discard(at, 512).unwrap();
            written.clear();
        }
        // A process that is killed here leaves these files.
        std::fs::copy(&image.path, &copy).unwrap();
        let mut again = open(&spec(&copy)).unwrap();
        again.write(1 << 19, &[0xee; 4096]).unwrap();
        again.flush().unwrap();
        drop(again);
        open(&spec(&copy)).unwrap();
    }
    for (at, value) in written {
        let mut read = [0; 512];
        disk.read(at, &mut read).unwrap();
        assert_eq!(read, [value; 512]);
    }
}

// The argument of check.rs: an image that passed never needs more than two nested calls of the allocator,
// also where blocks and tables of counts are made all the time. 64-bit counts in clusters of 512 bytes: a
// block has 64 of them, a cluster of the table 64 blocks, so the table grows after 2 MiB.
#[test]
fn filling_an_image_takes_little_stack() {
    let fill = || {
        for (count_bits, size) in [(64, 6 << 20), (1, 3 << 20), (16, 3 << 20)] {
            let directory = Directory::new();
            let image = make(&directory, 512, count_bits, size);
            let mut disk = open(&image).unwrap();
            // Pieces alternate between end and start, so that clusters are taken out of order.
            let piece = 64 << 10;
            for n in 0..size / piece {
                let at = if n % 2 == 0 { n / 2 * piece } else { size - (n / 2 + 1) * piece };
                disk.write(at, &vec![n as u8; piece as usize]).unwrap();
            }
            disk.discard(0, size / 2).unwrap();
            disk.write(0, &vec![1; size as usize / 2]).unwrap();
            disk.flush().unwrap();
            drop(disk);
            open(&image).unwrap();
        }
    };
    let thread = std::thread::Builder::new().stack_size(128 << 10);
    thread.spawn(fill).unwrap().join().unwrap();
}

// Time and memory depend on the data that exists: an L1 table may refer to any number of L2 tables that are
// holes.
#[test]
fn holes_cost_nothing() {
    let directory = Directory::new();
    let mut image = whole();
    image.word(36, 1 << 16);
    let l1 = 1 << 20;
    image.long(40, l1);
    image.0.resize(l1 as usize + (1 << 19), 0);
    // The counts are missing: the block's absence is found after all of them were walked.
    for n in 1..1 << 16 {
        image.long(l1 as usize + n * 8, (1 << 32) + at(n));
    }
    let path = image.write(&directory.0, "disk");
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(1 << 33).unwrap();
    match open(&spec(path)) {
        Err(DiskError::Qcow2 { problem: Problem::Damaged(what), .. }) => {
            assert!(what.contains("missing"), "{what}");
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

/// Uses the disk as a guest does.
fn use_it(disk: &mut dyn backend::Image, ops: &[(u8, u64, usize)]) {
    let bytes = disk.bytes();
    for &(kind, at, len) in ops {
        let at = at % bytes / 512 * 512;
        let len = (len as u64 % 64 + 1).min((bytes - at) / 512) * 512;
        let _ = match kind % 4 {
            0 => disk.read(at, &mut vec![0; len as usize]),
            1 => disk.write(at, &vec![kind; len as usize]),
            2 => disk.discard(at, len),
            _ => disk.flush(),
        };
    }
}

/// Values that are likely to reveal faults.
fn value() -> impl Strategy<Value = u64> {
    let cluster = (0..12usize).prop_map(at);
    let flags = prop::sample::select(vec![
        0,
        COPIED,
        COMPRESSED,
        COPIED | 1,
        1 << 60,
        1 << 58 | COMPRESSED,
    ]);
    prop_oneof![
        4 => (cluster, flags).prop_map(|(cluster, flags)| cluster | flags),
        1 => any::<u64>(),
        1 => (0..64u32).prop_map(|bit| 1 << bit),
        1 => Just(0),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    // Any image leads neither to a panic nor to a hang; only the image itself is written.
    #[test]
    fn wrong_images_harm_nothing(
        longs in prop::collection::vec((0..DATA * CLUSTER / 8, value()), 0..3),
        tables in prop::collection::vec((REFTABLE..=L2, 0..3usize, value()), 0..3),
        bytes in prop::collection::vec((0..160usize, any::<u8>()), 0..2),
        counts in prop::collection::vec((0..12usize, 0..3u16), 0..3),
        ops in prop::collection::vec((any::<u8>(), any::<u64>(), any::<usize>()), 0..40),
        (based, data_file) in any::<(bool, bool)>(),
        readonly: bool,
    ) {
        let directory = Directory::new();
        let others = ["secret", "data"].map(|name| {
            let path = directory.0.join(name);
            std::fs::write(&path, [0x55; 2 * CLUSTER]).unwrap();
            path
        });
        let mut image = whole();
        if data_file {
            image = image.with_data_in("data");
        } else if based {
            image = image.based_on("secret", Some("raw"));
        }
        longs.into_iter().for_each(|(at, value)| image.long(at * 8, value));
        tables.into_iter().for_each(|(table, n, value)| image.long(entry(table, n), value));
        bytes.into_iter().for_each(|(at, value)| image.0[at] = value);
        counts.into_iter().for_each(|(cluster, count)| image.count(cluster, count));
        let path = image.write(&directory.0, "disk");
        for backing in [Backing::Refuse, Backing::Allow] {
            let spec = DiskSpec { readonly, backing, ..spec(&path) };
            if let Ok(mut disk) = open(&spec) {
                prop_assert!(disk.bytes() <= SIZE.max(1 << 50));
                use_it(disk.as_mut(), &ops);
                let _ = disk.flush();
                drop(disk);
                // An image that passed is still valid after it was used.
                prop_assert!(open(&spec).is_ok());
            }
        }
        if readonly {
            prop_assert!(std::fs::read(&path).unwrap() == image.0);
        }
        for other in others {
            prop_assert!(std::fs::read(other).unwrap() == [0x55; 2 * CLUSTER]);
        }
    }
}
