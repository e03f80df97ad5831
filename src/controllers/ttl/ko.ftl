node-ttl = 클러스터에 노드가 { $nodes }개 있음: { $node }의 kubelet은 { $seconds ->
    [0] Secret과 ConfigMap이 필요할 때마다 새로 물어봄
   *[other] 받은 Secret과 ConfigMap을 { $seconds }초 동안은 다시 묻지 않고 쓸 수 있음
 }
