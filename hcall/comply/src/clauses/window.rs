// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Windows as the host makes them: geometry, checks, attached tables, life and end.

use super::exchange::{container, dirty, pins, put, sound, why};
use crate::clause::Check::{Host, Once};
use crate::clause::Clause;
use crate::direct::{Direct, Setup};
use crate::expect;
use crate::run::{Verdict, run};
use crate::script::Script;
use iommu::bridge::Bridge;
use iommu::*;

/// The clauses.
pub(super) const CLAUSES: &[Clause] = &[
    Clause {
        id: "window/geometry",
        spec: "Linux: kvm_vm_ioctl_create_spapr_tce; papr-tce 7.88",
        says: "A window of no entries, or one that leaves the bus, is refused.",
        check: Once(geometry),
    },
    Clause {
        id: "window/geometry-wraps",
        spec: "Linux: kvm_vm_ioctl_create_spapr_tce; papr-tce 7.89; bug 50",
        says: "An offset and a size whose sum wraps are refused.",
        check: Once(geometry_wraps),
    },
    Clause {
        id: "window/range",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 4; Linux: iommu_tce_check_ioba; papr-tce 6.4 (bounds, shift width); bug 35",
        says: "A range is accepted only if every entry of it is in the window, however large the count: no shift and no sum loses a bit of it.",
        check: Once(range),
    },
    Clause {
        id: "window/page-shift",
        spec: "Linux: kvm_vm_ioctl_create_spapr_tce; papr-tce 7.88",
        says: "Page shifts are 12 to 34.",
        check: Once(page_shift),
    },
    Clause {
        id: "window/duplicate",
        spec: "Linux: kvm_vm_ioctl_create_spapr_tce; papr-tce 7.88; bugs 12 and 55",
        says: "A LIOBN in use is refused, and the window that has it is unchanged.",
        check: Host(duplicate),
    },
    Clause {
        id: "window/put-check",
        spec: "Linux: iommu_tce_put_param_check; papr-tce 4.1",
        says: "An address with any permission bit, reserved bit or bit below the page is refused for an exchange.",
        check: Once(put_check),
    },
    Clause {
        id: "window/clear-check",
        spec: "Linux: iommu_tce_clear_param_check; papr-tce 4.1",
        says: "Clearing takes the value 0, an aligned bus address, and a range inside the window.",
        check: Once(clear_check),
    },
    Clause {
        id: "window/attach-larger-pages",
        spec: "Linux: kvm_spapr_tce_attach_iommu_group; papr-tce 5.2 and 7.92; bug 18",
        says: "Hardware pages larger than the guest's are refused when the table is attached.",
        check: Host(attach_larger_pages),
    },
    Clause {
        id: "window/attach-elsewhere",
        spec: "Linux: kvm_spapr_tce_attach_iommu_group; papr-tce 5.2 and 7.92",
        says: "A hardware table that begins elsewhere or is shorter is refused.",
        check: Host(attach_elsewhere),
    },
    Clause {
        id: "window/attach-longer",
        spec: "Linux: kvm_spapr_tce_attach_iommu_group; papr-tce 5.2 and 7.92; bug 23",
        says: "A hardware table that is longer than the window is accepted.",
        check: Host(attach_longer),
    },
    Clause {
        id: "window/offset",
        spec: "LoPAR 2.9, H_PUT_TCE, semantics 1; Linux: kvmppc_ioba_validate; papr-tce 7.28; bugs 7 and 58",
        says: "Entries of a window that does not begin at 0 are counted from its beginning.",
        check: Host(offset),
    },
    Clause {
        id: "window/reset",
        spec: "LoPAR 2.9, ibm,reset-pe-dma-windows; QEMU: spapr_phb_dma_reset; papr-tce 7.87; bugs 56 and 67",
        says: "A reset clears the view and the hardware, releases every page, and marks the pages dirty that devices could write.",
        check: Host(reset),
    },
    Clause {
        id: "window/other-windows",
        spec: "LoPAR 2.9, H_STUFF_TCE, semantics 1; papr-tce 6.4, index mixing",
        says: "A call on one window does not change the others.",
        check: Host(other_windows),
    },
    Clause {
        id: "window/foreign",
        spec: "LoPAR 2.9, ibm,remove-pe-dma-window, ibm,reset-pe-dma-window; Linux: kvmppc_find_table; papr-tce 7.86",
        says: "A virtual device's window is none of the host bridge's: no RTAS call removes or resets it, and each LIOBN has its own bounds.",
        check: Host(foreign),
    },
];

const L: Liobn = Liobn(0x8000_0000);
const L2: Liobn = Liobn(0x8000_0001);
const A: u64 = 0x1_0000;
const B: u64 = 0x2_0000;
const RW: u64 = 3;
const TOP: u64 = 1 << 59;

fn geometry() -> Result<(), String> {
    expect!(Window::new(L, PageShift::K4, 0, 0).is_err(), true);
    expect!(Window::new(L, PageShift::K4, 1 << 52, 1).is_err(), true);
    expect!(Window::new(L, PageShift::K4, (1 << 52) - 1, 2).is_err(), true);
    expect!(Window::new(L, PageShift::K4, 0, 1).is_ok(), true);
    expect!(Window::bytes(L, 0x800, 0x1000, PageShift::K4).is_err(), true);
    Ok(())
}

fn geometry_wraps() -> Result<(), String> {
    expect!(Window::new(L, PageShift::K4, u64::MAX, 2).is_err(), true);
    expect!(Window::new(L, PageShift::K4, 2, u64::MAX).is_err(), true);
    expect!(Window::new(L, PageShift::K4, 1 << 63, 1 << 63).is_err(), true);
    Ok(())
}

fn range() -> Result<(), String> {
    let window = Window::bytes(Liobn(7), 0, 16 << 12, PageShift::K4).map_err(why)?;
    expect!(window.range(Ioba(0xf000), 1).is_ok(), true);
    let beyond = (4..64).map(|bit| (1 << bit) + 1);
    for count in beyond.chain([17, u64::MAX, u64::MAX - 14, 1 << 52, 1 << 63]) {
        expect!(window.range(Ioba(0), count), Err(Error::Outside { ioba: Ioba(0), count }));
        expect!(window.range(Ioba(0xf000), count).is_err(), true);
    }
    Ok(())
}

fn page_shift() -> Result<(), String> {
    for shift in [0, 11, 35, 63, 64, 255, u32::MAX] {
        expect!(PageShift::new(shift).is_err(), true);
    }
    for shift in [12, 16, 21, 24, 30, 34] {
        expect!(PageShift::new(shift).is_ok(), true);
    }
    Ok(())
}

fn duplicate(setup: &Setup) -> Result<(), String> {
    let all = container(setup, PageShift::K4, &[PageShift::K4])?;
    let mut agent = all.agent();
    put(&all, &mut agent, 0, A | RW)?;
    let window = Window::bytes(L, 0, 1 << 20, PageShift::K64).map_err(why)?;
    let table = Bridge::new(setup.platform).create_table(window, 1).map_err(why)?;
    expect!(all.add_window(window, table), Err(Error::Duplicate(L)));
    expect!((all.windows().len(), pins(&all, A)), (1, 1));
    sound(&all)
}

fn put_check() -> Result<(), String> {
    let window = Window::bytes(L, 0, 1 << 30, PageShift::K64).map_err(why)?;
    expect!(window.tce_put_param_check(Ioba(0x1_0000), 0x5_0000), Ok(GuestEntry(1)));
    for bit in 0..16 {
        expect!(window.tce_put_param_check(Ioba(0), 0x5_0000 | 1 << bit).is_err(), true);
        expect!(window.tce_put_param_check(Ioba(1 << bit), 0x5_0000).is_err(), true);
    }
    expect!(window.tce_put_param_check(Ioba(1 << 30), 0x5_0000).is_err(), true);
    Ok(())
}

fn clear_check() -> Result<(), String> {
    let window = Window::bytes(L, 0, 1 << 30, PageShift::K4).map_err(why)?;
    expect!(window.tce_clear_param_check(Ioba(0), 0, 1 << 18), Ok(GuestEntry(0)));
    expect!(window.tce_clear_param_check(Ioba(0), 1, 1).is_err(), true);
    expect!(window.tce_clear_param_check(Ioba(0), 0x1000, 1).is_err(), true);
    expect!(window.tce_clear_param_check(Ioba(0x800), 0, 1).is_err(), true);
    expect!(window.tce_clear_param_check(Ioba(0), 0, (1 << 18) + 1).is_err(), true);
    expect!(window.tce_clear_param_check(Ioba(0x1000), 0, u64::MAX).is_err(), true);
    Ok(())
}

/// Attaches a hardware table to a window of 1 MiB at 2^59 with 64 KiB pages.
fn attach(setup: &Setup, start: u64, len: u64, shift: u32) -> Result<Result<(), Error>, String> {
    let all = Container::new(Frames::new(1 << 20).map_err(why)?);
    let window = Window::bytes(L, TOP, 1 << 20, PageShift::K64).map_err(why)?;
    let table = Bridge::new(setup.platform).create_table(window, 1).map_err(why)?;
    all.add_window(window, table).map_err(why)?;
    let shift = PageShift::new(shift).map_err(why)?;
    let hw = Window::bytes(L, start, len, shift).map_err(why)?;
    Ok(all.attach(L, Bridge::new(setup.platform).create_table(hw, 1).map_err(why)?))
}

fn attach_larger_pages(setup: &Setup) -> Result<(), String> {
    expect!(attach(setup, TOP, 16 << 20, 24)?, Err(Error::Incompatible(L)));
    expect!(attach(setup, TOP, 1 << 20, 12)?, Ok(()));
    Ok(())
}

fn attach_elsewhere(setup: &Setup) -> Result<(), String> {
    expect!(attach(setup, 0, 1 << 20, 16)?, Err(Error::Incompatible(L)));
    expect!(attach(setup, TOP + 0x1_0000, 1 << 20, 16)?, Err(Error::Incompatible(L)));
    expect!(attach(setup, TOP, (1 << 20) - 0x1_0000, 16)?, Err(Error::Incompatible(L)));
    Ok(())
}

fn attach_longer(setup: &Setup) -> Result<(), String> {
    expect!(attach(setup, TOP, 2 << 20, 16)?, Ok(()));
    Ok(())
}

/// Memory of 1 MiB with two windows: that of `container`, and one of 1 MiB at 2^59 with 64 KiB pages.
fn two_windows(setup: &Setup) -> Result<Container, String> {
    let all = container(setup, PageShift::K4, &[PageShift::K4])?;
    let window = Window::bytes(L2, TOP, 1 << 20, PageShift::K64).map_err(why)?;
    let table = Bridge::new(setup.platform).create_table(window, 1).map_err(why)?;
    all.add_window(window, table).map_err(why)?;
    Ok(all)
}

fn offset(setup: &Setup) -> Result<(), String> {
    let all = two_windows(setup)?;
    let mut agent = all.agent();
    let mut put = |ioba| all.put(&mut agent, L2, Ioba(ioba), RawTce(A | RW));
    expect!(put(TOP + 0x2_0000), Ok(()));
    for outside in [0, TOP - 0x1_0000, TOP + (1 << 20)] {
        expect!(put(outside).is_err(), true);
    }
    let window = all.window(L2).map_err(why)?;
    expect!(window.view().load(GuestEntry(2)), RawTce(A | RW));
    expect!(window.tables()[0].tce(HwEntry(2)).map_err(why)?.is_live(), true);
    sound(&all)
}

fn reset(setup: &Setup) -> Result<(), String> {
    let all = two_windows(setup)?;
    let mut agent = all.agent();
    put(&all, &mut agent, 0x3ff000, A | RW)?;
    put(&all, &mut agent, 0, B | 1)?;
    all.put(&mut agent, L2, Ioba(TOP), RawTce(B | 1)).map_err(why)?;
    all.clear(&mut agent);
    expect!((pins(&all, A), pins(&all, B)), (0, 0));
    expect!((dirty(&all, A), dirty(&all, B)), (true, false));
    expect!(all.audit().live, 0);
    for window in all.windows().iter() {
        expect!(window.view().load(GuestEntry(0)), RawTce(0));
        expect!(window.live(), 0);
    }
    sound(&all)
}

fn other_windows(setup: &Setup) -> Result<(), String> {
    let all = two_windows(setup)?;
    let mut agent = all.agent();
    put(&all, &mut agent, 0, A | RW)?;
    all.put(&mut agent, L2, Ioba(TOP), RawTce(B | RW)).map_err(why)?;
    all.stuff(&mut agent, L2, Ioba(TOP), RawTce(0), 16).map_err(why)?;
    expect!((pins(&all, A), pins(&all, B)), (1, 0));
    expect!(all.window(L).map_err(why)?.view().load(GuestEntry(0)), RawTce(A | RW));
    sound(&all)
}

/// A machine whose virtual device has a window of 1 MiB.
fn foreign(setup: &Setup) -> Result<(), String> {
    let own = Window::bytes(Liobn(0x7100_0003), 0, 1 << 20, PageShift::K4).map_err(why)?;
    let setup = Setup { devices: vec![own], ..setup.clone() };
    let script = Script::parse(
        "
        H_PUT_TCE 0x71000003 0 A|RW -> H_SUCCESS
        H_PUT_TCE L 0 B|R -> H_SUCCESS
        rtas ibm,remove-pe-dma-window 0x71000003 -> -3
        H_GET_TCE 0x71000003 0 -> H_SUCCESS A|RW
        H_PUT_TCE 0x71000003 0x100000 A|RW -> H_PARAMETER
        H_STUFF_TCE L 0 0 512 -> H_SUCCESS
        host pins A = 1
        host pins B = 0
        rtas ibm,remove-pe-dma-window L -> 0
        H_GET_TCE L 0 -> H_PARAMETER
        H_GET_TCE 0x71000003 0 -> H_SUCCESS A|RW
        rtas ibm,reset-pe-dma-window 0 BUID.hi BUID.lo -> 0
        H_GET_TCE 0x71000003 0 -> H_SUCCESS A|RW
        H_GET_TCE L 0 -> H_SUCCESS 0
        host pins A = 1
        ",
    )?;
    let outcome = run(&mut Direct::new(&setup)?, &script, setup.profile);
    if outcome.verdict == Verdict::Pass { Ok(()) } else { Err(outcome.verdict.why().to_owned()) }
}
