// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The host's cost of hypercalls, from registers in to registers out, and of reading a list.

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use hcall::tokens::*;
use hcall::{Accel, Tier};
use tests::rig::*;
use vm_memory::{Be64, GuestAddress, GuestMemoryBackend, VolatileMemory};

fn main() {
    divan::main();
}

/// The number of calls in a sample.
const CALLS: u64 = 256;

/// Runs calls whose arguments, from r4 up, come from the number of the call; the tiers are the default ones.
fn calls(bencher: Bencher, entries: u64, token: u64, args: impl Fn(u64) -> [u64; 4]) {
    calls_on(Rig::new(), bencher, entries, token, args);
}

fn calls_on(
    mut r: Rig,
    bencher: Bencher,
    entries: u64,
    token: u64,
    args: impl Fn(u64) -> [u64; 4],
) {
    let list =
        |page: u64| (0..512).map(move |n| ((n + page) % 1024) << 12 | RW).collect::<Vec<_>>();
    r.write_list(LIST, &list(1));
    r.write_list(LIST + 0x1000, &list(2));
    let mut n = 0;
    bencher.counter(ItemsCount::new(CALLS * entries)).bench_local(|| {
        for _ in 0..CALLS {
            n += 1;
            let [r4, r5, r6, r7] = args(n);
            let mut regs = [token, r4, r5, r6, r7, 0, 0, 0, 0, 0];
            r.call(&mut regs);
            black_box(regs[0]);
        }
    });
}

#[divan::bench]
fn unknown_token(bencher: Bencher) {
    calls(bencher, 1, 0x4fc, |_| [0; 4]);
}

#[divan::bench]
fn null_call(bencher: Bencher) {
    calls(bencher, 1, H_SET_SPRG0, |n| [n, 0, 0, 0]);
}

#[divan::bench]
fn refused_put(bencher: Bencher) {
    calls(bencher, 1, H_PUT_TCE, |_| [7, 0, A | RW, 0]);
}

#[divan::bench]
fn get(bencher: Bencher) {
    calls(bencher, 1, H_GET_TCE, |n| [L, (n % 1024) << 12, 0, 0]);
}

#[divan::bench]
fn put_on_one_entry(bencher: Bencher) {
    calls(bencher, 1, H_PUT_TCE, |n| [L, 0, (n % 1024) << 12 | RW, 0]);
}

#[divan::bench]
fn put_over_the_window(bencher: Bencher) {
    calls(bencher, 1, H_PUT_TCE, |n| [L, (n % 1024) << 12, (n * 7 % 1024) << 12 | RW, 0]);
}

#[divan::bench(args = ["real", "virtual", "user"])]
fn put_from_each_tier(bencher: Bencher, tier: &str) {
    let rig = Rig::with(Accel::new(tier.parse().expect("a tier")));
    calls_on(rig, bencher, 1, H_PUT_TCE, |n| [L, 0, (n % 1024) << 12 | RW, 0]);
}

#[divan::bench(args = ["real", "virtual", "user"])]
fn list_of_512_from_each_tier(bencher: Bencher, tier: &str) {
    let rig = Rig::with(Accel::new(tier.parse().expect("a tier")));
    let page = |n| LIST + ((n % 2) << 12);
    calls_on(rig, bencher, 512, H_PUT_TCE_INDIRECT, |n| [L, 0, page(n), 512]);
}

#[divan::bench]
fn put_with_faults_that_do_not_happen(bencher: Bencher) {
    let never = "hardware:prob=0".parse().expect("a fault");
    let rig = Rig::with_faults(Tier::Virtual, [never]);
    calls_on(rig, bencher, 1, H_PUT_TCE, |n| [L, 0, (n % 1024) << 12 | RW, 0]);
}

#[divan::bench]
fn list_of_1(bencher: Bencher) {
    calls(bencher, 1, H_PUT_TCE_INDIRECT, |n| [L, 0, LIST + ((n % 2) << 12), 1]);
}

#[divan::bench]
fn list_of_512(bencher: Bencher) {
    calls(bencher, 512, H_PUT_TCE_INDIRECT, |n| [L, 0, LIST + ((n % 2) << 12), 512]);
}

#[divan::bench]
fn stuff_of_512_map_and_clear_in_turn(bencher: Bencher) {
    calls(bencher, 512, H_STUFF_TCE, |n| [L, 0, (A | RW) * (n % 2), 512]);
}

#[divan::bench]
fn stuff_of_512_clear_over_clear(bencher: Bencher) {
    calls(bencher, 512, H_STUFF_TCE, |_| [L, 0, 0, 512]);
}

/// Reads a page of 512 entries in the fastest way that is still volatile: one check, then loads.
#[divan::bench]
fn read_list_raw(bencher: Bencher) {
    let r = Rig::new();
    bencher.counter(ItemsCount::new(512u64)).bench_local(|| {
        let page = r.memory.get_slice(GuestAddress(black_box(LIST)), 4096).expect("memory");
        let list = page.get_array_ref::<Be64>(0, 512).expect("a page");
        (0..512).fold(0u64, |sum, n| sum.wrapping_add(list.load(n).to_native()))
    });
}

/// Reads a page of 512 entries into the copy that a call works on.
#[divan::bench]
fn read_list_copy(bencher: Bencher) {
    let r = Rig::new();
    bencher.counter(ItemsCount::new(512u64)).bench_local(|| {
        let mut copy = [0; 512];
        let list = iommu::Gpa(black_box(LIST));
        hcall::tce::read_list(&r.memory, list, &mut copy).expect("memory");
        black_box(&copy)[511]
    });
}
