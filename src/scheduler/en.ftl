scheduler-only = { $pod }: { $node } is the only node → bound
scheduler-only-fit = { $pod }: only { $node } fits ({ $rejected }) → bound
scheduler-best = { $pod }: { $count } nodes fit; { $node } scores { $score }{ $ties ->
    [one] , the most (then { $others })
   *[other] , as do { $ties } in all, so chance decides
 } → bound
scheduler-best-of = { $pod }: { $count } nodes fit, not { $rejected }; { $node } scores { $score }{ $ties ->
    [one] , the most (then { $others })
   *[other] , as do { $ties } in all, so chance decides
 } → bound
scheduler-nowhere = { $pod }: none of { $nodes ->
    [one] 1 node
   *[other] { $nodes } nodes
 } fits ({ $rejected }) → stays Pending, tried again when a node or a pod changes
