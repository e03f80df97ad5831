deployment-first-set = no ReplicaSet has this pod template yet → created { $set } (replicas { $replicas })
deployment-new-set = the pod template changed and no ReplicaSet has it → created { $set } as revision { $revision } (replicas { $replicas } for now)
deployment-reused-set = { $set } already has this pod template (it was revision { $was }) → uses it again as revision { $revision }
deployment-roll-up = may have { $surge } more than the { $wanted } wanted, has { $total } → { $set } { $from }→{ $to }
deployment-roll-down = { $available ->
    [one] 1 is
   *[other] { $available } are
 } available, at least { $least } must be → { $set } { $from }→{ $to }
deployment-roll-broken = { $unhealthy ->
    [one] 1 pod of { $set } does not work and goes
   *[other] { $unhealthy } pods of { $set } do not work and go
 } first → { $set } { $from }→{ $to }
deployment-recreate-down = strategy Recreate: all { $from } old pods go first → { $set } to 0
deployment-recreate-up = no old pod runs any more → { $set } to { $to }
deployment-scaled = only the number changed, so the pods stay → { $set } { $from }→{ $to }
deployment-spread = in the middle of a rollout the { $wanted } replicas are spread in proportion: { $parts }
deployment-paused = is paused: it keeps the number of pods but rolls nothing out
deployment-resumed = is no longer paused: what changed meanwhile is rolled out now
deployment-complete = { $available ->
    [one] the one pod has the new template and is available
   *[other] all { $available } pods have the new template and are available
 } → rollout complete
deployment-timed-out = no progress for { $deadline } → ProgressDeadlineExceeded (it goes on trying)
deployment-forgot = keeps { $limit } old ReplicaSets → deleted { $set }
