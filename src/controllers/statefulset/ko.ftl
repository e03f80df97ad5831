statefulset-first = { $wanted ->
    [1] 파드 1개를 원함
   *[other] 파드 { $wanted }개를 차례대로 원함
 } → { $count ->
    [0] { $pod }
   *[other] { $pod } 및 { $claims }
 } 생성
statefulset-next = { $pod } 앞의 파드가 모두 준비되었고 { $pod }은(는) 없음 → { $count ->
    [0] { $pod }
   *[other] { $pod } 및 { $claims }
 } 생성
statefulset-parallel = { $pod }이(가) 없고, 병렬이라 서로 기다리지 않음 → { $count ->
    [0] { $pod }
   *[other] { $pod } 및 { $claims }
 } 생성
statefulset-ended = { $pod }이(가) 끝남({ $phase }) → 삭제하고 새 { $pod }(으)로 바꿈
statefulset-scaled-away = 원하는 파드 { $wanted }개, 번호가 큰 것부터 없앰 → { $pod } 삭제
statefulset-outdated = { $pod }은(는) 옛 템플릿이고, 번호가 더 큰 파드는 모두 새것이고 준비됨 → { $revision }(으)로 다시 오도록 삭제
statefulset-claim-created = { $pod }이(가) 기다리는 { $claim }이(가) 없음 → 생성
statefulset-claim-owned = 보존 정책에 따라 { $claim }은(는) { $with ->
    [set] 스테이트풀셋이 없어질 때 함께 없어짐
    [pod] 파드와 함께 없어짐
   *[none] 무엇이 없어져도 남음
 }
statefulset-corrected = { $pod }이(가) 제 정체성을 잃음 → 되돌려 줌
statefulset-refused = { $pod }에 필요한 일을 할 수 없음: { $why }
