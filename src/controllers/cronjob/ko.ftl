cronjob-next = 다음 실행 { $at }, { $wait } 뒤
cronjob-started = { $at }에 실행할 때가 됨 → 잡 { $job } 생성, 다음 실행 { $next }
cronjob-too-late = { $at }에 실행했어야 하나 { $limit } 넘게 지남(startingDeadlineSeconds) → 건너뜀
cronjob-forbidden = 실행할 때가 됐지만 { $running }이(가) 아직 돌고 있고 concurrencyPolicy가 Forbid → 잡을 만들지 않음
cronjob-replaced = { $at }에 실행할 때가 됨, concurrencyPolicy가 Replace → 아직 도는 { $running }을(를) 삭제
cronjob-forgot = 끝난 잡은 정해진 수만 남김 → 가장 오래된 것을 삭제: { $jobs }
cronjob-noticed = { $job }이(가) 끝남({ $how }) → 활성 목록에서 뺌
