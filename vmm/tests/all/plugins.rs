// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Prototypes in C: tiers and platforms that a shared object brings along. Expected answers are the suite's.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use crate::support::{Files, arg, code, run, stderr, stdout, tcevm};
use tests::tool;

/// Compiles an example of `tcevm-plugin`, or a source of the test, with these flags.
fn compiled(files: &Files, source: &Path, name: &str, flags: &[&str]) -> PathBuf {
    let header = files.write("tcevm.h", header());
    let object = files.path(name);
    let cc = Command::new("cc")
        .args(["-Wall", "-Wextra", "-Werror", "-Wno-return-type", "-shared", "-fPIC", "-O1", "-o"])
        .arg(&object)
        .arg("-I")
        .arg(header.parent().expect("a directory"))
        .args(flags)
        .arg(source)
        .output()
        .expect("cc starts");
    assert!(cc.status.success(), "{}", stderr(&cc));
    object
}

/// The header, as the command prints it.
fn header() -> String {
    stdout(&tcevm().arg("header").output().expect("tcevm starts"))
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("plugin/examples").join(name)
}

/// Runs the clauses about puts and their order.
fn comply(rig: &str, tier: &str) -> Output {
    tcevm()
        .args(["comply", "put/", "order/", "--rig", rig, "--tier", tier])
        .output()
        .expect("tcevm starts")
}

/// The value of `--tier`.
fn virtual_of(object: &Path) -> String {
    format!("virtual={}", arg(object))
}

/// Runs the demonstration with a tier whose H_PUT_TCE has this body.
fn with_body(files: &Files, name: &str, body: &str) -> Output {
    run(["--tier".to_owned(), virtual_of(&of_body(files, name, body))])
}

fn of_body(files: &Files, name: &str, body: &str) -> PathBuf {
    let source = files.write(
        &format!("{name}.c"),
        format!(
            "#include \"tcevm.h\"\n\
             static int64_t body(struct kvm_vcpu *vcpu, uint64_t liobn, uint64_t ioba, uint64_t tce)\n\
             {{ (void)vcpu; (void)liobn; (void)ioba; (void)tce; {body} }}\n\
             TCEVM_TIER(\"test\", .h_put_tce = body);\n"
        ),
    );
    compiled(files, &source, &format!("{name}.so"), &[])
}

#[test]
fn the_example_passes_every_clause_in_each_tier() {
    if !tool("the_example_passes_every_clause_in_each_tier", "cc") {
        return;
    }
    let files = Files::new();
    let object = compiled(&files, &example("put.c"), "put.so", &[]);
    let tiers = ["real", "virtual", "user"].map(|tier| format!("{tier}={}", arg(&object)));
    let mut suite = tcevm();
    suite.args([
        "comply",
        "abi/",
        "put/",
        "order/",
        "exchange/",
        "ddw/",
        "--rig",
        "direct",
        "--rig",
        "power-le",
    ]);
    for tier in &tiers {
        suite.args(["--tier", tier]);
    }
    let output = suite.output().expect("tcevm starts");
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).contains("with tier user of"), "{}", stdout(&output));
}

#[test]
fn each_mistake_of_the_wrong_example_is_named() {
    if !tool("each_mistake_of_the_wrong_example_is_named", "cc") {
        return;
    }
    let files = Files::new();
    // A page that is not released, a kill that is late, dirt by the new direction: the clauses about them.
    let named = [("1", "put/replace "), ("2", "order/replace "), ("3", "put/replace-narrower ")];
    for (wrong, clause) in named {
        let flag = format!("-DWRONG={wrong}");
        let object = compiled(&files, &example("wrong.c"), &format!("wrong{wrong}.so"), &[&flag]);
        let output = comply("direct", &virtual_of(&object));
        assert_eq!(code(&output), 1);
        let failed = format!("FAIL {clause}on direct:");
        assert!(stdout(&output).contains(&failed), "{failed}: {}", stdout(&output));
    }
    // A run names the first one as well: the pins that are left, and exit code 5.
    let output = run(["--tier", &virtual_of(&files.path("wrong1.so"))]);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    assert!(stderr(&output).contains("the accounting is broken by tier virtual of"));
}

#[test]
fn a_crash_names_the_plug_in_and_its_function() {
    if !tool("a_crash_names_the_plug_in_and_its_function", "cc") {
        return;
    }
    let files = Files::new();
    for (name, body, signal) in [
        ("fault", "*(volatile int *)0x1234 = 1; return 0;", "SIGSEGV at 0x1234"),
        ("trap", "__builtin_trap();", "SIGILL"),
        ("abort", "extern void abort(void); abort();", "SIGABRT"),
    ] {
        let output = with_body(&files, name, body);
        assert_eq!(output.status.code(), None, "a signal ends it: {output:?}");
        let message = format!("{name}.so crashed: {signal}");
        assert!(stderr(&output).contains(&message), "{message}: {}", stderr(&output));
        assert!(stderr(&output).contains("h_put_tce of the plug-in"), "{}", stderr(&output));
    }
}

#[test]
fn a_plug_in_that_loops_is_named_when_the_run_has_to_end() {
    if !tool("a_plug_in_that_loops_is_named_when_the_run_has_to_end", "cc") {
        return;
    }
    let files = Files::new();
    let object = of_body(&files, "loop", "for (;;) __asm__ volatile(\"\");");
    let mut child = crate::support::spawn(["--tier", &virtual_of(&object)]);
    drop(child.stdin.take());
    let interrupt = || {
        std::thread::sleep(Duration::from_millis(500));
        let _ = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    };
    interrupt();
    interrupt(); // the second signal ends a run that does not stop
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    assert!(stderr(&output).contains("loop.so has not returned"), "{}", stderr(&output));
}

#[test]
fn nonsense_is_an_error_of_the_plug_in() {
    if !tool("nonsense_is_an_error_of_the_plug_in", "cc") {
        return;
    }
    let files = Files::new();
    let output = with_body(&files, "answer", "return 12345;");
    assert_eq!(code(&output), 1, "the guest reads H_HARDWARE, and reports it: {}", stderr(&output));
    assert!(stderr(&output).contains("answers 12345, which is no status"), "{}", stderr(&output));
    // Handles that it did not get, entries that do not exist, registers that are none: refused, and nothing is changed.
    let wild = "iommu_tce_kill((struct iommu_table *)0x77, 0, ~UINT64_C(0)); \
                kvmppc_tce_put(NULL, 1, 2); kvmppc_set_gpr(vcpu, 77, 1); \
                struct kvmppc_spapr_tce_table *stt = kvmppc_find_table(vcpu->kvm, 0x80000000); \
                struct iommu_table *tbl = tcevm_table(stt, 0); \
                uint64_t hpa = ~UINT64_C(0); enum dma_data_direction way = 7; \
                if (iommu_tce_xchg_no_kill(tbl, 0, &hpa, &way) == H_SUCCESS) return H_SUCCESS; \
                way = DMA_BIDIRECTIONAL; hpa = 0x1000; \
                if (iommu_tce_xchg_no_kill(tbl, ~UINT64_C(0), &hpa, &way) == H_SUCCESS) return H_SUCCESS; \
                if (iommu_tce_xchg_no_kill(tbl, 0, &hpa, &way) == H_SUCCESS) return H_SUCCESS; \
                if (iommu_tce_kill(tbl, 0, ~UINT64_C(0)) == H_SUCCESS) return H_SUCCESS; \
                return H_TOO_HARD;";
    let output = with_body(&files, "wild", wild);
    assert_eq!(code(&output), 0, "our own tier answers every call: {}", stderr(&output));
    // A page that is released twice: the run ends with the count.
    let twice = "struct kvmppc_spapr_tce_table *stt = kvmppc_find_table(vcpu->kvm, 0x80000000); \
                 uint64_t hpa; \
                 kvmppc_tce_to_hpa(stt, 0x20003, &hpa); \
                 mm_iommu_mapped_dec(tcevm_table(stt, 0), hpa); \
                 return H_TOO_HARD;";
    let output = with_body(&files, "twice", twice);
    assert_eq!(code(&output), 5, "{}", stderr(&output));
    assert!(stderr(&output).contains("pins too many or too few"), "{}", stderr(&output));
}

#[test]
fn what_is_no_plug_in_is_refused() {
    if !tool("what_is_no_plug_in_is_refused", "cc") {
        return;
    }
    let files = Files::new();
    let text = files.write("text.so", "no object");
    let output = run(["--tier", &virtual_of(&text)]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("cannot load the plug-in: "), "{}", stderr(&output));
    assert!(stderr(&output).contains("text.so"), "{}", stderr(&output));
    // Another version of the interface.
    let source = files.write(
        "v2.c",
        header().replace("#define TCEVM_ABI 1", "#define TCEVM_ABI 2")
            + "static int64_t f(struct kvm_vcpu *v, uint64_t a, uint64_t b, uint64_t c)\n\
               { (void)v; (void)a; (void)b; (void)c; return 0; }\n\
               TCEVM_TIER(\"v2\", .h_put_tce = f);\n",
    );
    let object = compiled(&files, &source, "v2.so", &[]);
    let output = run(["--tier", &virtual_of(&object)]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("of version 2 of the interface"), "{}", stderr(&output));
    // A platform is no tier, and a tier without a function stands in for nothing.
    let bridge = compiled(&files, &example("bridge.c"), "bridge.so", &[]);
    let output = run(["--tier", &virtual_of(&bridge)]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("defines no tcevm_tier"), "{}", stderr(&output));
    let empty = files.write("empty.c", "#include \"tcevm.h\"\nTCEVM_TIER(\"empty\");\n");
    let output = run(["--tier", &virtual_of(&compiled(&files, &empty, "empty.so", &[]))]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("has no function"), "{}", stderr(&output));
    // A rig that is not ours has no place for it.
    let output = comply("qemu-le", &virtual_of(&bridge));
    assert_eq!(code(&output), 2);
}

#[test]
fn a_platform_makes_the_kills() {
    if !tool("a_platform_makes_the_kills", "cc") {
        return;
    }
    let files = Files::new();
    let object = compiled(&files, &example("bridge.c"), "bridge.so", &[]);
    let suite = |object: &Path| {
        let args = ["comply", "put/", "device/", "--rig", "direct", "--platform", arg(object)];
        tcevm().args(args).output().expect("tcevm starts")
    };
    let output = suite(&object);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let output = run(["--platform", arg(&object), "--check", "dma"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("the first entry is killed"), "{}", stderr(&output));
    // One that leaves kills out is found: a device reaches the displaced page.
    let deaf = compiled(&files, &example("bridge.c"), "deaf.so", &["-DDEAF"]);
    let output = suite(&deaf);
    assert_eq!(code(&output), 1, "{}", stdout(&output));
}
