etcd-expired = Event { $count }개가 마지막으로 쓰인 지 한 시간이 지남, Event는 그보다 오래 두지 않음 (--event-ttl) → 지움
