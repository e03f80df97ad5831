//! Moments and spans of time as Go reads and writes them, and their parts.
//! Real Kubernetes: cel-go/common/types/{timestamp,duration,overflow}.go; Go's time.ParseDuration and time.Parse.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::value::{Error, Evaluated, Stamp, Value};
use crate::api::time_zone;

/// Years 1 to 9999.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
const NANOS: i128 = 1_000_000_000;

/// The first moment and the last.
pub fn stamp(seconds: i64, nanos: u32) -> Result<Stamp, Error> {
    if SECONDS.contains(&seconds) { Ok(Stamp { seconds, nanos }) } else { Err(Error::new("timestamp overflow")) }
}

impl Stamp {
    pub fn plus(self, span: i64) -> Result<Stamp, Error> {
        let total = i128::from(self.seconds) * NANOS + i128::from(self.nanos) + i128::from(span);
        let seconds = i64::try_from(total.div_euclid(NANOS)).map_err(|_| Error::new("timestamp overflow"))?;
        stamp(seconds, total.rem_euclid(NANOS) as u32)
    }

    pub fn since(self, other: Stamp) -> Result<i64, Error> {
        let total = |s: Stamp| i128::from(s.seconds) * NANOS + i128::from(s.nanos);
        i64::try_from(total(self) - total(other)).map_err(|_| Error::new("timestamp overflow"))
    }

    fn zoned(self, zone: TimeZone) -> Option<Zoned> {
        Some(Timestamp::new(self.seconds, i32::try_from(self.nanos).ok()?).ok()?.to_zoned(zone))
    }

    /// `2006-01-02T15:04:05.999999999Z`
    pub fn rfc3339(self) -> String {
        let Some(t) = self.zoned(TimeZone::UTC) else { return String::new() };
        let fraction = format!("{:09}", self.nanos);
        let fraction = match fraction.trim_end_matches('0') {
            "" => String::new(),
            digits => format!(".{digits}"),
        };
        let (date, time) = (t.date(), t.time());
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{fraction}Z",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )
    }
}

/// Reads what RFC 3339 calls a date and a time.
pub fn parse_stamp(text: &str) -> Option<Stamp> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let sign = |at: usize, sign: u8| bytes.get(at) == Some(&sign);
    if !(sign(4, b'-') && sign(7, b'-') && sign(10, b'T') && sign(13, b':') && sign(16, b':')) {
        return None;
    }
    let date = jiff::civil::Date::new(
        i16::try_from(number(0, 4)?).ok()?,
        i8::try_from(number(5, 7)?).ok()?,
        i8::try_from(number(8, 10)?).ok()?,
    )
    .ok()?;
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ',']) {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return None;
        }
        let nine: String = fraction[..digits].chars().chain("000000000".chars()).take(9).collect();
        nanos = nine.parse().ok()?;
        rest = &fraction[digits..];
    }
    let offset = offset(rest)?;
    let days = i64::from(date.since(jiff::civil::date(1970, 1, 1)).ok()?.get_days());
    Some(Stamp { seconds: days * 86400 + hour * 3600 + minute * 60 + second - offset, nanos })
}

/// `Z` or `+09:00`, in seconds.
fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let two = |s: &str| s.parse::<i64>().ok().filter(|_| s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit()));
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    (hours <= 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// `1h2m3.5s` in nanoseconds.
pub fn parse_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(r) => (true, r),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, tail) = rest.split_at(end);
        let unit_end = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let unit: i128 = match &tail[..unit_end] {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => NANOS,
            "m" => 60 * NANOS,
            "h" => 3600 * NANOS,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let digits = |s: &str| if s.is_empty() { Some(0) } else { s.parse::<i128>().ok() };
        total = total.checked_add(digits(whole)?.checked_mul(unit)?)?;
        let fraction = &fraction[..fraction.len().min(18)];
        total += digits(fraction)? * unit / 10_i128.pow(fraction.len() as u32);
        if total > i128::from(i64::MAX) + 1 {
            return None;
        }
        rest = &tail[unit_end..];
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// Seconds with as many digits as it takes, as `3.5s`.
pub fn duration_text(span: i64) -> String {
    format!("{}s", span as f64 / 1e9)
}

/// A part of a moment in a zone, or of a span: `getHours` and its like.
pub fn part(function: &str, args: &[Value]) -> Evaluated {
    let value = match args {
        [Value::Duration(span)] => match function {
            "getHours" => span / 3_600_000_000_000,
            "getMinutes" => span / 60_000_000_000,
            "getSeconds" => span / 1_000_000_000,
            "getMilliseconds" => span / 1_000_000,
            _ => return Err(Error::no_such_overload()),
        },
        [Value::Timestamp(t)] => of_moment(function, *t, TimeZone::UTC)?,
        [Value::Timestamp(t), Value::String(zone)] => of_moment(function, *t, zone_of(zone)?)?,
        _ => return Err(Error::no_such_overload()),
    };
    Ok(Value::Int(value))
}

fn of_moment(function: &str, t: Stamp, zone: TimeZone) -> Result<i64, Error> {
    let t = t.zoned(zone).ok_or_else(|| Error::new("timestamp overflow"))?;
    Ok(match function {
        "getFullYear" => t.year().into(),
        "getMonth" => i64::from(t.month()) - 1,
        "getDayOfYear" => i64::from(t.day_of_year()) - 1,
        "getDayOfMonth" => i64::from(t.day()) - 1,
        "getDate" => t.day().into(),
        "getDayOfWeek" => i64::from(t.weekday().to_sunday_zero_offset()),
        "getHours" => t.hour().into(),
        "getMinutes" => t.minute().into(),
        "getSeconds" => t.second().into(),
        "getMilliseconds" => t.millisecond().into(),
        _ => return Err(Error::no_such_overload()),
    })
}

/// A zone's name, or hours and minutes: `-08:00`.
fn zone_of(name: &str) -> Result<TimeZone, Error> {
    let Some((hours, minutes)) = name.split_once(':') else {
        return time_zone::load(name).map_err(Error::new);
    };
    let bad = |s: &str| Error::new(format!("strconv.Atoi: parsing {}: invalid syntax", crate::api::go_text::quoted(s)));
    let hours_number: i32 = hours.parse().map_err(|_| bad(hours))?;
    let minutes_number: i32 = minutes.parse().map_err(|_| bad(minutes))?;
    let minutes_number = if hours.starts_with('-') { -minutes_number } else { minutes_number };
    let seconds = hours_number.saturating_mul(3600).saturating_add(minutes_number.saturating_mul(60));
    jiff::tz::Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|_| Error::new("invalid time zone offset"))
}
