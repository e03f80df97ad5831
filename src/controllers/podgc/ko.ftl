podgc-too-many = 끝난 파드가 너무 많이 남아 있음 → 가장 오래된 것 중 하나인 { $pod } 삭제
podgc-out-of-service = { $pod } 파드는 삭제될 참이고 { $node } 노드는 돌아오지 않는다고 표시됨 → kubelet을 기다리지 않고 삭제
podgc-lost = { $node } 노드가 사라진 지 40초 → 대신 끝내 줄 kubelet이 없으니 { $pod } 파드를 Failed로 표시하고 삭제
podgc-unscheduled = { $pod } 파드는 삭제될 참인데 노드에 배정된 적이 없어 끝내 줄 kubelet이 없음 → 삭제
