job-created = { $completions }개 중 { $done }개 완료, 실행 중 { $had }개, 동시에 최대 { $parallelism }개 → { $names } 생성
job-created-queue = 작업 큐: { $parallelism }개 중 { $had }개 실행 중, 아직 성공한 파드 없음 → { $names } 생성
job-refused = 파드를 더 만들 수 없음: { $why }
job-deleted = 실행 중 { $had }개, 원하는 수 { $wanted }개 → { $names } 삭제
job-stopped = 끝남({ $reason }) → 아직 실행 중인 것을 삭제: { $names }
job-waits = { $failures ->
    [1] 파드 하나가 실패함
   *[other] 마지막 성공 뒤로 파드 { $failures }개가 실패함
 } → 다음 파드를 만들기까지 { $wait } 더 기다림
job-index-waits = 남은 인덱스가 방금 실패함 → { $wait } 뒤에 첫 번째를 다시 시도
job-counted = { $count ->
    [1] { $names }이(가) 끝남: 셈에 넣었으므로 추적 파이널라이저를 뗌
   *[other] { $names }이(가) 끝남: 셈에 넣었으므로 추적 파이널라이저를 모두 뗌
 } (성공 { $succeeded }, 실패 { $failed })
job-ending = 끝이 정해졌지만({ $reason }) 아직 종료 중인 파드가 있음 → 기다림
job-complete = 더 할 일이 없음({ $reason }) → Complete
job-failed = { $message } ({ $reason }) → Failed
job-suspended = 일시 중지됨 { $count ->
    [0] → 아무것도 만들지 않음
   *[other] → { $names } 삭제
 }
job-resumed = 다시 시작됨 → 시간을 처음부터 다시 잼
job-let-go = { $pod }을(를) 이제 아무도 세지 않음 → 추적 파이널라이저를 떼어 사라질 수 있게 함
