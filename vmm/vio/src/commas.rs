// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Lists between commas, in which a doubled comma belongs to a part (as in QEMU's options).

/// The parts of a list.
pub fn split(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let ends = char == ',' && chars.next_if_eq(&',').is_none();
        match parts.last_mut() {
            Some(part) if !ends => part.push(char),
            _ => parts.push(String::new()),
        }
    }
    parts
}

/// The text in the form of a single part.
pub fn escape(text: &str) -> String {
    text.replace(',', ",,")
}

#[cfg(test)]
mod tests {
    use super::*;

    // QEMU, qemu-options.hx: a comma in a value is written twice.
    #[test]
    fn a_doubled_comma_is_part_of_the_value() {
        assert_eq!(split("a,,b,c=d,,,e"), ["a,b", "c=d,", "e"]);
        assert_eq!(split(""), [""]);
        assert_eq!(split(",,"), [","]);
        assert_eq!(split("a,"), ["a", ""]);
        for text in ["", ",", ",,", "a,b,,c,"] {
            assert_eq!(split(&escape(text)), [text]);
        }
    }
}
