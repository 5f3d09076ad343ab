// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! The guest's wall clock. It keeps the difference from the host's clock that the user or the guest set.

use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hcall::calendar;

use crate::section::{LoadError, Reader, Saved, Writer};

/// The clock. Its difference from the host's clock is at most 292 years.
#[derive(Debug, Default)]
pub struct WallClock {
    /// The nanoseconds by which it is ahead of the host's clock.
    ahead: AtomicI64,
}

impl WallClock {
    /// The time of the clock.
    pub fn now(&self) -> SystemTime {
        let ahead = self.ahead.load(Relaxed);
        let by = Duration::from_nanos(ahead.unsigned_abs());
        let host = SystemTime::now();
        let now = if ahead < 0 { host.checked_sub(by) } else { host.checked_add(by) };
        now.unwrap_or(host)
    }

    /// Sets the clock. False when the host's clock is too far away.
    pub fn set(&self, now: SystemTime) -> bool {
        let host = SystemTime::now();
        let ahead = match now.duration_since(host) {
            Ok(ahead) => i64::try_from(ahead.as_nanos()).ok(),
            Err(behind) => i64::try_from(behind.duration().as_nanos()).ok().map(|nanos| -nanos),
        };
        if let Some(ahead) = ahead {
            self.ahead.store(ahead, Relaxed);
        }
        ahead.is_some()
    }
}

/// The difference from the host's clock.
impl Saved for &WallClock {
    const NAME: &'static str = "clock";

    fn save(&mut self, to: &mut Writer<'_>) {
        to.u64(self.ahead.load(Relaxed).cast_unsigned());
    }

    fn load(&mut self, from: &mut Reader<'_>) -> Result<(), LoadError> {
        self.ahead.store(from.u64()?.cast_signed(), Relaxed);
        Ok(())
    }
}

/// A time as a user gives it: `2006-06-17` or `2006-06-17T16:01:21`, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallTime(pub SystemTime);

impl FromStr for WallTime {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<WallTime, &'static str> {
        let wrong = "write a date or a date and a time in UTC, 2006-06-17 or 2006-06-17T16:01:21";
        let (day, time) = text.split_once('T').unwrap_or((text, "0:0:0"));
        let mut date = [0; 7];
        let mut fields = date[..6].iter_mut();
        for (text, separator) in [(day, '-'), (time, ':')] {
            let numbers = text.split(separator).collect::<Vec<_>>();
            if numbers.len() != 3 || !numbers.iter().all(|n| n.bytes().all(|b| b.is_ascii_digit()))
            {
                return Err(wrong);
            }
            for (number, field) in numbers.into_iter().zip(fields.by_ref()) {
                *field = number.parse().map_err(|_| wrong)?;
            }
        }
        let since = calendar::time(date).ok_or(wrong)?;
        Ok(WallTime(UNIX_EPOCH.checked_add(since).ok_or(wrong)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_date_with_or_without_a_time_of_day() {
        let at = |seconds| Ok(WallTime(UNIX_EPOCH + Duration::from_secs(seconds)));
        assert_eq!("2006-06-17".parse(), at(1_150_502_400)); // date -u -d 2006-06-17 +%s
        assert_eq!("2006-06-17T16:01:21".parse(), at(1_150_560_081));
        for text in [
            "",
            "now",
            "2006-06",
            "2006-06-17T",
            "2006-02-30",
            "2006-06-17T24:00:00",
            "-1-1-1",
            "+2006-1-1",
        ] {
            assert!(text.parse::<WallTime>().is_err(), "{text}");
        }
    }

    #[test]
    fn it_goes_on_from_what_it_was_set_to() {
        let clock = WallClock::default();
        for then in [Duration::from_secs(1), Duration::from_secs(8_000_000_000)] {
            assert!(clock.set(UNIX_EPOCH + then));
            let now = clock.now().duration_since(UNIX_EPOCH).unwrap();
            assert!(now >= then && now < then + Duration::from_secs(3600), "{now:?}");
        }
        assert!(!clock.set(UNIX_EPOCH + Duration::from_secs(1 << 40)));
    }
}
