// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Effects that a command line must not have on files of the host, as a user would see them: `vmm/paths` has
//! the rule.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use crate::support::{Files, arg, code, run, stderr, stdout, tcevm};

const HELLO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-images/images/hello-le.elf");

/// Checks that the run was not set up, and that the line on stderr says so.
fn refused(args: &[&str], says: &str) {
    let output = run(args);
    assert_eq!(code(&output), 3, "{args:?}: {}", stderr(&output));
    assert!(stderr(&output).contains(says), "{args:?}: {}", stderr(&output));
    assert_eq!(stdout(&output), "", "{args:?}");
}

const OUTPUTS: [&str; 5] = ["--report", "--trace-file", "--record", "--dirty-log", "--dump-dtb"];

#[test]
fn no_output_is_written_over_what_the_command_reads() {
    let files = Files::new();
    let image = fs::read(HELLO).unwrap();
    let kernel = files.write("kernel", &image);
    let (initrd, disk) = (files.write("initrd", "precious"), files.write("disk", [7; 4096]));
    let link = files.path("link");
    fs::hard_link(&kernel, &link).unwrap();
    for output in OUTPUTS {
        let given = [arg(&kernel), "--initrd", arg(&initrd), "--disk", arg(&disk), output];
        for (path, what) in [
            (&kernel, "it is also the image"),
            (&link, "it is also the image"),
            (&initrd, "it is also the initrd"),
            (&disk, "it is also a disk"),
        ] {
            refused(&[&given[..], &[arg(path)]].concat(), what);
        }
    }
    let out = files.path("out");
    refused(&[HELLO, "--report", arg(&out), "--record", arg(&out)], "it is also the report");
    assert_eq!(fs::read(&kernel).unwrap(), image);
    assert_eq!(fs::read(&initrd).unwrap(), b"precious");
    assert_eq!(fs::read(&disk).unwrap(), [7; 4096]);
}

#[test]
fn no_output_goes_through_a_link_or_over_what_is_no_file() {
    let files = Files::new();
    let target = files.write("target", "precious");
    let (link, dangling) = (files.path("link"), files.path("dangling"));
    symlink(&target, &link).unwrap();
    symlink(files.path("nowhere"), &dangling).unwrap();
    let (directory, socket) = (files.path("directory"), files.path("socket"));
    fs::create_dir(&directory).unwrap();
    let _listener = UnixListener::bind(&socket).unwrap();
    let theirs = files.write("theirs", "precious");
    let locked = fs::File::open(&theirs).unwrap();
    locked.try_lock_shared().unwrap();
    for output in OUTPUTS {
        refused(&[HELLO, output, arg(&link)], "it is a symbolic link to");
        refused(&[HELLO, output, arg(&dangling)], "it is a symbolic link to");
        refused(&[HELLO, output, arg(&directory)], "it is a directory");
        refused(&[HELLO, output, arg(&socket)], "it is a socket");
        refused(&[HELLO, output, arg(&theirs)], "another process uses it");
    }
    for path in [&link, &directory] {
        let image = ["comply", "--emit-image", arg(path)];
        let output = tcevm().args(image).output().expect("starts");
        assert_eq!(code(&output), 3, "{}", stderr(&output));
    }
    assert_eq!(fs::read(&target).unwrap(), b"precious");
    assert_eq!(fs::read(&theirs).unwrap(), b"precious");
    assert!(!files.path("nowhere").exists());
}

#[test]
fn an_old_output_is_written_over_and_standard_output_is_one() {
    let files = Files::new();
    let record = files.write("record", vec![b'x'; 1 << 20]);
    assert_eq!(code(&run([HELLO, "--record", arg(&record)])), 0);
    let text = fs::read_to_string(&record).unwrap();
    assert!(
        text.starts_with("# recorded by tcevm ")
            && !text.contains('x'.to_string().repeat(9).as_str())
    );
    let piped = run([HELLO, "--record", "/dev/stdout"]);
    assert_eq!(code(&piped), 0, "{}", stderr(&piped));
    assert!(stdout(&piped).contains("# recorded by tcevm "));
}

fn hub(path: &Path) -> String {
    format!("hub={}", path.display())
}

#[test]
fn nothing_but_a_dead_socket_gives_way_to_a_hub() {
    let files = Files::new();
    let file = files.write("file", "precious");
    let link = files.path("link");
    symlink(&file, &link).unwrap();
    let directory = files.path("directory");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("inside"), "precious").unwrap();
    refused(&[HELLO, "--net", &hub(&file)], "it is a file and no socket");
    refused(&[HELLO, "--net", &hub(&link)], "it is a symbolic link to");
    refused(&[HELLO, "--net", &hub(&directory)], "it is a directory and no socket");
    assert_eq!(fs::read(&file).unwrap(), b"precious");
    assert_eq!(fs::read_link(&link).unwrap(), file);
    assert_eq!(fs::read(directory.join("inside")).unwrap(), b"precious");

    let theirs = files.path("theirs");
    let listener = UnixListener::bind(&theirs).unwrap();
    assert_eq!(code(&run([HELLO, "--net", &hub(&theirs)])), 0, "it connects");
    listener.accept().unwrap();
    assert!(fs::symlink_metadata(&theirs).unwrap().file_type().is_socket());

    let dead = files.path("dead");
    drop(UnixListener::bind(&dead).unwrap());
    assert_eq!(code(&run([HELLO, "--net", &hub(&dead)])), 0);
    assert!(!dead.exists(), "the new hub's socket goes with it");
}
