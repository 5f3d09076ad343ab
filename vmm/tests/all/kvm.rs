// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! x86-64 guests under KVM, as a user runs them.
#![cfg(target_arch = "x86_64")]

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::support;
use crate::support::x86::{
    self, HLT, OUT, RAX, SPIN, guest, hcall, kvm, load, mov, power_off, store,
};
use crate::support::{Files, arg, assert_written_pages, code, run, stderr, stdout, tcevm};
use tests::skip;

const LIOBN: u64 = 0x8000_0000;
const H_PUT_TCE: u64 = 0x20;

fn image(name: &str) -> String {
    format!("{}/../guest-images/images/{name}.elf", env!("CARGO_MANIFEST_DIR"))
}

fn run_code(parts: &[&[u8]], args: &[&str]) -> Output {
    let files = Files::new();
    let path = files.write("guest", guest(parts));
    run([&[arg(&path), "-m", "16M"], args].concat())
}

#[test]
fn hello_runs_without_being_told_what_runs_it() {
    if !kvm("hello_runs_without_being_told_what_runs_it") {
        return;
    }
    for args in [vec![], vec!["--vcpu", "kvm"], vec!["--vcpu", "auto"]] {
        let output = run([vec![image("hello-x86").as_str()], args].concat());
        assert_eq!(stdout(&output), "Hello from a little-endian x86-64 guest.\n", "{output:?}");
        assert_eq!(code(&output), 0);
    }
}

// Both architectures have the same sources and the same hypercalls: only the line that names the architecture
// differs.
#[test]
fn the_demonstration_tells_the_same_story_on_both_architectures() {
    if !kvm("the_demonstration_tells_the_same_story_on_both_architectures") {
        return;
    }
    let story = |name| {
        let output = run([image(name)]);
        assert_eq!(code(&output), 0, "{output:?}");
        let text = stdout(&output);
        let (first, rest) = text.split_once('\n').unwrap();
        (first.to_owned(), rest.to_owned())
    };
    let (power, x86) = (story("replace-le"), story("replace-x86"));
    assert_eq!(x86.0, "An x86-64 guest replaces live DMA mappings");
    assert_eq!(power.1, x86.1);
    assert!(x86.1.contains("PASS: all"), "{}", x86.1);
}

// The runtime's interrupt table: the guest takes the exception, prints it on the console, and powers off.
#[test]
fn an_exception_in_a_guest_of_ours_is_told_by_the_guest() {
    if !kvm("an_exception_in_a_guest_of_ours_is_told_by_the_guest") {
        return;
    }
    let output = run([&image("chaos-x86"), "--append", "crash"]);
    let text = stdout(&output);
    assert_eq!(code(&output), 1, "{output:?}");
    assert!(text.contains("CRASH: invalid opcode exception (vector 6)"), "{text}"); // ud2
    assert!(text.contains("RIP 000000000040"), "in the image, which is linked to 4 MiB: {text}");
    assert!(text.contains("CS 8\n"), "{text}");
}

#[test]
fn the_bench_times_what_it_is_asked_for() {
    if !kvm("the_bench_times_what_it_is_asked_for") {
        return;
    }
    let output = run([&image("tce-bench-x86"), "--append", "null put crc32"]);
    let names: Vec<_> =
        stdout(&output).lines().map(|line| line.split(' ').nth(1).unwrap().to_owned()).collect();
    assert_eq!((code(&output), names), (0, vec!["null".into(), "put".into(), "crc32".into()]));
}

// The guest makes one call in ring 0, which succeeds, and the same call in ring 3 with IOPL 3, which is
// H_PRIVILEGE.
#[test]
fn a_call_from_ring_3_is_refused() {
    if !kvm("a_call_from_ring_3_is_refused") {
        return;
    }
    let (gdt, gdtr, stack) = (0x20_0000_u64, 0x20_0100_u64, 0x30_0000_u64);
    // Null, and 64-bit code and data for ring 3 (Intel SDM, volume 3, 3.4.5).
    let descriptors = [0_u64, 0x00af_fb00_0000_ffff, 0x00cf_f300_0000_ffff];
    let table: Vec<u8> = descriptors.iter().flat_map(|d| d.to_le_bytes()).collect();
    let pointer = [&23_u16.to_le_bytes()[..], &gdt.to_le_bytes()].concat();
    let in_ring_3 = [hcall(H_PUT_TCE, &[LIOBN, 0, 0x10003]), SPIN.to_vec()].concat();
    let push = |value| [mov(RAX, value), vec![0x50]].concat();
    let target = 0x21_0000;
    let code = [
        hcall(H_PUT_TCE, &[LIOBN, 0, 0x10003]),
        mov(RAX, gdtr),
        vec![0x0f, 0x01, 0x10], // lgdt [rax]
        mov(4, stack),          // rsp
        push(0x13),             // ss, rsp, rflags with IOPL 3, cs, rip: the frame of iretq
        push(stack),
        push(0x3002),
        push(0x0b),
        push(target),
        vec![0x48, 0xcf],
    ]
    .concat();
    let files = Files::new();
    let data = vec![(gdt, table), (gdtr, pointer), (target, in_ring_3)];
    let path = files.write("guest", x86::guest_with(&code, data));
    let output = tcevm()
        .args(["run", "--timeout", "3", "--trace", "-m", "16M", arg(&path)])
        .output()
        .unwrap();
    let trace: Vec<_> =
        stderr(&output).lines().filter(|l| l.contains(" H_PUT_TCE ")).map(str::to_owned).collect();
    assert_eq!(trace.len(), 2, "{output:?}");
    assert!(trace[0].contains(" -> H_SUCCESS ") && trace[1].ends_with("H_PRIVILEGE"), "{trace:?}");
}

// X86-GATE.md, "A call": an x86-64 CPU has no register of POWER's hypervisor, no timebase and no system reset, so no call
// may answer that it has set one, or that its value is 0.
#[test]
fn a_call_about_what_only_power_has_does_not_exist() {
    if !kvm("a_call_about_what_only_power_has_does_not_exist") {
        return;
    }
    let calls: [(&str, u64, &[u64]); 6] = [
        ("H_SET_SPRG0", 0x24, &[1]),
        ("H_REGISTER_VPA", 0xdc, &[1 << 45, 0, 0x20_0000]),
        ("H_PURR", 0xf4, &[]),
        ("H_SET_MODE", 0x31c, &[0, 3, 0, 0]), // AIL 0
        ("H_REGISTER_PROC_TBL", 0x37c, &[0, 0, 0, 0]),
        ("H_SIGNAL_SYS_RESET", 0x380, &[0]),
    ];
    let made: Vec<_> = calls.iter().map(|(_, token, args)| hcall(*token, args)).collect();
    let code = [made.concat(), power_off()].concat();
    let output = run_code(&[&code], &["--trace"]);
    let trace = stderr(&output);
    for (name, ..) in calls {
        let line = trace.lines().find(|line| line.contains(&format!(" {name} "))).unwrap();
        assert!(line.contains("-> H_FUNCTION"), "{line}");
    }
}

#[test]
fn what_a_guest_must_not_do_ends_in_a_message_with_registers() {
    if !kvm("what_a_guest_must_not_do_ends_in_a_message_with_registers") {
        return;
    }
    let marked = mov(3, 0x1234_5678_9abc_def0); // rbx
    let cases: [(&[u8], &str); 15] = [
        (&[0xe6, 0x80], "wrote 1 byte to port 0x80"),
        (&[0xe4, 0x5c], "read 1 byte from port 0x5c"),
        (&[0x66, 0xe7, 0x5c], "wrote 2 bytes to port 0x5c"),
        (&[0xe7, 0x5c], "wrote 4 bytes to port 0x5c"),
        (&[0x66, 0xba, 0xff, 0xff, 0xee], "wrote 1 byte to port 0xffff"),
        (&load(0x3000_0000), "read 8 bytes at 0x30000000"),
        (&store(0x3000_0000), "wrote 8 bytes at 0x30000000"),
        (&load(0x80_0000_0000_0000), "triple fault"),
        (&store(0x4000_0000), "triple fault"), // behind the last GiB with RAM nothing is mapped
        (&[0x0f, 0x0b], "triple fault"),
        (&[0xcc], "triple fault|KVM has an internal error"), // int3: not every KVM can emulate it
        (&[mov(RAX, 0x70_0000), vec![0x0f, 0x22, 0xd8]].concat(), "triple fault"), // cr3: no table
        (&[mov(1, 0x1234_5678), vec![0x0f, 0x30]].concat(), "triple fault"), // wrmsr: no MSR
        (&[mov(4, 0x3000_0000), vec![0x50]].concat(), "wrote 8 bytes at 0x2ffffff8"), // push
        (&HLT, "it halted"),
    ];
    for (instruction, says) in cases {
        let output = run_code(&[&marked, instruction, &SPIN], &["--timeout", "20"]);
        let message = stderr(&output);
        assert_eq!(code(&output), 4, "{instruction:x?}: {message}");
        assert!(message.starts_with("tcevm: the guest crashed: "), "{message}");
        let said = says.split('|').any(|says| message.contains(says));
        assert!(said, "{instruction:x?}: {message}");
        assert!(message.contains("rbx 123456789abcdef0"), "{message}");
        assert!(message.contains("rip ") && message.contains("cr3 "), "{message}");
    }
}

/// A guest that does not end by itself.
fn spinning(files: &Files) -> Command {
    let path = files.write("guest", guest(&[&SPIN]));
    let mut command = tcevm();
    command.args(["run", "-m", "16M", arg(&path)]);
    command
}

#[test]
fn a_guest_that_never_leaves_is_stopped_by_timeout_and_by_signals() {
    if !kvm("a_guest_that_never_leaves_is_stopped_by_timeout_and_by_signals") {
        return;
    }
    let files = Files::new();
    let output = spinning(&files).args(["--timeout", "0.3"]).output().unwrap();
    assert_eq!(code(&output), 124, "{output:?}");
    for (signal, expected) in [("-INT", 130), ("-TERM", 143)] {
        let run =
            spinning(&files).args(["--timeout", "60"]).stderr(Stdio::piped()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let kill = Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap();
        assert!(kill.success());
        let output = run.wait_with_output().unwrap();
        assert_eq!(code(&output), expected, "{output:?}");
    }
}

// KVM on some hosts never returns from this instruction by itself, on others it skips it.
#[test]
fn vmcall_is_no_hypercall_and_does_not_keep_us() {
    if !kvm("vmcall_is_no_hypercall_and_does_not_keep_us") {
        return;
    }
    for instruction in [[0x0f, 0x01, 0xc1], [0x0f, 0x01, 0xd9]] {
        let output = run_code(&[&instruction, &HLT], &["--timeout", "1", "--trace"]);
        assert!([4, 124].contains(&code(&output)), "{output:?}");
        assert!(!stderr(&output).contains("H_"), "{output:?}");
    }
}

// X86-GATE.md: string output is not a call that anyone may rely on; it does not stall us either.
#[test]
fn string_output_to_the_gate_ends() {
    if !kvm("string_output_to_the_gate_ends") {
        return;
    }
    let rep_outsb = [mov(2, 0x5c), mov(6, x86::BASE), mov(1, u64::MAX), vec![0xf3, 0x6e]].concat();
    let output = run_code(&[&rep_outsb, &HLT], &["--timeout", "1"]);
    assert!([4, 124].contains(&code(&output)), "{output:?}");
}

#[test]
fn the_dirty_log_tells_the_guest_from_displaced_tces() {
    if !kvm("the_dirty_log_tells_the_guest_from_displaced_tces") {
        return;
    }
    let put = |entry: u64, tce| hcall(H_PUT_TCE, &[LIOBN, entry << 12, tce]);
    let files = Files::new();
    let log = files.path("dirty");
    let parts = [
        store(0x30_0000),
        store(0x30_1ff8),
        put(0, 0x30_1003), // guest and device write this one
        put(0, 0x30_2002), // only a device
        put(1, 0x30_3001), // a device that may only read
        put(1, 0),
        put(0, 0),
        put(2, 0x30_4003), // still live at the end
        power_off(),
    ];
    let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
    let output = run_code(&parts, &["--dirty-log", arg(&log)]);
    assert_eq!(code(&output), 0, "{output:?}");
    assert_written_pages(&log);
}

#[test]
fn a_dirty_log_that_cannot_be_written_is_told_before_the_run() {
    let output = run(["--dirty-log", "/nowhere/log"]);
    assert_eq!((code(&output), stdout(&output).as_str()), (3, ""), "{output:?}");
    assert!(stderr(&output).contains("/nowhere/log"), "{output:?}");
}

#[test]
fn an_image_and_a_vcpu_that_do_not_fit_are_told() {
    let refused = |args: &[&str], says: &str| {
        let output = run(args);
        assert_eq!((code(&output), stdout(&output).as_str()), (3, ""), "{args:?}: {output:?}");
        assert!(stderr(&output).contains(says), "{args:?}: {output:?}");
    };
    let (x86, power) = (image("hello-x86"), image("hello-le"));
    refused(&[&x86, "--vcpu", "power"], "for x86-64");
    refused(&[&power, "--vcpu", "kvm"], "for POWER");
    refused(&[&power, "--smp", "9"], "1 to 8 CPUs");
    refused(&[&x86, "--dump-dtb", "-"], "no device tree");
}

// Root may open anything, so the test needs another user, which only root can become.
#[test]
fn a_host_that_does_not_let_us_is_told_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    const NOBODY: u32 = 65534;
    let files = Files::new();
    let open = |path: &std::path::Path| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    open(&files.path("."));
    let binary = files.path("tcevm");
    std::fs::copy(env!("CARGO_BIN_EXE_tcevm"), &binary).unwrap();
    open(&binary);
    let hello = files.write("hello", std::fs::read(image("hello-x86")).unwrap());
    let run = Command::new(&binary).args(["run", arg(&hello)]).uid(NOBODY).gid(NOBODY).output();
    let output = match run {
        Ok(output) => output,
        Err(why) => {
            return skip("a_host_that_does_not_let_us_is_told_with_what_to_do", &why.to_string());
        }
    };
    let message = stderr(&output);
    if code(&output) == 0 {
        assert!(stdout(&output).starts_with("Hello"), "everybody may use /dev/kvm here");
        return;
    }
    assert_eq!(code(&output), 3, "{message}");
    assert!(message.contains("/dev/kvm") && message.contains("; "), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
}

#[test]
fn an_x86_elf_is_checked_like_any_other() {
    let files = Files::new();
    let good = guest(&[&SPIN]);
    let refused = |bytes: &[u8], says: &str| {
        let output = run([arg(&files.write("bad", bytes)), "-m", "16M"]);
        assert_eq!(code(&output), 3, "{output:?}");
        assert!(stderr(&output).contains(says), "{output:?}");
    };
    refused(&good[..70], "truncated");
    let patch = |at, value: &[u8]| support::elf::patched(&good, at, value);
    refused(&patch(support::elf::at::ENTRY, &0x77_7777_u64.to_le_bytes()), "entry address");
    let beyond = 1_u64 << 40;
    let phys = support::elf::phdr(0, support::elf::at::P_PADDR);
    refused(&patch(phys, &beyond.to_le_bytes()), "does not fit");
    refused(&patch(phys, &(15_u64 << 20).to_le_bytes()), "overlaps");
}

#[test]
fn several_cpus_race_and_nothing_leaks() {
    if !kvm("several_cpus_race_and_nothing_leaks") {
        return;
    }
    let chaos = image("chaos-x86");
    let args = ["--smp", "3", "--append", "seed=3 calls=400", "--stats=json"];
    let output = run([&[chaos.as_str()], &args[..]].concat());
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(stdout(&output).starts_with("chaos: 3 CPUs made 1200 calls"), "{output:?}");
    let report: serde_json::Value =
        serde_json::from_str(stderr(&output).lines().last().unwrap()).unwrap();
    assert_eq!(report["pages"]["leaked_pins"], 0);
    assert!(report["pages"]["released"].as_u64().unwrap() > 0, "{report}");
    let calls = report["hypercalls"].as_array().unwrap();
    let sum: u64 = calls.iter().map(|call| call["count"].as_u64().unwrap()).sum();
    assert!(sum >= 1200, "the calls of all CPUs are counted: {report}");
}

#[test]
fn a_second_cpu_that_crashes_names_itself() {
    if !kvm("a_second_cpu_that_crashes_names_itself") {
        return;
    }
    // start-cpu: 3 inputs, 1 output; the entry is a hlt behind our own code.
    let (_, token) = hcall::rtas_tokens().find(|(name, _)| *name == "start-cpu").unwrap();
    let args = [token, 3, 1, 1, 0x40_0000, 7, 0].map(u32::to_be_bytes).concat();
    let start = [hcall(0xf000, &[0x20_0000]), SPIN.to_vec()].concat();
    let data = vec![(0x20_0000, args), (0x40_0000, HLT.to_vec())];
    let files = Files::new();
    let path = files.write("guest", x86::guest_with(&start, data));
    let output = run([arg(&path), "-m", "16M", "--smp", "2"]);
    let message = stderr(&output);
    assert_eq!(code(&output), 4, "{message}");
    assert!(message.contains("the guest crashed: CPU 1: it halted"), "{message}");
    assert!(message.contains("CPU 0\nrip") && message.contains("CPU 1\nrip"), "{message}");
    assert!(message.contains("rdi 0000000000000007"), "the value for r3: {message}");
}

#[test]
fn every_byte_at_the_gate_is_a_call() {
    if !kvm("every_byte_at_the_gate_is_a_call") {
        return;
    }
    let by_dx = [mov(GATE_RDX, 0x5c), vec![0xee]].concat(); // out dx, al: here rdx is not free
    let output = run_code(
        &[&mov(RAX, 0xff), &hcall(0x4fc, &[]), &mov(7, 0x4fc), &by_dx, &OUT, &power_off()],
        &["--trace"],
    );
    assert_eq!(code(&output), 0, "{output:?}");
    // The token of the third call is the status of the second.
    assert_eq!(stderr(&output).matches("H_FUNCTION").count(), 3, "{output:?}");
}

const GATE_RDX: u8 = 2;
