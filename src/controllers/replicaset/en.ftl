replicaset-created = wants { $wanted ->
    [one] 1 pod
   *[other] { $wanted } pods
 }, has { $had } → created { $names }
replicaset-deleted = wants { $wanted ->
    [one] 1 pod
   *[other] { $wanted } pods
 }, has { $had } → deletes { $victims }
replicaset-victims = { $names } ({ $because ->
    [all] { $count ->
        [one] the last one
       *[other] all of them
    }
    [unassigned] not on a node yet, so first
    [phase] not running yet, so first
    [not-ready] not ready, so first
    [deletion-cost] the lowest deletion cost
    [crowded] more pods of the same owner stand on its node
    [ready-shorter] ready for the shortest time
    [restarts] restarted most often
    [newer] the newest
   *[name] all else is alike, so chance decides
 })
replicaset-refused = wants { $wanted }, has { $had }, but may not create more: { $why }
