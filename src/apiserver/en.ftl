etcd-expired = an hour has passed since { $count ->
    [one] one Event was
   *[other] { $count } Events were
  } written last, and Events are not kept for longer (--event-ttl) → removed
