node-ttl = the cluster has { $nodes ->
    [one] one node
   *[other] { $nodes } nodes
 } → notes on { $node } how long its kubelet may keep a Secret or ConfigMap where it does not watch them, as kubelets usually do: { $seconds } s
