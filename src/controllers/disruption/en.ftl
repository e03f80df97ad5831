disruption-allows = budget { $budget } needs { $needed } healthy { $needed ->
    [one] pod
   *[other] pods
 }, has { $healthy } → { $allowed ->
    [0] nobody may be evicted now
    [one] 1 may be evicted now
   *[other] { $allowed } may be evicted now
 }
disruption-failed = budget { $budget } cannot be worked out, so nobody may be evicted: { $why }
disruption-stayed = { $pod } was to be evicted two minutes ago and is still here → says so no longer
