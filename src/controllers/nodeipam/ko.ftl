node-ipam-gave = { $node } 노드에 파드들이 쓸 주소 범위가 없음 → 클러스터의 { $of } 가운데 { $range }을(를) 줌(남은 것 { $left }개)
node-ipam-full = { $of }에 { $node } 노드에 줄 것이 남아 있지 않음(CIDRNotAvailable) → 노드의 네트워크가 시작되지 못하고 NotReady로 남음
