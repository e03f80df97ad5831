replicaset-created = 원하는 파드 { $wanted }개, 지금 { $had }개 → { $names } 생성
replicaset-deleted = 원하는 파드 { $wanted }개, 지금 { $had }개 → { $victims } 삭제
replicaset-victims = { $names } ({ $because ->
    [all] { $count ->
        [1] 마지막 하나
       *[other] 모두
    }
    [unassigned] 아직 노드가 없어 먼저
    [phase] 아직 실행되지 않아 먼저
    [not-ready] 준비되지 않아 먼저
    [deletion-cost] 삭제 비용이 가장 낮음
    [crowded] 같은 소유자의 파드가 그 노드에 더 많음
    [ready-shorter] 준비된 지 가장 짧음
    [restarts] 가장 많이 재시작함
    [newer] 가장 새로움
   *[name] 나머지는 같아서 무작위로 고름
 })
replicaset-refused = 원하는 파드 { $wanted }개, 지금 { $had }개, 그러나 더 만들 수 없음: { $why }
