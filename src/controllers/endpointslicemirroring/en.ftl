endpointslicemirroring-mirrored = { $service } has no selector, so its Endpoints are somebody's own → mirrored into an EndpointSlice, which kube-proxy reads: { $count ->
    [0] no address
   *[other] { $addresses }
 }
