proxy-programmed = 이제 모든 노드가 { $address }({ $service })로 가는 패킷을 준비된 파드 { $endpoints ->
    [one] 1개로 보냄
   *[other] { $endpoints }개 가운데 하나로 보냄
 }
proxy-rejects = { $service } 뒤에 준비된 파드가 없음: 이제 모든 노드가 { $address }로 가는 패킷을 거절함
proxy-removed = { $service }은(는) 이제 아무 데로도 이어지지 않음: 모든 노드에서 규칙이 지워짐
