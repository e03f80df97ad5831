load-balancer-ordered = 서비스 { $service }의 타입은 LoadBalancer → 클라우드에 로드 밸런서를 요청. 만들어질 때까지(클라우드마다 몇 초에서 몇 분, 여기서는 30초) EXTERNAL-IP는 <pending>
load-balancer-given = 클라우드가 서비스 { $service }을(를) 위해 주소가 { $address }인 로드 밸런서를 만듦. 들어오는 트래픽은 노드들로 나뉨 → 주소를 서비스의 status에 기록
load-balancer-removed = { $address ->
    [none] 서비스 { $service }에 이제 로드 밸런서가 필요 없음 → 요청을 취소
   *[other] 서비스 { $service }에 이제 로드 밸런서가 필요 없음 → 클라우드가 로드 밸런서와 주소 { $address }을(를) 거둬감
 }
