endpointslice-now = 서비스 { $service } 뒤에서 트래픽을 받을 파드 { $count }개: { $addresses }
endpointslice-empty = 서비스 { $service } 뒤에 트래픽을 받을 파드가 없음
