endpointslicemirroring-mirrored = { $service }에는 셀렉터가 없으니 Endpoints는 누군가 직접 쓴 것 → kube-proxy가 읽는 EndpointSlice로 옮겨 적음: { $count ->
    [0] 주소 없음
   *[other] { $addresses }
 }
