clusterrole-aggregated = { $role }은(는) 정해진 레이블을 단 롤의 규칙을 모아 만드는 롤: { $parts } → 규칙 { $rules }개를 써 넣음
