scheduler-only = { $pod }: { $node } is the only node → bound
scheduler-only-fit = { $pod }: only { $node } fits; { $rejected } → bound
scheduler-kept = { $pod }: room was kept for it on { $node } → bound
scheduler-best = { $pod }: { $fit } fit; { $ties ->
    [one] { $node } scores highest ({ $score })
   *[other] { $ties } score highest ({ $score }), so chance decides for { $node }
 } → bound
scheduler-best-of = { $pod }: { $fit } fit; { $rejected }; { $ties ->
    [one] { $node } scores highest ({ $score })
   *[other] { $ties } score highest ({ $score }), so chance decides for { $node }
 } → bound
scheduler-nowhere = { $pod }: fits on none of { $nodes ->
    [one] 1 node
   *[other] { $nodes } nodes
 }: { $rejected } → stays Pending, tried again when a node or a pod changes
scheduler-not-name = { $names } { $count ->
    [one] is
   *[other] are
 } not the node it names
scheduler-not-unschedulable = { $names } { $count ->
    [one] is
   *[other] are
 } cordoned
scheduler-not-tolerated = { $names } { $count ->
    [one] has
   *[other] have
 } a taint it does not tolerate
scheduler-not-taint = { $names } { $count ->
    [one] has
   *[other] have
 } a taint it does not tolerate ({ $taint })
scheduler-not-affinity = { $names } { $count ->
    [one] does
   *[other] do
 } not match its node selector or affinity
scheduler-not-named = { $count ->
    [one] 1 other node is
   *[other] { $count } other nodes are
 } not what it names
scheduler-not-full = { $names } { $count ->
    [one] holds
   *[other] hold
 } as many pods as { $count ->
    [one] it
   *[other] they
 } may
scheduler-not-enough = { $names } { $count ->
    [one] has
   *[other] have
 } too little { $resource } (it asks for { $wants }, { $free } { $count ->
    [one] is
   *[other] is
 } free)
scheduler-not-spread = { $names } { $count ->
    [one] holds
   *[other] hold
 } too many of its kind already (spread over { $key })
scheduler-not-ports = { $names } { $count ->
    [one] has
   *[other] have
 } no free port { $ports } any more
scheduler-not-disk = { $names } { $count ->
    [one] has
   *[other] have
 } a pod already that uses the same disk
scheduler-not-once = { $claims } may be used by one pod only, and another one uses it ({ $names } { $count ->
    [one] is
   *[other] are
 } out)
scheduler-not-volumes = { $names } { $count ->
    [one] has
   *[other] have
 } as many volumes of { $driver } as { $count ->
    [one] it
   *[other] they
 } may ({ $limit })
scheduler-not-reached = { $names } { $count ->
    [one] does
   *[other] do
 } not reach volume { $volume }
scheduler-not-volume = { $names } { $count ->
    [one] has
   *[other] have
 } no volume for claim { $claim }, and nobody makes one there
scheduler-not-space = { $names } { $count ->
    [one] has
   *[other] have
 } too little storage for claim { $claim }
scheduler-not-gone = { $names } { $count ->
    [one] is
   *[other] are
 } out because volume { $volume } does not exist any more
scheduler-not-near = { $names } { $count ->
    [one] has
   *[other] have
 } not the pods nearby that it wants (pod affinity)
scheduler-not-far = { $names } { $count ->
    [one] has
   *[other] have
 } pods nearby that it does not want (pod anti-affinity)
scheduler-not-devices = { $names } { $count ->
    [one] has
   *[other] have
 } no devices for its ResourceClaims
scheduler-not-devices-there = the devices of its ResourceClaims cannot be used on { $names }{ $count ->
   *[other] {""}
 }
scheduler-not-welcome = { $names } { $count ->
    [one] has
   *[other] have
 } pods nearby that do not want it (their anti-affinity)
scheduler-refused = { $pod }: { $why } → no node is looked at, stays Pending
scheduler-refused-contradiction = it must be on two nodes at once
scheduler-refused-no-claim = there is no claim { $claim }
scheduler-refused-to-come = claim { $claim } for its ephemeral volume is not made yet
scheduler-refused-others = claim { $claim } has the name of its ephemeral volume's claim, but was not made for it
scheduler-refused-lost = claim { $claim } is bound to volume { $volume }, which is gone
scheduler-refused-leaving = claim { $claim } is being deleted
scheduler-refused-unbound = { $count ->
    [one] claim { $claims } has
   *[other] claims { $claims } have
 } no volume yet
scheduler-refused-gone = volume { $volume } is gone
scheduler-refused-devices-to-come = the claim of its devices is not made from its template yet
scheduler-refused-no-device-claim = there is no ResourceClaim { $claim }
scheduler-refused-others-devices = ResourceClaim { $claim } was not made for it
scheduler-refused-no-device-class = there is no DeviceClass { $class }, which request { $request } of its claim names
scheduler-refused-devices-in-use = as many pods use ResourceClaim { $claim } as may
scheduler-gated = { $pod }: { $count ->
    [one] gate { $gates } is
   *[other] gates { $gates } are
 } shut → not scheduled before { $count ->
    [one] it is
   *[other] they are
 } removed
scheduler-promised = { $pod }: will be on { $node }, but first { $promises }
scheduler-promise-bind = volume { $volume } is set aside for claim { $claim }
scheduler-promise-provision = a volume is asked for there for claim { $claim }
scheduler-broken = { $pod }: can't go to { $node } after all ({ $why }) → looks for a node again
scheduler-preempts = { $pod } is more important than { $victims } → { $count ->
    [one] it goes
   *[other] they go
 } from { $node } to make room
scheduler-preempts-anyway = { $pod } is more important than { $victims } → { $count ->
    [one] it goes
   *[other] they go
 } from { $node } to make room, though for { $violations } of them the disruption budget allows none
