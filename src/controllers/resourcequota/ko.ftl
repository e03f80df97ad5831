resourcequota-counted = 네임스페이스가 쓰는 양을 세어 { $quota }에 적음: { $used }
