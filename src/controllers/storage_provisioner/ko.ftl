provisioner-made = 클레임 { $claim }이(가) 클래스 { $class }의 { $wanted }을(를) 요청 → 노드에 디렉터리 { $path }을(를) 만들고 그것으로 볼륨 { $volume } 생성
provisioner-no-blocks = 클레임 { $claim }은(는) 블록 장치를 원하지만 디렉터리는 블록 장치가 아님 → 아무것도 만들지 않음
provisioner-deleted = 볼륨 { $volume }은(는) Released이고 정책이 Delete → { $path }을(를) 그 안의 모든 것과 함께 지우고 볼륨도 삭제
