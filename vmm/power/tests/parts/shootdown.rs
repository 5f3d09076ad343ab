// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Invalidations of translations, and the wait until every CPU has seen them.

use power::{
    Cpu, Exit, GuestMemory, msr,
    testing::{self, Shootdown},
};
use std::ops::ControlFlow;
use std::sync::{Arc, atomic::Ordering::SeqCst, mpsc};
use std::thread;
use vm_memory::{Bytes, GuestAddress};

/// Code of the CPU that invalidates: tlbie r5,r0,0,1,1; tlbsync; sc 1.
const INVALIDATE: [u32; 3] = [0x7c03_2a64, 0x7c00_046c, 0x4400_0022];
const TLBSYNC: u64 = FIRST + 4;
const FIRST: u64 = 0x1000;
/// Code of the other CPU: sc 1, then a branch to itself.
const OTHER: [u32; 2] = [0x4400_0022, 0x4800_0000];
const SECOND: u64 = 0x2000;

/// A CPU that is about to invalidate, and another CPU of its machine.
fn machine() -> (Cpu, Cpu) {
    let ram = Arc::new(GuestMemory::from_ranges(&[(GuestAddress(0), 0x1_0000)]).unwrap());
    for (at, words) in [(FIRST, &INVALIDATE[..]), (SECOND, &OTHER)] {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        ram.write_slice(&bytes, GuestAddress(at)).unwrap();
    }
    let first = Cpu::new(ram);
    let second = first.sibling();
    let start = |mut cpu: Cpu, nip| {
        cpu.set_msr(msr::SF | msr::ME);
        cpu.set_nip(nip);
        cpu
    };
    (start(first, FIRST), start(second, SECOND))
}

/// Runs the second CPU on a thread. In its hypercall the thread acts, signals, and waits for permission to
/// continue; then it runs until it is kicked.
fn in_hypercall(
    mut cpu: Cpu,
    act: fn(&mut Cpu),
) -> (thread::JoinHandle<Cpu>, mpsc::Receiver<()>, mpsc::Sender<()>) {
    let (acts, acted) = mpsc::channel();
    let (go, may_go) = mpsc::channel();
    let runs = thread::spawn(move || {
        let exit = cpu.run_with(|cpu| {
            act(cpu);
            acts.send(()).unwrap();
            may_go.recv().unwrap();
            cpu.set_away(false);
            ControlFlow::Continue(())
        });
        assert_eq!(exit, Exit::Kicked);
        cpu
    });
    (runs, acted, go)
}

#[test]
fn a_cpu_that_runs_has_to_see_an_invalidation_and_one_that_is_away_need_not() {
    let shootdown = Shootdown::default();
    let posts = [shootdown.join(), shootdown.join()];
    let first = shootdown.invalidate();
    assert!(shootdown.is_seen(first), "both are away");
    posts[0].publish(0); // this CPU runs
    assert!(!shootdown.is_seen(first));
    posts[0].seen(first);
    assert!(shootdown.is_seen(first));
    let second = shootdown.invalidate();
    assert!(shootdown.is_seen(first) && !shootdown.is_seen(second));
    drop(posts);
    assert!(shootdown.is_seen(second), "CPUs that are gone");
}

#[test]
fn the_count_may_wrap() {
    let shootdown = Shootdown::after(u32::MAX);
    let post = shootdown.join();
    post.publish(u32::MAX.into());
    let wrapped = shootdown.invalidate();
    assert_eq!(wrapped, 0);
    assert!(shootdown.is_seen(u32::MAX) && !shootdown.is_seen(wrapped));
    post.seen(wrapped);
    assert!(shootdown.is_seen(wrapped));
}

// Book III, 5.9.3.3, tlbsync: it completes when all tlbie have completed on other threads.
#[test]
fn tlbsync_completes_after_a_cpu_that_runs_has_seen_the_invalidation() {
    let (mut first, second) = machine();
    let (stop, post) = (second.kicker(), testing::post(&second));
    let (runs, acted, go) = in_hypercall(second, |_| ());
    acted.recv().unwrap();
    // The other CPU is between two blocks and not away: only a kick ends the wait.
    first.kicker().kick();
    testing::never_look(&mut first); // the kick is for the wait, not for the loop before it
    assert_eq!(first.run(), Exit::Kicked);
    assert_eq!(first.nip(), TLBSYNC, "to be executed again");
    let invalidation = testing::awaited_invalidation(&first).expect("it still waits");
    go.send(()).unwrap();
    assert_eq!(first.run(), Exit::Hcall);
    assert_eq!(testing::awaited_invalidation(&first), None);
    assert_eq!(post.load(SeqCst), u64::from(invalidation), "seen, and it still runs");
    stop.kick();
    runs.join().unwrap();
}

#[test]
fn tlbsync_does_not_wait_for_a_cpu_that_waits_in_a_hypercall_which_sees_it_when_it_is_back() {
    let (mut first, second) = machine();
    let stop = second.kicker();
    let (runs, acted, go) = in_hypercall(second, |cpu| cpu.set_away(true));
    acted.recv().unwrap();
    assert_eq!(first.run(), Exit::Hcall);
    go.send(()).unwrap();
    stop.kick();
    let mut second = runs.join().unwrap();
    assert_eq!(second.step(), None);
    assert_eq!(testing::seen_invalidation(&second), testing::seen_invalidation(&first));
    assert_eq!(testing::seen_invalidation(&second), 1);
}
