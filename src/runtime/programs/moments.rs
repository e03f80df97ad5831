//! Moments as people write them: what `date -d` and `touch -d` take.

use jiff::Timestamp;

use crate::api::Time;

/// A moment, seen from now. `None`: it is none.
pub fn parse(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(seconds) = text.strip_prefix('@') {
        return Timestamp::from_second(seconds.parse().ok()?).ok();
    }
    written(text).or_else(|| spoken(text, now))
}

pub fn of_time(at: Time) -> Timestamp {
    let (seconds, nanos) = at.unix_seconds_and_nanos();
    Timestamp::new(seconds, nanos).unwrap_or_default()
}

/// As files keep it: nothing is older than the world.
pub fn to_time(at: Timestamp) -> Time {
    let since = at.duration_since(of_time(Time::ZERO));
    u64::try_from(since.as_nanos()).map_or(Time::ZERO, Time::from_nanos)
}

/// `2024-05-06`, `2024-05-06 07:08`, `2024-05-06T07:08:09Z`.
fn written(text: &str) -> Option<Timestamp> {
    let text = text.trim_end_matches(" UTC");
    if let Ok(t) = text.parse::<Timestamp>() {
        return Some(t);
    }
    for f in ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"] {
        if let Ok(t) = jiff::civil::DateTime::strptime(f, text) {
            return Some(t.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
        }
    }
    let day = jiff::civil::Date::strptime("%Y-%m-%d", text).ok()?;
    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

/// `now`, `yesterday`, `2 days ago`, `+1 hour`.
fn spoken(text: &str, now: Timestamp) -> Option<Timestamp> {
    const DAY: i64 = 86_400;
    let lower = text.to_ascii_lowercase();
    let mut words = lower.split_whitespace().peekable();
    let (mut total, mut last) = (0i64, 0i64);
    words.peek()?;
    while let Some(w) = words.next() {
        let moved = match w {
            "now" | "today" => 0,
            "yesterday" => -DAY,
            "tomorrow" => DAY,
            "ago" => -2 * last,
            n => {
                let count = match n {
                    "next" => 1,
                    "last" => -1,
                    n => n.parse::<i64>().ok()?,
                };
                let unit = match words.next()?.trim_end_matches('s') {
                    "second" | "sec" => 1,
                    "minute" | "min" => 60,
                    "hour" => 3600,
                    "day" => DAY,
                    "week" => 7 * DAY,
                    "month" => 30 * DAY,
                    "year" => 365 * DAY,
                    _ => return None,
                };
                count.checked_mul(unit)?
            }
        };
        last = moved;
        total = total.checked_add(moved)?;
    }
    now.checked_add(jiff::SignedDuration::from_secs(total)).ok()
}

/// A moment as a program prints it.
pub fn zoned(at: Time) -> jiff::Zoned {
    of_time(at).to_zoned(jiff::tz::TimeZone::UTC)
}

pub fn shown(at: Time, format: &str) -> String {
    jiff::fmt::strtime::format(format, &zoned(at)).unwrap_or_default()
}
