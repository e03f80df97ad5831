node-silent = { $silent } 동안 { $node } 노드에서 소식이 없음(50초까지 기다림) → NotReady, 그 위의 파드 { $pods }개도 준비 안 됨으로 표시
node-tainted = { $node } 노드에 테인트 { $taint }을(를) 붙임
node-untainted = { $node } 노드가 준비됨 → 테인트 { $taint }을(를) 뗌
node-no-eviction = 노드 { $all }개 가운데 { $ready }개만 준비됨: 너무 많은 노드가 조용하므로 노드 탓이 아니라고 보고 → 아무도 내쫓지 않음
node-will-evict = { $pod } 파드는 { $node } 노드의 테인트를 { $wait } 더 용인하고, 그 뒤에 축출됨
node-will-not-evict = { $node } 노드가 나아짐 → { $pod } 파드는 남아도 됨
node-evicted = { $pod } 파드가 { $node } 노드에 머물 수 있는 시간이 다 됨 → 삭제
