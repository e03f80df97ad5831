job-created = { $done } of { $completions } done, { $had } running, at most { $parallelism } at once → created { $names }
job-created-queue = a work queue: { $had } of { $parallelism } running, none has succeeded yet → created { $names }
job-refused = may not create more pods: { $why }
job-deleted = { $had } running, wants { $wanted } → deletes { $names }
job-stopped = ends ({ $reason }) → deletes what still runs: { $names }
job-waits = { $failures ->
    [one] a pod has failed
   *[other] { $failures } pods have failed, none has succeeded since
 } → waits { $wait } more before it creates another
job-index-waits = the indexes left to run have just failed → the first is tried again in { $wait }
job-counted = { $count ->
    [one] { $names } has ended: it is counted, so its tracking finalizer goes
   *[other] { $names } have ended: they are counted, so their tracking finalizers go
 } ({ $succeeded } succeeded, { $failed } failed)
job-ending = its end is certain ({ $reason }), but pods are still ending → waits for them
job-complete = nothing left to do ({ $reason }) → Complete
job-failed = { $message } ({ $reason }) → Failed
job-suspended = suspended { $count ->
    [0] → creates nothing
   *[other] → deletes { $names }
 }
job-resumed = resumed → its time starts anew
job-let-go = nobody counts { $pod } any more → takes its tracking finalizer away, so that it can go
