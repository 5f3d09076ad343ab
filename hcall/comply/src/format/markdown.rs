// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The clauses as a document: `hcall/comply/CLAUSES.md`.

use crate::clause::{Check, Clause};
use crate::coverage;
use std::fmt::Write;

const HEAD: &str = "\
<!-- SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause -->
# The clauses

What a TCE hypercall, and what is under it, is held to. Written from the rows in `src/clauses/` by
`TCEVM_WRITE=1 cargo test -p tcevm-comply --test document`; the same test fails when this file is not what the rows say.

\"papr-tce n.m\" and \"bug n\" are in [docs](../../docs/README.md): sections, and historical bugs of Linux and QEMU.
*guest*: the check is a script of hypercalls, which runs on every rig. *faults*: a script on a machine in which
something goes wrong on purpose. *host*: calls of the library, for what no guest makes or sees.
";

/// The document.
pub fn markdown(clauses: &[&'static Clause]) -> String {
    let mut out = String::from(HEAD);
    let mut section = "";
    // Writing to a string does not fail, so what write! returns is dropped throughout.
    for clause in clauses {
        if clause.section() != section {
            section = clause.section();
            let _ = write!(
                out,
                "\n## {section}\n\n| id | what must hold | source | checked by |\n|---|---|---|---|\n"
            );
        }
        let by = match clause.check {
            Check::Script(_) => "guest",
            Check::Faults(..) => "faults",
            Check::Host(_) => "host",
        };
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {by} |",
            clause.id,
            cell(clause.says),
            cell(clause.spec)
        );
    }
    out += "\n## What is covered\n";
    for (title, rows) in coverage::tables(clauses) {
        if title == "Sections" {
            continue;
        }
        let _ = write!(out, "\n| {title} | clauses |\n|---|---|\n");
        for row in rows {
            let _ = writeln!(out, "| {} | {} |", row.what, row.clauses.len());
        }
    }
    out
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
