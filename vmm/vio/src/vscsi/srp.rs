// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Information units of the SCSI RDMA Protocol (INCITS SRP revision 16a): parsed from bytes, and written.

use super::{MOST_IU, REQUEST_LIMIT};

/// Type codes of requests.
pub const LOGIN_REQ: u8 = 0x00;
/// Task management.
pub const TSK_MGMT: u8 = 0x01;
/// A command.
pub const CMD: u8 = 0x02;
/// A logout of the client.
pub const I_LOGOUT: u8 = 0x03;

const LOGIN_RSP: u8 = 0xc0;
const RSP: u8 = 0xc1;
const LOGIN_REJ: u8 = 0xc2;

/// Reason of a refused login: the information units that the client wants are too long.
pub const IU_TOO_LARGE: u32 = 0x0001_0002;
/// Reason of a refused login: a descriptor format that is not supported.
pub const UNSUPPORTED_FORMAT: u32 = 0x0001_0004;

/// Buffer formats of a login: direct and indirect descriptors.
const FORMATS: u16 = 1 << 1 | 1 << 2;

/// Response flags.
const RESPONSE_VALID: u8 = 1 << 0;
const SENSE_VALID: u8 = 1 << 1;
const OUT_OVER: u8 = 1 << 2;
const OUT_UNDER: u8 = 1 << 3;
const IN_OVER: u8 = 1 << 4;
const IN_UNDER: u8 = 1 << 5;

/// Offset of the first descriptor in a command.
const COMMAND_LEN: usize = 48;

/// The bytes of a request, followed by zeros.
#[derive(Clone, Debug)]
pub struct Iu {
    bytes: [u8; MOST_IU],
    len: usize,
}

impl Iu {
    /// An information unit of `len` bytes, to be filled. `None` if that is longer than a unit may be, or too
    /// short for a type and a tag.
    pub fn of_len(len: usize) -> Option<Iu> {
        (16..=MOST_IU).contains(&len).then_some(Iu { bytes: [0; MOST_IU], len })
    }

    /// The bytes to be filled.
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }

    /// The type code.
    pub fn kind(&self) -> u8 {
        self.bytes[0]
    }

    /// Bytes 8 to 15, which are the client's own.
    pub fn tag(&self) -> [u8; 8] {
        self.field(8)
    }

    /// The field at an offset.
    pub fn field<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut field = [0; N];
        field.copy_from_slice(&self.bytes[at..at + N]);
        field
    }

    /// All bytes from an offset on.
    pub fn rest(&self, at: usize) -> &[u8] {
        self.bytes[..self.len].get(at..).unwrap_or(&[])
    }
}

/// Checks a login request. Errors: the reason of the refusal.
pub fn login(iu: &Iu) -> Result<(), u32> {
    let longest = u32::from_be_bytes(iu.field(16));
    let formats = u16::from_be_bytes(iu.field(24));
    if longest as usize > MOST_IU {
        Err(IU_TOO_LARGE)
    } else if formats & FORMATS == 0 {
        Err(UNSUPPORTED_FORMAT)
    } else {
        Ok(())
    }
}

/// The layout of data descriptors behind a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// No descriptor: no data in this direction.
    None,
    /// One descriptor.
    Direct,
    /// A table of descriptors, of which this many are in the information unit.
    Indirect(u8),
}

impl Format {
    fn new(nibble: u8, count: u8) -> Option<Format> {
        match nibble {
            0 => Some(Format::None),
            1 => Some(Format::Direct),
            2 => Some(Format::Indirect(count)),
            _ => None,
        }
    }

    /// Size in bytes in the information unit.
    pub fn len(self) -> usize {
        match self {
            Format::None => 0,
            Format::Direct => 16,
            Format::Indirect(count) => 20 + 16 * usize::from(count),
        }
    }

    /// True if there is no data in this direction.
    pub fn is_empty(self) -> bool {
        self == Format::None
    }
}

/// A SCSI command.
#[derive(Clone, Debug)]
pub struct Command {
    /// The logical unit.
    pub lun: [u8; 8],
    /// The command descriptor block.
    pub cdb: [u8; 16],
    /// Layout of the descriptors for data to the target.
    pub out: Format,
    /// Layout of the descriptors for data from it, which follow the others.
    pub data_in: Format,
    /// Offset of the descriptors.
    pub descriptors: usize,
}

impl Command {
    /// `None` when a descriptor format is not one of SRP's.
    pub fn parse(iu: &Iu) -> Option<Command> {
        let [format, out, data_in] = iu.field(5);
        // Additional CDB bytes, in words of 4: bits 2 to 7.
        let more = usize::from(iu.field::<1>(31)[0] & !3);
        Some(Command {
            lun: iu.field(20),
            cdb: iu.field(32),
            out: Format::new(format >> 4, out)?,
            data_in: Format::new(format & 15, data_in)?,
            descriptors: COMMAND_LEN + more,
        })
    }
}

/// The difference between the buffers and the transfer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Residual {
    /// Number of bytes by which the client's buffers exceed the transfer.
    pub under: u32,
    /// Number of bytes by which the transfer exceeds the client's buffers.
    pub over: u32,
}

/// The end of a command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// SCSI status.
    pub status: u8,
    /// Sense data; empty if there is none.
    pub sense: Vec<u8>,
    /// Residual of data to the target.
    pub out: Residual,
    /// Residual of data from it.
    pub data_in: Residual,
}

/// The response to a command. It allows the client one more request.
pub fn response(tag: [u8; 8], ended: &Ended) -> Vec<u8> {
    let mut iu = head(RSP, 36, 1, tag);
    let flag = |count: u32, flag| if count > 0 { flag } else { 0 };
    iu[18] = flag(ended.sense.len() as u32, SENSE_VALID)
        | flag(ended.out.over, OUT_OVER)
        | flag(ended.out.under, OUT_UNDER)
        | flag(ended.data_in.over, IN_OVER)
        | flag(ended.data_in.under, IN_UNDER);
    iu[19] = ended.status;
    put(&mut iu, 20, ended.out.over.max(ended.out.under));
    put(&mut iu, 24, ended.data_in.over.max(ended.data_in.under));
    put(&mut iu, 28, ended.sense.len() as u32);
    iu.extend_from_slice(&ended.sense);
    iu
}

/// Response codes of task management.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskCode {
    /// The function is complete.
    Complete = 0,
    /// The function is not supported.
    NotSupported = 4,
}

/// The response to task management.
pub fn task_response(tag: [u8; 8], code: TaskCode) -> Vec<u8> {
    let mut iu = head(RSP, 40, 1, tag);
    iu[18] = RESPONSE_VALID;
    put(&mut iu, 32, 4);
    iu[39] = code as u8;
    iu
}

/// The response to a login that is granted.
pub fn login_response(tag: [u8; 8]) -> Vec<u8> {
    let mut iu = head(LOGIN_RSP, 52, REQUEST_LIMIT, tag);
    put(&mut iu, 16, MOST_IU as u32);
    put(&mut iu, 20, MOST_IU as u32);
    iu[24..26].copy_from_slice(&FORMATS.to_be_bytes());
    iu
}

/// The response to a login that is refused.
pub fn login_reject(tag: [u8; 8], reason: u32) -> Vec<u8> {
    let mut iu = head(LOGIN_REJ, 32, reason, tag);
    iu[24..26].copy_from_slice(&FORMATS.to_be_bytes());
    iu
}

fn head(kind: u8, len: usize, word: u32, tag: [u8; 8]) -> Vec<u8> {
    let mut iu = vec![0; len];
    iu[0] = kind;
    put(&mut iu, 4, word);
    iu[8..16].copy_from_slice(&tag);
    iu
}

fn put(iu: &mut [u8], at: usize, word: u32) {
    iu[at..at + 4].copy_from_slice(&word.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: [u8; 8] = [1, 2, 3, 4, 5, 6, 7, 8];

    // SRP revision 16a, table "SRP_RSP response": status in byte 19, flags in 18, lengths from 28.
    #[test]
    fn a_response_says_how_it_went() {
        let short = Residual { under: 0x102, over: 0 };
        let ended = Ended { status: 2, sense: vec![0x70; 18], data_in: short, ..Ended::default() };
        let iu = response(TAG, &ended);
        assert_eq!(iu.len(), 36 + 18);
        assert_eq!((iu[0], &iu[4..8], &iu[8..16]), (0xc1, &[0, 0, 0, 1][..], &TAG[..]));
        assert_eq!((iu[18], iu[19]), (1 << 1 | 1 << 5, 2));
        assert_eq!(iu[24..36], [0, 0, 1, 2, 0, 0, 0, 18, 0, 0, 0, 0]);
        assert!(iu[36..].iter().all(|&byte| byte == 0x70));
    }

    #[test]
    fn a_task_response_has_its_code_in_the_response_data() {
        let iu = task_response(TAG, TaskCode::NotSupported);
        assert_eq!((iu[18], &iu[32..]), (1, &[0, 0, 0, 4, 0, 0, 0, 4][..]));
    }

    #[test]
    fn a_command_is_where_srp_puts_it() {
        let mut iu = Iu::of_len(100).unwrap();
        iu.bytes_mut()[5..8].copy_from_slice(&[0x12, 0, 3]);
        iu.bytes_mut()[20] = 0x80;
        iu.bytes_mut()[31] = 4 << 2 | 3;
        iu.bytes_mut()[32] = 0x28;
        let command = Command::parse(&iu).unwrap();
        assert_eq!((command.out, command.data_in), (Format::Direct, Format::Indirect(3)));
        assert_eq!((command.lun[0], command.cdb[0], command.descriptors), (0x80, 0x28, 64));
        iu.bytes_mut()[5] = 0x03;
        assert!(Command::parse(&iu).is_none());
        assert!(Iu::of_len(15).is_none() && Iu::of_len(257).is_none());
    }

    #[test]
    fn a_login_is_refused_for_what_we_do_not_do() {
        let with = |longest: u32, formats: u16| {
            let mut iu = Iu::of_len(64).unwrap();
            iu.bytes_mut()[16..20].copy_from_slice(&longest.to_be_bytes());
            iu.bytes_mut()[24..26].copy_from_slice(&formats.to_be_bytes());
            login(&iu)
        };
        assert_eq!(with(256, 6), Ok(()));
        assert_eq!(with(257, 6), Err(0x0001_0002));
        assert_eq!(with(256, 0), Err(0x0001_0004));
    }
}
