// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Debian's ibmveth and ibmvscsi drive the devices: every buffer is mapped by TCE hypercalls, and what
//! arrives is what was sent. `tests/scripts/devices.sh` is what runs in the guest.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tests::debian::{command, guest, said};
use tests::{tcevm, tool};
use vmm_sys_util::tempdir::TempDir;

const MIB: usize = 1 << 20;

/// A directory of this test, which passt may write into also when root starts it and it changes to an unprivileged user.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        use std::os::unix::fs::PermissionsExt;
        let made = TempDir::new_with_prefix(std::env::temp_dir().join("tcevm-")).unwrap();
        fs::set_permissions(made.as_path(), fs::Permissions::from_mode(0o777)).unwrap();
        Place(made)
    }

    fn file(&self, name: &str) -> String {
        self.0.as_path().join(name).display().to_string()
    }

    /// A disk of `bytes` bytes of noise.
    fn disk(&self, bytes: usize) -> String {
        let path = self.file("disk");
        let noise = File::open("/dev/urandom").unwrap().take(bytes as u64);
        std::io::copy(&mut BufReader::new(noise), &mut File::create(&path).unwrap()).unwrap();
        path
    }
}

/// A process that ends with the test.
struct Helper(Child);

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// User-mode networking on a socket: the guest is 10.0.2.15, this host 10.0.2.2.
fn passt(place: &Place) -> (Helper, String) {
    let socket = place.file("socket");
    let mut passt = Command::new("passt");
    passt.args(["-f", "-s", &socket, "-a", "10.0.2.15", "-n", "24", "-g", "10.0.2.2"]);
    let passt = passt.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let helper = Helper(passt.unwrap());
    let start = Instant::now();
    while !Path::new(&socket).exists() {
        assert!(start.elapsed() < Duration::from_secs(20), "passt does not listen");
        thread::sleep(Duration::from_millis(10));
    }
    (helper, socket)
}

/// Data that differs from itself when it is shifted or repeated.
fn data(len: usize) -> Vec<u8> {
    let mut random = 0x9e37_79b9_7f4a_7c15u64;
    let next = |_| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random.to_le_bytes()
    };
    (0..len.div_ceil(8)).flat_map(next).take(len).collect()
}

/// A server that answers `GET /N` with N bytes, and at the next port returns what it is sent.
struct Server {
    port: u16,
    uploads: thread::JoinHandle<Vec<u8>>,
}

impl Server {
    fn start() -> Server {
        let (download, upload) = (0..100)
            .find_map(|_| {
                let one = TcpListener::bind("127.0.0.1:0").ok()?;
                let port = one.local_addr().ok()?.port().checked_add(1)?;
                Some((one, TcpListener::bind(("127.0.0.1", port)).ok()?))
            })
            .expect("two ports");
        let port = download.local_addr().unwrap().port();
        thread::spawn(move || {
            for stream in download.incoming().map_while(Result::ok) {
                thread::spawn(move || answer(stream));
            }
        });
        let uploads = thread::spawn(move || {
            let mut got = Vec::new();
            upload.accept().unwrap().0.read_to_end(&mut got).unwrap();
            got
        });
        Server { port, uploads }
    }
}

/// A client that goes early is the client's affair.
fn answer(stream: std::net::TcpStream) -> Option<()> {
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let size: usize =
        lines.next()?.ok()?.split(' ').nth(1)?.trim_start_matches('/').parse().ok()?;
    lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
    let mut stream = stream;
    write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {size}\r\n\r\n").ok()?;
    stream.write_all(&data(size)).ok()
}

fn md5(bytes: &[u8]) -> String {
    let mut md5sum = Command::new("md5sum");
    let mut child = md5sum.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    String::from_utf8(output.stdout).unwrap().split(' ').next().unwrap().to_owned()
}

/// Runs these steps. Returns the guest's lines about them, and the statistics.
fn run(guest: &Path, steps: &[&str], words: &str, options: &[&str]) -> (Vec<String>, Value) {
    let steps: String = steps.iter().map(|step| format!(" do={step}")).collect();
    let mut command = command(guest, "devices.cpio", &format!("devices {words}{steps}"));
    let output = command.arg("--stats=json").args(options).output().expect("tcevm starts");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(0), "{said:?} {output:?}");
    let mut said = said.into_iter().skip_while(|line| !line.starts_with("digest: "));
    said.next();
    (said.collect(), stats(&output))
}

fn stats(output: &Output) -> Value {
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(errors.lines().last().unwrap_or("")).expect("statistics")
}

/// After the drivers are gone nothing of theirs is mapped; no device met what it must not.
fn is_clean(stats: &Value, checked: bool) {
    for window in stats["windows"].as_array().unwrap() {
        let liobn = window["liobn"].as_u64().unwrap();
        assert!(window["live"] == 0 || liobn == 0x8000_0000, "{window}");
        assert_eq!(window["replaced"], 0, "Linux clears before it maps: {window}");
    }
    for device in stats["devices"].as_array().unwrap() {
        assert_eq!(device["dma_faults"], 0, "{device}");
    }
    assert_eq!(stats["pages"]["leaked_pins"], 0);
    assert_eq!(stats["findings"]["count"].as_u64(), checked.then_some(0));
}

fn calls(stats: &Value, name: &str) -> u64 {
    let calls = stats["hypercalls"].as_array().unwrap().iter();
    calls.filter(|call| call["name"] == name).filter_map(|call| call["count"].as_u64()).sum()
}

#[test]
fn a_file_system_outlives_a_kill_and_is_the_same_after_a_reboot() {
    let test = "a_file_system_outlives_a_kill_and_is_the_same_after_a_reboot";
    let Some(guest) = guest(test) else { return };
    let place = Place::new();
    let disk = place.disk(32 * MIB);
    let steps = "devices do=scsi do=make do=sleep";
    let mut first = command(guest, "devices.cpio", steps);
    let first = first.args(["--disk", &disk]).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = Helper(first);
    let lines = BufReader::new(first.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let made = lines.inspect(|line| println!("{line}")).any(|line| line.trim() == "make: done");
    assert!(made, "the guest ended before");
    drop(first); // SIGKILL
    if tool(test, "e2fsck") {
        let check = Command::new("e2fsck").args(["-f", "-n", &disk]).output().unwrap();
        assert!(check.status.success(), "{check:?}");
    }
    let steps = ["scsi", "check", "read", "unload"];
    let (said, stats) = run(guest, &steps, "", &["--disk", &disk, "--check", "dma"]);
    let read = format!("read: {}", md5(&fs::read(&disk).unwrap()));
    let want = ["scsi: 33554432 bytes", "check: 202 of 202 files", &read, "unload: done"];
    assert_eq!(said, want);
    is_clean(&stats, true);
}

#[test]
fn a_file_system_is_the_same_after_the_guest_rebooted() {
    let Some(guest) = guest("a_file_system_is_the_same_after_the_guest_rebooted") else { return };
    let place = Place::new();
    let disk = place.disk(32 * MIB);
    let options = ["--disk", &disk, "--check", "dma", "--platform", "ioda1"];
    let (said, stats) = run(guest, &["scsi", "again", "unload"], "", &options);
    let scsi = "scsi: 33554432 bytes";
    let second = said.iter().skip_while(|line| !line.starts_with("digest: ")).skip(1);
    assert_eq!(said[..2], [scsi, "make: done"]);
    let want = [scsi, "check: 202 of 202 files", "unload: done"];
    assert!(second.eq(want.iter()), "{said:?}");
    is_clean(&stats, true);
}

// Linux: `ibmvscsi_do_work` says hello before it enables its interrupt, and all requests wait for the answer;
// `ibmveth_probe` asks for checksum offload when there is "ibm,illan-options".
#[test]
fn an_adapter_reset_ends_and_no_driver_complains() {
    let Some(guest) = guest("an_adapter_reset_ends_and_no_driver_complains") else { return };
    let place = Place::new();
    let (disk, net) = (place.disk(2 * MIB), format!("hub={}", place.file("hub")));
    let options = ["--smp", "2", "--disk", &disk, "--net", &net, "--check", "dma"];
    let steps = ["scsi", "net", "reset", "reset", "read", "messages", "unload"];
    let (said, stats) = run(guest, &steps, "address=10.0.9.1", &options);
    let read = format!("read: {}", md5(&fs::read(&disk).unwrap()));
    let reset = "reset: 262144 bytes";
    let scsi = "scsi: 2097152 bytes";
    assert_eq!(said, [scsi, "net: up", reset, reset, &read, "messages: done", "unload: done"]);
    assert!(calls(&stats, "H_REG_CRQ") >= 3, "{stats}");
    is_clean(&stats, true);
}

#[test]
fn a_readonly_disk_stays_as_it_is() {
    let Some(guest) = guest("a_readonly_disk_stays_as_it_is") else { return };
    let place = Place::new();
    let disk = place.disk(2 * MIB);
    let before = fs::read(&disk).unwrap();
    let option = format!("{disk},readonly");
    let (said, _) = run(guest, &["scsi", "make", "read"], "", &["--disk", &option]);
    let read = format!("read: {}", md5(&before));
    assert_eq!(said, ["scsi: 2097152 bytes", "make: failed", &read]);
    assert!(fs::read(&disk).unwrap() == before);
}

/// Plays a recording; what it says.
fn replay(record: &str, options: &[&str]) -> String {
    let output = tcevm().args(["replay", record]).args(options).output().expect("tcevm starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{options:?}: {output:?}");
    said
}

#[test]
fn a_recorded_linux_replays_and_its_trace_has_what_was_asked_for() {
    let test = "a_recorded_linux_replays_and_its_trace_has_what_was_asked_for";
    let Some(guest) = guest(test) else { return };
    for cpus in ["1", "4"] {
        let place = Place::new();
        let (disk, record, trace) =
            (place.disk(32 * MIB), place.file("record"), place.file("trace"));
        let options = ["--smp", cpus, "--disk", &disk, "--record", &record];
        let traced = ["--trace=tce,rtas,!H_GET_TCE,!term", "--trace-to", &trace];
        let (said, stats) =
            run(guest, &["scsi", "make", "check", "unload"], "", &[&options[..], &traced].concat());
        let want =
            ["scsi: 33554432 bytes", "make: done", "check: 202 of 202 files", "unload: done"];
        assert_eq!(said, want);
        is_clean(&stats, false);

        // The trace has each of these calls, and nothing of the console.
        let lines = fs::read_to_string(&trace).expect("a trace");
        for name in ["H_PUT_TCE", "H_STUFF_TCE", "H_PUT_TCE_INDIRECT", "H_RTAS"] {
            let shown = lines.lines().filter(|line| line.split(' ').nth(3) == Some(name)).count();
            assert_eq!(shown as u64, calls(&stats, name), "{name}");
        }
        let rest = lines.lines().find(|line| {
            let call = line.split(' ').nth(3).unwrap_or("");
            !call.ends_with("_TCE") && call != "H_PUT_TCE_INDIRECT" && call != "H_RTAS"
        });
        assert_eq!(rest, None);
        assert!(lines.contains("liobn=0x71000002 ") && lines.contains(" displaced=[0x"));
        assert!(
            lines.contains(" H_RTAS ibm,set-xive ") || lines.contains(" H_RTAS get-time-of-day ")
        );

        // The recording has the machine, and each TCE call with its CPU.
        let text = fs::read_to_string(&record).expect("a record");
        let machine = format!(
            "machine ram=0x20000000 cpus={cpus} profile=lopar tier=virtual platform=ioda2 tables=0x2800000\n"
        );
        let windows = "window 0x80000000 start=0x0 shift=12 entries=0x40000\n\
                       window 0x71000002 start=0x0 shift=12 entries=0x10000\n";
        assert!(text.contains(&(machine + windows)), "{}", &text[..500.min(text.len())]);
        let tce: u64 = ["H_GET_TCE", "H_PUT_TCE", "H_STUFF_TCE", "H_PUT_TCE_INDIRECT"]
            .iter()
            .map(|name| calls(&stats, name))
            .sum();
        let made = text.lines().filter(|line| line.starts_with("cpu ")).count() as u64;
        assert!(made >= tce && tce > 100, "{made} of {tce}");
        for rig in [
            &[][..],
            &["--tier", "real", "--platform", "ioda1"],
            &["--tier", "user", "--platform", "p5ioc2"],
            &["--rig", "power-le"],
            &["--rig", "power-be"],
        ] {
            assert!(replay(&record, rig).ends_with("every answer is the same\n"), "{rig:?}");
        }
        if tool(test, "qemu-system-ppc64") {
            replay(&record, &["--rig", "qemu-le"]);
        }
    }
}

#[test]
fn downloads_and_uploads_arrive_whole() {
    let test = "downloads_and_uploads_arrive_whole";
    let Some(guest) = guest(test) else { return };
    if !tool(test, "passt") {
        return;
    }
    let place = Place::new();
    let ((_passt, socket), server) = (passt(&place), Server::start());
    let words = format!("address=10.0.2.15 peer=10.0.2.2 port={} size={}", server.port, 8 * MIB);
    let net = format!("socket={socket}");
    let options = ["--net", &net, "--check", "dma"];
    let (said, stats) = run(guest, &["net", "download", "upload", "unload"], &words, &options);
    let uploaded = server.uploads.join().unwrap();
    let download = format!("download: {}", md5(&data(8 * MIB)));
    let upload = format!("upload: {}", md5(&uploaded));
    assert_eq!(uploaded.len(), 8 * MIB);
    assert_eq!(said, ["net: up", &download, &upload, "unload: done"]);
    is_clean(&stats, true);
    assert!(calls(&stats, "H_PUT_TCE") > 0 && calls(&stats, "H_STUFF_TCE") > 0);
}

#[test]
fn both_devices_work_at_once_whoever_answers_and_whatever_is_below() {
    let test = "both_devices_work_at_once_whoever_answers_and_whatever_is_below";
    let Some(guest) = guest(test) else { return };
    if !tool(test, "passt") {
        return;
    }
    for options in [
        &["--smp", "2", "--accel", "real", "--platform", "ioda2", "--check", "dma"][..],
        &["--smp", "2", "--accel", "virtual", "--platform", "ioda1", "--check", "dma"],
        &["--accel", "user", "--platform", "p5ioc2", "--check", "dma"],
        &["--no-multi-tce", "--check", "dma"],
        &["--profile", "qemu", "--accel", "user"],
    ] {
        let place = Place::new();
        let ((_passt, socket), server) = (passt(&place), Server::start());
        let (net, disk) = (format!("socket={socket}"), place.disk(16 * MIB));
        let port = server.port;
        let words = format!("address=10.0.2.15 peer=10.0.2.2 port={port} size={}", 4 * MIB);
        let options = [options, &["--net", &net, "--disk", &disk]].concat();
        // The second time with drivers that were loaded before.
        let once = ["scsi", "net", "both", "unload"];
        let (said, stats) = run(guest, &[once, once].concat(), &words, &options);
        let both = format!("both: {}", md5(&data(4 * MIB)));
        let once = ["scsi: 16777216 bytes", "net: up", &both, "unload: done"];
        assert_eq!(said, [once, once].concat(), "{options:?}");
        is_clean(&stats, options.contains(&"dma"));
        if options.contains(&"--no-multi-tce") {
            assert_eq!(calls(&stats, "H_PUT_TCE_INDIRECT") + calls(&stats, "H_STUFF_TCE"), 0);
        }
    }
}

// Linux maps all of its RAM once, by a window of 16 MiB pages (Linux: `enable_ddw`): 32 entries for 512 MiB, and then
// no call for a buffer. Both devices are functions of their own, with windows of their own.
#[test]
fn virtio_devices_need_no_call_for_a_buffer_once_all_ram_is_mapped() {
    let test = "virtio_devices_need_no_call_for_a_buffer_once_all_ram_is_mapped";
    let Some(guest) = guest(test) else { return };
    if !tool(test, "passt") {
        return;
    }
    let place = Place::new();
    let ((_passt, socket), server) = (passt(&place), Server::start());
    let (net, disk) = (format!("socket={socket},bus=virtio"), place.disk(16 * MIB) + ",bus=virtio");
    let port = server.port;
    let words = format!("bus=virtio address=10.0.2.15 peer=10.0.2.2 port={port} size={}", 4 * MIB);
    let options = ["--smp", "2", "--check", "dma", "--net", &net, "--disk", &disk];
    let (said, stats) = run(guest, &["disk", "net", "both", "unload"], &words, &options);
    let both = format!("both: {}", md5(&data(4 * MIB)));
    assert_eq!(said, ["disk: 16777216 bytes", "net: up", &both, "unload: done"]);
    for device in stats["devices"].as_array().unwrap() {
        assert_eq!(device["dma_faults"], 0, "{device}");
    }
    assert_eq!(stats["findings"]["count"], 0);
    assert_eq!(stats["pages"]["leaked_pins"], 0);
    // Each function maps its 512 MiB once. Linux clears the default windows of the bridge and of both functions when it boots.
    let made = ["H_PUT_TCE", "H_PUT_TCE_INDIRECT", "H_STUFF_TCE"].map(|name| calls(&stats, name));
    assert_eq!(made, [0, 2, 3 * 512]);
}

#[test]
fn two_guests_talk_through_a_hub() {
    let Some(guest) = guest("two_guests_talk_through_a_hub") else { return };
    let place = Place::new();
    let hub = format!("hub={}", place.file("hub"));
    let options = |mac| ["--net".to_owned(), format!("{hub},mac=52:54:00:00:00:0{mac}")];
    thread::scope(|scope| {
        let options = |mac| options(mac);
        let one = scope.spawn(move || {
            let [net, hub] = options(1);
            let steps = ["net", "answer", "answer"];
            run(guest, &steps, "address=10.0.9.1", &[&net, &hub]).0
        });
        let start = Instant::now();
        while !Path::new(&place.file("hub")).exists() {
            assert!(start.elapsed() < Duration::from_secs(60), "there is no hub");
            thread::sleep(Duration::from_millis(10));
        }
        let [net, hub] = options(2);
        let words = "address=10.0.9.2 peer=10.0.9.1";
        // The first one may still be booting; a connection waits for it, a ping would not.
        let steps = ["net", "hang-up", "ping", "hang-up"];
        let two = run(guest, &steps, words, &[&net, &hub]).0;
        let ping = "ping: 3 packets received";
        assert_eq!(two, ["net: up", "hang-up: done", ping, "hang-up: done"]);
        assert_eq!(one.join().unwrap(), ["net: up", "answer: bye", "answer: bye"]);
    });
}
