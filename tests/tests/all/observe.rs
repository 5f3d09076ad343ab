// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! `--report` and `--trace-file` while Debian's drivers use devices.

use std::fs;

use serde_json::Value;
use tests::debian::{command, guest, said};
use tests::events::Events;
use tests::{browser, run_page, tool};
use vmm_sys_util::tempdir::TempDir;

#[test]
fn a_run_with_devices_as_a_trace_and_as_a_page() {
    let test = "a_run_with_devices_as_a_trace_and_as_a_page";
    let Some(guest) = guest(test) else { return };
    let files = TempDir::new_with_prefix(std::env::temp_dir().join("tcevm-")).expect("a directory");
    let file = |name: &str| files.as_path().join(name).display().to_string();
    let (disk, hub) = (file("disk"), format!("hub={}", file("hub")));
    fs::File::create(&disk).and_then(|disk| disk.set_len(32 << 20)).expect("a disk");
    let (trace, page) = (file("run.json"), file("run.html"));
    let words = "devices address=10.0.9.1 do=net do=scsi do=make do=check do=unload";
    let mut command = command(guest, "devices.cpio", words);
    command.args(["--net", &hub, "--disk", &disk, "--check", "dma", "--smp", "2", "--stats=json"]);
    let output =
        command.args(["--trace-file", &trace, "--report", &page]).output().expect("starts");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = said(&output);
    assert!(said.contains(&"check: 202 of 202 files".into()), "{said:?}");
    let errors = String::from_utf8_lossy(&output.stderr);
    let stats: Value =
        serde_json::from_str(errors.lines().last().unwrap_or("")).expect("statistics");

    let events = Events::read(&fs::read_to_string(&trace).expect("a trace"));
    events.are_of(&stats);
    assert_eq!((events.dropped, events.moved.len()), (0, 4), "{:?}", events.moved);
    // An entry that shares its place with a later one has lost its arrow.
    let (reached, all) = events.reached;
    assert!(reached <= all && reached * 10 >= all * 9, "{reached} of {all} accesses");

    let html = fs::read_to_string(&page).expect("a page");
    run_page::agrees(&html, &stats);
    assert!(html.contains("No device used a translation that was replaced or cleared."));
    if tool(test, "chromium") {
        let shown = browser::open(page.as_ref(), &files.as_path().join("profile"));
        assert!(shown.console.is_empty(), "{:?}", shown.console);
        run_page::agrees(&shown.dom, &stats);
    }
}
