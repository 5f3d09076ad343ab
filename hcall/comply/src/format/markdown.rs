// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The clauses as a document: `hcall/comply/CLAUSES.md`.

use crate::clause::{Check, Clause};
use crate::coverage;
use std::fmt::Write;

const HEAD: &str = "\
<!-- SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause -->
# The clauses

The requirements on TCE hypercalls and on the layers under them. `TCEVM_WRITE=1 cargo test -p tcevm-comply --test all document`
writes this file from the rows in `src/clauses/`; without the variable the test fails when file and rows differ.

\"papr-tce n.m\" and \"bug n\" are in [docs](../../docs/README.md): sections, and historical bugs of Linux and QEMU.
*guest*: the check is a script of hypercalls, which runs on every rig. *faults*: the check is a script on a machine
with injected faults. *host*: the check calls the library, for calls and facts that no guest can make or see. *host, once*: its part of the
library knows neither tiers nor bridges, so one rig runs it and the others skip it.
";

/// The clauses as the document CLAUSES.md.
pub fn markdown(clauses: &[&'static Clause]) -> String {
    let mut out = String::from(HEAD);
    let mut section = "";
    // Writing to a string does not fail, so the result of write! is dropped throughout.
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
            Check::Once(_) => "host, once",
        };
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {by} |",
            clause.id,
            cell(clause.says),
            cell(clause.spec)
        );
    }
    out += "\n## Coverage\n";
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
