load-balancer-ordered = service { $service } is of type LoadBalancer → asks the cloud for a load balancer; until there is one (clouds take from seconds to minutes, this one 30 s), EXTERNAL-IP is <pending>
load-balancer-given = the cloud has made a load balancer with the address { $address } for service { $service }, which spreads what arrives over the nodes → writes it into the service's status
load-balancer-removed = { $address ->
    [none] service { $service } wants no load balancer any more → calls it off
   *[other] service { $service } wants no load balancer any more → the cloud takes it away, and { $address } with it
 }
