// SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause
//! Dates as RTAS has them, in UTC: year, month, day, hour, minute, second and nanosecond.
//!
//! Days are counted from 1 March of year 0 in eras of 400 years, so that the leap day ends each
//! year.

use std::time::Duration;

/// Days from 1 March of year 0 to 1 January 1970.
const TO_1970: u64 = 719_468;
/// Days of 400 years.
const ERA: u64 = 146_097;
const DAY: u64 = 86_400;

/// The date of a time since 1970, if its year fits.
pub fn date(since_1970: Duration) -> Option<[u32; 7]> {
    let seconds = since_1970.as_secs();
    let days = seconds / DAY + TO_1970;
    let (era, day) = (days / ERA, days % ERA);
    let year = (day - day / 1460 + day / 36_524 - day / (ERA - 1)) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    let year = era * 400 + year + next;
    let time = seconds % DAY;
    let fields = [year, month, day, time / 3600, time / 60 % 60, time % 60];
    let mut out = [0; 7];
    for (out, field) in out.iter_mut().zip(fields) {
        *out = u32::try_from(field).ok()?;
    }
    out[6] = since_1970.subsec_nanos();
    Some(out)
}

/// The time since 1970 of a date, if it is one and not before.
pub fn time(date_: [u32; 7]) -> Option<Duration> {
    let [year, month, day, hour, minute, second, nanosecond] = date_.map(u64::from);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || nanosecond >= 1_000_000_000 {
        return None;
    }
    let (year, month) =
        if month > 2 { (year, month - 3) } else { (year.checked_sub(1)?, month + 9) };
    let (era, year) = (year / 400, year % 400);
    let day = 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5 + day - 1;
    let days = (era * ERA + day).checked_sub(TO_1970)?;
    let seconds = days * DAY + hour * 3600 + minute * 60 + second;
    let time = Duration::new(seconds, nanosecond as u32);
    // A day, hour, minute or second that does not exist comes back as another one.
    (date(time) == Some(date_)).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Worked out with `date -u -d @N`.
    #[test]
    fn dates_and_times_are_right_over_leap_days_and_ends_of_years() {
        for (seconds, expected) in [
            (0, [1970, 1, 1, 0, 0, 0]),
            (68_169_600, [1972, 2, 29, 0, 0, 0]),
            (951_782_399, [2000, 2, 28, 23, 59, 59]),
            (951_782_400, [2000, 2, 29, 0, 0, 0]),
            (951_868_800, [2000, 3, 1, 0, 0, 0]),
            (978_307_199, [2000, 12, 31, 23, 59, 59]),
            (1_000_000_000, [2001, 9, 9, 1, 46, 40]),
            (4_107_542_399, [2100, 2, 28, 23, 59, 59]),
            (4_107_542_400, [2100, 3, 1, 0, 0, 0]),
        ] {
            let since = Duration::new(seconds, 7);
            let date = date(since).expect("in range");
            assert_eq!((&date[..6], date[6]), (&expected[..], 7), "{seconds}");
            assert_eq!(time(date), Some(since), "{seconds}");
        }
    }

    #[test]
    fn a_time_too_late_for_a_year_of_32_bits_is_no_date() {
        assert_eq!(date(Duration::from_secs(u64::MAX)), None);
    }

    #[test]
    fn what_is_no_date_is_no_time() {
        let max = u32::MAX;
        for date in [
            [1969, 12, 31, 23, 59, 59, 0],
            [0, 1, 1, 0, 0, 0, 0],
            [2001, 2, 29, 0, 0, 0, 0],
            [2100, 2, 29, 0, 0, 0, 0],
            [2000, 0, 1, 0, 0, 0, 0],
            [2000, 13, 1, 0, 0, 0, 0],
            [2000, 1, 0, 0, 0, 0, 0],
            [2000, 4, 31, 0, 0, 0, 0],
            [2000, 1, 1, 24, 0, 0, 0],
            [2000, 1, 1, 0, 60, 0, 0],
            [2000, 1, 1, 0, 0, 60, 0],
            [2000, 1, 1, 0, 0, 0, 1_000_000_000],
            [max, max, max, max, max, max, max],
            [max, 12, 31, max, max, max, 0],
        ] {
            assert_eq!(time(date), None, "{date:?}");
        }
    }
}
