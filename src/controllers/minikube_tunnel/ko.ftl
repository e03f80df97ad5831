tunnel-given = 터널이 열려 있고 서비스 { $service }에 로드 밸런서가 필요함 → 자기 ClusterIP { $address }을(를) EXTERNAL-IP로 status에 기록. 내 컴퓨터에서는 노드로 가는 경로로 닿음. 실제 쿠버네티스: 클라우드에서는 cloud-controller-manager가 진짜 로드 밸런서의 주소를 기록함
