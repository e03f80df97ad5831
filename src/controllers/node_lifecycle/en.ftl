node-silent = nothing heard of { $node } for { $silent } (50 s are allowed) → NotReady, and its { $pods ->
    [one] 1 pod is
   *[other] { $pods } pods are
 } marked not ready
node-tainted = { $node } gets the taint { $taint }
node-untainted = { $node } is ready → takes the taint { $taint } away
node-no-eviction = { $ready } of { $all } nodes are ready: too many are silent to blame the nodes → evicts nobody
node-will-evict = { $pod } tolerates the taint of { $node } for { $wait } more, then it is evicted
node-will-not-evict = { $node } is well again → { $pod } may stay
node-evicted = { $pod } has stayed on { $node } as long as it may → deletes it
