// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! A function's access to guest memory through a hot translation, beside a bare slice, which a device model without an IOMMU
//! reads. The cases take turns, so that a busy host disturbs all of them alike; each number is the best round.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hcall::Memory;
use iommu::bridge::Bridge;
use iommu::{BridgeKind, Container, Frames, Ioba, Liobn, PageShift, Pe, RawTce, Window};
use vio::dma::RingMemory;
use vio::{Fault, PePath, Port, Upstream};
use vm_memory::{Bytes, GuestAddress, GuestMemoryBackend};

const RAM: u64 = 16 << 20;
const LIOBN: Liobn = Liobn(0x8000_0000);
const ROUNDS: u32 = 2000;
const ACCESSES: u32 = 200;

struct Passes;

impl Upstream for Passes {
    fn passes(&self) -> bool {
        true
    }

    fn faulted(&self, _: &Fault) {}
}

/// The window of a PE with one page, behind a bridge or not.
struct Rig {
    memory: Arc<Memory>,
    container: Container,
    window: Window,
    bridge: Option<Arc<Bridge>>,
}

impl Rig {
    fn new(kind: Option<BridgeKind>) -> Rig {
        let memory = Memory::from_ranges(&[(GuestAddress(0), RAM as usize)]).expect("memory");
        let container = Container::new(Frames::new(RAM).expect("frames"));
        let window = Window::bytes(LIOBN, 0, 1 << 30, PageShift::K4).expect("a window");
        let bridge = kind.map(Bridge::new);
        match &bridge {
            None => _ = container.add_view(window).expect("a window"),
            Some(bridge) => {
                let table = bridge.create_table(window, 1).expect("a table");
                bridge.set_window(Pe(1), 0, &table).expect("a PE");
                container.add_window(window, table).expect("a window");
            }
        }
        container.put(&mut container.agent(), LIOBN, Ioba(0), RawTce(0x10_0003)).expect("a page");
        Rig { memory: Arc::new(memory), container, window, bridge }
    }

    fn port(&self) -> Port {
        let path = PePath::new(&self.container, &[LIOBN], Arc::new(Passes));
        let device = self.bridge.as_ref().map(|bridge| bridge.device(Pe(1)));
        let host = (self.container.frames().clone(), self.memory.clone());
        Port::of_pe("bench", path, device, self.window, host, Arc::default())
    }
}

struct Case<'a>(String, Box<dyn FnMut(u64) + 'a>, Duration);

fn case<'a>(name: impl Into<String>, access: impl FnMut(u64) + 'a) -> Case<'a> {
    Case(name.into(), Box::new(access), Duration::MAX)
}

fn compare(title: &str, mut cases: Vec<Case<'_>>) {
    for _ in 0..ROUNDS {
        for Case(_, access, best) in &mut cases {
            let start = Instant::now();
            (0..ACCESSES).for_each(|n| access(u64::from(n % 2) * 16));
            *best = start.elapsed().min(*best);
        }
    }
    println!("{title:<40} {:>9} {:>8}", "ns", "x slice");
    let slice = cases[0].2.as_secs_f64();
    for Case(name, _, best) in &cases {
        let (best, each) = (best.as_secs_f64(), 1e9 / f64::from(ACCESSES));
        println!("{name:<40} {:>9.2} {:>8.2}", best * each, best / slice);
    }
    println!();
}

fn main() {
    let rigs = [("views", None), ("ioda2", Some(BridgeKind::IODA2))];
    let rigs = rigs.map(|(name, kind)| (name, Rig::new(kind)));
    let memory = &rigs[0].1.memory;
    let at = |n: u64| GuestAddress(black_box(0x10_0000 + n));
    let copy = |buffer: &mut [u8], n: u64| {
        memory.get_slice(at(n), buffer.len()).expect("memory").copy_to(buffer);
        black_box(buffer);
    };
    for bytes in [8, 512, 4080] {
        let mut buffer = vec![0; bytes];
        let mut cases = vec![case("slice of guest memory", move |n| copy(&mut buffer, n))];
        for (name, rig) in &rigs {
            let (mut port, mut buffer) = (rig.port(), vec![0; bytes]);
            cases.push(case(format!("port, {name}"), move |n| {
                port.read(Ioba(black_box(n)), &mut buffer).expect("mapped");
                black_box(&buffer);
            }));
        }
        compare(&format!("{bytes} bytes read"), cases);
    }
    let mut cases = vec![case("slice of guest memory", |n| {
        black_box(memory.load::<u16>(at(n), Ordering::Acquire).expect("memory"));
    })];
    for (name, rig) in &rigs {
        let ring = RingMemory::new(rig.port());
        cases.push(case(format!("ring, {name}"), move |n| {
            black_box(
                ring.load::<u16>(GuestAddress(black_box(n)), Ordering::Acquire).expect("mapped"),
            );
        }));
    }
    compare("an index of a ring", cases);
}
