garbage-collected = { $object }의 주인 { $owner }이(가) 사라짐 → 삭제
garbage-orphaned = { $object }만 사라짐(cascade=orphan): 딸린 { $dependents }개와의 관계를 끊음
garbage-waits = { $object }은(는) 딸린 { $dependents }개가 사라질 때까지 기다림(포그라운드 삭제)
