kubernetes-service-restored = programs find the API server by the Service "kubernetes"; its { $kind } is gone or leads elsewhere → made as it was (every 10 s it looks)
