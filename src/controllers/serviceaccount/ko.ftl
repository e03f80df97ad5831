serviceaccount-furnished = { $namespace } 네임스페이스가 새로 생김 → 서비스어카운트 default와 컨피그맵 kube-root-ca.crt를 생성 (실제로는 컨트롤러 둘이 나누어 맡음)
