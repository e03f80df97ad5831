etcd-expired = an hour has passed since { $count ->
    [one] one Event was
   *[other] { $count } Events were
  } written last, and Events are not kept for longer (--event-ttl) → removed
apiserver-passed-on = asked for what { $kind } { $name } answers, not for an object → opened a connection of its own to { $to } and passed the request on as { $path }
