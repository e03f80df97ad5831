//! Dates, times of day and spans of time.
//! Real Kubernetes: k8s.io/kube-openapi/pkg/validation/strfmt: date.go, time.go, duration.go.

/// `2006-01-02`
pub fn is_date(s: &str) -> bool {
    let parts: Vec<&str> = s.split('-').collect();
    let [year, month, day] = parts.as_slice() else { return false };
    let number = |s: &str, digits: usize| {
        s.parse::<u32>().ok().filter(|_| s.len() == digits && s.bytes().all(|b| b.is_ascii_digit()))
    };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2)) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// `2014-12-15T19:30:20.000Z`
pub fn is_date_time(s: &str) -> bool {
    let lower = s.to_lowercase();
    let mut parts = lower.split('t');
    parts.next().is_some_and(is_date) && parts.next().is_some_and(is_time)
}

fn is_time(s: &str) -> bool {
    let Some((clock, rest)) = s.split_at_checked(8) else { return false };
    let parts: Vec<&str> = clock.split(':').collect();
    let two = |p: &str, most: u32| {
        p.len() == 2 && p.bytes().all(|b| b.is_ascii_digit()) && p.parse::<u32>().is_ok_and(|n| n <= most)
    };
    let [hour, minute, second] = parts.as_slice() else { return false };
    // Any sign may stand before a fraction.
    let fraction = rest.chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
    let digits = rest[fraction..].trim_start_matches(|c: char| c.is_ascii_digit());
    let has_fraction = digits.len() < rest.len() - fraction;
    let clock = two(hour, 23) && two(minute, 59) && two(second, 59);
    clock && (is_zone(rest) || (has_fraction && is_zone(digits)))
}

fn is_zone(s: &str) -> bool {
    let digit = |i: usize| s.as_bytes().get(i).is_some_and(u8::is_ascii_digit);
    let offset = s.starts_with(['+', '-']) && s.len() == 6 && s.as_bytes()[3] == b':';
    s == "z" || (offset && [1, 2, 4, 5].into_iter().all(digit))
}

/// `1h30m` as Go writes spans, or a number and a unit anywhere in the text: `in 3 weeks`.
pub fn is_duration(s: &str) -> bool {
    is_go_duration(s) || names_a_span(s)
}

fn is_go_duration(s: &str) -> bool {
    let mut rest = s.strip_prefix(['-', '+']).unwrap_or(s);
    if rest == "0" {
        return true;
    }
    let mut nanoseconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let unit_end = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        let size = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            _ => return false,
        };
        let digits = number.bytes().any(|b| b.is_ascii_digit()) && number.matches('.').count() <= 1;
        let Some(value) = number.parse::<f64>().ok().filter(|_| digits) else { return false };
        nanoseconds += value * size;
        rest = after;
    }
    !s.is_empty() && s != "-" && s != "+" && nanoseconds < 9.223_372_036_854_775e18
}

fn names_a_span(s: &str) -> bool {
    const UNITS: [&[&str]; 8] = [
        &["ns", "nano"],
        &["us", "µs", "micro"],
        &["ms", "milli"],
        &["s", "sec"],
        &["m", "min"],
        &["h", "hr", "hour"],
        &["d", "day"],
        &["w", "wk", "week"],
    ];
    // The last name of a unit is the beginning of a word, the others are whole ones.
    let known = |unit: &str| {
        UNITS.iter().any(|names| names.contains(&unit) || names.last().is_some_and(|name| unit.starts_with(name)))
    };
    let mut found = false;
    let mut rest = s;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let number = &rest[at..];
        let end = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
        let (digits, after) = number.split_at(end);
        let word = after.trim_start_matches(['\t', '\n', '\u{c}', '\r', ' ']);
        let length = word.find(|c: char| !c.is_ascii_alphabetic() && c != 'µ').unwrap_or(word.len());
        let (unit, after_unit) = word.split_at(length);
        if unit.is_empty() {
            rest = after;
            continue;
        }
        if digits.parse::<i64>().is_err() {
            return false;
        }
        found |= known(&unit.to_lowercase());
        rest = after_unit;
    }
    found
}
