endpointslice-now = { $count ->
    [one] 1 pod
   *[other] { $count } pods
 } behind service { $service } may get traffic: { $addresses }
endpointslice-empty = no pod behind service { $service } may get traffic
