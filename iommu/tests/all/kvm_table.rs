// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Tables as KVM makes them (papr-tce 5.1, 5.2, 7.88 to 7.93).

use crate::stop::Stop;
use iommu::kvm_table::{CreateTce64, Sigbus};
use iommu::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const MEMORY: u64 = 0x100_0000;
const L: u64 = 0x8000_0000;
const RW: u64 = 3;

fn vm(limit: u64) -> (Vm, Arc<MemLock>) {
    let lock = MemLock::new(limit);
    let container = Arc::new(Container::new(Frames::new(MEMORY).expect("memory")));
    (Vm::new(container, lock.clone()), lock)
}

fn args(size: u64) -> CreateTce64 {
    CreateTce64 { liobn: L, page_shift: 12, flags: 0, offset: 0, size }
}

fn hw(shift: u32, start: u64, len: u64) -> Arc<IommuTable> {
    let shift = PageShift::new(shift).expect("a shift");
    let window = Window::bytes(Liobn(1), start, len, shift).expect("a window");
    Arc::new(IommuTable::new(window, Ioda2::default()).expect("a table"))
}

fn put(vm: &Vm, ioba: u64, tce: u64) -> Result<(), Error> {
    let mut by = vm.container().agent();
    vm.container().put(&mut by, Liobn(L as u32), Ioba(ioba), RawTce(tce))
}

// papr-tce 7.88, in the order of the checks
#[test]
fn creating_checks_in_order_and_charges_only_on_success() {
    let (vm, lock) = vm(10);
    let refused = |args: CreateTce64| {
        let errno = vm.create_spapr_tce_64(&args).expect_err("refused");
        assert_eq!(lock.locked(), 0, "{args:?}");
        errno
    };
    assert_eq!(refused(CreateTce64 { flags: 1, size: 0, ..args(0) }), Errno::Einval);
    assert_eq!(refused(args(0)), Errno::Einval);
    for page_shift in [0, 11, 35, 64, 255] {
        assert_eq!(refused(CreateTce64 { page_shift, ..args(1) }), Errno::Einval);
    }
    for (page_shift, offset, size) in
        [(12, 0, 1 << 52), (12, (1 << 52) - 1, 1), (34, (1 << 30) - 1, 1), (12, u64::MAX, 1)]
    {
        assert_eq!(refused(CreateTce64 { page_shift, offset, size, ..args(1) }), Errno::Einval);
    }
    assert_eq!(refused(CreateTce64 { liobn: 1 << 32, ..args(1) }), Errno::Einval);
    // 10 pages of 512 entries and one for the list of pages.
    assert_eq!(refused(args(512 * 10)), Errno::Enomem);
    let table = vm.create_spapr_tce_64(&args(512 * 9)).expect("9 and 1");
    assert_eq!(lock.locked(), 10);
    drop(table);
    assert_eq!(lock.locked(), 0);
}

// papr-tce 7.89
#[test]
fn bug_50_offset_and_size_that_wrap_are_refused() {
    let (vm, _) = vm(10);
    let wraps = CreateTce64 { offset: u64::MAX, ..args(2) };
    assert_eq!(vm.create_spapr_tce_64(&wraps).err(), Some(Errno::Einval));
}

// papr-tce 7.88: the limit is checked before the duplicate
#[test]
fn a_second_table_of_one_liobn_is_busy_unless_it_is_too_large_first() {
    let (vm, lock) = vm(10);
    let first = vm.create_spapr_tce_64(&args(512)).expect("free");
    assert_eq!(vm.create_spapr_tce_64(&args(512)).err(), Some(Errno::Ebusy));
    assert_eq!(vm.create_spapr_tce_64(&args(512 * 9)).err(), Some(Errno::Enomem));
    assert_eq!(lock.locked(), 2);
    first.close();
    assert_eq!(lock.locked(), 0);
    vm.create_spapr_tce_64(&args(512)).expect("free again").close();
}

// bug 12: exactly one of several threads creates the table
#[test]
fn bug_12_of_threads_that_create_one_liobn_exactly_one_succeeds() {
    let (vm, lock) = vm(1000);
    for _ in 0..50 {
        let tables: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> =
                (0..4).map(|_| scope.spawn(|| vm.create_spapr_tce_64(&args(512)))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
        });
        assert_eq!(tables.iter().filter(|table| table.is_ok()).count(), 1);
        assert_eq!(lock.locked(), 2);
        drop(tables);
        assert_eq!((lock.locked(), vm.container().windows().len()), (0, 0));
    }
}

#[test]
fn the_old_call_makes_4_kib_pages_from_0_on() {
    let (vm, _) = vm(1000);
    let table = vm.create_spapr_tce(L, 0x4000_0000).expect("free");
    let window = *vm.container().window(table.liobn()).expect("there").window();
    assert_eq!((window.page_shift(), window.size()), (PageShift::K4, 0x4_0000));
    assert_eq!(vm.create_spapr_tce(L + 1, 0xfff).err(), Some(Errno::Einval), "no page");
}

// papr-tce 7.90
#[test]
fn user_space_reads_the_table_and_faults_behind_it() {
    let (vm, _) = vm(1000);
    let table = vm.create_spapr_tce_64(&args(100)).expect("free");
    let map = table.map();
    put(&vm, 0x5000, 0x1_0003).expect("put");
    assert_eq!((map.read(40), map.read(0), map.read(99 * 8)), (Ok(0x1_0003), Ok(0), Ok(0)));
    assert_eq!((map.bytes(), map.read(4095), map.read(4096)), (4096, Ok(0), Err(Sigbus)));
    table.close();
    assert_eq!(map.read(40), Ok(0x1_0003), "it never dangles");
    assert_eq!(put(&vm, 0x5000, 0), Err(Error::NoWindow(Liobn(L as u32))));
}

// papr-tce 7.92; bugs 18 and 23
#[test]
fn bug_23_a_larger_hardware_window_is_compatible_and_others_are_not() {
    let (vm, _) = vm(1000);
    let args = CreateTce64 { page_shift: 16, ..args(0x100) };
    let table = vm.create_spapr_tce_64(&args).expect("free");
    let bad = [hw(24, 0, 1 << 24), hw(16, 1 << 24, 1 << 24), hw(16, 0, 1 << 23)];
    assert_eq!(table.attach_group(&bad).err(), Some(Errno::Einval));
    assert_eq!(table.attach_group(&[]).err(), Some(Errno::Einval));
    let good = hw(12, 0, 1 << 26);
    let both = [bad[0].clone(), good.clone()];
    assert!(Arc::ptr_eq(&table.attach_group(&both).expect("one fits"), &good));
}

// papr-tce 7.92: a table that is attached twice is one entry of the list with two references
#[test]
fn attaching_twice_takes_a_reference() {
    let (vm, _) = vm(1000);
    let table = vm.create_spapr_tce_64(&args(0x100)).expect("free");
    let hw = hw(12, 0, 1 << 20);
    for _ in 0..2 {
        table.attach_group(std::slice::from_ref(&hw)).expect("fits");
    }
    let attached = || vm.container().windows()[0].tables().len();
    assert_eq!(attached(), 1);
    put(&vm, 0, 0x1_0000 | RW).expect("put");
    assert_eq!(vm.container().audit(), Audit { live: 1, ..Audit::default() });
    table.detach(&hw).expect("attached");
    assert_eq!(attached(), 1);
    table.detach(&hw).expect("attached still");
    assert_eq!((attached(), table.detach(&hw)), (0, Err(Errno::Enoent)));
}

// papr-tce 7.93: no replay; papr-tce 5.2: detaching does not clear
#[test]
fn attaching_replays_nothing_and_detaching_clears_nothing() {
    let (vm, _) = vm(1000);
    let table = vm.create_spapr_tce_64(&args(0x100)).expect("free");
    put(&vm, 0, 0x1_0000 | RW).expect("only the view");
    let hw = hw(12, 0, 1 << 20);
    table.attach_group(std::slice::from_ref(&hw)).expect("fits");
    assert_eq!(hw.tce(HwEntry(0)), Ok(Tce::CLEAR));
    put(&vm, 0x1000, 0x2_0000 | RW).expect("both");
    table.detach(&hw).expect("attached");
    assert!(hw.tce(HwEntry(1)).expect("in the table").is_live());
    let mut by = vm.container().agent();
    vm.container().retire(&mut by, &hw);
    assert_eq!(vm.container().audit(), Audit::default());
}

// bug 15: two windows of the group, and a second group that shares one of them
#[test]
fn bug_15_a_group_that_goes_takes_all_of_its_tables_along() {
    let (vm, _) = vm(10_000);
    let tables = [0, 1].map(|n| {
        let args = CreateTce64 { liobn: L + n, offset: n << 20, ..args(0x100) };
        vm.create_spapr_tce_64(&args).expect("free")
    });
    let hw = [hw(12, 0, 1 << 20), hw(12, 1 << 32, 1 << 20)];
    let attached = |n: usize| vm.container().windows()[n].tables().len();
    tables[0].attach_group(&hw).expect("the first fits");
    tables[1].attach_group(&hw).expect("the second fits");
    tables[1].attach_group(&hw[1..]).expect("of the second group");
    assert_eq!((attached(0), attached(1)), (1, 1));
    vm.release_group(&hw);
    assert_eq!((attached(0), attached(1)), (0, 1), "the second group has it still");
    vm.release_group(&hw[1..]);
    assert_eq!(attached(1), 0);
    vm.release_group(&hw); // nothing is left, so the call has no effect
    assert!(hw.iter().all(|hw| Arc::strong_count(hw) == 1));
}

// bug 24: with several tables, each attached several times
#[test]
fn bug_24_closing_a_table_ends_and_lets_all_hardware_tables_go() {
    let (vm, lock) = vm(1000);
    let table = vm.create_spapr_tce_64(&args(0x100)).expect("free");
    let hw = [1u64, 2, 4].map(|n| hw(12, 0, n << 20));
    for _ in 0..3 {
        for hw in &hw {
            table.attach_group(std::slice::from_ref(hw)).expect("fits");
        }
    }
    assert_eq!(vm.container().windows()[0].tables().len(), 3);
    table.close();
    assert!(hw.iter().all(|hw| Arc::strong_count(hw) == 1));
    assert_eq!((vm.container().windows().len(), lock.locked()), (0, 0));
}

// bug 9, CVE-2024-41070: one thread closes the table while another one attaches to it
#[test]
fn bug_9_attaching_to_a_table_that_is_closed_meanwhile_is_ebadf() {
    let (vm, _) = vm(1000);
    let hw = hw(12, 0, 1 << 20);
    for _ in 0..300 {
        let table = vm.create_spapr_tce_64(&args(0x100)).expect("free");
        std::thread::scope(|scope| {
            let attacher = scope.spawn(|| {
                loop {
                    match table.attach_group(std::slice::from_ref(&hw)) {
                        Ok(_) => std::thread::yield_now(),
                        Err(errno) => return errno,
                    }
                }
            });
            vm.container().close_window(&vm.container().windows()[0]);
            // Another table has the LIOBN now, and must not get calls for the first.
            let second = vm.create_spapr_tce_64(&args(0x100)).expect("free");
            assert_eq!(attacher.join().expect("no panic"), Errno::Ebadf);
            assert_eq!(vm.container().windows()[0].tables().len(), 0);
            assert_eq!(table.detach(&hw), Err(Errno::Ebadf));
            drop(second);
        });
        drop(table);
        assert_eq!(Arc::strong_count(&hw), 1);
    }
}

// papr-tce 7.91; bug 11: calls that look a table up while it is closed
#[test]
fn bug_11_a_table_is_closed_while_it_is_used() {
    let (vm, lock) = vm(10_000);
    let done = AtomicBool::new(false);
    let hw = hw(12, 0, 1 << 20);
    std::thread::scope(|scope| {
        let stop = Stop(&done);
        for n in 0..2u64 {
            let (vm, done) = (&vm, &done);
            scope.spawn(move || {
                let mut by = vm.container().agent();
                while !done.load(Ordering::Relaxed) {
                    let tce = RawTce(((n + 1) << 12) | RW);
                    let put = vm.container().put(&mut by, Liobn(L as u32), Ioba(n << 12), tce);
                    let gone = Err(Error::NoWindow(Liobn(L as u32)));
                    assert!(put == Ok(()) || put == gone, "{put:?}");
                }
            });
        }
        for _ in 0..2000 {
            let table = vm.create_spapr_tce_64(&args(0x100)).expect("closed before");
            table.attach_group(std::slice::from_ref(&hw)).expect("fits");
        }
        drop(stop);
    });
    assert_eq!((lock.locked(), vm.container().windows().len()), (0, 0));
    let mut by = vm.container().agent();
    vm.container().retire(&mut by, &hw);
    assert_eq!(vm.container().audit(), Audit::default());
}

// bug 10: the list of tables while threads create and close tables
#[test]
fn bug_10_tables_come_and_go_on_many_threads() {
    let (vm, lock) = vm(10_000);
    std::thread::scope(|scope| {
        for n in 0..4 {
            let vm = &vm;
            scope.spawn(move || {
                for _ in 0..500 {
                    let args = CreateTce64 { liobn: L + n, ..args(0x100) };
                    let table = vm.create_spapr_tce_64(&args).expect("its own LIOBN");
                    vm.container().window(table.liobn()).expect("there");
                    table.close();
                }
            });
        }
    });
    assert_eq!((lock.locked(), vm.container().windows().len()), (0, 0));
}
