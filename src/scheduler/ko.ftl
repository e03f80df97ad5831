scheduler-only = { $pod }: 노드가 { $node } 하나뿐 → 배정
scheduler-only-fit = { $pod }: { $node }만 맞음({ $rejected }) → 배정
scheduler-best = { $pod }: 맞는 노드 { $count }개, { $node } 점수 { $score }{ $ties ->
    [one] 점으로 가장 높음(다음은 { $others })
   *[other] 점, 같은 점수가 { $ties }개라 우연이 정함
 } → 배정
scheduler-best-of = { $pod }: 맞는 노드 { $count }개(제외: { $rejected }), { $node } 점수 { $score }{ $ties ->
    [one] 점으로 가장 높음(다음은 { $others })
   *[other] 점, 같은 점수가 { $ties }개라 우연이 정함
 } → 배정
scheduler-nowhere = { $pod }: 노드 { $nodes }개 가운데 맞는 것이 없음({ $rejected }) → Pending으로 남고, 노드나 파드가 바뀌면 다시 시도
