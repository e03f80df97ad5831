ttl-waits = { $job } has finished, and ttlSecondsAfterFinished is set → goes in { $wait }
ttl-expired = { $job } finished { $ttl } ago (ttlSecondsAfterFinished) → deletes it, its pods first
