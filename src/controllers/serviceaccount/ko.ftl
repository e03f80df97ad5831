serviceaccount-furnished = { $namespace } 네임스페이스가 새로 생김 → 서비스어카운트 default와 컨피그맵 kube-root-ca.crt를 생성 (실제로는 컨트롤러 둘이 나누어 맡음)
serviceaccount-token-filled = { $secret } 시크릿이 서비스어카운트 { $account }의 토큰을 요청함 → 만료되지 않는 토큰을 CA, 네임스페이스와 함께 넣음 (만료되는 토큰이 더 낫다: kubectl create token)
serviceaccount-token-deleted = { $secret } 시크릿에 든 토큰의 서비스어카운트 { $account }이(가) 없음 → 삭제
