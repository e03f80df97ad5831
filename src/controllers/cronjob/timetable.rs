//! When a CronJob was due and will be due. Pure.
//! Real Kubernetes: pkg/controller/cronjob/utils.go mostRecentScheduleTime, nextScheduleTimeDuration; formatSchedule.

use jiff::tz::TimeZone;
use k8s_openapi::api::batch::v1::CronJobSpec;

use crate::api::cron::{self, Schedule};
use crate::api::kinds::CronJob;
use crate::api::{Duration, Time, time_zone};

/// Clocks of several machines differ a little: a CronJob looks so much later than it is due.
pub const LATER: Duration = Duration::from_millis(100);
/// From so many missed times on, somebody is told.
const MANY: u64 = 100;

pub const UNKNOWN_ZONE: &str = "UnknownTimeZone";

/// A schedule, by the clocks of its zone.
#[derive(Clone, Debug)]
pub struct Timetable {
    schedule: Schedule,
    pub zone: TimeZone,
}

/// Why there is no timetable, in the words of its Event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unusable {
    pub reason: &'static str,
    pub message: String,
}

/// What is due at a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Due {
    /// Times before this one are settled.
    since: Time,
    /// The last time at which a Job should have been made, if there was any.
    pub last: Option<Time>,
    pub missed: Missed,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missed {
    None,
    Few,
    Many,
}

impl Timetable {
    /// # Errors
    /// The zone or the schedule is none. (The API server lets no such CronJob in.)
    pub fn of(spec: &CronJobSpec) -> Result<Timetable, Unusable> {
        let name = spec.time_zone.as_deref().unwrap_or("");
        let zone = time_zone::load(name)
            .map_err(|why| Unusable { reason: UNKNOWN_ZONE, message: format!("invalid timeZone: {name:?}: {why}") })?;
        let schedule = cron::parse(&spec.schedule).map_err(|why| Unusable {
            reason: "UnparseableSchedule",
            message: format!("unparseable schedule: {:?} : {why}", spec.schedule),
        })?;
        Ok(Timetable { schedule, zone })
    }

    fn next(&self, after: Time) -> Option<Time> {
        self.schedule.next(after, &self.zone)
    }

    /// What is due now. Times that are longer ago than the starting deadline do not count, where it is looked at.
    ///
    /// # Errors
    /// The schedule means no time at all.
    pub fn due(&self, c: &CronJob, now: Time, with_deadline: bool) -> Result<Due, String> {
        let never = || "time difference between two schedules is less than 1 second".to_string();
        let created = c.metadata.creation_timestamp.as_ref();
        let last = c.status.as_ref().and_then(|s| s.last_schedule_time.as_ref());
        let mut since = last.or(created).map(Time::from_meta).unwrap_or_default();
        if let Some(limit) = deadline(&c.spec).filter(|_| with_deadline) {
            since = since.max(now - limit);
        }
        let first = self.next(since).ok_or_else(never)?;
        if now < first {
            return Ok(Due { since, last: None, missed: Missed::None });
        }
        let second = self.next(first).ok_or_else(never)?;
        if now < second {
            return Ok(Due { since, last: Some(first), missed: Missed::None });
        }
        // How many there were is estimated by the distance of the first two; the last one is found by going back two and looking.
        let distance = second.since(first).as_secs();
        if distance < 1 {
            return Err(never());
        }
        let missed = now.since(first).as_secs() / distance + 1;
        let back = match missed {
            1 => first - Duration::from_secs(distance),
            n => first + Duration::from_secs((n - 2).saturating_mul(distance)),
        };
        let past = std::iter::successors(self.next(back), |t| self.next(*t)).take_while(|t| *t <= now);
        let missed = if missed > MANY { Missed::Many } else { Missed::Few };
        Ok(Due { since, last: past.last(), missed })
    }

    /// When it is due next.
    pub fn next_due(&self, c: &CronJob, now: Time) -> Time {
        let from = match self.due(c, now, false) {
            Ok(Due { last: Some(last), .. }) => last,
            Ok(Due { since, missed: Missed::None, .. }) => since,
            _ => now,
        };
        self.next(from).unwrap_or(now)
    }
}

/// How late a Job may be made.
pub fn deadline(spec: &CronJobSpec) -> Option<Duration> {
    spec.starting_deadline_seconds.map(|s| Duration::from_secs(u64::try_from(s).unwrap_or(0)))
}
