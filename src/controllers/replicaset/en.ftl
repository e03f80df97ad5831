replicaset-created = wants { $wanted ->
    [one] 1 pod
   *[other] { $wanted } pods
 }, has { $had } → created { $names }
replicaset-deleted = wants { $wanted ->
    [one] 1 pod
   *[other] { $wanted } pods
 }, has { $had } → deletes { $names } ({ $because ->
    [all] all of them
    [unassigned] not on a node yet, so it goes first
    [phase] not running yet, so it goes first
    [not-ready] not ready, so it goes first
    [deletion-cost] its deletion cost is the lowest
    [crowded] its node holds more pods of this set
    [ready-shorter] ready for the shortest time
    [restarts] restarted most often
    [newer] the newest
   *[name] all are alike, so chance decides
 })
replicaset-adopted = { $pod } matches the selector and belongs to nobody → adopts it
replicaset-released = { $pod } no longer matches the selector → lets it go; it lives on without an owner
replicaset-refused = wants { $wanted }, has { $had }, but may not create more: { $why }
