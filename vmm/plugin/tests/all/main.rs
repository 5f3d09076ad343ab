// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The structures of `abi` are those of `tcevm.h`: a C compiler measures one side, Rust the other.

use std::fmt::Write;
use std::mem::offset_of;
use std::process::Command;

use plugin::abi::{ABI, Head, Kernel, PlatformPlugin, Table, TierPlugin, Vcpu, Window};
use tests::{Directory, tool};

/// Lines `name size` and `name.field offset`, and a C program that prints them.
macro_rules! layout {
    ($($c:literal is $rust:ident { $($field:ident),* })*) => {{
        let (mut program, mut lines) = (String::new(), String::new());
        $(
            let name = $c;
            let _ = writeln!(program, "printf(\"{name} %zu\\n\", sizeof(struct {name}));");
            let _ = writeln!(lines, "{name} {}", size_of::<$rust>());
            $(
                let field = stringify!($field);
                let _ = writeln!(program, "printf(\"{name}.{field} %zu\\n\", offsetof(struct {name}, {field}));");
                let _ = writeln!(lines, "{name}.{field} {}", offset_of!($rust, $field));
            )*
        )*
        (program, lines)
    }};
}

/// The heads of both plug-ins begin their structures.
macro_rules! heads {
    ($($c:literal),*) => {{
        let (mut program, mut lines) = (String::new(), String::new());
        for name in [$($c),*] {
            for (field, at) in [
                ("abi", offset_of!(Head, abi)),
                ("size", offset_of!(Head, size)),
                ("kernel", offset_of!(Head, kernel)),
                ("name", offset_of!(Head, name)),
            ] {
                let _ = writeln!(program, "printf(\"{name}.{field} %zu\\n\", offsetof(struct {name}, {field}));");
                let _ = writeln!(lines, "{name}.{field} {at}");
            }
        }
        (program, lines)
    }};
}

#[test]
fn the_header_has_the_structures_of_rust() {
    if !tool("the_header_has_the_structures_of_rust", "cc") {
        return;
    }
    let (mut program, mut expected) = layout! {
        "kvm_vcpu" is Vcpu { kvm, vcpu_id, tier }
        "kvmppc_spapr_tce_table" is Window { liobn, offset, size, page_shift, tables }
        "iommu_table" is Table { it_offset, it_size, it_page_shift, it_index }
        "tcevm_kernel" is Kernel {
            find_table, table, ioba_validate, tce_validate, tce_to_hpa, tce_put, tce_get, mapped_inc, mapped_dec,
            mark_dirty, xchg_no_kill, tce_kill, read_guest, set_gpr, log, bridge_kill
        }
        "tcevm_tier" is TierPlugin { h_get_tce, h_put_tce, h_put_tce_indirect, h_stuff_tce }
        "tcevm_platform" is PlatformPlugin { tce_kill }
    };
    let (more, lines) = heads!("tcevm_tier", "tcevm_platform");
    program += &more;
    expected += &lines;
    let _ = writeln!(program, "printf(\"abi %d\\n\", TCEVM_ABI);");
    let _ = writeln!(expected, "abi {ABI}");

    let directory = Directory::new();
    let path = |name: &str| directory.0.join(name);
    std::fs::write(path("tcevm.h"), plugin::HEADER).expect("a file");
    let head = "#include <stdio.h>\n#include \"tcevm.h\"\nint main(void) {\n";
    std::fs::write(path("layout.c"), format!("{head}{program}return 0; }}\n")).expect("a file");
    let built = Command::new("cc").arg("-o").arg(path("layout")).arg(path("layout.c")).output();
    let built = built.expect("cc starts");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let printed = Command::new(path("layout")).output().expect("it starts");
    assert_eq!(String::from_utf8_lossy(&printed.stdout), expected);
}

#[test]
fn every_status_of_the_header_is_one_of_the_library() {
    let mut found = 0;
    for line in plugin::HEADER.lines().filter_map(|line| line.strip_prefix("#define H_")) {
        let (name, code) = line.split_once(' ').expect("a name and a code");
        let code: i64 = code.trim_matches(['(', ')']).parse().expect("a number");
        let status = hcall::Status::from_code(code).expect("a status");
        assert_eq!(status.name(), format!("H_{name}"));
        found += 1;
    }
    assert!(found >= 10);
}
