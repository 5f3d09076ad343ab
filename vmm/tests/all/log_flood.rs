// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Guests that try to fill the host's disk through its log.

use std::path::Path;

use crate::support::{Files, arg, code, run, stderr, stdout};
use vmm::log_limit::{BURST, PERIOD};

/// The number of messages that a line reports as left out.
fn left_out(line: &str) -> u64 {
    let (before, _) = line.split_once(" more like ").unwrap_or_default();
    let digits = before.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    digits.parse().unwrap_or(0)
}

// LoPAR 2.9: a client may send error-log datagrams, and break the protocol, as often as it likes.
#[test]
fn a_guest_that_floods_the_log_gets_some_lines_and_a_count() {
    const MESSAGES: u64 = 5000;
    let files = Files::new();
    let disk = files.write("disk", vec![0; 1 << 20]);
    let image = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-images/images/flood-le.elf");
    let append = format!("messages={MESSAGES}");
    let start = std::time::Instant::now();
    let output = run([arg(&image), "-m", "16M", "--disk", arg(&disk), "--append", &append]);
    let most = u64::from(BURST) + start.elapsed().as_secs() / PERIOD.as_secs() + 1;
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(stdout(&output).contains("5000 messages of each kind"), "{output:?}");
    let said = stderr(&output);
    for kind in ["the guest logs an error: ", "the client broke the protocol: "] {
        let lines: Vec<_> = said.lines().filter(|line| line.contains(kind)).collect();
        let (ends, shown): (Vec<&str>, Vec<&str>) = lines
            .iter()
            .copied()
            .partition(|line| line.contains(" more like this were left out: "));
        assert!((1..=most).contains(&(shown.len() as u64)), "{kind}: {} lines", shown.len());
        // The end of the run reports the remaining count, unless the last message was written itself.
        assert!(ends.len() <= 1, "{said}");
        let counted: u64 = lines.iter().map(|line| left_out(line)).sum();
        assert_eq!(counted + shown.len() as u64, MESSAGES, "{kind}: {said}");
    }
    assert!(!said.contains('\x1b'), "the terminal is not the guest's");
}
