node-ttl = the cluster has { $nodes ->
    [one] one node
   *[other] { $nodes } nodes
 }: the kubelet of { $node } { $seconds ->
    [0] asks for Secrets and ConfigMaps anew whenever it needs them
   *[other] may use a Secret or ConfigMap for { $seconds } s before it asks for it again
 }
