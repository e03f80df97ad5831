scheduler-only = { $pod }: { $node } is the only node → bound
scheduler-only-fit = { $pod }: only { $node } fits; { $rejected } → bound
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
