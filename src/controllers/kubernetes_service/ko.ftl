kubernetes-service-restored = 프로그램들은 "kubernetes" Service로 API 서버를 찾는데, 그 { $kind }이(가) 없거나 다른 곳을 가리킴 → 원래대로 만듦(10초마다 확인함)
