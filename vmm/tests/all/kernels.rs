// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest `kernels`: seventeen small programs that compilers made, and their checksums.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Files, arg, code, run, stderr, stdout};
use tests::skip;

/// The checksums, which GCC 12.2 for x86-64 computed: `make -C guest-images host`, then
/// `guest-images/build/host/kernels untimed passes=2`. `sieve` is twice the number of primes below 2^23, `fib` twice
/// the 23rd number of Fibonacci; `hashlib` and `zlib` of Python agree with `sha256` and `adler`.
const CHECKSUMS: &str = "\
kernel quicksort b1d94c25a04a8e35
kernel hash bc9aa09edee89ca4
kernel chase aec944d42f1fb497
kernel bytecode 82a42ddc25d328d3
kernel strings ee643072d5026709
kernel bignum 0dcdd6fe1a5e28cd
kernel sha256 5615cfcc60c5476a
kernel adler 0000000096c1a750
kernel sieve 0000000000113786
kernel edit 4e2a14c86ff69b7e
kernel fib 000000000000dfe2
kernel tree 09193678bffef81c
kernel daxpy d94a6933517c0a6f
kernel mandelbrot 19c5c731c1199bf2
kernel nbody aae16977af9c9e44
kernel matmul 74627c3bdc0d9ad3
kernel copy 841e7a3758a3cbbe
";
const ARGUMENTS: [&str; 2] = ["untimed", "passes=2"];

fn guest_images() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-images")
}

fn image(order: &str) -> PathBuf {
    guest_images().join(format!("images/kernels-{order}.elf"))
}

#[test]
fn the_checksums_on_tcevm() {
    for order in ["le", "be"] {
        let output = run(["--append", &ARGUMENTS.join(" "), arg(&image(order))]);
        assert_eq!((code(&output), stderr(&output).as_str()), (0, ""), "{order}");
        assert_eq!(stdout(&output), CHECKSUMS, "{order}");
    }
}

#[test]
fn the_checksums_on_qemu() {
    if !skip::tool("the_checksums_on_qemu", "qemu-system-ppc64") {
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts/run-on-qemu.sh");
    for order in ["le", "be"] {
        let arguments = ARGUMENTS.join(" ");
        let output = Command::new(&script).arg(image(order)).arg(arguments).output();
        let output = output.expect("a shell");
        assert_eq!(code(&output), 0, "{order}: {}", stderr(&output));
        assert_eq!(stdout(&output).replace('\r', ""), CHECKSUMS, "{order}");
    }
}

// The constants above stay those of a compiler and a CPU that share nothing with tcevm.
#[test]
fn the_checksums_of_the_host_compiler() {
    let name = "the_checksums_of_the_host_compiler";
    if !skip::tool(name, "make") || !skip::tool(name, "cc") {
        return;
    }
    let files = Files::new();
    let program = files.path("host/kernels");
    let build = format!("BUILD={}", files.path(".").display());
    let made = Command::new("make")
        .args(["--silent", "-C", arg(&guest_images()), &build, "host"])
        .output()
        .expect("make starts");
    assert!(made.status.success(), "{}", stderr(&made));
    let output = Command::new(program).args(ARGUMENTS).output().expect("the program starts");
    assert_eq!(stdout(&output), CHECKSUMS);
}

// The names choose, the order is the guest's own, and a time is a whole number of ticks.
#[test]
fn kernels_are_chosen_by_name_and_timed() {
    let output = run(["--append", "passes=1 fib hash", arg(&image("le"))]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(' ').collect()).collect();
    let names: Vec<_> = lines.iter().map(|words| words[..2].join(" ")).collect();
    assert_eq!(names, ["ticks_per_second 512000000", "kernel hash", "kernel fib"], "{text}");
    for timed in &lines[1..] {
        assert!(timed.len() == 4 && timed[3].parse::<u64>().is_ok_and(|ticks| ticks > 0), "{text}");
    }
    assert_eq!(lines[2][2], "0000000000006ff1", "the 23rd number of Fibonacci is 28657");
}
