etcd-expired = Event { $count }개가 마지막으로 쓰인 지 한 시간이 지남, Event는 그보다 오래 두지 않음 (--event-ttl) → 지움
apiserver-passed-on = 오브젝트가 아니라 { $kind } { $name }의 답을 요청받음 → { $to }로 직접 연결해 요청을 { $path }(으)로 넘김
