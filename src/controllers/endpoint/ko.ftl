endpoint-too-many = 서비스 { $service }의 주소는 { $count }개인데 Endpoints에는 { $capacity }개까지만 들어감 → 나머지는 EndpointSlice에만 있음
