// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A fault of imago 0.2.6, as a report to its authors. This file does not use tcevm.
//!
//! In an image whose refcount table has no block for cluster 0 (its first entry is 0) the first allocation
//!
//! 1. puts the new refcount block at cluster 0, over the header: `Allocator::ensure_rb` searches up to the
//!    cluster where the block's own row begins, which is 0 here, finds nothing, and lets the block begin
//!    there and cover itself;
//! 2. enters it into the refcount table as offset 0, which means that there is no block;
//! 3. overflows the stack at the next cluster: `ensure_rb` finds no block again, and its search ends at
//!    cluster 0 but begins at cluster 1 (`first_free_cluster`), so it never meets its end
//!    (`end_cluster == Some(index)`), and the first cluster that it tries calls `ensure_rb` for the same block.
//!
//! Expected: an error when the image is opened for writing (QEMU: "ERROR cluster 0 refcount=0 reference=1"), and a
//! search that ends at `index >= end_cluster`. tcevm refuses such an image before imago sees it (`backend/qcow2/check.rs`).

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Command;

use imago::file::File;
use imago::qcow2::Qcow2;
use imago::{FormatAccess, FormatDriverBuilder, PermissiveImplicitOpenGate};

const CLUSTER: usize = 65536;
/// The environment variable with the image for the process that is to fail.
const IMAGE: &str = "IMAGO_IMAGE";

/// Header, refcount table, L1 table; the disk has 1 MiB. All other bytes are 0.
fn image() -> Vec<u8> {
    let mut image = vec![0; 3 * CLUSTER];
    let mut put = |at: usize, bytes: &[u8]| image[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, b"QFI\xfb");
    for (at, word) in [(4, 3), (20, 16), (36, 1), (56, 1), (96, 4), (100, 104)] {
        put(at, &u32::to_be_bytes(word));
    }
    for (at, long) in [(24, 1 << 20), (40, 2 * CLUSTER as u64), (48, CLUSTER as u64)] {
        put(at, &u64::to_be_bytes(long));
    }
    image
}

/// The process that fails, started by the test below. Without the variable it does nothing.
#[test]
fn the_first_write() {
    let Some(path) = std::env::var_os(IMAGE) else { return };
    let image = Qcow2::<File>::builder_path(Path::new(&path)).write(true);
    let result = image.open(PermissiveImplicitOpenGate::default());
    // An error of either call is fine.
    let result = result.and_then(|image| FormatAccess::new(image).write(&[1u8; 512][..], 0));
    println!("{result:?}");
}

#[test]
fn an_image_without_its_first_refcount_block_overflows_the_stack() {
    let path = std::env::temp_dir().join(format!("imago-{}.qcow2", std::process::id()));
    std::fs::write(&path, image()).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "--nocapture", "the_first_write"]).env(IMAGE, &path);
    let child = child.output().unwrap();
    let left = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let said = String::from_utf8_lossy(&child.stderr);
    // When this assertion fails, imago has fixed the fault, and this file can be removed.
    assert_eq!(child.status.signal(), Some(libc::SIGABRT), "{child:?}");
    assert!(said.contains("has overflowed its stack"), "{said}");
    assert_ne!(left[..4], *b"QFI\xfb", "the header is there");
}
