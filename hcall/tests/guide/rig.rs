// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
// What the examples of GUIDE.md leave out: a guest with a window, and a call on it.

struct Nothing;

impl hcall::Machine for Nothing {
    fn term_write(&mut self, _: u32, _: &[u8]) -> Result<(), hcall::Status> {
        Err(hcall::Status::Parameter)
    }
    fn term_read(&mut self, _: u32, _: &mut [u8; 16]) -> Result<usize, hcall::Status> {
        Err(hcall::Status::Parameter)
    }
    fn set_interrupts_little_endian(&mut self, _: bool) {}
    fn set_sprg0(&mut self, _: u64) {}
    fn cede(&mut self) {}
    fn power_off(&mut self) {}
    fn random(&mut self) -> Option<u64> {
        None
    }
    fn now(&self) -> std::time::SystemTime {
        std::time::SystemTime::UNIX_EPOCH
    }
}

/// Makes a call with r3 to r6.
fn make(accel: &hcall::Accel, meter: &mut hcall::Meter, args: [u64; 4]) -> hcall::Status {
    let guest = iommu::Container::new(iommu::Frames::new(1 << 20).unwrap());
    let shift = iommu::PageShift::K4;
    let window = iommu::Window::bytes(iommu::Liobn(0x8000_0000), 0, 1 << 20, shift).unwrap();
    let table = iommu::IommuTable::new(window, iommu::Ioda2::default()).unwrap();
    guest.add_window(window, table).unwrap();
    let memory = hcall::Memory::from_ranges(&[(vm_memory::GuestAddress(0), 1 << 20)]).unwrap();
    let (mut agent, mut machine) = (guest.agent(), Nothing);
    let mut regs = [0; 10];
    regs[..4].copy_from_slice(&args);
    let caller = hcall::Caller::new(&guest, &memory, &mut agent, &mut machine);
    hcall::dispatch(&mut hcall::Caller { accel, meter: Some(meter), ..caller }, &mut regs).status
}
