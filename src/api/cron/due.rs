//! When a schedule is due next.
//! Real Kubernetes: github.com/robfig/cron/v3 SpecSchedule.Next, ConstantDelaySchedule.Next.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::{Fields, STAR, Schedule};
use crate::api::time::Time;

impl Schedule {
    /// When it is due next after `after`, by the clocks of `zone`. `None` if never, or not in the next five years.
    pub fn next(&self, after: Time, zone: &TimeZone) -> Option<Time> {
        let second = |t: Time| i64::try_from(t.nanos() / 1_000_000_000).ok();
        match self {
            Schedule::Every(delay) => {
                let whole = after - Duration::from_nanos(after.nanos() % 1_000_000_000);
                Some(whole + *delay)
            }
            Schedule::Fields(fields) => {
                let clock = Clock(fields.zone.as_ref().unwrap_or(zone));
                let due = fields.next(second(after)? + 1, &clock)?;
                u64::try_from(due).ok()?.checked_mul(1_000_000_000).map(Time::from_nanos)
            }
        }
    }
}

impl Fields {
    /// The first second from `t` on that is due. Each field is moved on until it fits; when one runs over, all those above it
    /// are looked at again.
    fn next(&self, mut t: i64, clock: &Clock<'_>) -> Option<i64> {
        const YEARS_AHEAD: i16 = 5;
        if [self.minute, self.hour, self.day_of_month | self.day_of_week, self.month].contains(&0) {
            return None;
        }
        let last_year = clock.read(t)?.year().saturating_add(YEARS_AHEAD);
        let is_in = |n: i8, set: u64| u32::try_from(n).is_ok_and(|n| set >> n & 1 == 1);
        // Whether smaller fields are at their beginning already.
        let mut begun = false;
        'again: while clock.read(t)?.year() <= last_year {
            while !is_in(clock.read(t)?.month(), self.month) {
                if !begun {
                    begun = true;
                    t = clock.at(clock.read(t)?.date().first_of_month().at(0, 0, 0, 0))?;
                }
                t = clock.at(clock.read(t)?.checked_add(Span::new().months(1)).ok()?)?;
                if clock.read(t)?.month() == 1 {
                    continue 'again;
                }
            }
            while !self.has_day(clock.read(t)?.date()) {
                if !begun {
                    begun = true;
                    t = clock.at(clock.read(t)?.date().at(0, 0, 0, 0))?;
                }
                t = clock.at(clock.read(t)?.checked_add(Span::new().days(1)).ok()?)?;
                // Where there is no midnight, the clock shows another hour.
                let hour = i64::from(clock.read(t)?.hour());
                t += if hour > 12 { (24 - hour) * 3600 } else { -hour * 3600 };
                if clock.read(t)?.day() == 1 {
                    continue 'again;
                }
            }
            while !is_in(clock.read(t)?.hour(), self.hour) {
                if !begun {
                    begun = true;
                    let now = clock.read(t)?;
                    t = clock.at(now.date().at(now.hour(), 0, 0, 0))?;
                }
                t += 3600;
                if clock.read(t)?.hour() == 0 {
                    continue 'again;
                }
            }
            while !is_in(clock.read(t)?.minute(), self.minute) {
                begun = true;
                t += 60 - t.rem_euclid(60);
                if clock.read(t)?.minute() == 0 {
                    continue 'again;
                }
            }
            // Seconds are not written: the first one of the minute is meant.
            let late = i64::from(clock.read(t)?.second());
            if late == 0 {
                return Some(t);
            }
            begun = true;
            t += 60 - late;
        }
        None
    }

    fn has_day(&self, date: Date) -> bool {
        let by_month = self.day_of_month >> date.day() & 1 == 1;
        let by_week = self.day_of_week >> date.weekday().to_sunday_zero_offset() & 1 == 1;
        if (self.day_of_month | self.day_of_week) & STAR != 0 { by_month && by_week } else { by_month || by_week }
    }
}

/// A clock of a time zone; instants are seconds since 1970 UTC.
struct Clock<'a>(&'a TimeZone);

impl Clock<'_> {
    fn read(&self, t: i64) -> Option<DateTime> {
        Some(self.0.to_datetime(Timestamp::from_second(t).ok()?))
    }

    fn offset(&self, t: i64) -> Option<i64> {
        Some(self.0.to_offset(Timestamp::from_second(t).ok()?).seconds().into())
    }

    /// When the clock shows that. What it skips or shows twice is found as Go's `time.Date` finds it.
    fn at(&self, shown: DateTime) -> Option<i64> {
        let in_utc = shown.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
        let guess = in_utc - self.offset(in_utc)?;
        Some(in_utc - self.offset(guess)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::cron::parse;
    use crate::api::time_zone;

    fn due(schedule: &str, after: &str, zone: &str) -> Option<String> {
        let zone = time_zone::load(zone).unwrap();
        Some(parse(schedule).unwrap().next(Time::parse(after).unwrap(), &zone)?.rfc3339())
    }

    /// Some of the schedules of the library's own tests (spec_test.go), with its answers.
    #[test]
    fn a_schedule_is_due_when_the_library_says() {
        for (after, schedule, want) in [
            ("2012-07-09T14:45:00Z", "0/15 * * * *", "2012-07-09T15:00:00Z"),
            ("2012-07-09T14:59:59Z", "0/15 * * * *", "2012-07-09T15:00:00Z"),
            ("2012-07-09T15:45:00Z", "20-35/15 * * * *", "2012-07-09T16:20:00Z"),
            ("2012-07-09T23:46:00Z", "*/15 * * * *", "2012-07-10T00:00:00Z"),
            ("2012-07-09T23:45:00Z", "20-35/15 * * * *", "2012-07-10T00:20:00Z"),
            ("2012-07-09T23:35:00Z", "15/35 1/2 */10 * *", "2012-07-11T01:15:00Z"),
            ("2012-07-09T23:35:00Z", "* * */10 Jul *", "2012-07-11T00:00:00Z"),
            ("2012-07-09T23:35:00Z", "0 0 9 Apr-Oct ?", "2012-08-09T00:00:00Z"),
            ("2012-07-09T23:35:00Z", "0 0 */5 Apr,Aug,Oct Mon", "2012-08-01T00:00:00Z"),
            ("2012-07-09T23:35:00Z", "0 0 */5 Oct Mon", "2012-10-01T00:00:00Z"),
            ("2012-07-09T23:35:00Z", "0 0 * Feb Mon", "2013-02-04T00:00:00Z"),
            ("2012-07-09T23:35:00Z", "0 0 * Feb Mon/2", "2013-02-01T00:00:00Z"),
            ("2012-12-31T23:59:45Z", "* * * * *", "2013-01-01T00:00:00Z"),
            ("2012-07-09T23:35:00Z", "0 0 29 Feb ?", "2016-02-29T00:00:00Z"),
            ("2026-01-01T00:00:00Z", "@weekly", "2026-01-04T00:00:00Z"),
            ("2026-01-01T00:00:30.5Z", "@every 1h30m", "2026-01-01T01:30:30Z"),
        ] {
            assert_eq!(due(schedule, after, "UTC").as_deref(), Some(want), "{schedule} after {after}");
        }
        for never in ["0 0 30 Feb ?", "0 0 31 Apr ?", ", * * * *"] {
            assert_eq!(due(never, "2012-07-09T23:35:00Z", "UTC"), None, "{never}");
        }
    }

    #[test]
    fn clocks_that_are_put_forward_or_back_are_followed() {
        for (after, schedule, zone, want) in [
            ("2026-01-01T00:00:00Z", "0 9 * * *", "Asia/Seoul", "2026-01-02T00:00:00Z"),
            // 2:30 does not exist on March 11th, and exists once on the day after.
            ("2012-03-11T05:00:00Z", "30 2 11 Mar ?", "America/New_York", "2013-03-11T06:30:00Z"),
            ("2012-03-11T05:00:00Z", "0 * * * ?", "America/New_York", "2012-03-11T06:00:00Z"),
            ("2012-03-11T06:00:00Z", "0 * * * ?", "America/New_York", "2012-03-11T07:00:00Z"),
            // The hour from one to two is there twice.
            ("2012-11-04T05:00:00Z", "0 * * * ?", "America/New_York", "2012-11-04T06:00:00Z"),
            ("2012-11-04T04:00:00Z", "30 2 04 Nov ?", "America/New_York", "2012-11-04T07:30:00Z"),
            // There is no midnight on November 4th.
            ("2018-11-03T08:00:00Z", "0 0 * * ?", "America/Sao_Paulo", "2018-11-05T02:00:00Z"),
            // Clocks that are put forward by half an hour.
            ("2026-10-04T00:00:00Z", "30 2 4 10 *", "Australia/Lord_Howe", "2027-10-03T15:30:00Z"),
            ("2018-10-17T08:00:00Z", "0 9 10 * ?", "America/Sao_Paulo", "2018-11-10T11:00:00Z"),
            ("2018-02-14T08:00:00Z", "0 9 22 * ?", "America/Sao_Paulo", "2018-02-22T12:00:00Z"),
        ] {
            assert_eq!(due(schedule, after, zone).as_deref(), Some(want), "{schedule} after {after} in {zone}");
        }
    }
}
