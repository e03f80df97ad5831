endpoint-too-many = service { $service } has { $count } addresses, its Endpoints have room for { $capacity } → the rest stands in its EndpointSlices only
