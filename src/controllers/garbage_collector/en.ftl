garbage-collected = { $object } belonged to { $owner }, which is gone → deletes it
garbage-orphaned = { $object } goes alone (cascade=orphan): cuts { $dependents ->
    [one] 1 dependent
   *[other] { $dependents } dependents
 } loose
garbage-waits = { $object } waits until its { $dependents ->
    [one] dependent is gone
   *[other] { $dependents } dependents are gone
 } (foreground deletion)
