// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The reasons for which a command is refused: sense key, additional sense code and qualifier (SPC-3, annex
//! D).

/// Status GOOD is 0; this one comes with sense data.
pub const CHECK_CONDITION: u8 = 2;

/// A refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Sense key.
    pub key: u8,
    /// Additional sense code.
    pub asc: u8,
    /// The additional sense code qualifier.
    pub ascq: u8,
}

const MEDIUM_ERROR: u8 = 0x3;
const HARDWARE_ERROR: u8 = 0x4;
const ILLEGAL_REQUEST: u8 = 0x5;
const DATA_PROTECT: u8 = 0x7;
const ABORTED_COMMAND: u8 = 0xb;

const fn refusal(key: u8, asc: u8, ascq: u8) -> Refusal {
    Refusal { key, asc, ascq }
}

/// No error: the answer of REQUEST SENSE, since all sense data goes with the response.
pub const NONE: Refusal = refusal(0, 0, 0);
/// The operation code is unknown.
pub const INVALID_OPCODE: Refusal = refusal(ILLEGAL_REQUEST, 0x20, 0);
/// Blocks beyond the end.
pub const OUT_OF_RANGE: Refusal = refusal(ILLEGAL_REQUEST, 0x21, 0);
/// A field of the CDB is wrong.
pub const INVALID_FIELD: Refusal = refusal(ILLEGAL_REQUEST, 0x24, 0);
/// There is no such logical unit.
pub const NO_LOGICAL_UNIT: Refusal = refusal(ILLEGAL_REQUEST, 0x25, 0);
/// A field of the parameter list is wrong.
pub const INVALID_PARAMETER: Refusal = refusal(ILLEGAL_REQUEST, 0x26, 0);
/// The parameter list is not as long as its header states.
pub const PARAMETER_LENGTH: Refusal = refusal(ILLEGAL_REQUEST, 0x1a, 0);
/// There are no saved mode pages.
pub const NO_SAVED_PAGES: Refusal = refusal(ILLEGAL_REQUEST, 0x39, 0);
/// The information unit's buffers are malformed, or too short for the command.
pub const INVALID_INFORMATION_UNIT: Refusal = refusal(ABORTED_COMMAND, 0x0e, 0x03);
/// The client's memory could not be reached.
pub const DATA_PHASE_ERROR: Refusal = refusal(ABORTED_COMMAND, 0x4b, 0);
/// The disk is read-only.
pub const WRITE_PROTECTED: Refusal = refusal(DATA_PROTECT, 0x27, 0);
/// The medium has no room for a block of a thin disk.
pub const NO_SPACE: Refusal = refusal(DATA_PROTECT, 0x27, 0x07);
/// The medium cannot be read.
pub const READ_ERROR: Refusal = refusal(MEDIUM_ERROR, 0x11, 0);
/// The medium cannot be written.
pub const WRITE_ERROR: Refusal = refusal(MEDIUM_ERROR, 0x0c, 0);
/// The disk itself has failed.
pub const TARGET_FAILURE: Refusal = refusal(HARDWARE_ERROR, 0x44, 0);

/// Size in bytes of sense data in the fixed format.
pub const LEN: usize = 18;

impl Refusal {
    /// The sense data, in the fixed format (SPC-3, 4.5.3).
    pub fn fixed(self) -> Vec<u8> {
        let mut sense = vec![0; LEN];
        sense[0] = 0x70;
        sense[2] = self.key;
        sense[7] = (LEN - 8) as u8;
        sense[12] = self.asc;
        sense[13] = self.ascq;
        sense
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SPC-3, table "Fixed format sense data".
    #[test]
    fn sense_data_has_the_fixed_format() {
        let sense = WRITE_PROTECTED.fixed();
        assert_eq!((sense[0], sense[2], sense[7]), (0x70, 7, 10));
        assert_eq!((sense[12], sense[13], sense.len()), (0x27, 0, 18));
    }
}
