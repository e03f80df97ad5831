cronjob-next = next due at { $at }, in { $wait }
cronjob-started = was due at { $at } → created the Job { $job }; next due at { $next }
cronjob-too-late = was due at { $at }, more than { $limit } ago (startingDeadlineSeconds) → lets it pass
cronjob-forbidden = is due, but { $running } still runs and concurrencyPolicy is Forbid → creates no Job
cronjob-replaced = is due at { $at }, concurrencyPolicy is Replace → deletes { $running }, which still runs
cronjob-forgot = keeps only so many finished Jobs → deletes the oldest: { $jobs }
cronjob-noticed = { $job } has ended ({ $how }) → no longer active
