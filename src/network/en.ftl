proxy-programmed = every node now sends { $address } ({ $service }) to { $endpoints ->
    [one] its one ready pod
   *[other] one of { $endpoints } ready pods
 }
proxy-rejects = no pod is ready behind { $service }: every node now refuses packets to { $address }
proxy-removed = { $service } leads nowhere any more: its rules are gone from every node
