scheduler-only = { $pod }: 노드가 { $node } 하나뿐 → 배정
scheduler-only-fit = { $pod }: { $node }만 맞음; { $rejected } → 배정
scheduler-kept = { $pod }: { $node }에 만들어 둔 자리가 있음 → 배정
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
scheduler-not-named = 다른 노드 { $count }개: 지정한 노드가 아님
scheduler-not-full = { $names }: 파드를 둘 수 있는 만큼 이미 둠{ $count ->
   *[other] {""}
 }
scheduler-not-enough = { $names }: { $resource } 부족({ $wants } 필요, { $free } 남음){ $count ->
   *[other] {""}
 }
scheduler-not-spread = { $names }: 같은 종류가 이미 너무 많음({ $key } 기준 분산){ $count ->
   *[other] {""}
 }
scheduler-not-ports = { $names }: 호스트 포트 { $ports }을(를) 이미 쓰고 있음{ $count ->
   *[other] {""}
 }
scheduler-not-disk = { $names }: 같은 디스크를 쓰는 파드가 이미 있음{ $count ->
   *[other] {""}
 }
scheduler-not-once = { $names }: 파드 하나만 쓸 수 있는 클레임 { $claims }을(를) 다른 파드가 쓰고 있음{ $count ->
   *[other] {""}
 }
scheduler-not-volumes = { $names }: { $driver } 볼륨을 붙일 수 있는 만큼({ $limit }) 이미 붙임{ $count ->
   *[other] {""}
 }
scheduler-not-reached = { $names }: 볼륨 { $volume }을(를) 쓸 수 없는 곳{ $count ->
   *[other] {""}
 }
scheduler-not-volume = { $names }: 클레임 { $claim }에 맞는 볼륨이 없고 만들어 줄 곳도 없음{ $count ->
   *[other] {""}
 }
scheduler-not-space = { $names }: 클레임 { $claim }에 쓸 저장 공간 부족{ $count ->
   *[other] {""}
 }
scheduler-not-gone = { $names }: 볼륨 { $volume }이(가) 더는 없음{ $count ->
   *[other] {""}
 }
scheduler-not-near = { $names }: 가까이 있어야 할 파드가 없음(파드 어피니티){ $count ->
   *[other] {""}
 }
scheduler-not-far = { $names }: 피하려는 파드가 가까이 있음(파드 안티어피니티){ $count ->
   *[other] {""}
 }
scheduler-not-devices = { $names }: ResourceClaim에 내어 줄 장치가 없음{ $count ->
   *[other] {""}
 }
scheduler-not-devices-there = { $names }: ResourceClaim의 장치를 쓸 수 없는 곳{ $count ->
   *[other] {""}
 }
scheduler-not-welcome = { $names }: 이 파드를 피하는 파드가 가까이 있음(그쪽의 안티어피니티){ $count ->
   *[other] {""}
 }
scheduler-refused = { $pod }: { $why } → 노드를 살피지 않고 Pending으로 남음
scheduler-refused-contradiction = 동시에 두 노드에 있어야 함
scheduler-refused-no-claim = 클레임 { $claim }이(가) 없음
scheduler-refused-to-come = 임시 볼륨의 클레임 { $claim }이(가) 아직 만들어지지 않음
scheduler-refused-others = 클레임 { $claim }은(는) 임시 볼륨의 클레임과 이름이 같지만 이 파드의 것이 아님
scheduler-refused-lost = 클레임 { $claim }이(가) 사라진 볼륨 { $volume }에 묶여 있음
scheduler-refused-leaving = 클레임 { $claim }이(가) 삭제되는 중
scheduler-refused-unbound = 클레임 { $claims }에 아직 볼륨이 없음{ $count ->
   *[other] {""}
 }
scheduler-refused-gone = 볼륨 { $volume }이(가) 사라짐
scheduler-refused-devices-to-come = 장치 클레임이 템플릿에서 아직 만들어지지 않음
scheduler-refused-no-device-claim = ResourceClaim { $claim }이(가) 없음
scheduler-refused-others-devices = ResourceClaim { $claim }은(는) 이 파드의 것이 아님
scheduler-refused-no-device-class = 클레임의 요청 { $request }이(가) 가리키는 DeviceClass { $class }이(가) 없음
scheduler-refused-devices-in-use = ResourceClaim { $claim }을(를) 쓸 수 있는 만큼의 파드가 이미 씀
scheduler-gated = { $pod }: 게이트 { $gates }이(가) 닫혀 있음 → 없어질 때까지 스케줄하지 않음{ $count ->
   *[other] {""}
 }
scheduler-promised = { $pod }: { $node }에 둘 예정; 먼저 { $promises }
scheduler-promise-bind = 볼륨 { $volume }을(를) 클레임 { $claim } 몫으로 잡아 둠
scheduler-promise-provision = 클레임 { $claim }의 볼륨을 그 노드에 만들어 달라고 요청
scheduler-broken = { $pod }: { $node }에 둘 수 없게 됨({ $why }) → 노드를 다시 찾음
scheduler-preempts = { $pod }의 우선순위가 { $victims }보다 높음 → { $node }에서 내보내 자리를 만듦{ $count ->
   *[other] {""}
 }
scheduler-preempts-anyway = { $pod }의 우선순위가 { $victims }보다 높음 → { $node }에서 내보내 자리를 만듦(그중 { $violations }개는 중단 예산이 허락하지 않는데도){ $count ->
   *[other] {""}
 }
