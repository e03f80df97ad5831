statefulset-first = wants { $wanted ->
    [one] 1 pod
   *[other] { $wanted } pods, one after the other
 } → created { $pod }{ $count ->
    [0] {""}
   *[other] {" "}with { $claims }
 }
statefulset-next = all before { $pod } are ready, and it is missing → created { $pod }{ $count ->
    [0] {""}
   *[other] {" "}with { $claims }
 }
statefulset-parallel = { $pod } is missing, and in parallel nobody waits for others → created { $pod }{ $count ->
    [0] {""}
   *[other] {" "}with { $claims }
 }
statefulset-ended = { $pod } has ended ({ $phase }) → deletes it, a new { $pod } takes its place
statefulset-scaled-away = wants { $wanted ->
    [one] 1 pod
   *[other] { $wanted } pods
 }; the highest number goes first → deletes { $pod }
statefulset-outdated = { $pod } has an old template, and all above it are up to date and ready → deletes it, so that it comes back as { $revision }
statefulset-claim-created = { $pod } waits for { $claim }, which is missing → created it
statefulset-claim-owned = as the retention policy says, { $claim } { $with ->
    [set] goes when the StatefulSet goes
    [pod] goes with its pod
   *[none] stays, whatever goes
 }
statefulset-corrected = { $pod } had lost what makes it who it is → gives it back
statefulset-refused = cannot do what { $pod } needs: { $why }
