scheduler-only = { $pod }: 노드가 { $node } 하나뿐 → 배정
scheduler-only-fit = { $pod }: { $node }만 맞음; { $rejected } → 배정
scheduler-best = { $pod }: { $fit }에 들어갈 수 있음; { $ties ->
    [1] { $node }의 점수가 가장 높음({ $score })
   *[other] 가장 높은 점수({ $score })인 노드가 { $ties }개라 무작위로 { $node }을(를) 고름
 } → 배정
scheduler-best-of = { $pod }: { $fit }에 들어갈 수 있음; { $rejected }; { $ties ->
    [1] { $node }의 점수가 가장 높음({ $score })
   *[other] 가장 높은 점수({ $score })인 노드가 { $ties }개라 무작위로 { $node }을(를) 고름
 } → 배정
scheduler-nowhere = { $pod }: 노드 { $nodes }개 가운데 들어갈 곳이 없음: { $rejected } → Pending으로 남고, 노드나 파드가 바뀌면 다시 시도
scheduler-not-name = { $names }: 지정한 노드가 아님{ $count ->
   *[other] {""}
 }
scheduler-not-unschedulable = { $names }: 스케줄 금지(cordon) 상태{ $count ->
   *[other] {""}
 }
scheduler-not-tolerated = { $names }: 용인하지 않는 테인트가 있음{ $count ->
   *[other] {""}
 }
scheduler-not-taint = { $names }: 용인하지 않는 테인트가 있음({ $taint }){ $count ->
   *[other] {""}
 }
scheduler-not-affinity = { $names }: 노드 셀렉터나 어피니티에 맞지 않음{ $count ->
   *[other] {""}
 }
scheduler-not-full = { $names }: 파드를 둘 수 있는 만큼 이미 둠{ $count ->
   *[other] {""}
 }
scheduler-not-enough = { $names }: { $resource } 부족({ $wants } 필요, { $free } 남음){ $count ->
   *[other] {""}
 }
scheduler-not-spread = { $names }: 같은 종류가 이미 너무 많음({ $key } 기준 분산){ $count ->
   *[other] {""}
 }
