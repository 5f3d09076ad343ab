// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! QEMU's syntax of a value: `NAME=VALUE` between commas. A doubled comma belongs to the value, the first
//! name may be omitted, and a name alone is `NAME=on`.

use vio::commas;

use super::refusal::Why;

/// The pairs of a value. Each reader takes its pairs out; a pair that is left is an error.
#[derive(Clone, Debug)]
pub(super) struct Parts(Vec<(String, String)>);

impl Parts {
    /// Reads a value; `first` is the name that may be omitted, if there is one.
    pub(super) fn read(value: &str, first: &str) -> Parts {
        let pair = |(n, part): (usize, String)| match part.split_once('=') {
            Some((name, value)) => (name.into(), value.into()),
            None if n == 0 && !first.is_empty() => (first.into(), part),
            None => (part, "on".into()),
        };
        Parts(commas::split(value).into_iter().enumerate().map(pair).collect())
    }

    /// All pairs, in order.
    pub(super) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Takes the value of a name. The last one counts, as in QEMU.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let mut found = None;
        self.0.retain(|(other, value)| {
            let is = other == name;
            if is {
                found = Some(value.clone());
            }
            !is
        });
        found
    }

    /// Takes the value of a name that must be given.
    pub(super) fn need(&mut self, name: &str) -> Result<String, Why> {
        let value = self.take(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| format!("give {name}= with a value").into())
    }

    /// Takes the value of a switch; off when it is not given.
    pub(super) fn switch(&mut self, name: &str) -> Result<bool, Why> {
        match self.take(name).as_deref() {
            Some("on" | "yes" | "true" | "y") => Ok(true),
            None | Some("off" | "no" | "false" | "n") => Ok(false),
            Some(_) => Err(format!("{name} is on or off").into()),
        }
    }

    /// Takes the value of a name that is fixed on this machine. Errors: a value that is not in `values`.
    pub(super) fn only(&mut self, name: &str, values: &[&str]) -> Result<(), Why> {
        match self.take(name) {
            Some(value) if !values.contains(&value.as_str()) => {
                Err(format!("{name}={value} cannot be done; leave it away ({name}={})", values[0])
                    .into())
            }
            _ => Ok(()),
        }
    }

    /// Ends the reading. Errors: a pair is left over.
    pub(super) fn end(self) -> Result<(), Why> {
        match self.0.first() {
            Some((name, _)) => Err(format!("{name}= is not understood; leave it away").into()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_pairs() {
        let mut parts = Parts::read("tap,id=n,,0,script,id=n1", "type");
        assert_eq!(parts.take("type").as_deref(), Some("tap"));
        assert_eq!(parts.take("id").as_deref(), Some("n1"));
        assert_eq!(parts.switch("script"), Ok(true));
        assert_eq!(parts.take("script"), None);
        assert_eq!(parts.end(), Ok(()));
        let mut parts = Parts::read("a=1,b=maybe", "");
        assert!(parts.switch("b").is_err() && parts.need("c").is_err());
        assert!(parts.only("a", &["0"]).is_err());
    }
}
