// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The area that r3 points to when the guest's routine gets a machine check: the interrupted r3, then an
//! RTAS error log with its extended part (LoPAR 2.9, "RTAS Error/Event Return Format", and R1-13 of
//! the FWNMI option). All of it is big-endian.

/// Bytes of the area.
pub const AREA_BYTES: usize = 8 + FIXED + EXTENDED;

const FIXED: usize = 8;
const HEADER: usize = 16;
const MAIN_A: usize = 48;
const MAIN_B: usize = 24;
/// LoPAR's text says 32. Its table has fields up to 40, and Linux reads them.
const MACHINE_CHECK: usize = 40;
const EXTENDED: usize = HEADER + MAIN_A + MAIN_B + MACHINE_CHECK;

/// The unit of the processor that used an address without memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessorUnit {
    /// The instruction fetch.
    Fetch = 1,
    /// Loads and stores.
    LoadStore = 3,
}

/// A machine check: a processor used an address without memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MachineCheck {
    /// The unit that used it.
    pub unit: ProcessorUnit,
    /// The effective address.
    pub effective: u64,
}

/// The fixed part, first word: version, severity and the like, initiator and target, type.
mod fixed {
    pub(super) const VERSION: u8 = 6;
    /// Severity ERROR_SYNC: the error ends this thread of execution alone.
    const ERROR_SYNC: u8 = 3 << 5;
    const NOT_RECOVERED: u8 = 2 << 3;
    const PRESENT: u8 = 1 << 2;
    pub(super) const SEVERITY: u8 = ERROR_SYNC | NOT_RECOVERED | PRESENT;
    const CPU: u8 = 1;
    const MEMORY: u8 = 4;
    pub(super) const WHO: u8 = CPU << 4 | MEMORY;
    /// Access to a reserved or undefined address.
    pub(super) const ADDR_INVALID: u8 = 8;
}

/// The header of the extended part.
mod header {
    const VALID: u8 = 0x80;
    const UNRECOVERABLE: u8 = 0x40;
    const NEW: u8 = 0x04;
    const BIG_ENDIAN: u8 = 0x02;
    pub(super) const BYTE_0: u8 = VALID | UNRECOVERABLE | NEW | BIG_ENDIAN;
    /// PowerPC format, and a platform event log follows.
    pub(super) const BYTE_2: u8 = 0x80 | 14;
}

/// Machine check section, byte 0x11: the logical page cannot be read, and its effective address
/// is there.
const TRANSIENT: u8 = 0x80;
const EFFECTIVE_PROVIDED: u8 = 0x40;
/// Byte 0x10.
const UNCORRECTABLE_MEMORY_ERROR: u8 = 0;

/// Section header of the log: name and length; version 1.
fn section<const N: usize>(name: [u8; 2], fields: &[(usize, u8)]) -> [u8; N] {
    let mut section = [0; N];
    section[..2].copy_from_slice(&name);
    section[2..4].copy_from_slice(&(N as u16).to_be_bytes());
    section[4] = 1;
    fields.iter().for_each(|&(offset, value)| section[offset] = value);
    section
}

impl MachineCheck {
    /// The content of the area, for a processor (by its server number) that had `r3`.
    pub fn area(&self, server: u32, r3: u64) -> [u8; AREA_BYTES] {
        let mut area = [0; AREA_BYTES];
        let mut end = 0;
        let mut add = |bytes: &[u8]| {
            area[end..end + bytes.len()].copy_from_slice(bytes);
            end += bytes.len();
        };
        add(&r3.to_be_bytes());
        add(&[fixed::VERSION, fixed::SEVERITY, fixed::WHO, fixed::ADDR_INVALID]);
        add(&(EXTENDED as u32).to_be_bytes());
        add(&[header::BYTE_0, 0, header::BYTE_2, 0]);
        add(&[0; 8]);
        add(b"IBM\0");
        // Created by the hypervisor, which need not give the date; three sections.
        add(&section::<MAIN_A>(*b"PH", &[(0x18, b'H'), (0x1b, 3)]));
        // Memory subsystem; unrecoverable.
        add(&section::<MAIN_B>(*b"UH", &[(0x08, 0x20), (0x0a, 0x40)]));
        let cause = TRANSIENT | EFFECTIVE_PROVIDED | self.unit as u8;
        let fields = [(0x10, UNCORRECTABLE_MEMORY_ERROR), (0x11, cause)];
        let mut check = section::<MACHINE_CHECK>(*b"MC", &fields);
        check[0x0c..0x10].copy_from_slice(&server.to_be_bytes());
        check[0x18..0x20].copy_from_slice(&self.effective.to_be_bytes());
        add(&check);
        area
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(bytes: &[u8], at: usize) -> u32 {
        u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    // LoPAR 2.9, "RTAS Event Return Format (Fixed Part)" and "Platform Event Log Format, Version 6",
    // read as a guest does.
    #[test]
    fn a_guest_finds_its_r3_the_severity_and_the_address_in_the_area() {
        let check =
            MachineCheck { unit: ProcessorUnit::LoadStore, effective: 0xc000_0fff_1234_5678 };
        let area = check.area(5, 0x0123_4567_89ab_cdef);
        assert_eq!(area[..8], 0x0123_4567_89ab_cdef_u64.to_be_bytes());
        let log = &area[8..];
        let first = word(log, 0);
        let field = |from: u32, to: u32| first >> (31 - to) & ((1 << (to - from + 1)) - 1);
        assert_eq!(field(0, 7), 6, "version");
        assert_eq!(field(8, 10), 3, "ERROR_SYNC");
        assert_eq!(field(11, 12), 2, "NOT_RECOVERED");
        assert_eq!(field(13, 13), 1, "the extended log is present");
        assert_eq!(field(24, 31), 8, "ADDR_INVALID");
        let extended = &log[8..];
        assert_eq!(word(log, 4) as usize, extended.len());
        assert_eq!(extended[2] & 0xf, 14, "a platform event log");
        assert_eq!(&extended[12..16], b"IBM\0");
        // Main-A, Main-B, then what is optional, each with its length.
        let mut sections = Vec::new();
        let mut at = 16;
        while at < extended.len() {
            let len = usize::from(u16::from_be_bytes([extended[at + 2], extended[at + 3]]));
            sections.push(&extended[at..at + len]);
            at += len;
        }
        let names: Vec<_> = sections.iter().map(|section| &section[..2]).collect();
        assert_eq!(names, [b"PH", b"UH", b"MC"]);
        assert_eq!((sections[0].len(), sections[1].len(), sections[2].len()), (48, 24, 40));
        assert_eq!(usize::from(sections[0][0x1b]), sections.len());
        let mc = sections[2];
        assert_eq!((word(mc, 0x0c), mc[0x10]), (5, 0), "processor; uncorrectable memory error");
        assert_eq!(mc[0x11] & 0x40, 0x40, "the effective address is there");
        assert_eq!(mc[0x11] & 7, 3, "by the load and store unit");
        assert_eq!(mc[0x18..0x20], 0xc000_0fff_1234_5678_u64.to_be_bytes());
    }

    #[test]
    fn the_unit_of_a_fetch_is_the_fetch_unit() {
        let fetch = MachineCheck { unit: ProcessorUnit::Fetch, effective: 4 };
        let area = fetch.area(0, 0);
        assert_eq!(area[AREA_BYTES - 40 + 0x11] & 7, 1);
    }
}
