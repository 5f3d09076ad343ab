// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Numbers as users and scripts write them.

/// A number in decimal, or hexadecimal after `0x`.
pub fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn a_number_is_decimal_or_has_a_prefix() {
        assert_eq!(
            ["7", "0x80000000", "0xffffffffffffffff"].map(number),
            [Some(7), Some(0x8000_0000), Some(u64::MAX)]
        );
        assert_eq!(["", "0x", "80000000h", "0x10000000000000000", "-1"].map(number), [None; 5]);
    }
}
