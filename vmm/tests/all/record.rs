// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--record` and `tcevm replay`: the content of a recording, its replay on every rig that can have its
//! machine, and the message of a rig that cannot. Linux is in `tests/tests/all/devices.rs`.

use std::fs::{self, OpenOptions};
use std::path::Path;
use std::process::{Output, Stdio};

use crate::support::asm::{self, hcall, power_off, print};
use crate::support::{Files, arg, code, run, stderr, stdout, tcevm};
use tests::skip;

const LIOBN: u64 = 0x8000_0000;
const IMAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../guest-images/images");

fn replay(record: &Path, options: &[&str]) -> Output {
    tcevm().arg("replay").arg(record).args(options).output().expect("tcevm starts")
}

/// Checks that every answer is the same on these rigs.
fn replays(what: &str, record: &Path, rigs: &[&[&str]]) {
    for options in rigs {
        let output = replay(record, options);
        let said = format!("{what} {options:?}: {}{}", stdout(&output), stderr(&output));
        assert_eq!(code(&output), 0, "{said}");
        assert!(stdout(&output).ends_with("every answer is the same\n"), "{said}");
    }
}

const EVERY_DIRECT: [&[&str]; 5] = [
    &[],
    &["--tier", "real"],
    &["--tier", "user"],
    &["--platform", "ioda1"],
    &["--platform", "p5ioc2"],
];
const POWER: [&[&str]; 2] = [&["--rig", "power-le"], &["--rig", "power-be"]];

/// The options for an image, and the number of its vCPUs. The image's own checks may fail where the options
/// leave out a device; only the calls matter here.
fn options(image: &str, disk: &str, hub: &str) -> Vec<String> {
    let words: Vec<&str> = match image.rsplit_once('-').expect("a kind").0 {
        "chaos" => vec!["--smp", "4", "--append", "seed=11 calls=300"],
        "mad" => vec!["--smp", "2", "--append", "seed=3 calls=60", "--disk", disk, "--net", hub],
        // Each of its benches takes time; these two make TCE calls of both kinds.
        "tce-bench" => vec!["--append", "put stuff-512"],
        "kernels" => vec!["--append", "fib passes=1"],
        "hello" | "replace" | "window64" => vec![],
        _ => vec!["--smp", "2"],
    };
    words.into_iter().map(str::to_owned).collect()
}

#[test]
fn a_recording_of_every_big_endian_image_replays_on_the_library_and_on_our_vcpu() {
    images_replay(|name| name.ends_with("-be"));
}

#[test]
fn a_recording_of_every_other_image_replays_on_the_library_and_on_our_vcpu() {
    images_replay(|name| !name.ends_with("-be"));
}

/// Records and replays each image whose name is wanted; two tests share the images, so that they run side by side.
fn images_replay(wanted: fn(&str) -> bool) {
    let kvm = OpenOptions::new().write(true).open("/dev/kvm").is_ok();
    let files = Files::new();
    let disk = files.write("disk", vec![0; 8 << 20]);
    let mut images: Vec<_> =
        fs::read_dir(IMAGES).expect("images").map(|image| image.unwrap().path()).collect();
    images.sort();
    assert!(images.len() >= 30);
    for image in images {
        let name = image.file_stem().expect("a name").to_str().expect("text").to_owned();
        if !wanted(&name) {
            continue;
        }
        if name.ends_with("x86") && !kvm {
            skip::skip(&name, "/dev/kvm cannot be opened");
            continue;
        }
        let record = files.path("record");
        let hub = format!("hub={}", files.path("hub").display());
        let options = options(&name, arg(&disk), &hub);
        let common = ["--log", "error", "--record", arg(&record), arg(&image)];
        let mut args: Vec<&str> = options.iter().map(String::as_str).collect();
        args.extend(common);
        let output = run(args);
        // The suite's runner has no clauses, which it reports as a failure.
        let ended = if name.starts_with("comply") { 1 } else { 0 };
        assert_eq!(code(&output), ended, "{name}: {}{}", stdout(&output), stderr(&output));
        let direct = match name.rsplit_once('-').expect("a kind").0 {
            "tce-bench" => 1, // it makes some thousand calls
            // Its windows are larger than other bridges can walk.
            "hog" => {
                for options in &EVERY_DIRECT[3..] {
                    let output = replay(&record, options);
                    assert_eq!(code(&output), 4, "{name} {options:?}: {}", stdout(&output));
                    assert!(
                        stderr(&output).contains("has at most 0x8000000"),
                        "{}",
                        stderr(&output)
                    );
                }
                3
            }
            _ => EVERY_DIRECT.len(),
        };
        replays(&name, &record, &EVERY_DIRECT[..direct]);
        replays(&name, &record, &POWER);
        // Each call is an exit to the host, which takes long where KVM itself runs in a guest.
        if kvm && ["chaos-x86", "replace", "hello"].iter().any(|few| name.starts_with(few)) {
            replays(&name, &record, &[&["--rig", "kvm"]]);
        }
        // QEMU accepts a bus address inside a page (note 3 of the suite): it has the machine, but its answer
        // differs.
        if name == "replace-le" && skip::tool("a_recording_on_qemu", "qemu-system-ppc64") {
            let output = replay(&record, &["--rig", "qemu-le"]);
            assert_eq!(code(&output), 1, "{}", stderr(&output));
            assert!(
                stdout(&output).contains("0x800 0x20003 -> H_PARAMETER"),
                "{}",
                stdout(&output)
            );
        }
    }
}

// A call of each kind and its line in the recording.
#[test]
fn a_recording_has_the_machine_and_the_calls_with_their_cpus() {
    let files = Files::new();
    let list = 0x19_0000;
    let words = [
        print("console\n"),
        hcall(0x13c, &[LIOBN, 0, list, 4]),
        hcall(0x1c, &[LIOBN, 0x1000]),
        hcall(0x20, &[LIOBN, 1, 3]),
        hcall(0xe8, &[0]),
        power_off(),
    ];
    let mut elf = asm::guest(words.concat()).and_zeros(list, 32);
    elf.segments[2].data = [0x2_0003u64, 0x3_0001, 0, 0].map(u64::to_be_bytes).concat();
    let (image, record) = (files.write("guest", elf.bytes()), files.path("record"));
    let disk = files.write("disk", vec![0; 1 << 20]);
    let options =
        ["-m", "16M", "--smp", "3", "--accel", "real", "--platform", "ioda1", "--disk", arg(&disk)];
    let output = run([&options[..], &["--record", arg(&record), arg(&image)]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = fs::read_to_string(&record).expect("a record");
    let lines: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
    // 32 MiB and a 64th of RAM; 1 GiB and 256 MiB of 4 KiB pages.
    assert_eq!(
        lines[..8],
        [
            "machine ram=0x1000000 cpus=3 profile=lopar tier=real platform=ioda1 tables=0x2040000",
            "window 0x80000000 start=0x0 shift=12 entries=0x40000",
            "window 0x71000002 start=0x0 shift=12 entries=0x10000",
            "poke 0x190000 0x20003 0x30001 0x0 0x0",
            "cpu 0 H_PUT_TCE_INDIRECT 0x80000000 0x0 0x190000 0x4 -> H_SUCCESS",
            "cpu 0 H_GET_TCE 0x80000000 0x1000 -> H_SUCCESS 0x30001",
            "cpu 0 H_PUT_TCE 0x80000000 0x1 0x3 -> H_PARAMETER",
            "host windows = 2",
        ]
    );
    replays("it", &record, &EVERY_DIRECT);
    replays("it", &record, &POWER);

    let output =
        run([&options[..], &["--record-all", "--record", arg(&record), arg(&image)]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let all = fs::read_to_string(&record).expect("a record");
    for comment in ["# cpu 0 H_PUT_TERM_CHAR ", "# cpu 0 H_PROD ", "# cpu 0 H_RTAS power-off "] {
        assert_eq!(all.lines().filter(|line| line.starts_with(comment)).count(), 1, "{all}");
    }
    let plain: Vec<_> = all.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(plain, lines);
    replays("it", &record, &[&[]]);
}

#[test]
fn a_changed_answer_and_a_changed_end_are_found() {
    let files = Files::new();
    let record = files.path("record");
    let image = format!("{IMAGES}/window64-le.elf");
    assert_eq!(code(&run(["--record", arg(&record), &image])), 0);
    let text = fs::read_to_string(&record).expect("a record");
    assert!(text.contains("rtas ibm,create-pe-dma-window"), "{text}");
    let line = text.lines().filter(|line| !line.starts_with(['#', 'm', 'w'])).collect::<Vec<_>>();
    let at = line.iter().position(|line| line.contains(" H_GET_TCE ")).expect("a get");
    let changed = text.replacen(line[at], &line[at].replacen("H_SUCCESS", "H_PARAMETER", 1), 1);
    fs::write(&record, changed).expect("a file");
    let same = line.iter().take(at).filter(|other| **other == line[at]).count();
    assert_eq!(same, 0, "the first of its kind");
    for rig in ["direct", "power-le"] {
        let output = replay(&record, &["--rig", rig]);
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        let start = format!("FAIL at step {}: ", at + 1);
        assert!(stdout(&output).starts_with(&start), "{rig}: {start} {}", stdout(&output));
    }
    // An entry that the guest never wrote.
    let end = text.find("host windows").expect("the end");
    let (calls, rest) = text.split_at(end);
    let put = "cpu 0 H_PUT_TCE 0x80000000 0x3000 0x20003 -> _\n";
    fs::write(&record, format!("{calls}{put}{rest}")).expect("a file");
    let output = replay(&record, &[]);
    assert_eq!(code(&output), 1);
    assert!(stdout(&output).contains("host view 0x80000000"), "{}", stdout(&output));
}

#[test]
fn a_reboot_is_a_step() {
    let files = Files::new();
    let (image, record) = (files.path("guest"), files.path("record"));
    // The guest maps an entry unless it is mapped (in the second run it must not be), then reboots; --timeout
    // ends the run.
    let (_, reboot) = hcall_token("system-reboot");
    let args = 0x18_1000;
    let words =
        [hcall(0x1c, &[LIOBN, 0]), hcall(0x20, &[LIOBN, 0, 0x2_0003]), hcall(0xf000, &[args])];
    let mut elf = asm::guest(words.concat()).and_zeros(args, 32);
    elf.segments[2].data = [reboot, 0, 1, 0].map(u32::to_be_bytes).concat();
    fs::write(&image, elf.bytes()).expect("a file");
    let output = run(["-m", "16M", "--timeout", "2", "--record", arg(&record), arg(&image)]);
    assert_eq!(code(&output), 124, "{}", stderr(&output));
    let text = fs::read_to_string(&record).expect("a record");
    let get = "cpu 0 H_GET_TCE 0x80000000 0x0 -> H_SUCCESS 0x0\n";
    let put = "cpu 0 H_PUT_TCE 0x80000000 0x0 0x20003 -> H_SUCCESS\n";
    assert!(text.contains(&format!("{get}{put}reset\n{get}")), "{text}");
    replays("it", &record, &[&[]]);
    replays("it", &record, &POWER);
}

fn hcall_token(name: &str) -> (&'static str, u32) {
    ::hcall::rtas_tokens().find(|(known, _)| *known == name).expect("a service")
}

/// A recording of a machine with these calls.
fn recorded(files: &Files, machine: &str, calls: &str) -> std::path::PathBuf {
    let window = "window 0x80000000 start=0x0 shift=12 entries=0x40000\n";
    files.write("record", format!("machine {machine}\n{window}{calls}\n"))
}

#[test]
fn what_a_rig_cannot_have_is_said_before_anything_is_played() {
    let files = Files::new();
    let usual = "cpus=1 profile=lopar tier=virtual platform=ioda2";
    let put = "cpu 0 H_PUT_TCE 0x80000000 0x0 0x3 -> H_SUCCESS";
    let cannot = |record: &Path, options: &[&str], why: &str| {
        let output = replay(record, options);
        let said = stderr(&output);
        assert_eq!((code(&output), stdout(&output).as_str()), (4, ""), "{options:?}: {said}");
        assert!(said.contains(why) && said.contains("cannot play it"), "{options:?}: {said}");
    };
    let power = ["--rig", "power-le"];
    // Less memory than the runner needs is no problem, unless a call was refused for it.
    let small = recorded(&files, &format!("ram=0x1000000 {usual}"), put);
    replays("small", &small, &[&[], &power]);
    assert!(stderr(&replay(&small, &power)).contains("0x1000000 were recorded"));
    let behind = "cpu 0 H_PUT_TCE 0x80000000 0x0 0x2000003 -> H_PARAMETER";
    let behind = recorded(&files, &format!("ram=0x1000000 {usual}"), behind);
    replays("behind", &behind, &[&[]]);
    cannot(&behind, &power, "names an address behind");
    let large = recorded(&files, &format!("ram=0x2000000000 {usual}"), put);
    cannot(&large, &power, "0x2000000000 bytes of memory");
    let faults = recorded(&files, &format!("ram=0x10000000 {usual} faults"), put);
    cannot(&faults, &[], "injected faults");
    cannot(&faults, &power, "injected faults");
    // P5IOC2 walks one level.
    let create = recorded(&files, &format!("ram=0x10000000 {usual}"), CREATE);
    replays("create", &create, &[&[], &power]);
    if OpenOptions::new().write(true).open("/dev/kvm").is_ok() {
        cannot(&create, &["--rig", "kvm"], "no RTAS calls");
        let calls = "cpu 0 H_STUFF_TCE 0x80000000 0x3fe00000 0x3 0x200 -> H_SUCCESS\nreset\n\
             cpu 0 H_GET_TCE 0x80000000 0x3ffff000 -> H_SUCCESS 0x0";
        let reset = recorded(&files, &format!("ram=0x10000000 {usual}"), calls);
        replays("reset", &reset, &[&[], &["--rig", "kvm"]]);
    }
    let create = recorded(&files, &format!("ram=0x10000000 {usual}"), CREATE);
    cannot(&create, &["--platform", "p5ioc2"], "p5ioc2 has at most 0x8000000");
    cannot(&create, &["--platform", "p5ioc2", "--rig", "power-be"], "p5ioc2 has at most");
    let other = recorded(&files, &format!("ram=0x10000000 {usual}"), OTHER);
    replays("other", &other, &[&[], &power]);
    if skip::tool("what_qemu_cannot_have", "qemu-system-ppc64") {
        // The window of an adapter exists on QEMU, too.
        let adapter = "window 0x71000003 start=0x0 shift=12 entries=0x10000\n\
             cpu 0 H_STUFF_TCE 0x71000003 0xffff000 0x3 0x1 -> H_SUCCESS\n\
             cpu 0 H_GET_TCE 0x71000003 0xffff000 -> H_SUCCESS 0x3\nreset\n\
             cpu 0 H_GET_TCE 0x71000003 0xffff000 -> H_SUCCESS 0x0";
        let adapter = recorded(&files, &format!("ram=0x10000000 {usual}"), adapter);
        replays("adapter", &adapter, &[&[], &power, &["--rig", "qemu-le"], &["--rig", "qemu-be"]]);
        let other = recorded(&files, &format!("ram=0x10000000 {usual}"), OTHER);
        cannot(&other, &["--rig", "qemu-le"], "LIOBN 0x12345678");
        let odd = recorded(
            &files,
            &format!("ram=0x11000000 {usual}"),
            "cpu 0 H_PUT_TCE 0x80000000 0x0 0x11000003 -> H_PARAMETER",
        );
        cannot(&odd, &["--rig", "qemu-le"], "names an address behind");
    }
    let usable = recorded(&files, &format!("ram=0x10000000 {usual}"), put);
    let where_to = replay(&usable, &["--list"]);
    let lines = stdout(&where_to);
    assert_eq!((code(&where_to), lines.lines().count()), (0, 6), "{lines}");
    assert!(lines.starts_with("direct    yes\n") && lines.contains("\npower-le  yes"), "{lines}");
}

/// A call that creates a window of 2^28 entries.
const CREATE: &str = "cpu 0 rtas ibm,create-pe-dma-window 0x0 0x8000000 0x20000000 0xc 0x28 -> 0 0x80000001 0x8000000 0x0";

/// A window that no adapter of QEMU has.
const OTHER: &str = "window 0x12345678 start=0x0 shift=16 entries=0x10\n\
     cpu 0 H_PUT_TCE 0x12345678 0x0 0x3 -> H_SUCCESS";

#[test]
fn calls_of_problem_state_are_played_where_there_is_one() {
    let files = Files::new();
    let calls = "cpu 0 user H_PUT_TCE 0x80000000 0x0 0x3 -> H_PRIVILEGE\ncpu 0 H_GET_TCE 0x80000000 0x0 -> H_SUCCESS 0x0";
    let record =
        recorded(&files, "ram=0x10000000 cpus=2 profile=lopar tier=virtual platform=ioda2", calls);
    let direct = replay(&record, &[]);
    assert_eq!((code(&direct), stdout(&direct).split(' ').next()), (0, Some("2")));
    let power = replay(&record, &["--rig", "power-le"]);
    assert_eq!(
        (code(&power), stdout(&power).split(' ').next()),
        (0, Some("1")),
        "{}",
        stderr(&power)
    );
    for remark in ["1 calls are left out", "the calls of 2"] {
        assert!(stderr(&power).contains(remark), "{}", stderr(&power));
    }
}

#[test]
fn the_recording_of_each_profile_replays_with_its_answers() {
    let files = Files::new();
    let record = files.path("record");
    let image = format!("{IMAGES}/chaos-be.elf");
    for profile in ["lopar", "kvm", "qemu"] {
        for tier in ["real", "virtual", "user"] {
            let options = ["--profile", profile, "--accel", tier, "--append", "seed=5 calls=400"];
            let output =
                run([&options[..], &["--smp", "2", "--record", arg(&record), &image]].concat());
            assert_eq!(code(&output), 0, "{profile} {tier}: {}", stdout(&output));
            replays(&format!("{profile} {tier}"), &record, &[&[], POWER[0]]);
        }
    }
}

// `-` is stdout, as for --dump-dtb; the console then goes to stderr.
#[test]
fn a_recording_may_go_to_stdout_and_come_from_stdin() {
    let image = format!("{IMAGES}/replace-le.elf");
    let mut recording = tcevm();
    recording.args(["run", "--record", "-", &image]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut recording = recording.spawn().expect("tcevm starts");
    let out = recording.stdout.take().expect("its output");
    let replay = tcevm().args(["replay", "-"]).stdin(out).output().expect("tcevm starts");
    let recording = recording.wait_with_output().expect("it ends");
    assert_eq!(code(&replay), 0, "{}{}", stdout(&replay), stderr(&replay));
    assert!(stdout(&replay).contains("every answer is the same"), "{}", stdout(&replay));
    let console = run([&image]);
    assert_eq!(stderr(&recording), stdout(&console), "the console is on stderr");
    assert!(!Path::new("-").exists(), "no file has this name");
}

#[test]
fn a_recording_is_whole_however_the_run_ends() {
    let files = Files::new();
    let record = files.path("record");
    let get = hcall(0x1c, &[LIOBN, 0]);
    let back = -(get.len() as i32);
    let image = files.write("endless", asm::guest([get, vec![asm::b(back)]].concat()).bytes());
    let output = run(["-m", "16M", "--timeout", "0.3", "--record", arg(&record), arg(&image)]);
    assert_eq!(code(&output), 124, "{}", stderr(&output));
    replays("timed out", &record, &[&[]]);
}
