serviceaccount-furnished = { $namespace } 네임스페이스가 새로 생김 → 서비스 어카운트 default와 인증서 kube-root-ca.crt를 만들어 줌
