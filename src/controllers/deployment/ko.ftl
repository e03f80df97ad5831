deployment-first-set = 이 파드 템플릿을 가진 레플리카셋이 아직 없음 → { $set } 생성(레플리카 { $replicas })
deployment-new-set = 파드 템플릿이 바뀌었고 그것을 가진 레플리카셋이 없음 → 리비전 { $revision }(으)로 { $set } 생성(우선 레플리카 { $replicas })
deployment-reused-set = { $set }에 이미 이 파드 템플릿이 있음(리비전 { $was }이었음) → 리비전 { $revision }(으)로 다시 사용
deployment-roll-up = 원하는 { $wanted }개보다 { $surge }개 더 둘 수 있고 지금 { $total }개 → { $set } { $from }→{ $to }
deployment-roll-down = 사용 가능한 파드 { $available }개, 적어도 { $least }개는 있어야 함 → { $set } { $from }→{ $to }
deployment-roll-broken = { $set }의 파드 { $unhealthy }개가 제대로 돌지 않아 먼저 없앰 → { $set } { $from }→{ $to }
deployment-recreate-down = Recreate 전략: 옛 파드 { $from }개를 먼저 모두 없앰 → { $set }을(를) 0으로
deployment-recreate-up = 도는 옛 파드가 없음 → { $set }을(를) { $to }(으)로
deployment-scaled = 개수만 바뀌어 파드는 그대로 둠 → { $set } { $from }→{ $to }
deployment-spread = 롤아웃 중이므로 레플리카 { $wanted }개를 비율대로 나눔: { $parts }
deployment-paused = 일시 중지됨: 파드 수는 지키지만 아무것도 롤아웃하지 않음
deployment-resumed = 다시 시작함: 그동안 바뀐 것을 이제 롤아웃함
deployment-complete = { $available ->
    [1] 하나뿐인 파드가 새 템플릿이고 사용 가능함
   *[other] 파드 { $available }개가 모두 새 템플릿이고 사용 가능함
 } → 롤아웃 완료
deployment-timed-out = { $deadline } 동안 진전이 없음 → ProgressDeadlineExceeded(계속 시도는 함)
deployment-forgot = 옛 레플리카셋은 { $limit }개까지 남김 → { $set } 삭제
