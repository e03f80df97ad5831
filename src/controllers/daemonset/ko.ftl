daemonset-created = { $nodes }에 파드가 있어야 하는데 없음 → { $names } 생성
daemonset-began = { $nodes }에 파드가 있어야 하고 { $out }에는 두지 않음 → { $names } 생성
daemonset-kept-out = { $nodes }({ $because ->
    [name] 템플릿이 다른 노드를 지정함
    [taint] 테인트 { $taint }을(를) 용인하지 않음
   *[affinity] 노드 셀렉터나 어피니티에 맞지 않음
 })
daemonset-surged = { $nodes }에서 옛 파드 옆에 새 파드를 먼저 띄울 수 있음 → { $names } 생성
daemonset-deleted = { $victims } 삭제
daemonset-victims = { $names }({ $because ->
    [failed] 실패해서 새 파드로 바꿈
    [succeeded] 데몬은 끝나면 안 되는데 끝남
    [excess] 한 노드에 파드 하나면 충분함
    [replaced] 같은 노드의 새 파드가 이어받음
    [name] 템플릿이 다른 노드를 지정함
    [taint] 테인트 { $taint }을(를) 용인하지 않음
    [affinity] 노드가 노드 셀렉터나 어피니티에 더는 맞지 않음
    [node-gone] 갈 노드가 사라짐
    [broken] 옛 템플릿이고 어차피 사용 가능하지 않음
    [moved] 맞는 노드들에 사용 가능한 파드가 충분함
   *[outdated] 옛 템플릿이고 잠시 없어도 됨
 })
daemonset-refused = 파드 { $missing }개가 모자라지만 더 만들 수 없음: { $why }
