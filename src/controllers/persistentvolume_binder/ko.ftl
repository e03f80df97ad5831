binder-bound = 클레임 { $claim }은(는) { $wanted }을(를) 원하고, 맞는 볼륨 중 가장 작은 것은 { $volume }({ $size }) → 바인딩
binder-bound-as-meant = 볼륨 { $volume }({ $size })은(는) 클레임 { $claim }의 것으로 정해져 있음 → 바인딩
binder-no-class = 클레임 { $claim }은(는) { $wanted }을(를) 원하지만 맞는 볼륨이 없고, 누가 만들지 말해 줄 스토리지 클래스도 없음 → 기다림
binder-waits-for-pod = 클레임 { $claim }은(는) 파드가 필요로 할 때 바인딩됨(WaitForFirstConsumer) → { $count ->
    [0] 이 클레임을 쓰는 파드를 기다림
   *[other] { $pods } 파드가 노드에 배정되기를 기다림
 }
binder-asks-provisioner = 클레임 { $claim }은(는) { $wanted }을(를) 원하고 맞는 볼륨이 없음 → 클래스 { $class }의 프로비저너 { $provisioner }에 요청
binder-no-provisioner = 클레임 { $claim }은(는) 클래스 { $class }의 볼륨을 원하지만 만들 수 있는 이가 없음: { $why }
binder-waits-for-volume = 클레임 { $claim }이(가) 지정한 볼륨 { $volume }이(가) 없음 → 기다림
binder-mismatch = 클레임 { $claim }이(가) 볼륨 { $volume }을(를) 지정했지만 { $why }
binder-lost = 클레임 { $claim }의 볼륨이 그 안의 데이터와 함께 사라짐 → 클레임은 Lost
binder-released = 클레임 { $claim }이(가) 사라짐 → 볼륨 { $volume }은(는) Released, { $policy ->
    [Retain] 데이터는 그대로 둠(Retain). 관리자가 정리하기 전에는 아무도 쓸 수 없음
    [Delete] 데이터와 함께 지워질 것(Delete)
   *[other] ({ $policy })
 }
binder-deleted = 볼륨 { $volume }은(는) Released이고 정책이 Delete → 삭제
binder-failed = 볼륨 { $volume }을(를) 처리할 수 없음: { $why }
