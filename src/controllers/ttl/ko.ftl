node-ttl = 클러스터에 노드가 { $nodes }개 있음 → Secret과 ConfigMap을 watch하지 않는 kubelet이라면(보통은 watch함) 얼마 동안 간직해도 되는지 { $node }에 적음: { $seconds }초
