disruption-allows = 예산 { $budget }에는 건강한 파드 { $needed }개가 있어야 하고 지금 { $healthy }개 → { $allowed ->
    [0] 지금은 아무도 축출할 수 없음
   *[other] 지금 { $allowed }개를 축출할 수 있음
 }
disruption-failed = 예산 { $budget }을(를) 계산할 수 없어 아무도 축출할 수 없음: { $why }
disruption-stayed = { $pod } 파드는 2분 전에 축출될 예정이었는데 아직 있음 → 그 표시를 거둠
