ttl-waits = { $job }이(가) 끝났고 ttlSecondsAfterFinished가 있음 → { $wait } 뒤에 삭제
ttl-expired = { $job }이(가) 끝난 지 { $ttl } 지남(ttlSecondsAfterFinished) → 파드부터 지우고 삭제
